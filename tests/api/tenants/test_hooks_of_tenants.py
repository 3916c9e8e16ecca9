"""An event for a hook of a tenant: its path says whose it is, its signature whether it is one, and no other knows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest
from answers import QUOTE, error_in
from housed import OTHER, OURS, House, house_of_two
from senders import OLD_SECRET, SECRET, by_standard, hooks_text, usage, write_hooks
from served import Reply, edit
from test_workers import until

from ordain.api.settings import load_settings
from ordain.api.tenants.starting import serve_tenants
from ordain.engine.errors import SettingsError

SECRETS = {OURS: SECRET, OTHER: OLD_SECRET}
BODY = usage()


def with_hooks_in(folder: Path, secrets: dict[str, str]) -> None:
    """Each tenant has the source `crm`, with a secret in a file."""
    text = hooks_text(QUOTE).partition("  stripe:\n")[0] + "  crm:\n" + hooks_text(QUOTE).partition("  crm:\n")[2]
    for name, secret in secrets.items():
        home = folder / "tenants" / name
        write_hooks(home, text.replace("secret variable: TEST_CRM_SECRET", "secret file: crm.secret"))
        (home / "crm.secret").write_text(secret)
        edit(home / "config.yaml", "tenant: ", "hooks: hooks.yaml\ntenant: ")


@pytest.fixture(scope="module")
def hooked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, dict[str, dict[str, dict[str, str]]]]]:
    folder = tmp_path_factory.mktemp("hooked-tenants")
    headers = house_of_two(folder)
    with_hooks_in(folder, SECRETS)
    with House(folder) as server:
        yield server, headers


Hooked = tuple[House, dict[str, dict[str, dict[str, str]]]]


def sent(server: House, tenant: str, secret: str, event: str, source: str = "crm", **more: str) -> Reply:
    headers = {**by_standard(BODY, event, secret), **more}
    return server.ask("POST", f"/t/{tenant}/v1/hooks/{source}", BODY, headers)


def test_an_event_of_one_id_is_a_decision_of_each_tenant_that_it_was_signed_for(hooked: Hooked) -> None:
    server, headers = hooked
    told = {name: sent(server, name, SECRETS[name], "one").json() for name in SECRETS}
    assert {each["result"] for each in told.values()} == {"decided"}
    ids = {name: each["decision_id"] for name, each in told.items()}
    assert ids[OURS] != ids[OTHER]
    for name, other in ((OURS, OTHER), (OTHER, OURS)):
        caller = headers[name]["every role"]
        assert server.ask("GET", f"/v1/decisions/{ids[name]}", None, caller).status == 200
        assert server.ask("GET", f"/v1/decisions/{ids[other]}", None, caller).status == 404
        again = sent(server, name, SECRETS[name], "one").json()
        assert (again["result"], again["decision_id"]) == ("repeated", ids[name])


@pytest.mark.parametrize("key", [False, True])
def test_what_was_signed_for_one_is_nothing_at_the_path_of_another(hooked: Hooked, key: bool) -> None:
    server, headers = hooked
    more = headers[OURS]["every role"] if key else {}
    event = f"strange {key}".replace(" ", "-")
    told = sent(server, OTHER, SECRETS[OURS], event, **more)
    assert (told.status, error_in(told.body)["code"]) == (400, "SignatureRefused")
    assert sent(server, OTHER, SECRETS[OTHER], event).json()["result"] == "decided"
    bare = server.ask("POST", "/v1/hooks/crm", BODY, by_standard(BODY, "bare", SECRETS[OURS]))
    assert bare.status == 401, "without its path it is nobody's"


def test_a_tenant_that_there_is_not_is_told_of_as_a_source_that_there_is_not(hooked: Hooked) -> None:
    server, _ = hooked
    asked = (("nobody", "crm"), (OTHER, "nothing"), (OTHER, "a/b"), (OURS, "../decisions/plan-advice"))
    told = [sent(server, tenant, SECRET, "lost", source) for tenant, source in asked]
    assert {reply.status for reply in told} == {404}
    errors = [{**error_in(reply.body), "requestId": "", "timestamp": ""} for reply in told]
    assert errors == [errors[0]] * len(errors)
    assert errors[0]["code"] == "UnknownHook"


PATHS = ("/healthz", "/readyz", "/v1/me", "/v1/services", "/metrics", "/login", "/v1/hooks/crm", "//v1/services")


@pytest.mark.parametrize("path", PATHS)
def test_a_path_opens_nothing_else(hooked: Hooked, path: str) -> None:
    server, headers = hooked
    assert server.ask("GET", f"/t/{OTHER}{path}").status == 401
    assert server.ask("GET", f"/t/{OTHER}{path}", None, headers[OURS]["every role"]).status == 404
    assert server.ask("GET", f"/t/{OTHER}{path}", None, headers[OTHER]["every role"]).status == 404


def test_what_is_told_of_an_event_is_told_of_its_tenant(hooked: Hooked) -> None:
    server, headers = hooked
    sent(server, OTHER, SECRETS[OTHER], "logged")
    sent(server, OTHER, SECRETS[OURS], "logged too")

    def refused() -> list[object]:
        lines = [line for line in server.lines() if line.get("route") == "/v1/hooks/<source>"]
        return [line.get("tenant") for line in lines if line["status"] == 400]

    until(refused)  # an answer may be there before it is logged and counted
    assert set(refused()) == {OTHER}
    counted = 'ordain_hooks_total{source="crm",result="refused"}'

    def page(name: str) -> str:
        return server.ask("GET", "/metrics", None, headers[name]["every role"]).body.decode()

    until(lambda: counted in page(OTHER))
    assert counted not in page(OURS)


def test_one_secret_for_two_tenants_is_refused_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house_of_two(tmp_path)
    with_hooks_in(tmp_path, dict.fromkeys(SECRETS, SECRET))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=f"hooks` of the tenants `{OURS}` and `{OTHER}` have the same secret"):
        serve_tenants(load_settings(of_server=True), SimpleQueue())
