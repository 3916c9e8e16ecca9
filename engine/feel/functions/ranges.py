"""Functions of ranges and points: DMN 1.5, table 78, and `range` of section 10.3.4.1.

One idea serves all of them. A bound is a place: its value, and beside it -1, 0 or 1 when the bound is just below it,
at it or just above it: [5 is (5, 0), (5 is (5, 1), 5) is (5, -1). A point p is the range [p..p]. Places are compared
by value, then by side.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ordain.engine.feel.functions.entry import ByText, Function
from ordain.engine.feel.functions.operators import ORDERED, equal, less
from ordain.engine.feel.signature import Signature, signature
from ordain.engine.feel.syntax.escapes import WrongEscape, characters
from ordain.engine.values import temporal
from ordain.engine.values.decimals import number
from ordain.engine.values.types import Interval, Type, Value, kind_of, range_of


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a range begins or ends. `end` is -1 or 1 for a side without bound, then the others do not count."""

    value: Value
    side: int = 0
    end: int = 0

    def order(self, other: _Place) -> int:
        """-1, 0 or 1: before, at or after the other. Raises ValueError for values that have no order."""
        if self.end or other.end:
            return (self.end > other.end) - (self.end < other.end)
        under, over = less(self.value, other.value), less(other.value, self.value)
        if under is None or over is None:
            one, two = kind_of(self.value), kind_of(other.value)
            raise ValueError(f"a {one} and a {two} cannot be compared")
        if under or over:
            return -1 if under else 1
        return (self.side > other.side) - (self.side < other.side)

    def __lt__(self, other: _Place) -> bool:
        return self.order(other) < 0

    def __le__(self, other: _Place) -> bool:
        return self.order(other) <= 0

    def at(self, other: _Place) -> bool:
        """Whether both are one place. Raises ValueError as `order` does."""
        return self.order(other) == 0


@dataclass(frozen=True, slots=True)
class _Stretch:
    low: _Place
    high: _Place


def _stretch(value: Value) -> _Stretch:
    """A range, or a point as a range. Raises ValueError when a bound is null."""
    if not isinstance(value, Interval):
        return _Stretch(_Place(value), _Place(value))
    if value.op == "!=":
        raise ValueError("a range of all values but one neither begins nor ends")
    if (value.low is None and not value.low_open) or (value.high is None and not value.high_open):
        raise ValueError("a bound of the range is null")
    low = _Place(None, 0, -1) if value.low is None else _Place(value.low, int(value.low_open))
    high = _Place(None, 0, 1) if value.high is None else _Place(value.high, -int(value.high_open))
    return _Stretch(low, high)


def _before(a: _Stretch, b: _Stretch) -> bool:
    return a.high < b.low


def _meets(a: _Stretch, b: _Stretch) -> bool:
    return not a.high.end and not a.high.side and a.high.at(b.low)


def _overlaps(a: _Stretch, b: _Stretch) -> bool:
    return b.low <= a.high and a.low <= b.high


def _overlaps_before(a: _Stretch, b: _Stretch) -> bool:
    return a.low < b.low and b.low <= a.high and a.high <= b.high


def _finishes(a: _Stretch, b: _Stretch) -> bool:
    return a.high.at(b.high) and b.low <= a.low


def _includes(a: _Stretch, b: _Stretch) -> bool:
    return a.low <= b.low and b.high <= a.high


def _starts(a: _Stretch, b: _Stretch) -> bool:
    return a.low.at(b.low) and a.high <= b.high


def _coincides(a: _Stretch, b: _Stretch) -> bool:
    return a.low.at(b.low) and a.high.at(b.high)


_Relation = Callable[[_Stretch, _Stretch], bool]


def _reversed(relation: _Relation) -> _Relation:
    return lambda a, b: relation(b, a)


_ENDPOINT = r"""
    (?: -?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?
      | "(?:[^"\\]|\\.)*"
      | (?:@|(?:date|time|date\s+and\s+time|duration)\s*\(\s*)"[^"\\]*"\s*\)?
    )?
"""
_RANGE = re.compile(
    rf"\s*(?P<start>[\[\](])\s*(?P<low>{_ENDPOINT})\s*\.\.\s*(?P<high>{_ENDPOINT})\s*(?P<end>[\])\[])\s*",
    re.ASCII | re.VERBOSE | re.DOTALL,
)
_READERS: dict[str, Callable[[str], Value]] = {
    "@": temporal.read_any,
    "date": temporal.read_date,
    "time": temporal.read_time,
    "date and time": temporal.read_date_time,
    "duration": temporal.read_duration,
}


def _range(text: str) -> Interval:
    """The range that a text says, by DMN 1.5, grammar rules 66 and 67, and section 10.3.2.7: bounds are literals, the
    lower one first, and a side without bound is open. Raises ValueError."""
    match = _RANGE.fullmatch(text)
    if not match:
        raise ValueError(f"`{text[:60]}` is no range such as [1..10) with literals as bounds")
    low, high = _endpoint(match["low"]), _endpoint(match["high"])
    low_open, high_open = match["start"] != "[", match["end"] != "]"
    if low is None and high is None:
        raise ValueError(f"`{text}` has no bound at all")
    if (low is None and not low_open) or (high is None and not high_open):
        raise ValueError(f"`{text}` has no bound on a side that includes it")
    if low is not None and high is not None and less(low, high) is None:
        raise ValueError(f"`{text}` has bounds of two kinds: a {kind_of(low)} and a {kind_of(high)}")
    if low is not None and high is not None and less(high, low):
        raise ValueError(f"`{text}` ends before it begins")
    return Interval(low, high, low_open, high_open)


def _type_of(interval: Interval) -> Type | None:
    """The type of a range, by its bounds; None when they have no order."""
    kinds = {kind_of(bound) for bound in (interval.low, interval.high) if bound is not None}
    return range_of(Type(kinds.pop())) if len(kinds) == 1 and kinds <= ORDERED else None


def _endpoint(text: str) -> Value:
    if not text:
        return None
    head, quote, rest = text.partition('"')
    if not quote:
        return number(text)
    if not head:
        return _text(text[1:-1])
    inner, _, closing = rest.rpartition('"')
    name = " ".join(head.removesuffix("(").replace("(", " ").split())
    if (name == "@") == bool(closing.strip()):
        raise ValueError(f"`{text}` is no literal")
    return _READERS[name](inner)


def _text(body: str) -> str:
    """A text of an endpoint. Raises ValueError with the words that nulls on record have."""
    try:
        return characters(body)
    except WrongEscape as error:
        if not error.written:
            raise
        written = error.written if len(error.written) == len("\\U000000") else error.written[:2]
        raise ValueError(f"`{written}` is no character") from None


_FORMS = {
    "pp": "(point1: O, point2: O) -> flag",
    "pr": "(point: O, range: range of O) -> flag",
    "rp": "(range: range of O, point: O) -> flag",
    "rr": "(range1: range of O, range2: range of O) -> flag",
}


def _entry(meaning: str, example: str, result: bool, relation: _Relation, forms: str) -> Function:
    """One function with the forms that DMN gives it: p for a point, r for a range."""

    def python(one: Any, other: Any) -> bool:
        return relation(_stretch(one), _stretch(other))

    return Function(meaning, example, "true" if result else "false", _signatures(python, forms))


def _signatures(python: Callable[[Any, Any], bool], forms: str) -> tuple[Signature, ...]:
    return tuple(signature(_FORMS[form], python) for form in forms.split())


def _same_place(one: Any, other: Any) -> bool:
    """Points need no order to be the same. Raises ValueError when they cannot be compared."""
    if isinstance(one, Interval):
        return _coincides(_stretch(one), _stretch(other))
    same = equal(one, other)
    if same is None:
        raise ValueError(f"a {kind_of(one)} and a {kind_of(other)} cannot be compared")
    return same


FUNCTIONS: dict[str, Function] = {
    "before": _entry(
        "Whether the first ends before the second begins.",
        "before([1..5), [5..10])",
        True,
        _before,
        "pp pr rp rr",
    ),
    "after": _entry(
        "Whether the first begins after the second ends.", "after(5, [1..5])", False, _reversed(_before), "pp pr rp rr"
    ),
    "meets": _entry(
        "Whether the first ends exactly where the second begins, both endpoints included.",
        "meets([1..5], [5..10])",
        True,
        _meets,
        "rr",
    ),
    "met by": _entry(
        "Whether the first begins exactly where the second ends, both endpoints included.",
        "met by([5..10], [1..5))",
        False,
        _reversed(_meets),
        "rr",
    ),
    "overlaps": _entry("Whether the two share a point.", "overlaps([1..5], [5..8])", True, _overlaps, "rr"),
    "overlaps before": _entry(
        "Whether the first begins before the second and ends inside it.",
        "overlaps before([1..5], [3..8])",
        True,
        _overlaps_before,
        "rr",
    ),
    "overlaps after": _entry(
        "Whether the first begins inside the second and ends after it.",
        "overlaps after([3..8], [1..5])",
        True,
        _reversed(_overlaps_before),
        "rr",
    ),
    "finishes": _entry(
        "Whether the first ends with the second, and begins no earlier.",
        "finishes([5..10], [1..10])",
        True,
        _finishes,
        "pr rr",
    ),
    "finished by": _entry(
        "Whether the second ends with the first, and begins no earlier.",
        "finished by([1..10], 10)",
        True,
        _reversed(_finishes),
        "rp rr",
    ),
    "includes": _entry("Whether the second lies in the first.", "includes([1..10), 10)", False, _includes, "rp rr"),
    "during": _entry(
        "Whether the first lies in the second.", "during(5, [1..10])", True, _reversed(_includes), "pr rr"
    ),
    "starts": _entry(
        "Whether the first begins with the second, and ends no later.", "starts(1, (1..10])", False, _starts, "pr rr"
    ),
    "started by": _entry(
        "Whether the second begins with the first, and ends no later.",
        "started by([1..10], [1..5])",
        True,
        _reversed(_starts),
        "rp rr",
    ),
    "coincides": Function(
        "Whether the two are the same point, or the same range.",
        "coincides([1..5], [1..5])",
        "true",
        _signatures(_same_place, "pp rr"),
    ),
    "range": Function(
        "The range written in a text; its endpoints are literals.",
        'range("[1..10)") = [1..10)',
        "true",
        (signature("(from: text) -> range of any", _range),),
        by_text=ByText(_type_of),
    ),
}
