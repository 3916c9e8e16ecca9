"""A feature store for each test, in SQLite and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import databases
import pytest

from ordain.models.store.store import FeatureStore


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FeatureStore]:
    if request.param == "sqlite":
        with FeatureStore(f"sqlite:///{tmp_path}/features.db") as opened:
            yield opened
        return
    with databases.database() as url, FeatureStore(url) as opened:
        yield opened


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[FeatureStore]:
    with FeatureStore(f"sqlite:///{tmp_path}/features.db") as opened:
        yield opened
