"""The OpenAPI document is well-formed, has the routes that there are, and what is really answered fits it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from answers import ACCESS, ADVICE, ALERTS, NOON, PROMOTION, QUOTE, RETENTION, ROLLOUTS, body, error_in
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from served import ROOT, Server, edit, settings_in
from test_http_bad_requests import CASES, _request

from ordain.api.contract.operations import OPERATIONS
from ordain.api.http import front
from ordain.api.http.app import app_for
from ordain.api.services import wire

Json = dict[str, Any]
GUIDE = ROOT / "docs/http.md"
ASKED = {
    "access": ACCESS,
    "alerts": ALERTS,
    "model-promotion": PROMOTION,
    "plan-advice": ADVICE,
    "price-quote": QUOTE,
    "retention": RETENTION,
    "rollouts": ROLLOUTS,
}


@pytest.fixture(scope="module")
def document(shared_client: FlaskClient) -> Json:
    answer = shared_client.get("/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    data: Json = answer.get_json()
    return data


def parts(value: Any) -> Iterator[Json]:
    """Every object in JSON data."""
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from parts(part)
    elif isinstance(value, list):
        for part in value:
            yield from parts(part)


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def validator(document: Json, schema: Json) -> Draft202012Validator:
    """A validator of a schema of the document, which may refer to others of it."""
    return Draft202012Validator(
        {**schema, "components": document["components"]}, format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def assert_fits(document: Json, schema: Json, data: Any) -> None:
    faults = [f"{error.json_path}: {error.message}" for error in validator(document, schema).iter_errors(data)]
    assert faults == []


def schema_of(document: Json, path: str, method: str, status: int) -> Json:
    (content,) = document["paths"][path][method]["responses"][str(status)]["content"].values()
    return dict(content["schema"])


def path_of(document: Json, asked: str) -> str:
    """The path of the document that a request is for: a concrete one, or the first template that fits."""
    if asked in document["paths"]:
        return asked
    templates = (path for path in document["paths"] if re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), asked))
    return next(templates, "")


# --- the document itself ----------------------------------------------------------------------------------------


def test_the_routes_that_record_decisions_and_no_others_take_an_idempotency_key(document: Json) -> None:
    taking = {
        (path, method)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if any(each["name"] == "Idempotency-Key" for each in operation["parameters"])
    }
    assert taking == {
        (path, "post")
        for path, operations in document["paths"].items()
        if "post" in operations
        and path.startswith("/v1/decisions/")
        and not path.endswith(("/dry-run", "/versions", "/settle", "/link"))
    }
    answered = document["paths"]["/v1/decisions/plan-advice"]["post"]["responses"]["200"]
    assert "Idempotency-Replayed" in answered["headers"]


def test_every_schema_is_one_and_every_reference_leads_somewhere(document: Json) -> None:
    assert document["openapi"] == "3.1.0"
    for name, schema in document["components"]["schemas"].items():
        assert re.fullmatch(r"[A-Za-z0-9._-]+", name)
        Draft202012Validator.check_schema(schema)
    for _, _, operation in operations(document):
        for part in parts(operation):
            if "schema" in part:
                Draft202012Validator.check_schema(part["schema"])
    for part in parts(document):
        if "$ref" in part:
            assert part["$ref"].removeprefix("#/components/schemas/") in document["components"]["schemas"]


def test_every_operation_has_what_openapi_asks_for(document: Json) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    for path, method, operation in operations(document):
        assert method in ("get", "post", "put")
        named = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))
        assert all(each["required"] for each in operation["parameters"] if each["in"] == "path")
        assert operation["summary"]
        for status, response in operation["responses"].items():
            assert re.fullmatch(r"[2-5]\d\d", status)
            assert response["description"]


def test_no_schema_is_there_for_nothing(document: Json) -> None:
    used = {part["$ref"].rpartition("/")[2] for part in parts(document) if "$ref" in part}
    assert document["components"]["schemas"].keys() == used


def test_every_route_of_the_app_is_in_it_and_none_besides(shared_client: FlaskClient, document: Json) -> None:
    there = set()
    for rule in shared_client.application.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            of_services = rule.rule.startswith("/v1/decisions/<service>") and method == "POST"
            for service in ASKED if of_services else [""]:
                path = rule.rule.replace("<service>", service) if of_services else rule.rule
                there.add((re.sub(r"<(?:path:)?(\w+)>", r"{\1}", path), method.lower()))
    assert {(path, method) for path, method, _ in operations(document)} == there


def test_every_route_of_the_app_is_told_of(shared_client: FlaskClient) -> None:
    there = {
        (method, rule.rule)
        for rule in shared_client.application.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert there == OPERATIONS.keys(), "add it to api/contract/operations.py, or take it out"


def test_what_the_loop_answers_itself_is_in_it(document: Json) -> None:
    posted = {path for path, method, _ in operations(document) if method == "post"}
    paths = {path for path in posted if path.startswith("/v1/decisions/") and "{decision_id}" not in path}
    paths -= {f"/v1/decisions/{service}/dry-run/versions" for service in ASKED}  # which Flask answers
    assert all(front._DECISIONS.fullmatch(path) for path in paths)
    assert paths == {f"/v1/decisions/{service}{end}" for service in ASKED for end in ("", "/batch", "/dry-run")}
    answered = re.findall(r'scope\.path == "(/[^"]+)"', Path(front.__file__).read_text(encoding="utf-8"))
    assert set(answered) <= document["paths"].keys()


# --- what is sent and answered ----------------------------------------------------------------------------------


def request_schema(document: Json, service: str) -> Json:
    asked = document["paths"][f"/v1/decisions/{service}"]["post"]["requestBody"]["content"]["application/json"]
    return dict(asked["schema"])


@pytest.mark.parametrize("service", ASKED)
def test_the_examples_of_the_document_fit_their_schemas_and_work(
    document: Json, shared_client: FlaskClient, service: str
) -> None:
    path = f"/v1/decisions/{service}"
    operation = document["paths"][path]["post"]
    request = operation["requestBody"]["content"]["application/json"]["examples"]["works"]["value"]
    assert_fits(document, request_schema(document, service), request)
    shown = operation["responses"]["200"]["content"]["application/json"]["examples"]["works"]["value"]
    assert_fits(document, schema_of(document, path, "post", 200), shown)
    answer = shared_client.post(path, data=json.dumps(request))
    assert answer.status_code == 200
    assert_fits(document, schema_of(document, path, "post", 200), answer.get_json())


def _asks() -> list[tuple[str, dict[str, object]]]:
    return [
        ("plan-advice", ADVICE),
        ("plan-advice", {**ADVICE, "clv_tier": "high"}),
        ("price-quote", QUOTE),
        ("price-quote", {**QUOTE, "pays_by_e_mandate": True}),
        ("price-quote", {**QUOTE, "base_price": {"amount": "500.00", "currency": "INR"}}),
        ("price-quote", {**QUOTE, "promised_price": 450, "promised_until": None}),
        ("price-quote", {**QUOTE, "promised_price": 450, "promised_until": "2027-01-01"}),
        ("price-quote", {**QUOTE, "jurisdiction": None, "sector": "goods"}),
        ("retention", RETENTION),
        ("retention", {**RETENTION, "churn_risk": 0.1, "clv_tier": "low"}),
        ("retention", {**RETENTION, "opted_out_channels": ["phone"]}),
        ("retention", {**RETENTION, "marketing_objection": True}),
    ]


@pytest.mark.parametrize(("service", "facts"), _asks())
def test_requests_and_their_answers_fit(
    document: Json, shared_client: FlaskClient, service: str, facts: dict[str, object]
) -> None:
    sent = body(facts, at=NOON)
    assert_fits(document, request_schema(document, service), json.loads(sent))
    path = f"/v1/decisions/{service}"
    answer = shared_client.post(path, data=sent)
    assert_fits(document, schema_of(document, path, "post", answer.status_code), answer.get_json())


def test_everything_that_is_read_of_a_decision_fits(document: Json, shared_client: FlaskClient) -> None:
    decision_id = shared_client.post("/v1/decisions/retention", data=body(RETENTION)).get_json()["decision_id"]
    paths = [path for path, method, _ in operations(document) if method == "get"]
    assert len(paths) > 8
    for path in paths:
        asked = path.replace("{decision_id}", decision_id).replace("{service}", "price-quote")
        answer = shared_client.get(asked)
        told = answer.get_json() if answer.mimetype == "application/json" else answer.get_data(as_text=True)
        response = document["paths"][path]["get"]["responses"][str(answer.status_code)]
        assert answer.mimetype in response["content"]
        assert_fits(document, response["content"][answer.mimetype]["schema"], told)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_a_refusal_fits_the_schema_of_its_route_and_status(
    document: Json, shared_client: FlaskClient, case: dict[str, Any]
) -> None:
    method, asked, sent = _request(case)
    answer = shared_client.open(asked, method=method, data=sent)
    path = path_of(document, asked)
    error_in(answer.data)
    if path and method.lower() in document["paths"][path]:
        assert_fits(document, schema_of(document, path, method.lower(), answer.status_code), answer.get_json())
    else:  # another route, another method, or a service that there is not
        assert answer.status_code in (404, 405)
        assert_fits(document, {"$ref": "#/components/schemas/Error"}, answer.get_json())


MISFITS = [
    {"facts": {"usage_gb": "095"}},
    {"facts": {"plan_gb": None}},
    {"facts": {"plan_gb": 0}},
    {"facts": {"usage": 95}},
    {"facts": {"price": 1}},
    {"subject": ""},
    {"subject": "  "},
    {"subject": None},
    {"when": NOON},
    {"at": 7},
    {"at": "tomorrow"},
]


@pytest.mark.parametrize("change", MISFITS, ids=str)
def test_the_schema_of_a_request_allows_nothing_that_is_refused_by_its_shape(
    document: Json, shared_client: FlaskClient, change: dict[str, Any]
) -> None:
    sent: Json = {"subject": "C-1", "facts": dict(ADVICE)}
    facts = {**sent["facts"], **change.get("facts", {})}
    sent = {**sent, **change, "facts": facts}
    assert shared_client.post("/v1/decisions/plan-advice", json=sent).status_code in (400, 422)
    assert not validator(document, request_schema(document, "plan-advice")).is_valid(sent)


def test_a_batch_and_its_lines_fit(document: Json, server: Server) -> None:
    path = "/v1/decisions/plan-advice/batch"
    lines = b"\n".join([body(ADVICE), b"{", body({**ADVICE, "usage_gb": -1})])
    answer = server.ask("POST", path, lines, {"Content-Type": "application/x-ndjson"})
    content = document["paths"][path]["post"]["responses"]["200"]["content"][answer.headers["content-type"]]
    told = [json.loads(line) for line in answer.body.splitlines()]
    assert [each.get("http_status") for each in told] == [None, 400, 422]
    for each in told:
        assert_fits(document, content["x-item-schema"], each)
    refused = server.ask("POST", path, lines, {"Content-Type": "text/plain"})
    assert_fits(document, schema_of(document, path, "post", refused.status), refused.json())


# --- heads, other methods, and what has not changed -------------------------------------------------------------

SHOWN = ("/v1/services", "/v1/services/price-quote", "/openapi.json", "/docs")


@pytest.mark.parametrize("path", SHOWN)
def test_a_head_has_the_headers_and_no_body(shared_client: FlaskClient, path: str) -> None:
    got, head = shared_client.get(path), shared_client.head(path)
    assert (head.status_code, head.data) == (200, b"")
    for header in ("Content-Type", "Content-Length", "ETag"):
        assert head.headers[header] == got.headers[header]


@pytest.mark.parametrize("path", SHOWN)
def test_a_head_is_answered_by_the_server_too(server: Server, path: str) -> None:
    head, got = server.ask("HEAD", path), server.get(path)
    assert (head.status, head.body, head.headers["etag"]) == (200, b"", got.headers["etag"])


@pytest.mark.parametrize("path", SHOWN)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_another_method_is_told_the_right_ones(
    document: Json, shared_client: FlaskClient, path: str, method: str
) -> None:
    answer = shared_client.open(path, method=method)
    assert (answer.status_code, error_in(answer.data)["code"]) == (405, "MethodNotAllowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert_fits(document, {"$ref": "#/components/schemas/Error"}, answer.get_json())


@pytest.mark.parametrize("path", SHOWN)
def test_what_has_not_changed_is_not_sent_again(server: Server, path: str) -> None:
    first = server.get(path)
    tag = first.headers["etag"]
    again = server.ask("GET", path, headers={"If-None-Match": tag})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    other = server.ask("GET", path, headers={"If-None-Match": '"other"'})
    assert (other.status, other.body) == (200, first.body)


def test_the_tag_is_another_one_when_a_policy_is(policies: Path, tmp_path: Path, shared_client: FlaskClient) -> None:
    edit(policies / "plan-advice/v1.yaml", "purpose: Which plan fits", "purpose: What fits")
    use = wire(settings_in(tmp_path, policies=policies))
    try:
        changed = app_for(use).test_client()
        for path in ("/openapi.json", "/docs", "/v1/services/plan-advice"):
            assert changed.get(path).headers["ETag"] != shared_client.get(path).headers["ETag"]
        path = "/v1/services/retention"
        assert changed.get(path).headers["ETag"] == shared_client.get(path).headers["ETag"]
    finally:
        use.close()


def test_a_service_that_is_not_in_force_yet_is_in_the_document_without_a_request(
    policies: Path, tmp_path: Path
) -> None:
    text = (policies / "plan-advice/v1.yaml").read_text(encoding="utf-8")
    (policies / "plan-advice/v1.yaml").write_text(text.replace("effective: 2026-01-01", "effective: 2099-01-01"))
    use = wire(settings_in(tmp_path, policies=policies))
    try:
        client = app_for(use).test_client()
        operation = client.get("/openapi.json").get_json()["paths"]["/v1/decisions/plan-advice"]["post"]
        assert "requestBody" not in operation
        assert operation["description"] == "No version of its policies is in force now."
        assert "It cannot be asked now: `plan-advice` has no version" in client.get("/docs").get_data(as_text=True)
    finally:
        use.close()


# --- the page ---------------------------------------------------------------------------------------------------
