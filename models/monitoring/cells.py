"""What the cells of a table's column are: numbers, flags, dates or texts, and which are missing or of another type."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ordain.engine.errors import NotThatType, quoted
from ordain.engine.policy.facts import Fact
from ordain.engine.values.decimals import number
from ordain.engine.values.temporal import date
from ordain.engine.values.types import Kind, Value

SURE = 0.9
"""Share of a column's cells from which on their type, number or date, is the column's, and the others are wrong."""
FLAGS = {"true": True, "false": False, "yes": True, "no": False}
LOOKS_MISSING = frozenset({"na", "n/a", "nan", "null", "none", "nil", "?", "-", "--", "unknown", "missing", "#n/a"})


@dataclass(frozen=True, slots=True)
class Cells:
    """One column. `values` has None for a missing or wrong cell; `wrong` are row numbers (from 0) and what was said."""

    name: str
    kind: Kind
    values: tuple[Value, ...]
    missing: int
    wrong: tuple[tuple[int, str], ...]

    @property
    def known(self) -> list[Value]:
        return [value for value in self.values if value is not None]


def read_cells(name: str, cells: Sequence[object], fact: Fact | None, missing: Collection[str]) -> Cells:
    """A column as its fact declares it or, without one, as most of its cells are. Texts are stripped of space around.

    What is None, blank or listed in `missing` is missing. Raises nothing.
    """
    given = [_given(cell, missing) for cell in cells]
    guesses = [_guessed(cell) for cell in given]
    kind = _kind(guesses) if fact is None else fact.type.kind
    values: list[Value] = []
    wrong: list[tuple[int, str]] = []
    for at, (cell, guess) in enumerate(zip(given, guesses, strict=True)):
        try:
            values.append(None if cell is None else _as(kind, cell, guess, fact))
        except NotThatType as error:
            values.append(None)
            wrong.append((at, str(error)))
    return Cells(name, kind, tuple(values), sum(cell is None for cell in given), tuple(wrong))


def _given(cell: object, missing: Collection[str]) -> object:
    text = cell.strip() if isinstance(cell, str) else cell
    # A float that is no number is how tables of other libraries say that nothing is there.
    absent = text is None or text == "" or text != text
    return None if absent or (isinstance(text, str) and text in missing) else text


def _guessed(cell: object) -> Value:
    """The cell as a number, flag or date if it can be read as one, else as text; None for what is missing."""
    if isinstance(cell, bool) or cell is None:
        return cell
    if isinstance(cell, dt.date):
        return cell.date() if isinstance(cell, dt.datetime) else cell
    text = repr(float(cell)) if isinstance(cell, float) else str(cell)
    if text.lower() in FLAGS:
        return FLAGS[text.lower()]
    for reading in (number, date):
        try:
            return reading(text)
        except NotThatType:
            continue
    return text


_KINDS = ((bool, Kind.FLAG), (Decimal, Kind.NUMBER), (dt.date, Kind.DATE))
_TYPES = {kind: type_ for type_, kind in _KINDS}


def _kind(guesses: Sequence[Value]) -> Kind:
    kinds = Counter(next((kind for type_, kind in _KINDS if isinstance(each, type_)), Kind.TEXT) for each in guesses
                    if each is not None)  # fmt: skip
    if not kinds:
        return Kind.NULL
    kind, count = kinds.most_common(1)[0]
    # Yes, no and a third text are three texts, while a number among which stands a text is a number with a slip.
    needed = 1.0 if kind is Kind.FLAG else SURE
    return kind if count >= needed * kinds.total() else Kind.TEXT


def _as(kind: Kind, cell: object, guess: Value, fact: Fact | None) -> Value:
    """The cell as a value of that kind. Raises NotThatType."""
    if fact is not None:
        return fact.accept(guess if kind in (Kind.NUMBER, Kind.FLAG) else cell)
    if kind is Kind.TEXT:
        return str(cell)
    if not isinstance(guess, _TYPES[kind]):
        raise NotThatType(f"{quoted(str(cell)[:40])} is not a {kind}")
    return guess
