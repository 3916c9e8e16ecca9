"""A feature store for each test, in SQLite and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import databases
import pytest

from ordain.models.store.store import FeatureStore


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/features.db"
    else:
        with databases.database() as name:
            yield name


@pytest.fixture
def store(url: str) -> Iterator[FeatureStore]:
    with FeatureStore(url) as opened:
        yield opened
