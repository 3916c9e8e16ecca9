"""A provider that people log in at, and a service that sends them there: in this process, and served."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browsers import OURS, Browser, ServedBrowser
from callers import keeper
from provider import SECRET, IdentityProvider, settings_for
from served import Server, settings_in

from ordain.api.http.app import app_for
from ordain.api.services import Services, wire


@pytest.fixture(scope="session")
def running() -> Iterator[IdentityProvider]:
    with IdentityProvider() as provider:
        yield provider


@pytest.fixture
def provider(running: IdentityProvider) -> IdentityProvider:
    """In which all is well at the beginning."""
    running.reset()
    return running


@pytest.fixture(scope="module")
def use(running: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("login")
    wired = wire(settings_in(folder, **settings_for(running, OURS)))
    yield wired
    wired.close()


@pytest.fixture
def browse(provider: IdentityProvider, use: Services, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Browser]:
    """Makes a browser of somebody who knows nothing of the service yet, and a service that knows no provider yet."""
    monkeypatch.setenv("ORDAIN_LOGIN_SECRET", SECRET)
    app = app_for(use)
    return lambda: Browser(app.test_client(use_cookies=False))


@pytest.fixture
def browser(browse: Callable[[], Browser]) -> Browser:
    return browse()


@pytest.fixture(scope="session")
def login_server(running: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two workers; keys are known, too, and as many log-ins as the tests like."""
    folder: Path = tmp_path_factory.mktemp("login-served")
    keeper(folder).make("app", ["app"])
    named = settings_for(running, "http://127.0.0.1:{port}")
    chosen = {f"ORDAIN_{name.upper()}": value for name, value in named.items()} | {"ORDAIN_LOGIN_SECRET": SECRET}
    with Server(folder, ORDAIN_WORKERS="2", ORDAIN_RATE_OF_WRONG_KEYS="none", **chosen) as server:
        yield server


@pytest.fixture
def visit(provider: IdentityProvider, login_server: Server) -> Callable[[], ServedBrowser]:
    return lambda: ServedBrowser(login_server)
