"""What an answer says first: decided, refused, in review; what was missing, and what nobody knew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from answers import ADVICE, NOON, QUOTE, RETENTION, body, error_in, tells
from flask.testing import FlaskClient
from served import Server, edit, ordain_here, settings_in

from ordain.api.http.app import app_for
from ordain.api.services import Services, wire

UNPLACED = {name: value for name, value in QUOTE.items() if name != "jurisdiction"}
DENIED = {**QUOTE, "personal_data_inputs": ["usage", "race"]}


def _decided(client: FlaskClient, service: str, facts: dict[str, object], **more: object) -> dict[str, Any]:
    answer = client.post(f"/v1/decisions/{service}", data=body(facts, at=NOON, **more))
    assert answer.status_code == 200, answer.get_data(as_text=True)
    data: dict[str, Any] = answer.get_json()
    return data


def test_a_quote_without_a_jurisdiction_is_in_review_and_names_no_price(client: FlaskClient) -> None:
    answer = _decided(client, "price-quote", UNPLACED)
    assert (answer["status"], answer["verdict"], answer["outcome"]) == ("in_review", "review", None)
    assert not tells(json.dumps(answer), 525)
    record = client.get(f"/v1/decisions/{answer['decision_id']}").get_json()
    assert record["outcome"]["price"] == {"amount": "525.00", "currency": "INR"}
    assert (record["status"], record["withheld"]) == ("in_review", True)
    assert client.get(f"/v1/decisions/{answer['decision_id']}/replay").get_json()["agrees"]


def test_a_missing_fact_is_told_once_with_all_rules_that_need_it(client: FlaskClient) -> None:
    answer = _decided(client, "price-quote", UNPLACED)
    [missing] = answer["missing"]
    assert missing["fact"] == "jurisdiction"
    laws = ("eu", "uk", "us", "us-ny", "us-ca", "in")
    told = {"version": 1, "decision": "findings", "rule": "not-known-whose-law"}
    assert missing["rules"] == [{"policy": f"price-law-{where}", **told} for where in laws]
    assert not any("missing" in reason for reason in answer["reasons"])
    reviewed = {reason["rule"] for reason in answer["reasons"] if reason.get("verdict") == "review"}
    assert reviewed == {rule["rule"] for rule in missing["rules"]}


def test_a_service_may_say_that_a_review_is_answered_with_the_outcome(tmp_path: Path, policies: Path) -> None:
    edit(policies / "services.yaml", "    if review: withhold\n", "    if review: answer\n")
    use = wire(settings_in(tmp_path, policies=policies))
    try:
        answer = _decided(app_for(use).test_client(), "price-quote", UNPLACED)
    finally:
        use.close()
    assert (answer["status"], answer["outcome"]["price"]["amount"]) == ("in_review", "525.00")


@pytest.mark.parametrize(
    ("service", "facts", "status"),
    [
        ("price-quote", QUOTE, "decided"),
        ("plan-advice", ADVICE, "decided"),
        ("retention", {**RETENTION, "opted_out_channels": ["phone"]}, "refused"),
        ("retention", {**RETENTION, "vulnerable_customer": True}, "in_review"),
    ],
)
def test_an_answer_says_its_status(client: FlaskClient, service: str, facts: dict[str, object], status: str) -> None:
    answer = _decided(client, service, facts)
    assert answer["status"] == status
    record = client.get(f"/v1/decisions/{answer['decision_id']}").get_json()
    assert record["status"] == status
    assert _trial(client, service, facts)["status"] == status


def test_an_absent_fact_is_told_with_the_promise_and_the_caps_that_it_left_out(client: FlaskClient) -> None:
    told = {each["fact"]: each["skipped"] for each in _decided(client, "price-quote", QUOTE)["not_known"]}
    assert {fact: [skipped["rule"] for skipped in each] for fact, each in told.items()} == {
        "price_12_months_ago": ["yearly-rise"],
        "competitor_price": ["competitor"],
        "promised_price": ["promised-in-writing"],
        "promised_until": ["promised-in-writing"],
    }
    assert told["competitor_price"][0]["policy"] == "price-bounds"
    facts = {**QUOTE, "competitor_price": 500, "promised_price": 480, "price_12_months_ago": 490}
    answer = _decided(client, "price-quote", facts)
    assert answer["outcome"]["price"]["amount"] == "480.00"
    assert answer["not_known"] == []  # the promise held without an end


def test_a_reason_that_permits_does_not_say_why_it_would_deny(client: FlaskClient) -> None:
    reasons = _decided(client, "price-quote", QUOTE)["reasons"]
    permits = [reason for reason in reasons if reason.get("verdict") == "permit"]
    assert permits
    assert not any("because" in reason for reason in permits)


def test_a_denial_names_decision_policy_rule_and_receipt(client: FlaskClient, use: Services) -> None:
    refused = client.post("/v1/decisions/price-quote", data=body(DENIED, at=NOON))
    [detail] = error_in(refused.data)["details"]
    decision_id = detail["decision_id"]
    record = client.get(f"/v1/decisions/{decision_id}").get_json()
    assert (record["verdict"], record["status"], record["withheld"]) == ("deny", "refused", True)
    stored = use.ledger.reader.record(UUID(decision_id))
    assert stored is not None
    assert detail["receipt"] == {"entry_id": decision_id, "leaf_hash": stored.entry.leaf_hash.hex()}
    assert (detail["policy"], detail["version"], detail["rule"]) == ("price-house-rules", 1, "house-protected-inputs")


def _trial(client: FlaskClient, service: str, facts: dict[str, object]) -> dict[str, Any]:
    answer = client.post(f"/v1/decisions/{service}/dry-run", data=body(facts, at=NOON))
    assert answer.status_code == 200, answer.get_data(as_text=True)
    data: dict[str, Any] = answer.get_json()
    return data


@pytest.mark.parametrize("facts", [QUOTE, UNPLACED], ids=["decided", "in review"])
def test_a_dry_run_answers_as_a_decision_does_and_leaves_nothing(
    client: FlaskClient, use: Services, facts: dict[str, object]
) -> None:
    before = use.ledger.reader.size()
    trial = _trial(client, "price-quote", facts)
    assert use.ledger.reader.size() == before
    answer = _decided(client, "price-quote", facts)
    del answer["decision_id"], answer["receipt"]
    assert trial == {**answer, "dry_run": True}


def test_a_dry_run_that_is_denied_names_no_record(client: FlaskClient, use: Services) -> None:
    before = use.ledger.reader.size()
    refused = client.post("/v1/decisions/price-quote/dry-run", data=body(DENIED, at=NOON))
    assert refused.status_code == 422
    [detail] = error_in(refused.data)["details"]
    assert detail["dry_run"] is True
    assert not {"decision_id", "receipt"} & set(detail)
    assert "on record" not in refused.get_data(as_text=True)
    assert use.ledger.reader.size() == before


def test_a_served_dry_run_is_answered_while_the_ledger_is_away(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        size = server.entries()
        asked = {"subject": "C-1", "facts": ADVICE}
        for file in tmp_path.glob("ordain.db*"):
            file.rename(file.with_name(f"away-{file.name}"))
        headers = {"content-type": "application/json"}
        reply = server.ask("POST", "/v1/decisions/plan-advice/dry-run", json.dumps(asked).encode(), headers)
        assert (reply.status, reply.json()["dry_run"]) == (200, True)
        assert not {"decision_id", "receipt"} & set(reply.json())
        for file in tmp_path.glob("away-*"):
            file.rename(file.with_name(file.name.removeprefix("away-")))
        assert server.entries() == size


def test_the_command_decides_on_trial_without_a_ledger(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text(json.dumps(ADVICE))
    asked = ("decide", "plan-advice", "--subject", "C-1", "--facts", "facts.json", "--dry-run")
    shown = ordain_here(tmp_path, *asked)
    assert shown.returncode == 0, shown.stderr
    assert "nothing is on record" in shown.stdout
    told = json.loads(ordain_here(tmp_path, *asked, "--json").stdout)
    assert (told["dry_run"], told["status"]) == (True, "decided")
    assert not list(tmp_path.glob("ordain.db*"))
    table = ordain_here(tmp_path, "decide", "plan-advice", "--table", "t.csv", "--dry-run")
    assert (table.returncode, "on record alone" in table.stderr) == (2, True)


def test_a_review_is_told_in_the_terminal_without_an_outcome(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text(json.dumps(UNPLACED))
    shown = ordain_here(tmp_path, "decide", "price-quote", "--subject", "C-1", "--facts", "facts.json", "--at", NOON)
    assert shown.returncode == 0, shown.stderr
    assert "in review" in shown.stdout
    assert not tells(shown.stdout, 525)
    assert shown.stdout.count("jurisdiction") == 1


@pytest.mark.parametrize(
    ("at", "far"),
    [("2016-01-01T00:00:00Z", "more than 3,660 days ago"), ("2999-01-01T00:00:00Z", "more than 366 days ahead")],
)
def test_a_time_that_is_too_far_away_is_refused(client: FlaskClient, at: str, far: str) -> None:
    for path in ("plan-advice", "plan-advice/dry-run"):
        refused = client.post(f"/v1/decisions/{path}", data=body(ADVICE, at=at))
        assert refused.status_code == 400
        error = error_in(refused.data)
        assert error["message"].endswith(far)
        assert "it may be chosen here" in error["details"][0]["hint"]


def test_settings_bound_how_far_a_caller_may_go(tmp_path: Path) -> None:
    use = wire(settings_in(tmp_path, at_back_days=0, at_ahead_days=0))
    try:
        client = app_for(use).test_client()
        assert client.post("/v1/decisions/plan-advice", data=body(ADVICE, at=NOON)).status_code == 400
        assert client.post("/v1/decisions/plan-advice", data=body(ADVICE)).status_code == 200
    finally:
        use.close()


def test_a_fact_that_may_be_unknown_is_not_read_and_a_slip_is_still_told(client: FlaskClient) -> None:
    facts = {**ADVICE, "satellite_gb": 5}
    assert client.post("/v1/decisions/plan-advice", data=body(facts)).status_code == 422
    _decided(client, "plan-advice", facts, may_be_unknown=["satellite_gb", "plan_gb"])
    slip = client.post(
        "/v1/decisions/plan-advice", data=body({**facts, "usgae_gb": 1}, may_be_unknown=["satellite_gb"])
    )
    assert error_in(slip.data)["message"] == "unknown fact `usgae_gb`"
    for wrong in ("satellite_gb", [1], {}):
        refused = client.post("/v1/decisions/plan-advice", data=body(facts, may_be_unknown=wrong))
        assert refused.status_code == 400
