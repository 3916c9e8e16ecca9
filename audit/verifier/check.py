"""`verify`: the check of a ledger, all of it, a range of it or a sample of it.

A full check reads every stored byte once and recomputes all that is derived from them. Found, then, is any change to
an entry, payload, key, index, text, tile or checkpoint that was signed for, unless somebody who has the signing key
also computed and signed everything anew: that takes a checkpoint kept outside the database to see, as does an end
that was cut off (`anchors`), and a ledger that somebody made anew under a key of their own (`anchors` or `key`).

Not seen by anything: changes among the entries after the newest checkpoint, which nobody has signed yet (they are
counted as `unsigned`), as long as they fit each other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ordain.audit.verifier.anchors import Place, read_place
from ordain.audit.verifier.entries import EntryCheck
from ordain.audit.verifier.findings import Evidence, Failure, Findings, quote
from ordain.audit.verifier.fold import WAITS
from ordain.audit.verifier.keeping import check_erased_keys, check_erasure_lists, check_holds, check_restrictions
from ordain.audit.verifier.notes import read_key
from ordain.audit.verifier.opened import open_source
from ordain.audit.verifier.payloads import DoesNotOpen, Opener
from ordain.audit.verifier.promises import check_receipts
from ordain.audit.verifier.recount import Recount
from ordain.audit.verifier.relations import (
    check_counts,
    check_documents,
    check_housekeeping,
    check_index,
    check_payloads,
    check_request_keys,
    kept_plan,
)
from ordain.audit.verifier.sample import check_range, check_sample
from ordain.audit.verifier.signatures import Signed, chain_of, check_checkpoints, check_pins, check_places, stored_sizes
from ordain.audit.verifier.source import Row, Source, Unreadable, lacking
from ordain.audit.verifier.tree import TILE_HEIGHT, TILE_WIDTH, leaf_hash
from ordain.engine.errors import CheckpointRefused, SettingsError

Progress = Callable[[int, int], None]
"""Called with the number of entries checked so far and the number there are."""

_GONE = "it is not there: somebody took it away, or it was never copied with the ledger"
_FIRST, _LAST = -(2**63), 2**63 - 1
_HIGHEST_LEVEL = 7
"""Of a tile, for a tree of fewer than 2**64 leaves."""


def verify(
    source: Source | str | Path,
    *,
    start: int | None = None,
    end: int | None = None,
    sample: int | None = None,
    seed: int | None = None,
    anchors: Sequence[Path] = (),
    lost: Sequence[Path] = (),
    key: str | None = None,
    master_key: bytes | None = None,
    revisions: Collection[str] = (),
    receipts: Sequence[bytes] = (),
    progress: Progress = lambda done, total: None,
) -> Evidence:
    """Checks the ledger as one moment shows it; writers beside it are not disturbed.

    `source`: a SQLite file, a database URL, or something open. Without more, everything is checked. `start` and
    `end`: only the leaves from `start` to `end`, without it, and what leads from them to the newest checkpoint.
    `sample`: as many leaves taken at random (the same ones for the same `seed`). `anchors`: folders that checkpoints
    were taken to; `lost` are such folders that are not there, which is a finding. `key`: a verifying key of the ledger
    that the caller knows, as a vkey. `master_key`: 32 bytes; with it payloads are decrypted too. `revisions`: the
    versions of the schema that the caller knows, when it knows any. `receipts`: signed ones, whose entries
    must be there (a full check only).

    Raises SettingsError when there is no such ledger or place, or `key`, `master_key` or the range has no meaning.
    What is wrong with the ledger is in the evidence, whatever it is.
    """
    places = [*map(read_place, anchors), *(Place(str(folder), faults=[_GONE]) for folder in lost)]
    opener = None if master_key is None else Opener(master_key)
    if key is not None:
        try:
            read_key(key)
        except CheckpointRefused as refused:
            raise SettingsError(refused.issues) from None
    if sample is not None and (sample < 1 or start is not None or end is not None):
        raise SettingsError("a sample has at least one entry, and no range", "give `sample`, or `start` and `end`")
    if receipts and (sample is not None or start is not None or end is not None):
        raise SettingsError("receipts are compared with the whole log", "leave out the range or the sample")
    opened = open_source(source) if isinstance(source, str | Path) else source
    with closing(opened):
        if sample is not None:
            return check_sample(opened, sample, seed, places, key, opener, progress)
        if start is not None or end is not None:
            return check_range(opened, start or 0, end, places, key, opener, progress)
        return _Check(opened, places, key, opener, revisions, progress, receipts).run()


@dataclass(slots=True)
class _Check:
    source: Source
    places: Sequence[Place]
    key: str | None
    opener: Opener | None
    revisions: Collection[str]
    progress: Progress
    receipts: Sequence[bytes] = ()
    findings: Findings = field(default_factory=Findings)
    entries: EntryCheck = field(init=False)
    tree: Recount = field(init=False)
    claimed: int = 0
    """The size of the largest checkpoint in the database, whether it holds or not."""
    total: int = 0
    seen: int = 0
    unsequenced: int = 0
    documents: int = 0
    signed: Signed = field(default_factory=Signed)

    def __post_init__(self) -> None:
        self.entries = EntryCheck(self.findings, self.opener)

    def run(self) -> Evidence:
        with self.guarded():
            for fault in self.source.faults(deep=True):
                self.findings.add(Failure.FILE, fault)
        tables = self.source.tables()
        for table in self.source.layout.tables:
            if table not in tables:
                self.findings.add(Failure.FILE, f"the table `{table}` is missing")
        with self.guarded():
            if any(table == "tile" for table, _ in lacking(self.source.layout, self.source.unique())):
                tables.discard("tile")  # without its index every look into it takes as long as reading it
        self.recount(tables)
        self.settle(tables)
        with self.guarded():
            self.beside(tables)
        return self.evidence()

    @contextmanager
    def guarded(self) -> Iterator[None]:
        try:
            yield
        except self.source.failures as error:
            self.findings.add(Failure.FILE, self.source.explain(error))

    def recount(self, tables: set[str]) -> None:
        """Reads all entries and grows the tree again."""
        sizes = {each.note.size for place in self.places for each in place.notes if not each.lost}
        with self.guarded():
            if "checkpoint" in tables:
                stored = stored_sizes(self.source)
                self.claimed = max(stored, default=0)
                sizes.update(stored)
        self.tree = Recount(self.tile if "tile" in tables else _no_tile, sizes)
        with self.guarded():
            self.begin_opening(tables)
        with self.guarded():
            if "entry" in tables:
                self.total = self.count("entry")
                for item in self.source.entries(_FIRST, _LAST):
                    self.item(item)
                if self.seen != self.total:
                    self.findings.add(Failure.FILE, f"{self.total} entries are counted, {self.seen} are there in order")
        self.tree.finish()
        self.progress(self.seen, self.total)
        with self.guarded():
            if "inbox" in tables:
                for columns in self.source.rows(self.source.layout.waiting):
                    self.unsequenced += 1
                    self.entries.check(Row._make(columns), WAITS)

    def begin_opening(self, tables: set[str]) -> None:
        if self.opener is not None and "ledger_identity" in tables:
            ledger, wrapped = self.source.row("SELECT ledger, index_key FROM ledger_identity") or ("", None)
            try:
                self.opener.begin(str(ledger), wrapped, partial(kept_plan, self.source))
            except DoesNotOpen as closed:
                self.findings.add(Failure.PAYLOAD, str(closed))

    def item(self, item: Row | Unreadable) -> None:
        if isinstance(item, Unreadable):
            rest = " and no entry after it" if item.ends else ""
            self.findings.add(Failure.CONTENT, f"it cannot be read{rest}: {item.message}", item.leaf_index)
            return
        self.seen += 1
        if not self.seen % 1000:
            self.progress(self.seen, self.total)
        place, expected = item.leaf_index, self.tree.expects
        if type(place) is not int or place < expected:
            self.findings.add(Failure.CONTENT, f"an entry has the place {quote(place)}, where {expected} is next")
            self.entries.check(item, WAITS)
            return
        if place > expected:
            self.findings.add(Failure.CONTENT, "is missing", expected, last=place - 1)
            self.tree.skip_to(place)
        self.entries.check(item, place)
        if isinstance(item.envelope, bytes):
            self.tree.add(leaf_hash(item.envelope))
        else:
            self.tree.skip_to(place + 1)

    def tile(self, level: int, index: int) -> object:
        row = self.source.row("SELECT hashes FROM tile WHERE level = ? AND tile_index = ?", level, index)
        return None if row is None else row[0] if row[0] is not None else ""

    def settle(self, tables: set[str]) -> None:
        """Compares the recounted tree with what was signed, and says which entries and tiles are wrong."""
        with self.guarded():
            chain = chain_of(self.source, self.entries.fold, self.findings) if "ledger_identity" in tables else None
            size = self.tree.size
            if "checkpoint" in tables:
                self.signed = check_checkpoints(self.source, chain, size, self.root_at, self.findings)
            if self.receipts and "entry" in tables:
                check_receipts(self.source, self.receipts, chain, self.findings)
            check_pins(chain, self.key, self.places, self.signed, self.findings)
            check_places(self.places, chain, size, self.root_at, self.entries.fold, self.findings)
        self.blame()
        with self.guarded():
            if "tile" in tables:
                self.tiles()

    def root_at(self, size: int) -> bytes | None:
        roots = self.tree.roots.get(size)
        return None if roots is None else roots.entries

    def blame(self) -> None:
        good, bad = self.signed.good, self.signed.bad
        for span in self.tree.spans:
            tile = f"the tile {span.tile_index} of level {span.level}"
            if span.last < good:
                message = f"{tile} holds another hash for it than the signed entries give"
                self.findings.add(Failure.TREE, message, span.first, last=span.last)
            elif span.level:
                message = f"{tile} holds another hash for these entries"
                self.findings.add(Failure.TREE, message, span.first, last=span.last)
            else:
                message = "its bytes are not those that the tree was made of"
                self.findings.add(Failure.CONTENT, message, span.first, last=span.last)
        self.findings.unnamed += self.tree.more_spans
        if bad is not None:
            roots = self.tree.roots.get(bad.size)
            if roots is None or roots.tiles != bad.root:
                message = f"one of these was changed: they do not give the root that the checkpoint of {bad.size} signs"
                self.findings.add(Failure.TREE, message, good, last=bad.size - 1)

    def tiles(self) -> None:
        """Every full tile under the newest checkpoint is stored, and none beyond what a checkpoint is there for."""
        size = self.signed.newest.size if self.signed.newest else 0
        for level, index in self.tree.broken:
            self.findings.add(Failure.TREE, f"the tile {index} of level {level} is not 256 hashes")
        for level, first, last in self.tree.absent:
            full = min(last + 1, size // TILE_WIDTH ** (level + 1))
            if full > first:
                self.findings.add(Failure.TREE, f"of level {level} the tiles {first} to {full - 1} are missing")
        for level, index in self.source.rows("SELECT level, tile_index FROM tile"):
            if not _in_tree(level, index, self.claimed):
                self.findings.add(
                    Failure.TREE, f"a tile {quote(index)} of level {quote(level)} covers what nobody signed"
                )

    def beside(self, tables: set[str]) -> None:
        """All that is stored beside the tree."""
        if {*self.source.layout.entry_tables} <= tables:
            check_payloads(self.source, self.entries, self.findings)
            check_counts(self.entries, self.findings)
            check_index(self.source, self.entries, self.findings)
            check_restrictions(self.source, self.entries, self.findings)
            check_holds(self.entries.fold, self.findings)
            check_erasure_lists(self.source, self.places, self.entries.fold, self.findings)
            check_erased_keys(self.source, self.entries, self.findings)
        if "document" in tables:
            self.documents = check_documents(self.source, self.entries, self.findings)
        check_housekeeping(self.source, self.total, self.revisions, self.findings)
        if "entry" in tables:
            check_request_keys(self.source, self.findings)

    def count(self, table: str) -> int:
        row = self.source.row(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name of ours
        return int(row[0]) if row else 0

    def evidence(self) -> Evidence:
        fold, newest = self.entries.fold, self.signed.newest
        size = newest.size if newest else 0
        return Evidence(
            scope="all",
            entries=self.total,
            checked=self.seen,
            decisions=fold.decisions,
            erased=self.entries.erased,
            expired=len(self.entries.gone),
            opened=self.entries.opened,
            unsigned=max(self.total - size, 0),
            unsequenced=self.unsequenced,
            documents=self.documents,
            checkpoints=self.signed.count,
            checkpoint_size=size,
            checkpoint_root=newest.root.hex() if newest else "",
            first_time=fold.first_time,
            last_time=fold.last_time,
            anchors=len(self.places),
            anchored=max((place.newest.note.size for place in self.places if place.newest), default=0),
            stamped=sum(place.stamped for place in self.places),
            findings=self.findings.all(),
            unnamed=self.findings.unnamed,
        )


def _no_tile(_level: int, _index: int) -> object:
    return None


def _in_tree(level: object, index: object, size: int) -> bool:
    if type(level) is not int or type(index) is not int or not 0 <= level <= _HIGHEST_LEVEL:
        return False
    return 0 <= index < size >> TILE_HEIGHT * (level + 1)
