"""A service that knows callers: in this process, and served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from callers import KnownClient, KnownServer, a_key_for_each
from served import Server, settings_in

from ordain.api.http.app import app_for
from ordain.api.services import wire, with_hooks


def a_hook(folder: Path) -> Path:
    """The file of one source, `crm`."""
    (folder / "crm.secret").write_text("whsec_" + "QUFB" * 11)
    file = folder / "hooks.yaml"
    file.write_text(
        "sources: {crm: {scheme: standard webhooks, secret file: crm.secret, "
        "events: [{types: ['*'], service: plan-advice, subject: event.subject}]}}"
    )
    return file


@pytest.fixture(scope="session")
def known_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnownClient]:
    folder = tmp_path_factory.mktemp("known")
    headers = a_key_for_each(folder)
    use = with_hooks(wire(settings_in(folder, hooks=a_hook(folder))))
    yield KnownClient(app_for(use).test_client(), headers)
    use.close()


@pytest.fixture(scope="session")
def known_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnownServer]:
    folder: Path = tmp_path_factory.mktemp("known-served")
    headers = a_key_for_each(folder)
    with Server(
        folder, ORDAIN_RATE_OF_WRONG_KEYS="none", ORDAIN_HOOKS=str(a_hook(folder))
    ) as running:  # hundreds are tried
        yield KnownServer(running, headers)
