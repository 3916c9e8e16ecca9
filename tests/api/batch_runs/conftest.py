from collections.abc import Iterator

import pytest
from databases import database


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL database."""
    with database() as made:
        yield made
