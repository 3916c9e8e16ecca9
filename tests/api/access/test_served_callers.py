"""A served process that knows callers: changes taken up while it runs, what its log and its ledger say of who asked."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from answers import ADVICE, body, error_in
from callers import KnownServer, bearer, keeper
from hypothesis import given
from hypothesis import strategies as st
from issuer import AUDIENCE, ISSUER, SIGNING, JwksServer, jwks, token
from listening import listening, next_event
from ports import free_port
from served import SECONDS, Server, ordain_here

from ordain.api.access.listening import refuse_strangers
from ordain.api.access.rights import ROLES
from ordain.engine.errors import SettingsError

ADVISE = "/v1/decisions/plan-advice"


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def secret_of(header: str) -> str:
    """The secret in a header with a key, which may have any of the signs that stand around it; empty for another."""
    return "".join(header.split("_", 2)[2:])


def advise(server: Server, headers: dict[str, str]) -> int:
    return server.ask("POST", ADVISE, body(ADVICE), headers).status


def private(folder: Path, entry: str) -> dict[str, Any]:
    done = ordain_here(folder, "audit", "show", entry, "--json")
    assert done.returncode == 0, done.stderr
    shown: dict[str, Any] = json.loads(done.stdout)["private"]
    return shown


def test_a_running_server_takes_up_a_first_key_its_rotation_and_its_end(tmp_path: Path) -> None:
    keep = keeper(tmp_path)
    with Server(tmp_path, ORDAIN_WORKERS="2") as server:
        until(lambda: advise(server, {}) == 200)
        first = bearer(keep.make("checkout", ["app"]).text)
        until(lambda: all(advise(server, {}) == 401 and advise(server, first) == 200 for _ in range(8)))
        second = bearer(keep.rotate("checkout", keep.now() - keep.now()).text)  # without a grace period
        until(lambda: all(advise(server, first) == 401 and advise(server, second) == 200 for _ in range(8)))
        good = keep.file.read_bytes()
        keep.file.write_bytes(b"{")
        admin = bearer(keeper(tmp_path / "elsewhere").make("admin", ["admin"]).text)
        until(lambda: "is not JSON" in server.said())
        assert advise(server, second) == 200
        until(lambda: server.ask("GET", "/healthz", headers=admin).json() == {"status": "degraded"})
        keep.file.write_bytes(good)
        keep.revoke("checkout")
        until(lambda: all(advise(server, second) == 401 for _ in range(8)))
        said = server.said()
    for headers in (first, second, admin):
        assert secret_of(headers["Authorization"]) not in said


def test_each_entry_and_each_line_of_the_log_names_the_caller(known_server: KnownServer) -> None:
    server, headers = known_server
    told = server.ask("POST", ADVISE, body(ADVICE), {**headers["app"], "X-Request-ID": "one"}).json()
    sent = {**headers["editor"], "Content-Type": "application/x-ndjson", "X-Request-ID": "many"}
    line = json.loads(server.ask("POST", f"{ADVISE}/batch", body(ADVICE), sent).body)
    for decision, name in ((told, "app"), (line, "editor")):
        caller = private(server.folder, decision["decision_id"])["caller"]
        assert caller["name"] == name
        assert caller["key"] in headers[name]["Authorization"]
    record = server.ask("GET", f"/v1/decisions/{told['decision_id']}", headers=headers["reviewer"]).json()
    assert record["caller"]["name"] == "app"
    found = ordain_here(server.folder, "audit", "search", "--subject", "C-1", "--kind", "read", "--json").stdout
    reads = [private(server.folder, json.loads(each)["entry_id"]) for each in found.splitlines()]
    assert ("reviewer", [told["decision_id"]]) in [(read["actor"], read["ids"]) for read in reads]
    lines = [json.loads(each) for each in server.said().splitlines() if each.startswith("{")]
    named = {each["id"]: each.get("caller") for each in lines if "id" in each}
    assert (named["one"], named["many"]) == ("app", "editor")
    for each in headers.values():
        secret = secret_of(each.get("Authorization", ""))
        assert not secret or secret not in server.said()


def test_what_callers_decided_replays_and_verifies_and_is_exported_with_them(
    known_server: KnownServer, tmp_path: Path
) -> None:
    server, headers = known_server
    told = server.ask("POST", ADVISE, body(ADVICE), headers["app"]).json()
    replayed = server.ask("GET", f"/v1/decisions/{told['decision_id']}/replay", headers=headers["reviewer"]).json()
    assert replayed["agrees"] is True
    file = tmp_path / "out.jsonl"
    done = ordain_here(server.folder, "audit", "export", str(file), "--kind", "decision", "--role", "reviewer")
    assert done.returncode == 0, done.stderr
    rows = {row["entry_id"]: row for row in map(json.loads, file.read_text(encoding="utf-8").splitlines())}
    assert rows[told["decision_id"]]["caller"]["name"] == "app"
    assert ordain_here(server.folder, "audit", "verify", "--open").returncode == 0


@given(
    st.one_of(
        st.binary(max_size=300),
        st.builds(b"Bearer %b".__mod__, st.binary(max_size=300)),
        st.builds(b"Bearer ordain_%b".__mod__, st.binary(max_size=300)),
        st.just(b"Bearer " + b"[" * 9_000),
    )
)
def test_no_authorization_whatever_makes_a_fault_of_ours_or_lets_anybody_in(
    known_server: KnownServer, value: bytes
) -> None:
    value = value.translate(None, b"\r\n\0").strip()
    for method, path in (("POST", ADVISE), ("GET", "/v1/services"), ("GET", "/metrics"), ("GET", "/healthz")):
        connection = http.client.HTTPConnection("127.0.0.1", known_server.server.port, timeout=SECONDS)
        try:
            connection.putrequest(method, path)
            connection.putheader("Authorization", value)
            connection.putheader("Content-Length", "0")
            connection.endheaders()
            reply = connection.getresponse()
            reply.read()
        finally:
            connection.close()
        assert reply.status in ((200, 400) if path == "/healthz" else (400, 401, 431)), value


def test_tokens_are_taken_with_keys_from_an_address_and_a_new_key_at_once(tmp_path: Path) -> None:
    with JwksServer() as issuer:
        issuer.body = jwks(SIGNING["RS256"])
        more = {
            "ORDAIN_JWT_KEYS": issuer.address,
            "ORDAIN_JWT_ISSUER": ISSUER,
            "ORDAIN_JWT_AUDIENCE": AUDIENCE,
        }
        with Server(tmp_path, **more) as server:
            until(lambda: advise(server, bearer(token("RS256"))) == 200)
            assert advise(server, {}) == 401
            assert advise(server, bearer(token("RS256", exp=1))) == 401
            assert advise(server, bearer(token("RS256", roles=["reviewer"]))) == 403
            issuer.body = jwks(SIGNING["RS256"], SIGNING["ES256"])
            until(lambda: advise(server, bearer(token("ES256"))) == 200)
            text = body(ADVICE)
            told = server.ask("POST", ADVISE, text, bearer(token("ES256", sub="bob", roles=["app"]))).json()
        assert private(tmp_path, told["decision_id"])["caller"] == {"name": "bob"}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.7", "no.such.host.invalid"])  # noqa: S104 - all refused
def test_an_address_that_others_reach_is_refused_while_nobody_is_known(host: str) -> None:
    with pytest.raises(SettingsError):
        refuse_strangers(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.5", "localhost", "::1"])
def test_an_address_of_this_machine_alone_is_not(host: str) -> None:
    refuse_strangers(host)


def test_a_server_that_knows_nobody_listens_to_this_machine_alone(tmp_path: Path) -> None:
    refused = ordain_here(tmp_path, "serve", ORDAIN_HOST="0.0.0.0", ORDAIN_PORT=str(free_port()))  # noqa: S104
    assert refused.returncode == 2
    assert "lets other machines in, and no callers are known here" in refused.stderr
    assert "ordain keys new" in refused.stderr


def test_a_reload_that_takes_the_policy_of_roles_away_changes_nothing(tmp_path: Path, policies: Path) -> None:
    app = bearer(keeper(tmp_path).make("everything", ROLES).text)
    with Server(tmp_path, ORDAIN_POLICIES=str(policies), ORDAIN_RELOAD="change") as server:
        text = (policies / "services.yaml").read_text(encoding="utf-8")
        (policies / "services.yaml").write_text(text[: text.index("  # Ordain's own")], encoding="utf-8")
        until(lambda: "no service `access` says" in server.said())
        until(lambda: server.ask("GET", "/healthz", headers=app).json()["status"] == "degraded")
        assert advise(server, app) == 200
        (policies / "services.yaml").write_text(text, encoding="utf-8")
        until(lambda: server.ask("GET", "/healthz", headers=app).json()["status"] == "ok")


def test_a_server_with_a_broken_file_of_keys_does_not_start(tmp_path: Path) -> None:
    keeper(tmp_path).make("checkout", ["app"])
    (tmp_path / "keys/callers.json").write_bytes(b"{")
    done = ordain_here(tmp_path, "serve")
    assert done.returncode == 2
    assert SettingsError.__name__ in done.stderr


def test_an_answer_to_who_is_not_known_has_the_one_shape(known_server: KnownServer) -> None:
    for method, path in (("POST", ADVISE), ("GET", "/v1/services"), ("GET", "/metrics")):
        told = known_server.server.ask(method, path)
        assert told.status == 401
        assert error_in(told.body)["requestId"] == told.headers["x-request-id"]


def test_a_key_of_some_services_hears_of_no_other(known_server: KnownServer) -> None:
    server, headers = known_server
    some, every = headers["one service"], headers["every role"]
    start, more = "", True
    while more:  # others have asked this server, too
        page = server.ask("GET", f"/v1/events?{start and f'after={start}'}", headers=every).json()
        start, more = page["after"], bool(page["events"])
    other = server.ask("POST", "/v1/decisions/retention/dry-run", b"{}", some)
    assert other.status == 403, "it is a key of plan-advice alone"
    mine = server.ask("POST", ADVISE, body(ADVICE), some).json()["decision_id"]
    sheet = server.ask("GET", "/v1/services/price-quote", headers=every).json()["example"]["request"]
    other_id = server.ask("POST", "/v1/decisions/price-quote", json.dumps(sheet), headers["editor"]).json()[
        "decision_id"
    ]
    paths = (f"/v1/events?after={start}", f"/v1/events?after={start}&service=price-quote")
    told = [server.ask("GET", path, headers=who).json()["events"] for path in paths for who in (every, some)]
    assert {mine, other_id} <= {event["id"] for event in told[0]}
    assert {event["data"]["service"] for event in told[1]} == {"plan-advice"}
    assert [event["id"] for event in told[2]][-1] == other_id
    assert told[3] == []
    assert server.ask("GET", f"/v1/events?after={other_id}", headers=some).status == 400
    with listening(server, "/v1/events/stream", **some, **{"Last-Event-ID": start}) as answer:
        assert json.loads(next_event(answer)["data"])["data"]["service"] == "plan-advice"
    health = server.ask("GET", "/healthz", headers=some)
    assert health.json()["services"] == ["plan-advice"]
    assert b"price-quote" not in health.body


def test_a_stream_ends_when_the_key_that_opened_it_is_revoked(tmp_path: Path) -> None:
    keep = keeper(tmp_path)
    text = keep.make("reviewer", ["reviewer"]).text
    keep.make("admin", ["admin"])
    with Server(tmp_path) as server, listening(server, "/v1/events/stream", **bearer(text)) as answer:
        assert answer.readline() == b"retry: 1000\n"
        keep.revoke("reviewer")
        with suppress(http.client.IncompleteRead, ConnectionError):
            while answer.readline():
                pass
        assert server.ask("GET", "/v1/events", headers=bearer(text)).status == 401
