"""Revision 0003: payloads move into the rows of their entries, byte for byte, or nothing moves."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from ledgers import ENGINE, upgraded

from ordain.audit.entry.keys import LocalMasterKey
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.opening import Keys, open_ledger, open_store
from ordain.audit.privacy.erasure import erase
from ordain.audit.privacy.retention import retain
from ordain.audit.store.schema import HEAD, REVISIONS, Upgraded
from ordain.audit.store.sqlite import SqliteStore
from ordain.audit.verifier.check import verify
from ordain.engine.errors import LedgerUnavailable

sys.path.append(str(Path(__file__).parent / "verifier"))
from forge import START, Forge, sample_ledger

ROOT = Path(__file__).parents[2]
BEFORE = "SELECT e.leaf_index, e.id, e.envelope, p.key, p.sealed FROM entry e LEFT JOIN payload p ON p.id = e.id"
AFTER = "SELECT leaf_index, id, envelope, key, sealed FROM entry"
KEYS = "SELECT key, tag, wrapped, hold, erase_not_before FROM subject_key ORDER BY key"
PRIVATE: dict[str, Any] = {"by": "test"}


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def older(tmp_path: Path) -> tuple[Forge, Path]:
    """A ledger of revision 0002 with erased subjects, a hold, a restriction, and payloads removed by age."""
    forge, path = sample_ledger(600, (tmp_path / "one",)), tmp_path / "ledger.db"
    store = SqliteStore(f"sqlite:///{path}")
    with store.transaction() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", "ordain.audit.store:migrations")
        command.upgrade(config, "0002")
    store.close()
    made = forge.rows()
    del made["alembic_version"]
    with closing(sqlite3.connect(path)) as database:
        for table, some in made.items():
            for row in some:
                database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
        database.commit()
    return forge, path


def test_an_older_ledger_verifies_as_it_is(older: tuple[Forge, Path]) -> None:
    forge, path = older
    evidence = verify(path, anchors=forge.places, master_key=forge.master, revisions=REVISIONS)
    assert evidence.findings == ()
    assert evidence.erased > 0
    assert evidence.expired > 0


def test_all_bytes_stay_and_the_ledger_verifies(older: tuple[Forge, Path]) -> None:
    forge, path = older
    entries, keys = rows(path, BEFORE), rows(path, KEYS)
    before = verify(path, anchors=forge.places, master_key=forge.master)
    assert upgraded(path) == Upgraded("0002", HEAD)
    assert rows(path, AFTER) == entries
    assert rows(path, KEYS) == keys
    assert {hold is None for *_, hold, _ in keys} == {True, False}
    assert verify(path, anchors=forge.places, master_key=forge.master) == before
    assert upgraded(path) == Upgraded(HEAD, HEAD)


def test_its_subjects_are_erased_and_what_is_old_is_removed(older: tuple[Forge, Path]) -> None:
    forge, path = older
    upgraded(path)
    subject = "C-9"
    with closing(_open(path, forge)) as use:
        ids = use.reader.ids_of(subject)
        assert {entry_id.bytes for entry_id in ids} == {e for key, e in forge.index if key == forge.of_subject[subject]}
        assert erase(use, subject, private=PRIVATE).entries == len(ids) > 0
        removed = retain(use, START.replace(minute=3), private=PRIVATE)
        assert removed.payloads > 0
        use.settle()
    evidence = verify(path, master_key=forge.master)
    assert evidence.findings == ()


def test_an_upgrade_that_is_killed_leaves_the_older_ledger(older: tuple[Forge, Path]) -> None:
    forge, path = older
    entries = rows(path, BEFORE)
    code = (
        "import sqlite3, time; from ordain.audit.store import schema\n"
        "from ordain.audit.store.sqlite import SqliteStore\n"
        "migrate = schema._migrate\n"
        "def half(connection): migrate(connection); print('done', flush=True); time.sleep(60)\n"
        f"schema._migrate = half; schema.upgrade(SqliteStore({f'sqlite:///{path}'!r}))"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"done\n"
        process.kill()
    assert rows(path, BEFORE) == entries
    assert verify(path, anchors=forge.places, master_key=forge.master, revisions=("0002",)).findings == ()
    assert upgraded(path) == Upgraded("0002", HEAD)


@pytest.mark.parametrize(
    "added",
    [
        "INSERT INTO payload VALUES (zeroblob(16), NULL, x'00')",
        "INSERT INTO subject_index SELECT key, zeroblob(16) FROM subject_key LIMIT 1",
    ],
)
def test_what_somebody_added_is_not_lost_in_an_upgrade(older: tuple[Forge, Path], added: str) -> None:
    _, path = older
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(added)
        connection.commit()
    with pytest.raises(LedgerUnavailable, match="1 rows belong to no entry"):
        upgraded(path)
    assert rows(path, "SELECT version_num FROM alembic_version") == [("0002",)]


def _open(path: Path, forge: Forge) -> OpenLedger:
    keys = Keys(LocalMasterKey(forge.master), forge.signers[-1][1].private_bytes_raw())
    store = open_store(f"sqlite:///{path}")
    clock = START.replace(year=START.year + 5)
    return open_ledger(store, keys, (), tenant="acme", engine=ENGINE, now=lambda: clock)
