"""A service is stopped over HTTP by who has the right for it, with a reason that is on record."""

from __future__ import annotations

import json

from answers import error_in
from callers import KnownServer
from served import ordain_here


def test_over_http_it_takes_a_right_and_a_reason(known_server: KnownServer) -> None:
    server, headers = known_server.server, known_server.headers
    path, reason = "/v1/services/plan-advice/stop", json.dumps({"reason": "an outage"}).encode()
    assert server.ask("POST", path, reason, headers["app"]).status == 403
    for wrong in (b"{}", b'{"reason": ""}', b'{"reason": "two\\nlines"}', b'{"reason": "x", "why": "y"}', b"[]", b"x"):
        assert error_in(server.ask("POST", path, wrong, headers["operator"]).body)["code"] == "MalformedRequest"
    assert error_in(server.ask("POST", "/v1/services/nothing/stop", reason, headers["operator"]).body)["code"] == (
        "UnknownService"
    )
    told = server.ask("POST", path, reason, headers["operator"]).json()
    try:
        assert (told["stopped"], told["reason"]) == (True, "an outage")
        record = json.loads(ordain_here(server.folder, "audit", "show", told["entry_id"], "--json").stdout)
        assert (record["envelope"]["kind"], record["envelope"]["service"], record["private"]["actor"]) == (
            "stop",
            "plan-advice",
            "operator",
        )
    finally:
        begun = server.ask("POST", "/v1/services/plan-advice/start", reason, headers["operator"])
    assert begun.json() == {"service": "plan-advice", "stopped": False}
