from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.ledger import Ledger
from audit.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{path}", busy_seconds=0.2)
    yield opened
    opened.close()


@pytest.fixture
def ledger(store: Store) -> Iterator[Ledger]:
    opened = Ledger(store)
    yield opened
    opened.close()
