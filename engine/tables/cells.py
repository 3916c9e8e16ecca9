"""Cells of a table that an index can hold: what they accept, read from the tree once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from ordain.engine.feel.functions import negated
from ordain.engine.feel.syntax.tree import Comparison, Expr, Input, ListOf, Literal, Logic, Matches, Range
from ordain.engine.values.temporal import Months
from ordain.engine.values.types import Value

Cut = tuple[Value, int]
"""A place on the line of all values of one family: just before a value (0) or just after it (1)."""
Stretch = tuple[Cut | None, Cut | None]
"""Everything from one cut to another; None is the end of the line."""
Family = object
"""Values of one family are ordered among themselves and hashable, and Python compares and hashes them as FEEL does."""

BEFORE, AFTER = 0, 1
WHOLE: Stretch = (None, None)
_FAMILIES: frozenset[type] = frozenset({Decimal, str, bool, dt.date, dt.timedelta, Months})


@dataclass(frozen=True, slots=True)
class CellTest:
    """One test of a cell. `family` is None for a test for null, which knows its answer for every value.

    `on_null` is what it says of null: true, false, or None when that is not known.
    """

    family: Family | None
    stretches: tuple[Stretch, ...]
    on_null: bool | None


@dataclass(frozen=True, slots=True)
class PlainCell:
    """Whether any of `tests` holds; with `negated`, whether none does."""

    tests: tuple[CellTest, ...]
    negated: bool

    @property
    def on_null(self) -> bool | None:
        """Its answer for null, by three-valued logic."""
        answers = [test.on_null for test in self.tests]
        if True in answers:
            return not self.negated
        return None if None in answers else self.negated

    @property
    def accepts_others(self) -> bool:
        """Its answer for a value of a family that no test of it names; null counts as no."""
        if any(test.family is None and test.stretches for test in self.tests):
            return not self.negated
        return self.negated and all(test.family is None for test in self.tests)

    def stretches(self, family: Family) -> list[Stretch]:
        """What its tests accept of that family, before `negated` is looked at."""
        return [part for test in self.tests if test.family in (None, family) for part in test.stretches]

    def decides(self, family: Family) -> bool:
        """Whether each of its tests says true or false of that family: a value of another family gives null."""
        return all(test.family in (None, family) for test in self.tests)


def family_of(value: Value) -> Family | None:
    """The family of a value; None when the index cannot compare it (lists, times with offset, zones by name)."""
    kind = type(value)
    if kind in _FAMILIES:
        return kind
    if kind is dt.datetime:
        zone = value.tzinfo
        return (kind, zone is not None) if zone is None or type(zone) is dt.timezone else None
    # Not by the class alone, which a time with offset has too.
    return (kind, False) if kind is dt.time and value.tzinfo is None else None


def asks_null(tree: Expr) -> bool:
    """Whether a cell, plain or not, is meant for null: it says `null` or `= null`, alone or among others."""
    for test in tree.operands if isinstance(tree, Logic) and tree.op == "or" else (tree,):
        match test:
            case Matches(value=Input(), candidate=Literal(value=None)):
                return True
            case Comparison(op="=", left=Input(), right=Literal(value=None)):
                return True
    return False


_STRETCHES: dict[str, Callable[[Value], tuple[Stretch, ...]]] = {
    "=": lambda value: (((value, BEFORE), (value, AFTER)),),
    "!=": lambda value: ((None, (value, BEFORE)), ((value, AFTER), None)),
    "<": lambda value: ((None, (value, BEFORE)),),
    "<=": lambda value: ((None, (value, AFTER)),),
    ">": lambda value: (((value, AFTER), None),),
    ">=": lambda value: (((value, BEFORE), None),),
}


_TIMED = frozenset({(dt.time, False), (dt.datetime, False), (dt.datetime, True)})


def plain_cell(tree: Expr, *, lenient: bool) -> PlainCell | None:
    """The cell when every test in it compares the input with values written in it, otherwise None."""
    operand = negated(tree)
    inner = tree if operand is None else operand
    parts = inner.operands if isinstance(inner, Logic) and inner.op == "or" else (inner,)
    tests: list[CellTest] = []
    for part in parts:
        of_part = _tests(part, lenient)
        of_list = isinstance(part, Matches) and isinstance(part.candidate, ListOf)
        # Whether `not` of a list is true or null for a value of another kind is not for the index to say.
        if of_part is None or (operand is not None and lenient and of_list):
            return None
        tests.extend(of_part)
    if lenient and any(test.family in _TIMED for test in tests):
        return None  # there times count by whole seconds, and the index compares exactly
    return PlainCell(tuple(tests), operand is not None)


def _tests(tree: Expr, lenient: bool) -> tuple[CellTest, ...] | None:
    match tree:
        case Comparison(op=op, left=Input(), right=Literal(value=value)):
            return _one(_comparison(op, value, lenient))
        case Matches(value=Input(), candidate=Literal(value=value)):
            return _one(_comparison("=", value, lenient))
        case Matches(value=Input(), candidate=Range() as interval):
            return _one(_interval(interval))
        case Matches(value=Input(), candidate=ListOf(items=items)) if items:
            comparisons = [
                _comparison("=", item.value, lenient) if isinstance(item, Literal) and item.value is not None else None
                for item in items
            ]
            return tuple(test for test in comparisons if test is not None) if None not in comparisons else None
        case _:
            return None


def _one(test: CellTest | None) -> tuple[CellTest, ...] | None:
    return None if test is None else (test,)


def _comparison(op: str, value: Value, lenient: bool) -> CellTest | None:
    if value is None:
        if op not in ("=", "!="):
            return None
        return CellTest(None, (WHOLE,) if op == "!=" else (), op == "=")
    family = family_of(value)
    if family is None or (family is bool and op not in ("=", "!=")):
        return None
    on_null = op == "!=" if lenient and op in ("=", "!=") else None
    return CellTest(family, _STRETCHES[op](value), on_null)


def _interval(interval: Range) -> CellTest | None:
    """None also for a range that holds nothing: whether that is an error or just false is not for the index to say."""
    if interval.op:
        return None
    ends = [end for end in (interval.low, interval.high) if end is not None]
    values = [end.value for end in ends if isinstance(end, Literal)]
    families = {family_of(value) for value in values}
    if not ends or len(values) < len(ends) or len(families) != 1 or families & {None, bool}:
        return None
    if len(values) == 2 and not values[0] <= values[1]:
        return None
    low = None if interval.low is None else (values[0], AFTER if interval.low_open else BEFORE)
    high = None if interval.high is None else (values[-1], BEFORE if interval.high_open else AFTER)
    if low is not None and high is not None and low >= high:
        return None
    return CellTest(families.pop(), ((low, high),), None)
