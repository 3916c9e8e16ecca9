from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from forge import Forge, postgresql_url, sample_ledger


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Forge, Path]:
    """A ledger of 600 signed entries with everything in it, anchored at two places, and its file."""
    folder = tmp_path_factory.mktemp("ledger")
    forge = sample_ledger(600, (folder / "one", folder / "two"))
    return forge, forge.write(folder / "ledger.db")


@pytest.fixture
def postgresql() -> Iterator[str]:
    """The URL of an empty schema of its own."""
    schema = f"verifier_{uuid4().hex}"
    with psycopg.connect(postgresql_url(), autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
        joined = "&" if "?" in postgresql_url() else "?"
        yield f"{postgresql_url()}{joined}options=-csearch_path%3D{schema}"
        connection.execute(f"DROP SCHEMA {schema} CASCADE".encode())
