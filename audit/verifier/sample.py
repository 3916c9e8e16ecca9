"""Checks some of the entries: each must lead, by its path through the tiles, to the root that was signed last.

What is read is in proportion to what is checked. That entries, erasures and texts belong together as a whole is for
the full check to say.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from ordain.audit.verifier.anchors import Place
from ordain.audit.verifier.entries import EntryCheck
from ordain.audit.verifier.envelope import Malformed, check_shape, read_canonical
from ordain.audit.verifier.findings import Evidence, Failure, Findings, Sampled, quote
from ordain.audit.verifier.fold import Fold
from ordain.audit.verifier.keychain import KeyChain
from ordain.audit.verifier.payloads import DoesNotOpen, Opener
from ordain.audit.verifier.relations import kept_plan
from ordain.audit.verifier.signatures import Signed, chain_of, check_checkpoints, check_pins, check_places
from ordain.audit.verifier.source import Row, Source, Unreadable
from ordain.audit.verifier.stored_tree import Incomplete, StoredTree
from ordain.audit.verifier.tree import leaf_hash, verify_inclusion
from ordain.engine.errors import SettingsError

Progress = Callable[[int, int], None]


def check_range(
    source: Source,
    start: int,
    end: int | None,
    places: Sequence[Place],
    key: str | None,
    opener: Opener | None,
    progress: Progress,
) -> Evidence:
    """The leaves from `start` to `end`, without it; None: to the last."""
    check = _Some(source, places, key, opener)
    end = check.total if end is None else end
    if not 0 <= start < end <= max(check.total, 1):
        raise SettingsError(
            f"there is no range from {start} to {end}: the ledger has {check.total} entries", "count from 0"
        )
    return check.run(f"entries {start} to {end - 1}", end - start, [(start, end)], progress)


def check_sample(
    source: Source,
    number: int,
    seed: int | None,
    places: Sequence[Place],
    key: str | None,
    opener: Opener | None,
    progress: Progress,
) -> Evidence:
    """`number` leaves taken at random; all when there are fewer. Without a `seed` one is drawn, and told."""
    seed = random.SystemRandom().randrange(2**32) if seed is None else seed
    check = _Some(source, places, key, opener, seed=seed)
    chosen = sorted(random.Random(seed).sample(range(check.total), min(number, check.total)))  # noqa: S311 - no secret
    return check.run(f"a sample of {len(chosen)}", len(chosen), [(at, at + 1) for at in chosen], progress)


@dataclass(slots=True)
class _Some:
    source: Source
    places: Sequence[Place]
    key: str | None
    opener: Opener | None
    findings: Findings = field(default_factory=Findings)
    total: int = 0
    signed: Signed = field(default_factory=Signed)
    chain: KeyChain | None = None
    seed: int | None = None
    sampled: list[Sampled] = field(default_factory=list)
    _note: str = ""
    _tree: StoredTree | None = None

    def __post_init__(self) -> None:
        if lacking := sorted({*self.source.layout.tables} - self.source.tables()):
            self.findings.add(Failure.FILE, f"tables are missing: {', '.join(lacking)}")
            return
        try:
            row = self.source.row("SELECT count(*), min(leaf_index), max(leaf_index) FROM entry")
            self.total, first, last = row if row else (0, None, None)
            if self.total and (first, last) != (0, self.total - 1):
                message = f"{self.total} entries have places from {quote(first)} to {quote(last)}"
                self.findings.add(Failure.CONTENT, f"{message}: some are missing or moved")
        except self.source.failures as error:
            self.findings.add(Failure.FILE, self.source.explain(error))

    def run(self, scope: str, number: int, ranges: Iterable[tuple[int, int]], progress: Progress) -> Evidence:
        entries = EntryCheck(self.findings, self.opener)
        checked = 0
        try:
            if {*self.source.layout.tables} <= self.source.tables():
                for fault in self.source.faults(deep=False):
                    self.findings.add(Failure.FILE, fault)
                self._signatures(entries)
                for start, end in ranges:
                    for item in self.source.entries(start, end):
                        self._entry(item, entries)
                        checked += 1
                        if not checked % 100:
                            progress(checked, number)
                if checked < number:
                    self.findings.add(Failure.CONTENT, f"{number - checked} entries of {scope} are missing")
                self._gone(entries)
        except self.source.failures as error:
            self.findings.add(Failure.FILE, self.source.explain(error))
        progress(checked, number)
        return self._evidence(scope, checked, entries)

    def _signatures(self, entries: EntryCheck) -> None:
        """The keys and the newest checkpoints. Looks for changes of the key only when there was one."""
        fold = Fold()
        self._fold_in(fold, self.source.rows("SELECT leaf_index, id, envelope FROM entry WHERE leaf_index = 0"))
        identity = self.source.row("SELECT ledger, key, index_key FROM ledger_identity")
        if fold.first is not None:
            entries.ledger = fold.first["ledger"]
            if identity is not None and identity[1] != fold.first["about"]["key"]:
                self._fold_in(fold, self.source.of_kind("key"))
        self.chain = chain_of(self.source, fold, self.findings)
        self.signed = check_checkpoints(self.source, self.chain, self.total, self._root_at, self.findings, True)
        if self.signed.bad is not None:
            self.findings.add(Failure.TREE, "the stored tiles and entries do not give the root that was signed last")
        check_pins(self.chain, self.key, self.places, self.signed, self.findings)
        check_places(self.places, self.chain, self.total, self._root_at, None, self.findings)
        if self.opener is not None and identity is not None:
            try:
                self.opener.begin(str(identity[0]), identity[2], partial(kept_plan, self.source))
            except DoesNotOpen as closed:
                self.findings.add(Failure.PAYLOAD, str(closed))
        if self.signed.newest is not None and self.signed.newest.size <= self.total:
            self._tree = StoredTree(self.source, self.signed.newest.size)
            row = self.source.row("SELECT note FROM checkpoint WHERE size = ?", self.signed.newest.size)
            self._note = str(row[0]) if row else ""

    def _root_at(self, size: int) -> bytes | None:
        try:
            return StoredTree(self.source, size).root()
        except Incomplete as incomplete:
            self.findings.add(Failure.TREE, f"the tree cannot be told: {incomplete} is missing or damaged")
            return None

    def _entry(self, item: Row | Unreadable, entries: EntryCheck) -> None:
        if isinstance(item, Unreadable):
            self.findings.add(Failure.CONTENT, f"it cannot be read: {item.message}", item.leaf_index)
            return
        place = item.leaf_index
        data = entries.check(item, place)
        if self.seed is not None:
            self.sampled.append(Sampled(place, str(data["id"]) if data else quote(item.id)))
        tree, newest = self._tree, self.signed.newest
        if tree is None or newest is None or place >= tree.size or not isinstance(item.envelope, bytes):
            return
        leaf = leaf_hash(item.envelope)
        try:
            path = tree.path(place)
            if verify_inclusion(leaf, place, tree.size, path, newest.root):
                if self.sampled:
                    self.sampled[-1] = replace(self.sampled[-1], proof=_proof(item.envelope, place, path, self._note))
                return
            if tree.subtree(0, place) != leaf:
                self.findings.add(Failure.CONTENT, "its bytes are not those that the tree was made of", place)
            else:
                self.findings.add(Failure.TREE, "its path through the tiles does not lead to the signed root", place)
        except Incomplete as incomplete:
            self.findings.add(Failure.TREE, f"it has no path to the signed root: {incomplete} is missing", place)

    def _gone(self, entries: EntryCheck) -> None:
        """Whether removals by age account for the payloads that are missing."""
        if not entries.gone:
            return
        fold = Fold()
        self._fold_in(fold, self.source.of_kind("retention"))
        entries.check_gone(fold)

    def _fold_in(self, fold: Fold, rows: Iterable[tuple[object, ...]]) -> None:
        """Takes whole envelopes into `fold`; damaged ones are for the check of the entries to find."""
        for leaf_index, _, envelope in rows:
            try:
                data = read_canonical(envelope)
                check_shape(data)
            except Malformed:
                continue
            if type(leaf_index) is int:
                fold.take(data, leaf_index, None)

    def _evidence(self, scope: str, checked: int, entries: EntryCheck) -> Evidence:
        newest = self.signed.newest
        size = newest.size if newest else 0
        return Evidence(
            scope=scope,
            entries=self.total,
            checked=checked,
            decisions=entries.fold.decisions,
            erased=entries.erased,
            expired=len(entries.gone),
            opened=entries.opened,
            unsigned=max(self.total - size, 0),
            checkpoints=self.signed.count,
            checkpoint_size=size,
            checkpoint_root=newest.root.hex() if newest else "",
            first_time=entries.fold.first_time,
            last_time=entries.fold.last_time,
            anchors=len(self.places),
            anchored=max((place.newest.note.size for place in self.places if place.newest), default=0),
            stamped=sum(place.stamped for place in self.places),
            seed=self.seed,
            sampled=tuple(self.sampled),
            findings=self.findings.all(),
            unnamed=self.findings.unnamed,
        )


def _proof(envelope: bytes, place: int, path: Iterable[bytes], note: str) -> str:
    """A proof file: the leaf as `extra`, its place, the hashes up to the root, and the checkpoint that signs it."""
    told = [base64.b64encode(each).decode() for each in (envelope, *path)]
    return "\n".join(["c2sp.org/tlog-proof@v1", f"extra {told[0]}", f"index {place}", *told[1:]]) + f"\n\n{note}"
