"""Ledgers for the tests: real ones, on SQLite or PostgreSQL, that every process of a test opens with the same keys.

with opened(f"sqlite:///{tmp_path}/ledger.db") as use:
    receipt = use.ledger.append(decision(1), DOCUMENTS)
    use.settle()
"""

from __future__ import annotations

import datetime as dt
import lzma
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ordain.audit.anchors.places import Anchors
from ordain.audit.entry.documents import Document
from ordain.audit.entry.entry import Entry, Kind, new_id
from ordain.audit.entry.keys import LocalMasterKey
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.opening import Keys, open_ledger, open_store
from ordain.audit.store.schema import Upgraded, upgrade
from ordain.audit.store.sqlite import APPLICATION_ID, SqliteStore

_CASES = Path(__file__).parents[1] / "cases" / "ledger"
BEFORE_ROOMS = _CASES / "before_rooms.sql.xz"
"""Written before the rooms (commit 38ad6f3): 29 entries, 28 of them decisions, each record in full."""
LEAN_RECORDS = _CASES / "lean_records.sql.xz"
"""Written by commit 4246fba: 9 entries, 7 of them decisions; envelopes of format 2 with lean records."""
FORM_2, FORM_2_ANSWERS = _CASES / "form_2.sql.xz", _CASES / "form_2_answers.jsonl.xz"
"""Written by commit e360d65: 11 entries, 10 of them decisions, in form 2; and the answers given, a line each."""
FORM_3, FORM_3_ANSWERS = _CASES / "form_3.sql.xz", _CASES / "form_3_answers.jsonl.xz"
"""Written by commit bc923df: envelopes of format 3, with verdict, law, models and rules in clear; one is erased."""

MASTER, SEED = bytes(range(32)), bytes(range(32, 64))
ENGINE = "ordain 0.1.0"

VOCABULARY = Document("vocabulary", b"churn_risk: {type: number}\n")
SERVICES = Document("services", b"retention: [retention-offer]\n")
OFFER = Document("policy", b"policy: retention-offer\nversion: 1\n", "retention-offer", 1)
CONTACT = Document("policy", b"policy: contact\nversion: 2\n", "contact", 2)
DOCUMENTS = (VOCABULARY, SERVICES, OFFER, CONTACT)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def make_ledger(
    url: str,
    places: Sequence[Anchors] = (),
    *,
    busy_seconds: float = 5.0,
    seconds: float = 5.0,
    at: Callable[[], dt.datetime] = now,
    restricted: bool = False,
) -> OpenLedger:
    """Opens the ledger at `url`, and makes it when there is none. Close it."""
    store = open_store(url, busy_seconds)
    keys = Keys(LocalMasterKey(MASTER), SEED)
    try:
        return open_ledger(
            store, keys, places, tenant="demo", engine=ENGINE, now=at, seconds=seconds, restricted=restricted
        )
    except BaseException:
        store.close()
        raise


@contextmanager
def opened(url: str, places: Sequence[Anchors] = (), **options: Any) -> Iterator[OpenLedger]:
    """`make_ledger`, closed at the end."""
    use = make_ledger(url, places, **options)
    try:
        yield use
    finally:
        use.close()


def restored(path: Path, dump: Path = BEFORE_ROOMS) -> str:
    """Makes at `path` the ledger of a dump, sealed with the keys above, and returns its URL.

    A dump does not hold what marks the file as a ledger.
    """
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(lzma.decompress(dump.read_bytes()).decode())
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    return f"sqlite:///{path}"


def upgraded(path: Path) -> Upgraded:
    """Brings the ledger at `path` to the version of today."""
    store = SqliteStore(f"sqlite:///{path}")
    try:
        return upgrade(store)
    finally:
        store.close()


def decision(
    number: int, at: dt.datetime | None = None, *, under: Sequence[Document] = (OFFER,), **changes: Any
) -> Entry:
    """A SYNTHETIC decision about the subject `C-<number>`, under these policies. `changes` replace fields of it."""
    time = at or now()
    subject = f"C-{number}"
    private = {
        "at": time.isoformat(),
        "subject": subject,
        "facts": {"churn_risk": {"value": "0.85", "source": "churn@3"}, "name": {"value": "Zoë 😀"}},
        "models": [],
        "outcome": {"offer": {"action": "personal call", "discount_percent": "30"}},
        "verdict": "permit",
        "reasons": [],
        "trace": [],
    }
    fields: dict[str, Any] = {
        "id": new_id(time),
        "time": time,
        "kind": Kind.DECISION,
        "private": private,
        "subject": subject,
        "service": "retention",
        "policies": [{"policy": p.name, "version": p.version, "digest": p.reference.digest} for p in under],
        "documents": {"vocabulary": VOCABULARY.reference.digest, "services": SERVICES.reference.digest},
        "outcome_class": "permit",
        "reason_codes": ["retention-offer@1/critical-high-value"],
    }
    return Entry(**{**fields, **changes})
