"""A ledger, opened: every part of it, wired once, after it was compared with its anchors."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from ordain.audit.anchors.places import Anchors
from ordain.audit.entry.entry import Stamp
from ordain.audit.entry.keys import Keyring
from ordain.audit.ledger.anchored import compare_places
from ordain.audit.ledger.checkpointer import Checkpointer, known_keys, newest_note
from ordain.audit.ledger.open_ledger import Keys, OpenLedger
from ordain.audit.ledger.published import Published
from ordain.audit.ledger.reader import Reader
from ordain.audit.ledger.receipts import Receipts
from ordain.audit.ledger.repeats import Repeats
from ordain.audit.ledger.writer import Ledger
from ordain.audit.privacy.erasure import destroy_again, list_erasures
from ordain.audit.store.identity import Identity, check_key, found_ledger
from ordain.audit.store.schema import ensure_schema
from ordain.audit.store.sqlite import SqliteStore
from ordain.audit.store.store import Store
from ordain.audit.store.tree_reader import stored_tree
from ordain.audit.tlog.checkpoint import Checkpoint
from ordain.audit.tlog.merkle import root
from ordain.audit.verifier.witness_policy import WitnessPolicy
from ordain.engine.errors import AnchorUnavailable, LedgerRolledBack
from ordain.engine.late import late

_LOG = logging.getLogger("ordain")
_WITNESSING = "ordain.audit.witness.witnessing:Witnessing"


def open_store(url: str, busy_seconds: float = 5.0) -> Store:
    """The database of that URL, SQLite or PostgreSQL. Raises SettingsError, LedgerUnavailable."""
    if url.startswith("postgres"):
        store: Store = late("ordain.audit.store.postgresql:PostgresStore")(url, busy_seconds)
        return store
    return SqliteStore(url, busy_seconds)


def open_ledger(
    store: Store,
    keys: Keys,
    places: Sequence[Anchors],
    *,
    tenant: str,
    engine: str,
    now: Callable[[], dt.datetime],
    seconds: float = 5.0,
    restricted: bool = False,
    lost: bool = False,
    new_places: bool = False,
    witnesses: WitnessPolicy | None = None,
) -> OpenLedger:
    """Opens the ledger in `store`, and makes it when the database is new. The caller closes the store on a fault.

    `seconds` is how long an entry may wait to be written; `restricted` opens restricted records, too;
    `lost` opens a ledger that is shorter than its anchors, for `audit.ledger.recovery` alone; `new_places` one that was
    anchored elsewhere before. `witnesses` cosign what is signed.

    Raises LedgerRolledBack when an anchor says more than the database, or other; SettingsError for a key that is not
    this ledger's; LedgerUnavailable.
    """
    ensure_schema(store)
    store.prepare(now())
    known = found_ledger(store, keys.master, keys.seed, tenant, engine, now())
    key = check_key(known, keys.seed)
    keyring = Keyring(known.ledger, keys.master, known.index_key)
    reader = Reader(store, keyring, restricted)
    made = []
    if not lost:
        check_anchors(store, reader, known, places)
        made = _pin(store, places, known, new_places)
    ledger = Ledger(store, keyring, Stamp(str(known.ledger), tenant, engine), seconds)
    checkpointer = Checkpointer(store, reader, keyring, key, places)
    repeats = Repeats(store, keyring, reader, now)
    opened = OpenLedger(
        *(known, store, keyring, ledger, reader, repeats, checkpointer),
        store.sequencer(),
        tuple(places),
        now,
        Published(store, reader, known, places, witnesses),
        Receipts(key, now),
        None if witnesses is None else late(_WITNESSING)(witnesses, store, reader, places),
    )
    if not lost:
        list_erasures(opened, made)
        destroy_again(opened)
    return opened


def _pin(store: Store, places: Sequence[Anchors], known: Identity, new_places: bool) -> list[Anchors]:
    """Makes new places this ledger's own, and says which; of a ledger that was anchored before, only if asked to.

    A place that is gone, such as a volume that is not mounted, does not look like a new one. A ledger that no place
    knows may have been cut together with its places.
    """
    unknown = [place for place in places if not _knows(place)]
    if newest_note(store) is not None and not new_places:
        if places and len(unknown) == len(places):
            names = ", ".join(f"`{place.name}`" for place in places)
            raise LedgerRolledBack(
                f"this ledger was anchored before, and none of {names} knows it",
                "check that their volumes are mounted, and `anchors`; to start anew there: `ordain audit new-places`",
            )
        for place in unknown:
            _LOG.warning("`%s` does not know this ledger, and keeps nothing: run `ordain audit new-places`", place.name)
        return []
    made = []
    for place in unknown:
        try:
            place.pin(known.origin, known.key)
            made.append(place)
        except AnchorUnavailable as error:
            _LOG.warning("%s", error)
    return made


def _knows(place: Anchors) -> bool:
    try:
        return place.pinned() is not None
    except AnchorUnavailable:
        return False


def check_anchors(store: Store, reader: Reader, known: Identity, places: Sequence[Anchors]) -> None:
    """Raises LedgerRolledBack unless the ledger holds all that its newest anchors say."""
    for place in places:
        with suppress(AnchorUnavailable):  # told below
            pinned = place.pinned()
            if pinned is not None and pinned[0] != known.origin:
                raise LedgerRolledBack(
                    f"`{place.name}` holds the checkpoints of the ledger {pinned[0]}, the database is {known.origin}",
                    "restore the database that belongs to them, or name another place in `anchors` for a new ledger",
                )

    def compare(place: Anchors, kept: Checkpoint) -> None:
        size = reader.size()  # now, and not before: another process may have signed more since then
        if kept.size > size:
            raise LedgerRolledBack(
                f"the ledger has {size:,} entries; `{place.name}` keeps a signed checkpoint of {kept.size:,}",
                "restore the newest backup; if the entries are lost for good: `ordain audit recover`",
            )
        if root(kept.size, stored_tree(store)) != kept.root:
            raise LedgerRolledBack(
                f"the first {kept.size:,} entries are not those of the checkpoint in `{place.name}`",
                "run `ordain audit verify`, and restore the newest backup",
            )

    for fault in compare_places(places, lambda note: known_keys(reader, known, note), compare).values():
        _LOG.warning("%s", fault)
