"""The values of a column cut into pieces that no cell of the table tells apart."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ordain.engine.check.tables.domains import Domain
from ordain.engine.check.tables.samples import sample
from ordain.engine.tables.cells import AFTER, BEFORE, Cut, Family, PlainCell, Stretch
from ordain.engine.tables.index_column import bits
from ordain.engine.values.types import Value


@dataclass(frozen=True, slots=True)
class Piece:
    """Everything between two cuts (None: the end of the line), and one of the values there.

    A piece with the sample None is null itself.
    """

    low: Cut | None
    high: Cut | None
    sample: Value

    @property
    def null(self) -> bool:
        return self.sample is None


@dataclass(frozen=True, slots=True)
class Asked:
    """One column over a dimension: the plain cells with the bits of their rules.

    `null_is_asked`: one of its rules is for null, so its other rules are known not to match it.
    `empty` are the rules whose cell no value at all satisfies.
    """

    cells: Sequence[tuple[int, PlainCell]]
    empty: int
    null_is_asked: bool
    lenient: bool


@dataclass(frozen=True, slots=True)
class Region:
    """A dimension of a table: its pieces, and for each the rules that accept it.

    `sure` are those that do; `possible` has those as well that would need a value where there is null, and stop
    the decision for the lack of it.
    """

    text: str
    domain: Domain
    pieces: tuple[Piece, ...]
    sure: tuple[int, ...]
    possible: tuple[int, ...]
    asking: int
    """The rules that ask anything here."""

    @property
    def on_a_line(self) -> bool:
        """Whether its values are told as ranges: numbers, dates and the like that are not listed."""
        return self.domain.listed is None and self.domain.family not in (None, str)

    def natural(self, numbers: Sequence[int]) -> int:
        """The one of these pieces with the most natural value: of free texts one that is none of the rules' own."""
        if self.domain.family is not str or self.domain.listed is not None:
            return numbers[0]
        return min(numbers, key=lambda number: (self.pieces[number].null, self.pieces[number].sample != "other"))

    def pieces_of(self, mask: int) -> list[int]:
        """The pieces that all these rules accept."""
        return [number for number, sure in enumerate(self.sure) if sure & mask == mask]


def region(text: str, domain: Domain, columns: Sequence[Asked], every: int) -> Region:
    """The pieces of a dimension that one or several columns ask about."""
    pieces: list[Piece] = []
    masks: list[int] = []
    if domain.family is not None:
        cuts = _cuts(domain.family, columns)
        lines = [_sweep(domain.family, column, cuts, every) for column in columns]
        together = [_all(part, every) for part in zip(*lines, strict=True)] if lines else [every]
        for piece, mask in _pieces(domain, cuts, together):
            pieces.append(piece)
            masks.append(mask)
    elif not domain.nullable:
        pieces, masks = [Piece(None, None, ())], [_all((_free(column, every) for column in columns), every)]
    sure, possible = list(masks), list(masks)
    if domain.nullable:
        pieces.append(Piece(None, None, None))
        answers = [_on_null(column, every) for column in columns]
        sure.append(_all((mask for mask, _ in answers), every))
        possible.append(_all((mask for _, mask in answers), every))
    asking = 0
    for column in columns:
        asking |= every & ~_free(column, every)
    return Region(text, domain, tuple(pieces), tuple(sure), tuple(possible), asking)


def _all(masks: Iterable[int], every: int) -> int:
    common = every
    for mask in masks:
        common &= mask
    return common


def _free(column: Asked, every: int) -> int:
    """The rules that ask nothing of a column."""
    asking = column.empty
    for bit, _ in column.cells:
        asking |= 1 << bit
    return every & ~asking


def _on_null(column: Asked, every: int) -> tuple[int, int]:
    """The rules that accept null, and those that accept it or cannot go on without a value."""
    sure = possible = _free(column, every)
    for bit, cell in column.cells:
        answer = cell.on_null
        if answer:
            sure |= 1 << bit
        if answer or (answer is None and not column.null_is_asked and not column.lenient):
            possible |= 1 << bit
    return sure, possible


def _cuts(family: Family, columns: Sequence[Asked]) -> list[Cut]:
    cuts = {
        cut
        for column in columns
        for _, cell in column.cells
        for ends in cell.stretches(family)
        for cut in ends
        if cut is not None
    }
    return sorted(cuts)


def _sweep(family: Family, column: Asked, cuts: list[Cut], every: int) -> list[int]:
    """For each stretch between neighbouring cuts the rules whose cell accepts it."""
    place = {cut: number for number, cut in enumerate(cuts, start=1)}
    changes = [0] * (len(cuts) + 2)
    for bit, cell in column.cells:
        flag = 1 << bit
        for edge in _edges(cell.stretches(family), place, len(cuts) + 1, cell.negated):
            changes[edge] ^= flag
    masks = [_free(column, every) ^ changes[0]]
    for change in changes[1:-1]:
        masks.append(masks[-1] ^ change)
    return masks


def _edges(stretches: Sequence[Stretch], place: dict[Cut, int], end: int, negated: bool) -> list[int]:
    """Where a cell begins and ceases to accept, in turns."""
    spans = sorted((place[low] if low else 0, place[high] if high else end) for low, high in stretches)
    edges = [0] if negated else []
    reached = -1
    for start, stop in spans:
        if start <= reached:
            edges[-1] = reached = max(reached, stop)
        else:
            edges.extend((start, stop))
            reached = stop
    return [*edges, end] if negated else edges


def _pieces(domain: Domain, cuts: list[Cut], masks: list[int]) -> Iterable[tuple[Piece, int]]:
    """The pieces in which there is a value, in their order; neighbours that no cell tells apart are one."""
    if domain.listed is not None:
        for value in domain.listed:
            if value is not None:
                place: Cut = (value, BEFORE)
                yield Piece(place, (value, AFTER), value), masks[bisect_right(cuts, place)]
        return
    start: Cut | None = None
    for number, mask in enumerate(masks):
        end = cuts[number] if number < len(cuts) else None
        if end is not None and masks[number + 1] == mask:
            continue
        low = start if domain.low is None or (start is not None and start > domain.low) else domain.low
        high = end if domain.high is None or (end is not None and end < domain.high) else domain.high
        value = sample(domain.family, low, high, domain.precision)
        if value is not None:
            shown_low = None if low == domain.low else low
            yield Piece(shown_low, None if high == domain.high else high, value), mask
        start = end


def runs(region: Region) -> dict[int, list[tuple[int, int]]]:
    """For each rule the stretches of pieces that it accepts: first and last, both counted from 0."""
    by_rule: dict[int, list[tuple[int, int]]] = {}
    open_at: dict[int, int] = {}
    before = 0
    for number, mask in enumerate((*region.sure, 0)):
        for bit in bits(before ^ mask):
            if bit in open_at:
                by_rule.setdefault(bit, []).append((open_at.pop(bit), number - 1))
            else:
                open_at[bit] = number
        before = mask
    return by_rule


def neighbours(numbers: Iterable[int]) -> list[tuple[int, ...]]:
    """Numbers in rising order, cut where one is left out."""
    groups: list[list[int]] = []
    for number in numbers:
        if groups and groups[-1][-1] == number - 1:
            groups[-1].append(number)
        else:
            groups.append([number])
    return [tuple(group) for group in groups]
