"""People who log in at a server with tenants: the name by which their browser comes says whose people they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest
from answers import error_in
from browsers import PAGE, ServedBrowser
from callers import a_key_for_each
from housed import OTHER, OURS, House, make_server, make_tenant
from provider import SECRET, IdentityProvider, settings_for

from ordain.api.settings import load_settings
from ordain.api.tenants.homes import homes_of
from ordain.api.tenants.starting import serve_tenants
from ordain.engine.errors import SettingsError


def name_of(tenant: str) -> str:
    """By which browsers come to its part of the server."""
    return f"{tenant}.localhost"


class TenantsBrowser(ServedBrowser):
    """Of somebody who came by the name of that tenant."""

    def __init__(self, server: House, tenant: str) -> None:
        super().__init__(server)
        self.address = f"http://{name_of(tenant)}:{server.port}"

    def _asked(self, method: str, path: str, body: bytes | None, sent: dict[str, str]):  # type: ignore[no-untyped-def]
        return super()._asked(method, path, body, {"Host": self.address.removeprefix("http://"), **sent})


def with_log_in(home: Path, provider: IdentityProvider, address: str) -> dict[str, str]:
    """Its secret lies in its folder of keys; what it is set to."""
    secret = home / "keys/login.secret"
    secret.parent.mkdir(mode=0o700, exist_ok=True)
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    return settings_for(provider, address)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[House, IdentityProvider]]:
    make_server(tmp_path)
    server = House(tmp_path)
    with IdentityProvider() as provider:
        for tenant in (OURS, OTHER):
            address = f"http://{name_of(tenant)}:{server.port}"
            home = make_tenant(tmp_path, tenant, **settings_for(provider, address))
            a_key_for_each(home)
            with_log_in(home, provider, address)
        with server:
            yield server, provider


def test_a_session_of_one_tenant_opens_nothing_of_another(house: tuple[House, IdentityProvider]) -> None:
    server, provider = house
    ours, other = TenantsBrowser(server, OURS), TenantsBrowser(server, OTHER)
    assert ours.me() == other.me() == {"known": False}
    assert ours.log_in().status == 303
    assert ours.get("/v1/services").status == 200
    assert (ours.me()["name"], ours.me()["by"]) == ("ann", "session")
    other.jar = dict(ours.jar)  # which no browser would send there
    assert other.me() == {"known": False}
    taken = other.ask("GET", "/v1/services")
    assert (taken.status, error_in(taken.text.encode())["code"]) == (401, "Unauthenticated")
    provider.person = {"sub": "bob", "roles": ["app"]}
    fresh = TenantsBrowser(server, OTHER)
    fresh.log_in()
    assert (fresh.me()["name"], fresh.me()["roles"]) == ("bob", ["app"])
    assert ours.me()["name"] == "ann"
    csrf = ours.csrf()
    assert ours.ask("POST", "/logout", b"", X_CSRF_Token=csrf).status == 200
    assert ours.me() == {"known": False}
    assert fresh.me()["known"]
    logged = {(line.get("tenant"), line.get("caller"), line.get("status")) for line in server.lines()}
    assert {(OURS, "ann", 200), (OTHER, None, 401)} <= logged


def test_a_way_back_that_another_tenant_began_is_refused(house: tuple[House, IdentityProvider]) -> None:
    server, _ = house
    ours, other = TenantsBrowser(server, OURS), TenantsBrowser(server, OTHER)
    path = ours.to_provider()
    other.jar = dict(ours.jar)
    told = other.get(path)
    assert told.status in (400, 403, 503), told.text
    assert other.me() == {"known": False}


def test_a_name_opens_nothing_and_tells_nobody_of_the_tenant(house: tuple[House, IdentityProvider]) -> None:
    server, _ = house
    stranger = TenantsBrowser(server, OURS)
    assert stranger.ask("GET", "/healthz").json() == {"status": "ok"}
    assert stranger.ask("GET", "/readyz").json() == {"ready": True}
    assert stranger.ask("GET", "/v1/services").status == 401
    led = stranger.get("/v1/services", **PAGE)
    assert (led.status, led.headers["location"]) == (303, "/login?next=/v1/services")
    nameless = ServedBrowser(server)
    for path in ("/login", "/v1/me", "/logout", "/login/callback"):
        assert nameless.ask("GET", path).status == 401


def refusal(server: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(server)
    with pytest.raises(SettingsError) as refused:
        serve_tenants(load_settings(of_server=True), SimpleQueue())
    return str(refused.value)


def test_two_tenants_with_one_name_are_refused_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_server(tmp_path)
    with IdentityProvider() as provider:
        for tenant, port in ((OURS, 8080), (OTHER, 8081)):  # a cookie is for all ports of a name
            address = f"http://shop.localhost:{port}"
            with_log_in(make_tenant(tmp_path, tenant, **settings_for(provider, address)), provider, address)
        told = refusal(tmp_path, monkeypatch)
    assert f"the tenants `{OURS}` and `{OTHER}` have the same name in `login_address`: `shop.localhost`" in told


def test_a_secret_of_every_tenant_is_refused_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_tenant(make_server(tmp_path), OURS)
    monkeypatch.setenv("ORDAIN_LOGIN_SECRET", "x")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="ORDAIN_LOGIN_SECRET would be a secret of every tenant"):
        homes_of(load_settings(of_server=True))
