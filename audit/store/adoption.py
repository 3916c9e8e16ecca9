"""Moves the entries of the first cut (`audit.store.first_cut`) into the ledger there is now, and leaves nothing behind.

Every entry keeps its id, its time and its place: the one at position n becomes leaf n, after the new ledger's own
first leaf, which says how many entries were adopted and the hash of the last. What was in plain text is sealed under
its subject's key, and afterwards in no file any more.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID, uuid4

import sqlalchemy as sa

from ordain.audit.entry.entry import Entry, Kind, Prepared, Stamp, new_id, prepared
from ordain.audit.entry.keys import DataKey, Keyring, MasterKey
from ordain.audit.store import first_cut
from ordain.audit.store.first_cut import Chain, OldEntry
from ordain.audit.store.identity import Identity, identity_row, new_identity
from ordain.audit.store.rows import ENTRY, IDENTITY, PAYLOAD, SUBJECT_INDEX, SUBJECT_KEY
from ordain.audit.store.sqlite import SqliteStore
from ordain.engine.errors import Issue, LedgerUnavailable

UNFINISHED = 2
"""The file's `user_version` from the commit of an adoption until the old entries' bytes are out of the file."""

OLD_ENTRY, OLD_DOCUMENT = "first_cut_entry", "first_cut_document"
"""What revision 0002 calls the old tables meanwhile."""

Progress = Callable[[int, int], None]
"""Called with the number of steps done so far and the number there are: two for each entry, to check and to move it."""

_MOST_CACHED = 50_000
_PUBLIC = frozenset(("v", "id", "kind", "time", "tenant", "service", "engine", "documents", "policies"))

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Founding:
    """What a new ledger is made with. `seed` is the signing key's, 32 bytes."""

    master: MasterKey
    seed: bytes
    tenant: str
    engine: str
    now: dt.datetime


def check_first_cut(connection: sa.Connection, progress: Progress) -> Chain:
    """Raises LedgerUnavailable unless every entry is as it was written and can be carried over."""
    total = 2 * first_cut.size(connection, "entry")
    return first_cut.check(connection, carried_over, lambda done: progress(done, total))


def adopt(
    connection: sa.Connection, store: SqliteStore, chain: Chain, founding: Founding, progress: Progress
) -> Identity:
    """Founds the ledger and moves all entries and texts into its tables, inside the caller's transaction."""
    made = new_identity(uuid4(), founding.master, founding.seed)
    connection.execute(sa.insert(IDENTITY), identity_row(made))
    connection.exec_driver_sql(
        "INSERT INTO document (digest, kind, name, version, text) "  # noqa: S608 - our names
        f"SELECT digest, kind, name, version, text FROM {OLD_DOCUMENT}"
    )
    keys = _Keys(connection, Keyring(made.ledger, founding.master, made.index_key))
    store.add_first(connection, _first_leaf(made, chain, keys.house(), founding))
    done = chain.entries
    for page in first_cut.pages(connection, OLD_ENTRY):
        _move(connection, page, keys, str(made.ledger))
        done += len(page)
        progress(done, 2 * chain.entries)
    return made


def clear_out(store: SqliteStore) -> None:
    """Takes the bytes of the old entries out of the file and its log. May be called again after any failure.

    Needs room on the disk for two more copies of the ledger. Raises LedgerUnavailable.
    """
    try:
        store.empty_log()
        _on_its_own(store, "VACUUM")
        store.empty_log()
        _on_its_own(store, "PRAGMA user_version = 0")
    except (LedgerUnavailable, *store.failures) as error:
        issue = error.issues[0] if isinstance(error, LedgerUnavailable) else store.explain(error)
        raise LedgerUnavailable(
            Issue(
                f"the ledger was upgraded, but the old entries cannot be taken out of the file: {issue.message}",
                f"{issue.hint}; then run `ordain audit upgrade` again",
            )
        ) from error


def carried_over(old: OldEntry) -> tuple[Entry, str, str]:
    """The entry that the old one becomes, its tenant and its engine.

    Raises ValueError for a body that the first cut did not write.
    """
    body = old.body
    texts = {name: body.get(name) for name in ("id", "time", "kind", "tenant", "engine")}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise ValueError(f"it has no text `{name}`")
    entry_id, time = UUID(texts["id"]), dt.datetime.fromisoformat(str(texts["time"]))
    if str(entry_id) != texts["id"]:
        raise ValueError("its id is not written as ids are")
    if time.tzinfo is None:
        raise ValueError("its time has no offset")
    try:
        entry = Entry(
            id=entry_id,
            time=time,
            kind=str(texts["kind"]),
            # Sealed: with the old body's other parts known, its hash would confirm a guess at whom it is about.
            private={
                **{name: part for name, part in body.items() if name not in _PUBLIC},
                "first_cut_hash": old.hash.hex(),
            },
            subject=body.get("subject"),
            service=body.get("service"),
            policies=_digests(body.get("policies", []), "policy"),
            documents=body.get("documents", {}),
            models=_digests(body.get("models", []), "model"),
            outcome_class=_outcome_class(body),
            reason_codes=[
                f"{reason['policy']}/{reason.get('rule') or reason['decision']}" for reason in body.get("reasons", [])
            ],
            about={"first_cut": {"seq": old.seq}},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"its body has another shape than the first cut's ({error})") from None
    return entry, str(texts["tenant"]), str(texts["engine"])


def _digests(named: list[Json], what: str) -> list[Json]:
    return [{key: one[key] for key in (what, "version", "digest")} for one in named]


def _outcome_class(body: Json) -> str | None:
    if body["kind"] != Kind.DECISION:
        return None
    verdict = body.get("verdict")
    return "decided" if verdict is None else str(verdict)


def _first_leaf(made: Identity, chain: Chain, house: DataKey, founding: Founding) -> Prepared:
    adopted = {"entries": chain.entries, "head": chain.head.hex()}
    about = {"origin": made.origin, "key": made.key, "adopted": adopted}
    entry = Entry(new_id(founding.now), founding.now, Kind.LEDGER, {}, about=about)
    return prepared(entry, house, Stamp(str(made.ledger), founding.tenant, founding.engine))


def _move(connection: sa.Connection, page: list[OldEntry], keys: _Keys, ledger: str) -> None:
    leaves, payloads, index = [], [], []
    for old in page:
        entry, tenant, engine = carried_over(old)
        ready = prepared(entry, keys.of(entry.subject), Stamp(ledger, tenant, engine))
        leaves.append({"leaf_index": old.seq, "id": ready.id, "envelope": ready.envelope})
        payloads.append({"id": ready.id, "key": ready.data_key.key, "sealed": ready.sealed})
        if ready.data_key.indexed:
            index.append({"key": ready.data_key.key, "id": ready.id})
    keys.flush()
    connection.execute(sa.insert(ENTRY), leaves)
    connection.execute(sa.insert(PAYLOAD), payloads)
    if index:
        connection.execute(sa.insert(SUBJECT_INDEX), index)


class _Keys:
    """The subjects' keys as the transaction sees them: a `Keyring` reads what is committed, and nothing is yet."""

    def __init__(self, connection: sa.Connection, keyring: Keyring) -> None:
        self._connection, self._keyring = connection, keyring
        self._known: dict[bytes, DataKey] = {}
        self._new: list[DataKey] = []

    def house(self) -> DataKey:
        """The key of what is about nobody, new: to be written with the first leaf."""
        made = self._keyring.made(None)
        self._known[made.tag] = made
        return made

    def of(self, subject: str | None) -> DataKey:
        tag = self._keyring.tag(subject)
        found = self._known.get(tag) or self._stored(tag, subject)
        if found is None:
            found = self._keyring.made(subject)
            self._new.append(found)
        self._known[tag] = found
        return found

    def flush(self) -> None:
        """Writes the new keys, and forgets all when there are too many."""
        if self._new:
            rows = [{"key": made.key, "tag": made.tag, "wrapped": made.wrapped} for made in self._new]
            self._connection.execute(sa.insert(SUBJECT_KEY), rows)
            self._new.clear()
        if len(self._known) > _MOST_CACHED:
            self._known.clear()

    def _stored(self, tag: bytes, subject: str | None) -> DataKey | None:
        wanted = sa.select(SUBJECT_KEY.c.key, SUBJECT_KEY.c.wrapped).where(SUBJECT_KEY.c.tag == tag)
        row = self._connection.execute(wanted).first()
        if row is None:
            return None
        return DataKey(row[0], self._keyring.opened(row[0], tag, row[1]), tag, None, subject is not None)


def _on_its_own(store: SqliteStore, statement: str) -> None:
    """Runs a statement in no transaction."""
    with closing(store.engine.raw_connection()) as connection:
        cast(sqlite3.Connection, connection.driver_connection).execute(statement)
