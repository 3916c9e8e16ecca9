"""Rows that shrink, move and are merged leave nothing of what was removed in SQLite's file."""

from __future__ import annotations

import random
from pathlib import Path

from ordain.audit.store.schema import ensure_schema
from ordain.audit.store.sqlite import SqliteStore

ENTRIES, SUBJECTS = 1200, 120
ADD_KEY = "INSERT INTO subject_key (key, tag, wrapped) VALUES (?, ?, ?)"
ADD = "INSERT INTO entry (leaf_index, id, envelope, key, sealed) VALUES (?, ?, ?, ?, ?)"


def test_removed_payloads_and_destroyed_keys_are_nowhere_in_the_file(tmp_path: Path) -> None:
    chance = random.Random(3)  # noqa: S311 - to be the same each time
    keys = {chance.randbytes(16): chance.randbytes(60) for _ in range(SUBJECTS)}
    sealed = [chance.randbytes(chance.choice([200, 782, 2000, 6000])) for _ in range(ENTRIES)]
    named = [chance.choice(list(keys)) for _ in range(ENTRIES)]
    held, erased = set(list(keys)[:20]), set(list(keys)[30:90])
    store = SqliteStore(f"sqlite:///{tmp_path}/ledger.db")
    ensure_schema(store)
    with store.transaction() as connection:
        connection.exec_driver_sql(ADD_KEY, [(key, chance.randbytes(32), wrapped) for key, wrapped in keys.items()])
        for at in range(ENTRIES):
            row = (at, at.to_bytes(16, "big"), chance.randbytes(1124), named[at], sealed[at])
            connection.exec_driver_sql(ADD, row)
    old = range(ENTRIES // 2)
    for some in ([at for at in old if named[at] not in held], [at for at in old if named[at] in held]):
        with store.transaction() as connection:
            removed = "UPDATE entry SET key = NULL, sealed = NULL WHERE leaf_index = ?"
            connection.exec_driver_sql(removed, [(at,) for at in some])
        with store.transaction() as connection:
            assert store.private.lose_keys(connection, list(erased)) >= 0
            connection.exec_driver_sql("DELETE FROM subject_key WHERE key = ?", [(key,) for key in erased])
    store.scrub()
    file = (tmp_path / "ledger.db").read_bytes()
    store.close()
    assert not [at for at in old if any(sealed[at][i : i + 32] in file for i in range(0, len(sealed[at]) - 32, 64))]
    assert not [key for key in erased if key in file or keys[key][10:40] in file]
    assert all(sealed[at][:32] in file for at in range(ENTRIES // 2, ENTRIES)), "the search finds what is there"
