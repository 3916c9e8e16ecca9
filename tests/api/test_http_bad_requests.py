"""Bad input gets a clear error and leaves nothing behind; the cases stand in tests/cases/bad_requests.yaml."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import yaml
from answers import ADVICE, body, error_in
from flask.testing import FlaskClient
from served import ROOT, Server

from ordain.api.services import Services

_FILE = yaml.safe_load((ROOT / "tests/cases/bad_requests.yaml").read_text(encoding="utf-8"))
CASES: list[dict[str, Any]] = _FILE["cases"]
ADVISE = "/v1/decisions/plan-advice"


def _request(case: dict[str, Any]) -> tuple[str, str, bytes | None]:
    """Method, path and body of a case."""
    path = case.get("path") or f"/v1/decisions/{case['service']}"
    if "body" not in case:
        return case["method"], path, None
    text = case["body"].replace("<quote>", _FILE["quote"])
    if "fill" in case:
        part, times = case["fill"]
        text = text.replace("@@", part * times) + case.get("tail", "")
    return case.get("method", "POST"), path, text.encode(case.get("encoding", "utf-8"))


def _assert_told(case: dict[str, Any], error: dict[str, Any]) -> None:
    assert error["code"] == case["code"]
    if "message" in case:
        assert error["message"] == case["message"]
    else:
        assert error["message"].startswith(case["begins"])
        assert len(error["message"]) < 300
    if "hint" in case:
        assert [detail["hint"] for detail in error["details"] if "hint" in detail] == [case["hint"]]
    assert [detail["fact"] for detail in error["details"] if "fact" in detail] == case.get("facts", [])


def test_what_lacks_or_is_wrong_is_told_with_what_may_be_sent(shared_client: FlaskClient) -> None:
    answer = shared_client.post("/v1/decisions/price-quote", data=body({"plan": "gold", "demand": "high"}))
    told = {detail["fact"]: detail for detail in error_in(answer.data)["details"]}
    assert told["plan"]["type"] == "text"
    assert told["plan"]["values"] == ["basic", "standard", "premium", "unlimited"]
    assert (told["demand"]["type"], told["demand"]["range"]) == ("number", "[0..1]")
    assert told["base_price"]["type"] == "number"
    assert told["base_price"]["unit"] == "INR"
    assert told["contract_start"]["type"] == "date"
    sheet = shared_client.get("/v1/services/price-quote").get_json()["facts"]
    for fact in (fact for fact in sheet if fact["fact"] in told):
        for name in ("type", "unit", "values", "range"):
            assert told[fact["fact"]].get(name) == fact.get(name), fact["fact"]


def test_the_cases_have_different_names() -> None:
    assert len({case["case"] for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_a_bad_request_is_told_what_is_wrong_and_leaves_nothing(
    case: dict[str, Any], shared_client: FlaskClient, shared_use: Services, caplog: pytest.LogCaptureFixture
) -> None:
    before = shared_use.ledger.reader.size()
    method, path, sent = _request(case)
    answer = shared_client.open(path, method=method, data=sent)
    assert answer.status_code == case["status"]
    assert answer.mimetype == "application/json"
    _assert_told(case, error_in(answer.data))
    assert shared_use.ledger.reader.size() == before
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert shared_client.post(ADVISE, data=body(ADVICE)).status_code == 200


def test_the_server_tells_all_of_it_too_and_records_none(server: Server) -> None:
    before, said = server.entries(), len(server.said())
    for case in CASES:
        answer = server.ask(*_request(case))
        assert (answer.status, error_in(answer.body)["code"]) == (case["status"], case["code"]), case["case"]
    assert server.entries() == before
    assert "Traceback" not in server.said()[said:]
    assert server.decide("plan-advice", "C-1", ADVICE).status == 200


TOO_LARGE = body(ADVICE) + b" " * 70_000


def test_a_body_over_the_limit_is_refused_by_its_stated_length(server: Server) -> None:
    answer = server.ask("POST", ADVISE, TOO_LARGE)
    assert answer.status == 413
    error = error_in(answer.body)
    assert (error["code"], error["message"]) == ("RequestTooLarge", "the request is larger than 65,536 bytes")
    assert error["details"][0]["hint"] == "send fewer facts at once"
    assert server.decide("plan-advice", "C-1", ADVICE).status == 200


def test_a_chunked_body_over_the_limit_is_refused(server: Server) -> None:
    before = server.entries()
    pieces = [TOO_LARGE[at : at + 8192] for at in range(0, len(TOO_LARGE), 8192)]
    answer = server.ask("POST", ADVISE, iter(pieces), {"Transfer-Encoding": "chunked"}, encode_chunked=True)
    assert answer.status == 413
    assert error_in(answer.body)["code"] == "RequestTooLarge"
    assert server.entries() == before


def test_a_chunked_body_within_the_limit_is_decided(server: Server) -> None:
    sent = body(ADVICE)
    pieces = iter([sent[:10], sent[10:]])
    answer = server.ask("POST", ADVISE, pieces, {"Transfer-Encoding": "chunked"}, encode_chunked=True)
    assert answer.status == 200


def test_a_body_of_exactly_the_limit_is_read(shared_client: FlaskClient) -> None:
    sent = body(ADVICE)
    padded = sent + b" " * (65_536 - len(sent))
    assert shared_client.post(ADVISE, data=padded).status_code == 200
    assert shared_client.post(ADVISE, data=padded + b" ").status_code == 413


def test_a_body_that_ends_early_is_no_decision(server: Server) -> None:
    before, said = server.entries(), len(server.said())
    connection = server.connection()
    try:
        connection.putrequest("POST", ADVISE)
        connection.putheader("Content-Length", "1000")
        connection.endheaders(body(ADVICE)[:20])
    finally:
        connection.close()
    assert server.entries() == before
    assert "Traceback" not in server.said()[said:]


def test_thousands_of_unknown_facts_are_told_in_a_short_answer(shared_client: FlaskClient) -> None:
    facts: dict[str, object] = {f"pric_{number:04d}": 1 for number in range(4000)}
    answer = shared_client.post(ADVISE, data=body({**ADVICE, **facts}))
    assert answer.status_code == 422
    assert error_in(answer.data)["code"] == "DataQualityIssue"
    assert len(answer.data) < 65_536


def test_a_wrong_method_is_told_the_right_ones(shared_client: FlaskClient) -> None:
    allowed = shared_client.put(ADVISE).headers["Allow"]
    assert set(allowed.split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize("given", ["7f3c-req.1_A", "x" * 64])
def test_an_error_carries_the_callers_request_id(shared_client: FlaskClient, given: str) -> None:
    answer = shared_client.post(ADVISE, data=b"", headers={"X-Request-ID": given})
    assert error_in(answer.data)["requestId"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "<script>", "naïve"])
def test_a_request_id_that_is_not_plain_is_replaced_by_one_of_ours(shared_client: FlaskClient, given: str) -> None:
    answer = shared_client.post(ADVISE, data=b"", headers={"X-Request-ID": given})
    assert error_in(answer.data)["requestId"] != given
    assert len(error_in(answer.data)["requestId"]) == 36
