"""Whether the tree of the entries is the one that was signed, in the database and at the places outside it."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ordain.audit.verifier.anchors import Anchored, Place
from ordain.audit.verifier.findings import Failure, Findings, quote
from ordain.audit.verifier.fold import WAITS, Fold
from ordain.audit.verifier.keychain import KeyChain, key_chain
from ordain.audit.verifier.notes import Note, PublicKey, read_key, read_note
from ordain.audit.verifier.source import Source
from ordain.engine.errors import CheckpointRefused

RootAt = Callable[[int], bytes | None]
"""The root that the entries give at a size; None when it cannot be told."""


@dataclass(slots=True)
class Signed:
    """`newest` is the newest checkpoint whose signature holds, `good` the largest size whose root the entries give.

    `bad` is the smallest signed size whose root they do not give.
    """

    count: int = 0
    newest: Note | None = None
    signer: PublicKey | None = None
    good: int = 0
    bad: Note | None = None


def stored_sizes(source: Source) -> array[int]:
    """The sizes that the database has checkpoints of, as its column says."""
    sizes = (row[0] for row in source.rows("SELECT size FROM checkpoint ORDER BY size"))
    return array("q", (size for size in sizes if type(size) is int))


def chain_of(source: Source, fold: Fold, findings: Findings) -> KeyChain | None:
    """The keys of the ledger, compared with its identity row. None when there is nothing to begin with."""
    rows = list(source.rows("SELECT ledger, origin, key FROM ledger_identity"))
    if len(rows) != 1:
        findings.add(Failure.SIGNATURE, f"the ledger has {len(rows)} identities, not one")
    ledger, origin, key = rows[0] if rows else (None, None, None)
    first, rotations = None, sorted(fold.rotations, key=lambda each: each.leaf_index)
    if fold.first is not None:
        first = fold.first["about"]
        if first["origin"] != f"ordain.ledger/{fold.first['ledger']}":
            findings.add(Failure.SIGNATURE, "the origin that the first entry names is not the ledger's", 0)
        if rows and (ledger, origin) != (fold.first["ledger"], first["origin"]):
            findings.add(
                Failure.SIGNATURE, f"the identity says {quote(ledger)}, the first entry {fold.first['ledger']}"
            )
    elif isinstance(origin, str):
        # The first entry is damaged, which is found elsewhere; what can still be told is told by the identity's key.
        first, rotations = {"origin": origin, "key": key}, []
    if first is None:
        return None
    try:
        chain, faults = key_chain(first["origin"], first["key"], rotations)
    except CheckpointRefused as refused:
        findings.add(Failure.SIGNATURE, f"the signing key that the first entry names: {refused.message}", 0)
        return None
    for message, rotation in faults:
        place = None if rotation.leaf_index == WAITS else rotation.leaf_index
        findings.add(Failure.SIGNATURE, message, place, rotation.entry_id)
    if rows and key != chain.links[-1].key.text:
        findings.add(Failure.SIGNATURE, "the key of the identity is not the one that the entries put in force")
    return chain


def check_checkpoints(
    source: Source, chain: KeyChain | None, size: int, root_at: RootAt, findings: Findings, only_newest: bool = False
) -> Signed:
    """Every stored checkpoint, or the newest: its signature, its size, and the root that the entries give there."""
    signed = Signed()
    order = "DESC LIMIT 1" if only_newest else ""
    for stored, text in source.rows(f"SELECT size, note FROM checkpoint ORDER BY size {order}"):  # noqa: S608
        signed.count += 1
        try:
            if not isinstance(text, str):
                raise CheckpointRefused("it is not stored as text")
            note = read_note(text)
            if note.size != stored or type(stored) is not int:
                raise CheckpointRefused(f"it is of size {note.size}")
            if chain is None:
                raise CheckpointRefused("no key of the ledger is known")
            signer = chain.vouches(note)
        except CheckpointRefused as refused:
            findings.add(Failure.SIGNATURE, f"the checkpoint of size {quote(stored)}: {refused.message}")
            continue
        signed.newest, signed.signer = note, signer
        if note.size <= size:
            root = root_at(note.size)
            if root == note.root:
                signed.good = note.size
            elif root is not None and signed.bad is None:
                signed.bad = note
    if signed.newest is None and size:
        findings.add(Failure.SIGNATURE, "no checkpoint holds: nothing of the ledger is signed")
    elif signed.newest is not None and signed.newest.size > size:
        message = f"is missing: a checkpoint of {signed.newest.size} entries was signed"
        findings.add(Failure.CONTENT, message, size, last=signed.newest.size - 1)
    return signed


def check_pins(
    chain: KeyChain | None, pinned: str | None, places: Sequence[Place], signed: Signed, findings: Findings
) -> None:
    """The keys that the caller and the anchor places know are the ledger's, and the newest checkpoint's.

    Raises CheckpointRefused when the caller's key is none.
    """
    given = None if pinned is None else read_key(pinned)
    if chain is None:
        return
    trusted = -1
    if given is not None:
        position = chain.position(given)
        if position is None:
            findings.add(Failure.SIGNATURE, "the key that was given is none of this ledger's")
        else:
            trusted = position
    for place in places:
        try:
            position = chain.position(read_key(place.key)) if place.key else None
        except CheckpointRefused:
            position = None
        if position is not None:
            trusted = max(trusted, position)
        elif place.key and place.origin == chain.origin:
            findings.add(Failure.ANCHOR, f"`{place.name}` was given a key that is none of this ledger's")
    if signed.signer is not None and (chain.position(signed.signer) or 0) < trusted:
        findings.add(Failure.SIGNATURE, "the newest checkpoint is signed by a key before the one that is known")


def check_places(
    places: Sequence[Place],
    chain: KeyChain | None,
    size: int,
    root_at: RootAt,
    fold: Fold | None,
    findings: Findings,
) -> None:
    """What places outside the database say of the ledger. `fold`: None when not everything was read.

    A checkpoint that a place has and the database has not is no fault where the root is right: nothing is lost by it,
    and a backup from between an entry and its checkpoint comes back so.
    """
    for place in places:
        for fault in place.faults:
            findings.add(Failure.ANCHOR, f"`{place.name}`: {fault}")
        if chain is None:
            continue
        if place.origin and place.origin != chain.origin:
            findings.add(Failure.ANCHOR, f"`{place.name}` belongs to another ledger, {quote(place.origin)}")
            continue
        _Comparison(place, chain, size, root_at, findings).run(everything=fold is not None)
        if fold is not None:
            _compare_recoveries(place, fold, findings)


def _compare_recoveries(place: Place, fold: Fold, findings: Findings) -> None:
    """The ledger tells of every recovery, but for those whose entry a later one, to no larger size, has given up."""
    smallest = None
    for recovery in reversed(place.recoveries):
        size = recovery["size"]
        if smallest is not None and size >= smallest:
            continue
        smallest = size
        told = fold.recoveries.get(recovery["entry"])
        if told is None or told["size"] != size:
            findings.add(Failure.ANCHOR, f"`{place.name}`: it tells of a recovery that the ledger does not tell of")


@dataclass(slots=True)
class _Comparison:
    """One place. The first checkpoint that does not fit is named, the others follow from it."""

    place: Place
    chain: KeyChain
    size: int
    root_at: RootAt
    findings: Findings

    def run(self, everything: bool) -> None:
        notes = sorted(self.place.notes, key=lambda each: each.note.size) if everything else self._newest()
        good, shorter, forked = 0, None, False
        for each in notes:
            if each.lost or not self._vouched(each):
                continue
            size = each.note.size
            if size > self.size:
                shorter = each
                continue
            root = self.root_at(size)
            if root == each.note.root:
                good = size
            elif root is not None and not forked:
                forked = True
                message = f"`{self.place.name}` has a checkpoint of {size} entries with another root: they were changed"
                self.findings.add(Failure.ANCHOR, message, good if everything else None, last=size - 1)
        if shorter is not None:
            self._add(
                f"the ledger has {self.size} entries, {shorter.note.size} were signed: its end is cut off", shorter
            )

    def _newest(self) -> list[Anchored]:
        return [self.place.newest] if self.place.newest else []

    def _vouched(self, each: Anchored) -> bool:
        try:
            self.chain.vouches(each.note)
        except CheckpointRefused as refused:
            self._add(refused.message, each)
            return False
        return True

    def _add(self, message: str, each: Anchored) -> None:
        self.findings.add(Failure.ANCHOR, f"`{self.place.name}`, `{each.file}`: {message}")
