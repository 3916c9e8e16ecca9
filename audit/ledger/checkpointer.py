"""Signs what is committed: the root is computed from the stored bytes, and must go on from what was signed before."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from contextvars import copy_context
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ordain.audit.anchors.places import Anchors
from ordain.audit.entry.entry import VERIFY, Kind
from ordain.audit.entry.keys import Keyring
from ordain.audit.ledger.anchored import compare_places
from ordain.audit.ledger.forgeries import refuse_forged
from ordain.audit.ledger.reader import Reader
from ordain.audit.store.identity import Identity, identity
from ordain.audit.store.rows import CHECKPOINT, TILE
from ordain.audit.store.store import Store
from ordain.audit.store.tree_reader import stored_tree
from ordain.audit.tlog.checkpoint import Checkpoint, SigningKey, VerifyKey, open_note, sign
from ordain.audit.tlog.merkle import root
from ordain.audit.tlog.tiles import TileSubtrees, new_tiles
from ordain.engine.errors import CheckpointRefused, LedgerRolledBack, LedgerUnavailable, OrdainError

_LOG = logging.getLogger("ordain")
ROTATION = b"ordain key rotation 1\n"


class Checkpointer:
    """Makes checkpoints of one ledger and takes them to places outside the database.

    Never signs leaves that are not committed, and never a tree in which what was signed before has changed.
    """

    def __init__(
        self, store: Store, reader: Reader, keyring: Keyring, key: SigningKey, places: Sequence[Anchors]
    ) -> None:
        self._store, self._reader, self._keyring, self._key, self._places = store, reader, keyring, key, places
        self._signed: Checkpoint | None = None
        self._lock, self._anchoring = threading.Lock(), threading.Lock()
        self._anchored: dict[str, int] = {}
        self._doubtful: dict[str, str] = {}
        self.unanchored: dict[str, str] = {}
        """The places, and witnesses short of a quorum, that did not take the newest checkpoint, and places that keep
        one that is not this ledger's; and why."""
        self.fault = ""
        """Why the log cannot be signed, while it cannot."""

    def checkpoint(self, now: dt.datetime) -> Checkpoint | None:
        """Signs, stores and anchors the tree as it is; None for a ledger without entries.

        Raises LedgerUnavailable when the tree does not go on from the last checkpoint. A place that cannot take
        the checkpoint is noted in `unanchored`, and gets the next.
        """
        with self._lock:
            last = self.newest()
            size = self._reader.size()
            if not size:
                return None
            self._refuse_less(last, size)
            if last is None or last.size < size:
                last = self._sign(last, size, now)
            self._signed = last
        self._anchor(last)
        return last

    def unwitnessed(self, why: dict[str, str]) -> None:
        """Which witnesses have not cosigned the newest checkpoint, where they are too few, by `witness <name>`."""
        places = {place.name for place in self._places}
        self.unanchored = {name: fault for name, fault in self.unanchored.items() if name in places} | why

    def newest(self) -> Checkpoint | None:
        """The last checkpoint, its signature checked. Raises LedgerUnavailable."""
        note = newest_note(self._store)
        if note is None:
            return None
        try:
            return open_note(note, self._keys(note))
        except CheckpointRefused as error:
            raise LedgerUnavailable(f"the last checkpoint does not hold: {error.message}", VERIFY) from None

    def _refuse_less(self, last: Checkpoint | None, size: int) -> None:
        """Refuses to go on from fewer entries than this process has signed, such as after a wrong failover."""
        signed = self._signed
        if signed is None:
            return
        newest = 0 if last is None else last.size
        changed = last is not None and last.size == signed.size and last.root != signed.root
        if changed or newest < signed.size or size < signed.size:
            raise LedgerRolledBack(
                f"{signed.size:,} entries were signed, and the database has a checkpoint of {newest:,} now",
                "restore what is missing; run `ordain audit verify`",
            )

    def _refuse_unanchored(self, last: Checkpoint | None, size: int, tree: TileSubtrees, known: Identity) -> None:
        """Refuses a tree that is shorter than what a place keeps, or another one."""

        def compare(place: Anchors, kept: Checkpoint) -> None:
            if last is not None and kept.size <= last.size:
                return
            since = self.newest() if kept.size > size else None
            if since is not None and kept.size <= since.size:  # another process has signed meanwhile
                return
            if kept.size > size or root(kept.size, tree) != kept.root:
                raise LedgerRolledBack(
                    f"`{place.name}` keeps a checkpoint of {kept.size:,} entries that these entries do not give",
                    "restore the newest backup; run `ordain audit verify`",
                )

        self._doubtful = compare_places(self._places, lambda note: known_keys(self._reader, known, note), compare)

    def _keys(self, note: str) -> list[VerifyKey]:
        """The key that signs, and when the note is from before it took over, those before it."""
        keys = [self._key.verify_key]
        try:
            open_note(note, keys)
        except CheckpointRefused:
            keys += rotated_keys(self._reader.entries(_size_in(note)), self._key.name, str(keys[0]))
        return keys

    def _sign(self, last: Checkpoint | None, size: int, now: dt.datetime) -> Checkpoint:
        ledger = identity(self._store)
        if ledger is None or ledger.key != str(self._key.verify_key):
            raise LedgerUnavailable("another key signs this ledger now", "restart with the key it was changed to")
        old = 0 if last is None else last.size
        tree = stored_tree(self._store, old)
        if last is not None and root(old, tree) != last.root:
            raise LedgerUnavailable(f"entries before leaf {old} are not those that were signed", VERIFY)
        self._refuse_unanchored(last, size, tree, ledger)
        refuse_forged(self._store, self._reader, self._keyring, old, size)
        tiles = list(new_tiles(old, size, tree))
        made = Checkpoint(self._key.name, size, root(size, tree), now.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        note = sign(made, self._key)
        try:
            with self._store.transaction() as connection:
                if connection.execute(sa.select(CHECKPOINT.c.size).where(CHECKPOINT.c.size == size)).first():
                    return made  # another process was here first
                for level, index, hashes in tiles:
                    known = sa.select(TILE.c.hashes).where(TILE.c.level == level, TILE.c.tile_index == index)
                    stored = connection.execute(known).first()
                    if stored is not None and stored[0] != hashes:
                        raise LedgerUnavailable(f"tile {index} of level {level} is not that of the entries", VERIFY)
                    if stored is None:
                        connection.execute(sa.insert(TILE), {"level": level, "tile_index": index, "hashes": hashes})
                connection.execute(sa.insert(CHECKPOINT), {"size": size, "note": note})
        except IntegrityError:  # another process signs at the same time; both sign the same tree
            return self.newest() or made
        except self._store.failures as error:
            raise LedgerUnavailable(self._store.explain(error)) from error
        return made

    def _anchor(self, checkpoint: Checkpoint) -> None:
        with self._anchoring:  # not the other lock: a place may be slow
            self._take_to_places(checkpoint)

    def _take_to_places(self, checkpoint: Checkpoint) -> None:
        behind = [place for place in self._places if self._anchored.get(place.name) != checkpoint.size]
        note = note_of(self._store, checkpoint.size) if behind else None
        for place in behind:
            try:
                place.keep(checkpoint.size, checkpoint.root, note or "")
                self._anchored[place.name] = checkpoint.size
                self._tell(place, self._doubtful.get(place.name, ""), checkpoint)
            except OrdainError as error:
                self._tell(place, error.message, checkpoint)

    def _tell(self, place: Anchors, fault: str, checkpoint: Checkpoint) -> None:
        if fault and self.unanchored.get(place.name) != fault:
            _LOG.warning("checkpoint %d, `%s`: %s", checkpoint.size, place.name, fault)
        self.unanchored.pop(place.name, None)
        if fault:
            self.unanchored[place.name] = fault


class Beat:
    """Calls `work` every `seconds` in a thread of its own until it is stopped. What it raises is logged, once."""

    def __init__(self, work: Callable[[], Any], seconds: float, name: str) -> None:
        self._work, self._seconds = work, seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=copy_context().run, args=(self._run,), name=name, daemon=True)
        self._fault = ""

    def start(self) -> None:
        """Begins the work, in a thread of its own that does not keep the process alive."""
        self._thread.start()

    def stop(self) -> None:
        """Ends it, and waits up to 10 seconds for work that is under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stop.wait(self._seconds):
            try:
                self._work()
                self._fault = ""
            except Exception as error:  # whatever it was, the next beat comes
                fault = error.message if isinstance(error, OrdainError) else type(error).__name__
                if fault != self._fault:
                    _LOG.error("%s: %s", self._thread.name, fault, exc_info=not isinstance(error, OrdainError))
                self._fault = fault


def newest_note(store: Store) -> str | None:
    """The newest signed checkpoint on record (https://c2sp.org/tlog-checkpoint); None before the first.

    Raises LedgerUnavailable.
    """
    with store.reading() as connection:
        note = connection.execute(sa.select(CHECKPOINT.c.note).order_by(CHECKPOINT.c.size.desc()).limit(1)).scalar()
    if note is not None and not isinstance(note, str):
        raise LedgerUnavailable("the last checkpoint is damaged", VERIFY)
    return note


def head_of(note: str) -> tuple[int, bytes]:
    """Size and root that a stored checkpoint states; its signature is for whoever verifies to check."""
    lines = note.split("\n")
    try:
        return int(lines[1]), base64.b64decode(lines[2], validate=True)
    except (IndexError, ValueError):
        raise LedgerUnavailable("a checkpoint on record is damaged", VERIFY) from None


def note_of(store: Store, size: int) -> str | None:
    """The signed note of that size."""
    with store.reading() as connection:
        return connection.execute(sa.select(CHECKPOINT.c.note).where(CHECKPOINT.c.size == size)).scalar()


def rotated_keys(entries: Iterable[Any], origin: str, current: str) -> list[VerifyKey]:
    """The keys that signed before `current`, newest first, by the key entries among `entries`."""
    read = (entry.read() for entry in entries)
    steps = [envelope["about"] for envelope in read if envelope["kind"] == Kind.KEY]
    keys = []
    for about in reversed(steps):
        if about.get("key") != current:
            break
        try:
            before = VerifyKey.parse(about["previous"])
            signature = base64.b64decode(about["signature"], validate=True)
        except (CheckpointRefused, KeyError, TypeError, binascii.Error):
            break
        if not before.verify(signature, rotation_message(origin, current)):
            break
        keys.append(before)
        current = str(before)
    return keys


def known_keys(reader: Reader, ledger: Identity, note: str) -> list[VerifyKey]:
    """The ledger's key; with the keys before it when the note is not signed by that."""
    current = VerifyKey.parse(ledger.key)
    try:
        open_note(note, [current])
    except CheckpointRefused:
        return [
            current,
            *rotated_keys(chain(reader.entries(_size_in(note)), reader.waiting()), ledger.origin, ledger.key),
        ]
    return [current]


def rotation_message(origin: str, key: str) -> bytes:
    """What the key before signs when another takes its place."""
    return ROTATION + f"{origin}\n{key}".encode()


def _size_in(note: str) -> int:
    lines = note.split("\n")
    return int(lines[1]) if len(lines) > 1 and lines[1].isdigit() else 0
