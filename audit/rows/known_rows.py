"""Rows of a run that are what they were: found by whom they are about or by number, with the leaves of their blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import merge

from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.rows.numbering import Numbering
from ordain.audit.rows.proof_file import Block, ProofFile
from ordain.audit.rows.recorded_runs import RecordedRun, recorded_run
from ordain.audit.rows.run_table import RunTable
from ordain.audit.rows.sealed_part import BLOCK_ROWS, leaves_of, root_over
from ordain.engine.errors import MalformedRequest, UnknownSubject

_VERIFY = "see which rows differ: ordain audit rows verify"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """The number of a row in the run, and where it stands, from 0, in the output or in the rejects."""

    number: int
    place: int
    rejected: bool = False


@dataclass(frozen=True, slots=True)
class KnownBlock:
    """A block whose rows are what they were: the texts of those that were not erased, and all leaves."""

    block: Block
    texts: dict[int, str]
    leaves: Sequence[bytes]


class KnownRows:
    """Rows of a run by their numbers and by whom they are about; what is not as it was recorded is refused."""

    def __init__(self, proof: ProofFile, table: RunTable) -> None:
        self._proof, self._table = proof, table
        self._erased = frozenset(proof.erased())
        rejected = () if table.rejects is None else table.rejects.numbers()
        self._numbering = Numbering(merge(rejected, sorted(self._erased)))
        self._blocks: dict[int, KnownBlock] = {}

    def about(self, key: str) -> list[Place]:
        """The rows whose key column has this text, in order. Raises UnknownSubject when there is none."""
        column, rejects = self._proof.key, self._table.rejects
        rows = [Place(self._numbering.row(place), place) for place in self._table.output.places(column, key)]
        for place, number in [] if rejects is None else rejects.numbered_places(column, key):
            if number is None or not 0 <= number < self._proof.rows:
                raise MalformedRequest("a rejected row has a number that is no row's", _VERIFY)
            rows.append(Place(number, place, rejected=True))
        if not rows:
            raise UnknownSubject(
                f"no row has the {column} `{key}`",
                "it is compared as the text that stands in the column; who was erased is not found again",
            )
        if rows[-1].number >= self._proof.rows:
            raise MalformedRequest(f"there are more rows than the {self._proof.rows:,} that the run had", _VERIFY)
        return sorted(rows)

    def numbered(self, row: int) -> int:
        """That row, if it is there. Raises UnknownSubject when it was erased, or the run had none of that number."""
        if not 0 <= row < self._proof.rows:
            raise UnknownSubject(f"there is no row {row:,}", f"the run had {self._proof.rows:,}, numbered from 0")
        if row in self._erased:
            raise UnknownSubject(f"row {row:,} was erased", "it can be proved no more; the other rows can")
        return row

    def leaf(self, row: int) -> bytes:
        """The leaf of a row that is there. Raises MalformedRequest as `block`."""
        known = self.block(row // BLOCK_ROWS)
        return known.leaves[row - known.block.first]

    def block(self, number: int) -> KnownBlock:
        """The block of that number. Raises MalformedRequest when a row of it is not what was recorded."""
        if number not in self._blocks:
            self._blocks[number] = self._read(self._proof.block(number))
        return self._blocks[number]

    def _read(self, block: Block) -> KnownBlock:
        rows = range(block.first, block.first + block.rows)
        texts = self._table.rejected(rows.start, rows.stop)
        decided = [row for row in rows if row not in texts and row not in block.erased]
        if decided:
            pieces = self._table.output.texts(self._numbering.position(decided[0]), len(decided))
            texts |= dict(zip(decided, (text for piece in pieces for text in piece), strict=False))
        leaves = leaves_of([texts.get(row, "") for row in rows], block.salts)
        for row, leaf in block.erased.items():
            leaves[row - block.first] = leaf
        if root_over(leaves) != block.root:
            raise MalformedRequest(
                f"among the rows {rows.start:,} to {rows.stop - 1:,} is one that is not what it was", _VERIFY
            )
        return KnownBlock(block, texts, leaves)


def run_on_record(ledger: OpenLedger, proof: ProofFile) -> RecordedRun:
    """The run of a proof file. Raises MalformedRequest when the ledger has none, or says another root."""
    run = recorded_run(ledger, proof.run)
    if run is None:
        raise MalformedRequest(
            f"the ledger has no run `{proof.run}`, which `{proof.path.name}` names",
            "give the settings of the ledger that the run was recorded in: --config",
        )
    if (run.rows, run.root) != (proof.rows, root_over(proof.roots())):
        raise MalformedRequest(f"`{proof.path.name}` does not give the root that is on record", _VERIFY)
    return run
