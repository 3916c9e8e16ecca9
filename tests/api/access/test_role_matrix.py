"""Each route x each caller: generated from the routes that there are, against a table that people read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
import yaml
from answers import ADVICE, body, error_in
from callers import NOT_KNOWN, KnownClient, KnownServer
from flask import Flask
from flask.testing import FlaskClient
from served import ROOT

from ordain.api.access.admission import guard
from ordain.api.access.rights import OPEN, ROLES, SIGNED, Right
from ordain.api.contract.operations import OPERATIONS
from ordain.engine.errors import SettingsError

TABLE: dict[str, Any] = yaml.safe_load((ROOT / "tests/cases/access/role_matrix.yaml").read_text(encoding="utf-8"))
ANYBODY = "anybody"
ANSWERS = {
    **{"/checkpoint": (200, 409), "/stream": (200, 400), "/<path:place>": (200, 404), "/<path:page>": (404,)},
    **{"/acknowledge": (404,), "/<token>": (404,), "/sample": (400,)},
}
"""By the end of a route: what it answers to who may ask, where that is not 200 alone."""
OF_ALL_SERVICES = (
    "audit/subjects",
    "/v1/policies",
    "/v1/findings",
    "/v1/models",
    "POST /v1/events",
    "/v1/facts",
    "/v1/settings",
)
LOG_IN = ("GET /login", "GET /login/callback", "POST /logout")
"""They are not there where the settings name no identity provider; tests/api/access/login has them."""
LINK = "GET /price/<token>"
"""Its page is behind a token that was made here; tests/api/console/test_customer_page.py has it."""


class Told(NamedTuple):
    status: int
    body: bytes
    headers: dict[str, str]


Ask = Callable[[str, str, bytes | None, dict[str, str]], Told]


def of_client(known: KnownClient) -> Ask:
    def ask(method: str, path: str, data: bytes | None, headers: dict[str, str]) -> Told:
        answer = known.client.open(path, method=method, data=data, headers=headers)
        return Told(answer.status_code, answer.data, {name.lower(): value for name, value in answer.headers})

    return ask


def of_server(known: KnownServer) -> Ask:
    def ask(method: str, path: str, data: bytes | None, headers: dict[str, str]) -> Told:
        reply = known.server.ask(method, path, data, headers)
        return Told(reply.status, reply.body, reply.headers)

    return ask


@pytest.fixture(scope="session", params=["in this process", "served"])
def asked(request: pytest.FixtureRequest) -> tuple[Ask, dict[str, dict[str, str]], str]:
    """How to ask, the headers of the callers, and a decision of `plan-advice` on record."""
    known: Any = request.getfixturevalue("known_client" if request.param == "in this process" else "known_server")
    ask = of_client(known) if isinstance(known, KnownClient) else of_server(known)
    told = ask("POST", "/v1/decisions/plan-advice", body(ADVICE), known.headers["app"])
    assert told.status == 200
    return ask, known.headers, json.loads(told.body)["decision_id"]


def request_to(route: str, decision_id: str, service: str = "plan-advice") -> tuple[str, str, bytes | None]:
    method, rule = route.split(" ")
    path = rule.replace("<service>", service).replace("<decision_id>", decision_id).replace("<entry_id>", decision_id)
    path = path.replace("<alert_id>", decision_id).replace("<token>", "nothing")
    path = path.replace("<path:place>", "entries/000.p/1").replace("<source>", "crm")
    path = path.replace("<path:page>", "nothing-here")
    path = path.replace("<policy>", "plan-advice").replace("<model>", "churn").replace("<version>", "1")
    if "/audit/" in path and method == "POST":
        return (
            method,
            path.replace("<path:subject>", "nobody"),
            b"" if path.endswith("verify") else b'{"reason": "test"}',
        )
    return method, path.replace("<path:subject>", "C-1"), None if method == "GET" else body(ADVICE)


def more(route: str) -> dict[str, str]:
    return {"Content-Type": "application/x-ndjson"} if route.endswith("/batch") else {}


def is_not_signed(told: Told) -> bool:
    """No key and no role opens a hook, and none is asked for: there is no signature on these requests."""
    return (told.status, code(told)) == (400, "SignatureRefused") and "www-authenticate" not in told.headers


def code(told: Told) -> str:
    return str(error_in(told.body)["code"])


def test_the_table_has_a_line_of_each_route_and_no_other(known_client: KnownClient) -> None:
    there = {
        f"{method} {rule.rule}"
        for rule in known_client.client.application.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert there == TABLE.keys(), "add it to tests/cases/access/role_matrix.yaml, or take it out"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", TABLE)
def test_a_role_is_answered_where_the_table_says_so_and_nowhere_else(asked: Any, route: str, role: str) -> None:
    ask, headers, decision_id = asked
    told = ask(*request_to(route, decision_id), {**headers[role], **more(route)})
    if TABLE[route] == SIGNED:
        assert is_not_signed(told)
    elif TABLE[route] == ANYBODY or role in TABLE[route]:
        assert told.status not in (401, 403), told.body
    else:
        assert (told.status, code(told)) == (403, "NotPermitted")


@pytest.mark.parametrize("role", ["no role that there is"])
@pytest.mark.parametrize("route", TABLE)
def test_a_role_that_there_is_not_has_no_right(asked: Any, route: str, role: str) -> None:
    ask, headers, decision_id = asked
    told = ask(*request_to(route, decision_id), {**headers[role], **more(route)})
    if TABLE[route] == SIGNED:
        assert is_not_signed(told)
    else:
        assert told.status == (404 if route in (*LOG_IN, LINK) else 200 if TABLE[route] == ANYBODY else 403)


@pytest.mark.parametrize("who", NOT_KNOWN)
@pytest.mark.parametrize("route", TABLE)
def test_who_is_not_known_is_told_no_more_than_a_status(asked: Any, route: str, who: str) -> None:
    ask, headers, decision_id = asked
    told = ask(*request_to(route, decision_id), {**headers[who], **more(route)})
    if TABLE[route] == SIGNED:
        assert is_not_signed(told)
    elif route in LOG_IN:
        assert (told.status, code(told)) == (404, "NotFound")
        assert "`login_issuer`" in error_in(told.body)["message"]
    elif route == LINK:
        assert (told.status, told.headers["content-type"].partition(";")[0]) == (404, "text/html")
    elif TABLE[route] == ANYBODY:
        assert told.status == 200
        assert json.loads(told.body) in ({"status": "ok"}, {"ready": True}, {"known": False})
    else:
        assert (told.status, code(told)) == (401, "Unauthenticated")
        assert told.headers["www-authenticate"] == 'Bearer realm="ordain"'


@pytest.mark.parametrize("route", TABLE)
def test_a_key_of_one_service_gets_nothing_of_another(asked: Any, route: str) -> None:
    ask, headers, _ = asked
    other = ask("POST", "/v1/decisions/retention", body({}), headers["one service"])
    assert (other.status, code(other)) == (403, "NotPermitted")
    example = ask("GET", "/v1/services/access", None, headers["every role"])
    sent = json.dumps(json.loads(example.body)["example"]["request"]).encode()
    elsewhere = json.loads(ask("POST", "/v1/decisions/access", sent, {**headers["editor"]}).body)["decision_id"]
    told = ask(*request_to(route, elsewhere, "price-quote"), {**headers["one service"], **more(route)})
    if "<service>" in route or any(part in route for part in OF_ALL_SERVICES):
        assert (told.status, code(told)) == (403, "NotPermitted")
    elif "<decision_id>" in route or "<entry_id>" in route:
        assert (told.status, code(told)) == (404, "UnknownDecision")
        never = ask(*request_to(route, elsewhere.replace("-7", "-8", 1)), headers["one service"])
        assert error_in(never.body)["message"].split("`")[0] == error_in(told.body)["message"].split("`")[0]
    elif TABLE[route] == SIGNED:
        assert is_not_signed(told)
    else:
        # A checkpoint is perhaps not signed yet; without the event loop there is no stream.
        may_be = ANSWERS.get(route[route.rindex("/") :], (200,))
        assert told.status in ((404,) if route in LOG_IN else may_be)
        if route not in ("GET /metrics", "GET /healthz"):  # whoever may see these runs the service
            assert b"price-quote" not in told.body


@pytest.mark.parametrize("path", ["/v1", "/nothing", "/v1/decisions", "/v1/decisions/plan-advice/other", "/docs/"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_a_path_that_there_is_not_tells_that_to_known_callers_alone(asked: Any, method: str, path: str) -> None:
    ask, headers, _ = asked
    assert ask(method, path, None, headers["nobody"]).status == 401
    assert ask(method, path, None, headers["app"]).status in (404, 405)


@pytest.mark.parametrize("role", ["app", "every role"])
def test_another_time_needs_a_right_of_its_own(asked: Any, role: str) -> None:
    ask, headers, _ = asked
    sent = body(ADVICE, at="2026-06-01T12:00:00Z")
    told = ask("POST", "/v1/decisions/plan-advice", sent, headers[role])
    assert told.status == (200 if role == "every role" else 403)
    if role == "app":
        assert "decide at another time" in error_in(told.body)["message"]


def test_in_a_batch_each_line_with_another_time_needs_that_right(known_server: KnownServer) -> None:
    lines = b"\n".join([body(ADVICE), body(ADVICE, at="2026-06-01T12:00:00Z"), body(ADVICE)])
    statuses = {}
    for role in ("app", "editor"):
        headers = {**known_server.headers[role], "Content-Type": "application/x-ndjson"}
        told = known_server.server.ask("POST", "/v1/decisions/plan-advice/batch", lines, headers)
        answers = [json.loads(line) for line in told.body.splitlines()]
        statuses[role] = [(each.get("http_status"), each.get("error", {}).get("code")) for each in answers]
    assert statuses == {
        "app": [(None, None), (403, "NotPermitted"), (None, None)],
        "editor": [(None, None)] * 3,
    }


def lacking() -> Iterator[Flask]:
    app = Flask("lacking", static_folder=None)
    app.add_url_rule("/v1/new", "new", lambda: "")
    yield app


def test_an_application_with_a_route_that_says_no_right_does_not_start() -> None:
    (app,) = lacking()
    with pytest.raises(SettingsError) as caught:
        guard(app, None)  # type: ignore[arg-type]
    assert "`GET /v1/new` says of no right" in caught.value.message


def test_each_right_is_one_of_the_policys(known_client: KnownClient) -> None:
    answer = known_client.client.get("/v1/services/access", headers=known_client.headers["app"])
    (rights,) = (fact["values"] for fact in answer.get_json()["facts"] if fact["fact"] == "access_right")
    assert {operation.right for operation in OPERATIONS.values()} - {OPEN, SIGNED} <= set(rights)


def test_the_document_says_who_is_answered_what_each_operation_needs_and_how_it_refuses(
    known_client: KnownClient, shared_client: FlaskClient
) -> None:
    known = known_client.client.get("/openapi.json", headers=known_client.headers["app"]).get_json()
    assert known["security"] == [{"caller": []}]
    assert known["components"]["securitySchemes"]["caller"]["scheme"] == "bearer"
    assert shared_client.get("/openapi.json").get_json()["security"] == []
    page = known_client.client.get("/docs", headers=known_client.headers["app"]).get_data(as_text=True)
    assert "Authorization: Bearer" in page
    assert "Authorization: Bearer" not in shared_client.get("/docs").get_data(as_text=True)
    for path, methods in known["paths"].items():
        for operation in methods.values():
            if path in ("/healthz", "/readyz", "/login", "/login/callback", "/logout", "/v1/me", "/price/{token}"):
                assert {} in operation["security"]
            elif path.startswith("/v1/hooks/"):
                assert operation["security"] == []
                assert "401" not in operation["responses"]
            else:
                assert operation["x-right"] in set(Right)
                assert operation["responses"]["401"]["description"] == "Unauthenticated"
                assert "NotPermitted" in operation["responses"]["403"]["description"]


def test_a_key_of_one_service_reads_a_document_of_that_service_alone(known_client: KnownClient) -> None:
    headers = known_client.headers["one service"]
    paths = known_client.client.get("/openapi.json", headers=headers).get_json()["paths"]
    asked = {path.split("/")[3] for path in paths if path.startswith("/v1/decisions/") and "post" in paths[path]}
    assert asked - {"{decision_id}"} == {"plan-advice"}
