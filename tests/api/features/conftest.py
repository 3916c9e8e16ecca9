"""Services with a feature store, each on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from databases import database
from flask.testing import FlaskClient
from served import settings_in

from ordain.api.http.app import app_for
from ordain.api.services import Services, wire


@pytest.fixture(params=["sqlite", "postgresql"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Services]:
    """The service wired, its feature store on each kind of database; it knows nobody."""
    with ExitStack() as stack:
        more = {} if request.param == "sqlite" else {"features_url": stack.enter_context(database())}
        wired = wire(settings_in(tmp_path, **more))
        yield wired
        wired.close()


@pytest.fixture
def asking(stored: Services) -> FlaskClient:
    return app_for(stored).test_client()
