"""An upgrade of a first cut's ledger as the tests run it, and what the ledger must be after it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from first_cut_ledger import PERSONAL

from ordain.audit.entry.keys import Keyring, LocalMasterKey
from ordain.audit.ledger.reader import Reader
from ordain.audit.store.identity import identity
from ordain.audit.store.schema import Upgraded, ensure_schema, upgrade
from ordain.audit.store.sqlite import SqliteStore
from ordain.audit.store.store import Store
from ordain.audit.tlog.checkpoint import SigningKey

MASTER, SEED = LocalMasterKey(bytes(32)), bytes(32)
NOW = dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC)


@contextmanager
def sqlite_store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(f"sqlite:///{path}", busy_seconds=20)
    try:
        yield store
    finally:
        store.close()


def upgraded(store: Store, progress: Callable[[int, int], None] = lambda done, total: None) -> Upgraded:
    return upgrade(store, MASTER, SEED, "house", "ordain 9.9.9", NOW, progress)


def reader(store: Store) -> Reader:
    found = identity(store)
    assert found is not None
    return Reader(store, Keyring(found.ledger, MASTER, found.index_key))


def raw(path: Path) -> bytes:
    """All bytes of the ledger's files."""
    return b"".join(place.read_bytes() for place in path.parent.glob(f"{path.name}*"))


def personal_in(path: Path) -> list[str]:
    """Which of the words that are about a person stand in the ledger's files."""
    there = raw(path)
    return [word for word in PERSONAL if word.encode() in there]


def assert_adopted(path: Path, bodies: list[dict[str, Any]], hashes: list[str]) -> None:
    """Every entry is there as it was, in its place, and reads as it did."""
    with sqlite_store(path) as store:
        ensure_schema(store)
        found = identity(store)
        assert found is not None
        records = list(reader(store).records())
        first = records[0].envelope
        assert first["kind"] == "ledger"
        assert first["about"] == {
            "origin": found.origin,
            "key": str(SigningKey.from_seed(found.origin, SEED).verify_key),
            "adopted": {"entries": len(bodies), "head": hashes[-1] if hashes else "00" * 32},
        }
        assert (first["tenant"], first["engine"]) == ("house", "ordain 9.9.9")
        assert len(records) == 1 + len(bodies)
        for place, (record, body) in enumerate(zip(records[1:], bodies, strict=True), start=1):
            now = record.merged()
            assert record.entry.leaf_index == place
            assert record.entry.id == UUID(body["id"])
            assert dt.datetime.fromisoformat(now["time"]) == dt.datetime.fromisoformat(body["time"])
            assert {name: now[name] for name in body if name not in ("v", "time")} == {
                name: part for name, part in body.items() if name not in ("v", "time")
            }
            assert now["about"] == {"first_cut": {"seq": place}}
            assert now["first_cut_hash"] == hashes[place - 1]
            assert record.entry.id in reader(store).ids_of(body["subject"])
