"""Services for reviewers, on each kind of database, with callers or without."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from databases import database
from flask.testing import FlaskClient
from served import settings_in

from ordain.api.http.app import app_for
from ordain.api.services import Services, wire

sys.path.append(str(Path(__file__).parents[2] / "audit"))  # `ledgers`


@pytest.fixture(params=["sqlite", "postgresql"])
def use(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Services]:
    """The service wired, on each kind of database; it knows nobody."""
    with ExitStack() as stack:
        more = {} if request.param == "sqlite" else {"database_url": stack.enter_context(database())}
        wired = wire(settings_in(tmp_path, **more))
        yield wired
        wired.close()


@pytest.fixture
def client(use: Services) -> FlaskClient:
    return app_for(use).test_client()
