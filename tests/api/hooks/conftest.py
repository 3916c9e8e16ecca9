"""Sources of events, and the service wired with them on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from answers import QUOTE
from databases import database
from senders import SECRET, STRIPE_SECRET, hooks_text, write_hooks
from served import settings_in

from ordain.api.services import Services, wire, with_hooks


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_STRIPE_SECRET", STRIPE_SECRET)
    monkeypatch.setenv("TEST_CRM_SECRET", SECRET)


@pytest.fixture
def use(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Services]:
    """On SQLite, or on what a test names as parameter."""
    file = write_hooks(tmp_path, hooks_text(QUOTE))
    with ExitStack() as stack:
        more = (
            {} if getattr(request, "param", "sqlite") == "sqlite" else {"database_url": stack.enter_context(database())}
        )
        wired = with_hooks(wire(settings_in(tmp_path, hooks=file, **more)))
        yield wired
        wired.close()
