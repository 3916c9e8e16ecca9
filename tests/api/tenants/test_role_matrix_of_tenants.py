"""Each route x each role x the other tenant: generated from the routes that there are, and nothing is forgotten."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
import yaml
from answers import ADVICE, body, error_in
from callers import NOT_KNOWN
from housed import OTHER, OURS, Two
from served import ROOT, Reply

from ordain.api.access.rights import ROLES, SIGNED
from ordain.api.contract.operations import OPERATIONS

TABLE: dict[str, Any] = yaml.safe_load((ROOT / "tests/cases/access/role_matrix.yaml").read_text(encoding="utf-8"))
ANYBODY = "anybody"
OPEN = ("GET /healthz", "GET /readyz")
"""What a server with tenants answers to anybody: of log-ins it knows nothing yet."""
LOG_IN = ("GET /login", "GET /login/callback", "POST /logout")
NO_MORE = ({"status": "ok"}, {"ready": True})
SERVICES = (f"{OTHER}-advice", f"{OTHER}-nothing")
"""One that the other has, and one that nobody has."""


def request_to(route: str, entry: str, service: str, subject: str) -> tuple[str, str, bytes | None]:
    method, rule = route.split(" ")
    path = rule
    for name, value in (("<service>", service), ("<path:subject>", subject)):
        path = path.replace(name, value)
    for name, value in (
        ("<path:place>", "entries/000.p/1"),
        ("<source>", service),
        ("<policy>", service),
        ("<model>", service),
        ("<version>", "1"),
        ("<token>", "nothing"),
    ):
        path = path.replace(name, value)
    for name in ("<decision_id>", "<entry_id>", "<alert_id>"):
        path = path.replace(name, entry)
    if method == "GET":
        return method, path, None
    if path.endswith("verify"):
        return method, path, b""
    needs_reason = "/audit/" in path or path.endswith(("/stop", "/start"))
    return method, path, b'{"reason": "test"}' if needs_reason else body(ADVICE)


def asked(two: Two, headers: dict[str, str], route: str, entry: str, service: str, subject: str) -> Reply:
    method, path, data = request_to(route, entry, service, subject)
    more = {"Content-Type": "application/x-ndjson"} if route.endswith("/batch") else {}
    return two.server.ask(method, path, data, {**headers, **more})


def has_nothing_of_the_other(two: Two, reply: Reply, *sent: str) -> bool:
    """Neither in the body nor in the head, but for what was sent, which may be quoted."""
    whole = (reply.body + json.dumps(reply.headers).encode()).lower()
    for text in sent:
        whole = whole.replace(text.lower().encode(), b"")
    return not any(mark.lower() in whole for mark in two.marks)


def test_every_operation_is_one_of_the_table() -> None:
    assert {f"{method} {rule}" for method, rule in OPERATIONS} == TABLE.keys()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", TABLE)
def test_a_role_of_one_tenant_is_told_of_anothers_what_it_is_told_of_nothing(two: Two, route: str, role: str) -> None:
    headers = two.headers[OURS][role]
    there = asked(two, headers, route, two.decision_id, SERVICES[0], two.untouched)
    never = asked(two, headers, route, str(uuid4()), SERVICES[1], f"{OTHER}-nobody")
    may = TABLE[route] == ANYBODY or role in TABLE[route]
    assert there.status == never.status
    if TABLE[route] == SIGNED:
        assert there.status in (401, 404)
    elif not may:
        assert (there.status, error_in(there.body)["code"]) == (403, "NotPermitted")
    elif "<" in route and "/tile/" not in route:
        assert there.status in (200, 404, 409)
        if there.status == 200:  # nothing is found, or done, about somebody of whom nothing is on record
            assert "subject" in route
            assert json.loads(there.body).get("decisions", []) == []
    assert has_nothing_of_the_other(two, there, two.decision_id, SERVICES[0], two.untouched)
    assert has_nothing_of_the_other(two, never, SERVICES[1], f"{OTHER}-nobody")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "route", [route for route in TABLE if not route.endswith(("/stop", "erase", "hold", "/start"))]
)
def test_the_other_tenant_is_answered_what_is_its_own_by_the_same_table(two: Two, route: str, role: str) -> None:
    told = asked(two, two.headers[OTHER][role], route, two.decision_id, "plan-advice", two.untouched)
    may = TABLE[route] == ANYBODY or role in TABLE[route]
    if route in LOG_IN or TABLE[route] == SIGNED:
        assert told.status in (401, 404)
    elif may and any(part in route for part in NONE_THERE):
        assert told.status in (200, 404)
    else:
        assert (told.status not in (401, 403, 404)) if may else (told.status == 403)


@pytest.mark.parametrize("who", NOT_KNOWN)
@pytest.mark.parametrize("route", TABLE)
def test_who_is_not_known_to_any_tenant_is_told_no_more_than_that_the_server_answers(
    two: Two, route: str, who: str
) -> None:
    told = asked(two, two.headers[OTHER][who], route, two.decision_id, SERVICES[0], two.untouched)
    if route in OPEN:
        assert told.status == 200
        assert told.json() in NO_MORE
    else:
        assert (told.status, error_in(told.body)["code"]) == (401, "Unauthenticated")
        assert told.headers["www-authenticate"] == 'Bearer realm="ordain"'
    assert has_nothing_of_the_other(two, told)


def test_the_other_tenant_itself_sees_its_marks(two: Two) -> None:
    """Else the tests above would look for what is nowhere."""
    other = two.headers[OTHER]["every role"]
    seen = b""
    for path in (f"/v1/decisions/{two.decision_id}", "/healthz", "/v1/services", "/metrics", "/v1/audit/search"):
        reply = two.server.ask("GET", path, None, other)
        assert reply.status == 200
        seen += reply.body
    seen += two.server.decided({**two.headers[OTHER]["app"], "Idempotency-Key": f"{OTHER}-request"}, two.subject).body
    assert [mark for mark in two.marks if mark not in seen] == []


def test_each_tenant_is_told_of_its_own_policies(two: Two) -> None:
    owners = {}
    for tenant in (OURS, OTHER):
        told = two.server.ask("GET", "/v1/policies/plan-advice", None, two.headers[tenant]["reviewer"])
        owners[tenant] = told.json()["owner"]
    assert owners == {OURS: "products", OTHER: f"{OTHER}-products"}
