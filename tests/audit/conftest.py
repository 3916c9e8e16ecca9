from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import database
from ledgers import opened

from ordain.audit.ledger.open_ledger import OpenLedger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, path: Path) -> Iterator[str]:
    """A database without a ledger: the test runs on each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{path}"
        return
    with database() as made:
        yield made


@pytest.fixture
def use(url: str) -> Iterator[OpenLedger]:
    """A new ledger, on each kind of database."""
    with opened(url, busy_seconds=0.5) as made:
        yield made
