"""Functions of lists, DMN 1.5 sections 10.3.4.4 and 10.3.4.9. Positions count from 1, or from the end when negative."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterable
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from ordain.engine.feel.functions import aggregates, result_rules
from ordain.engine.feel.functions.entry import Function, OfEmpty
from ordain.engine.feel.functions.operators import equal
from ordain.engine.feel.signature import Signature, signature
from ordain.engine.limits import LIMITS
from ordain.engine.values.temporal import Months
from ordain.engine.values.types import FunctionValue, Interval, kind_of, plain

Items = tuple[Any, ...]

_HASHED = (Decimal, str, bool, Months, dt.timedelta)
"""Classes whose own equality is FEEL's; a date too, but not its subclass with a time."""


_MOST_COMPARED = LIMITS.compared


class Seen:
    """Values met so far; looking for one takes no longer when there are many, but for those without a key."""

    def __init__(self) -> None:
        self.keys: set[Hashable] = set()
        self.others: list[Any] = []
        self.compared = 0

    def adds(self, value: Any) -> bool:
        """Whether no equal value was there; it is now. Raises ValueError after too many comparisons."""
        key = _key(value)
        self.compared += len(self.others) if key is None else 0
        if self.compared > _MOST_COMPARED:
            raise ValueError(f"the list has too many different {kind_of(value)}s")
        new = not any(equal(value, other) is True for other in self.others) if key is None else key not in self.keys
        if new and key is None:
            self.others.append(value)
        elif new:
            self.keys.add(key)
        return new


def _key(value: Any) -> Hashable | None:
    """Something that is equal for equal values and for no others; None for values that have no such thing."""
    if value is None or isinstance(value, _HASHED) or type(value) is dt.date:
        return (kind_of(value), value)
    if isinstance(value, tuple):
        parts = tuple(map(_key, value))
        return None if None in parts else parts
    if isinstance(value, Interval):
        ends = (_key(value.low), _key(value.high))
        return None if None in ends else (value.low_open, value.high_open, value.op, ends)
    if isinstance(value, dict):
        fields = frozenset((name, _key(part)) for name, part in value.items())
        return None if any(key is None for _, key in fields) else fields
    return None


def _contains(items: Items, element: Any) -> bool:
    return any(equal(item, element) is True for item in items)


def _index_of(items: Items, match: Any) -> Items:
    return tuple(Decimal(at) for at, item in enumerate(items, 1) if equal(item, match) is True)


def distinct(items: Iterable[Any], compared: Callable[[Any], Any] = lambda item: item) -> Items:
    """The items, each once; `compared` gives what of an item is compared. Raises ValueError as `Seen.adds`."""
    seen = Seen()
    return tuple(item for item in items if seen.adds(compared(item)))


def _union(*lists: Items) -> Items:
    return distinct(item for items in lists for item in items)


def _concatenate(*lists: Items) -> Items:
    return tuple(item for items in lists for item in items)


def _append(items: Items, *more: Any) -> Items:
    return (*items, *more)


def _place(items: Items, position: Decimal) -> int:
    """The index of a position, from 0. Raises ValueError when the list has no such position."""
    at = int(position)
    if not at or abs(at) > len(items):
        raise ValueError(f"a list of {len(items)} has no position {plain(position)}")
    return at - 1 if at > 0 else len(items) + at


def _sublist(items: Items, start: Decimal, length: Decimal | None = None) -> Items:
    first = _place(items, start)
    if length is None:
        return items[first:]
    last = first + int(length)
    if last <= first or last > len(items):
        raise ValueError(f"a list of {len(items)} has no {plain(length)} items from position {plain(start)}")
    return items[first:last]


def _insert(items: Items, position: Decimal, new: Any) -> Items:
    at = _place(items, position)
    return (*items[:at], new, *items[at:])


def _remove(items: Items, position: Decimal) -> Items:
    at = _place(items, position)
    return (*items[:at], *items[at + 1 :])


def _replace_at(items: Items, position: Decimal, new: Any) -> Items:
    at = _place(items, position)
    return (*items[:at], new, *items[at + 1 :])


def _replace_matching(items: Items, match: FunctionValue, new: Any) -> Items:
    asked = _test(match, "match")
    return tuple(new if asked(item, new) else item for item in items)


def _sort(items: Items, precedes: FunctionValue) -> Items:
    """Items of which neither precedes the other keep their order; a function that contradicts itself does no harm."""
    asked = _test(precedes, "precedes")
    return tuple(sorted(items, key=cmp_to_key(lambda one, other: -1 if asked(one, other) else 0)))


def _test(function: FunctionValue, role: str) -> Callable[[Any, Any], bool]:
    """The function, which takes two items and must give a flag. A built-in function looks at its arguments itself."""
    if len(function.parameters) != 2 and not function.name:
        raise ValueError(f"the function `{role}` takes 2 arguments, not {len(function.parameters)}")

    def asked(one: Any, other: Any) -> bool:
        answer = function.call(one, other)
        if not isinstance(answer, bool):
            raise ValueError(f"the function `{role}` gives a {kind_of(answer)}, not a flag")
        return answer

    return asked


def _flatten(items: Items) -> Items:
    made, waiting = [], [iter(items)]
    while waiting:
        for item in waiting[-1]:
            if isinstance(item, tuple):
                waiting.append(iter(item))
                break
            made.append(item)
        else:
            waiting.pop()
    return tuple(made)


def _with_nulls(line: str, python: Callable[..., Any]) -> tuple[Signature, ...]:
    """The signature as it stands, and the same with null wherever a `T` may stand."""
    return signature(line, python), signature(line.replace("T", "T?"), python)


FUNCTIONS: dict[str, Function] = {
    **aggregates.FUNCTIONS,
    "list contains": Function(
        "Whether an item is in a list.",
        'list contains(["a", "b"], "a")',
        "true",
        (signature("(list: list of T, element: T?) -> flag", _contains),),
    ),
    "sublist": Function(
        "The items of a list from a position on, all of them or a number of them.",
        "sublist([4, 5, 6], 1, 2)",
        "[4, 5]",
        (signature("(list: list of T, start position: number, length?: number) -> list of T", _sublist),),
    ),
    "append": Function(
        "The list with more items at its end.",
        "append([1], 2, 3)",
        "[1, 2, 3]",
        _with_nulls("(list: list of T, item: T...) -> list of T", _append),
    ),
    "concatenate": Function(
        "The items of all lists, one list after the other.",
        "concatenate([1, 2], [3])",
        "[1, 2, 3]",
        (signature("(list: list of T...) -> list of T", _concatenate),),
        of_empty=OfEmpty("[]"),
    ),
    "insert before": Function(
        "The list with a new item before the one at a position.",
        "insert before([1, 3], 1, 2)",
        "[2, 1, 3]",
        _with_nulls("(list: list of T, position: number, newItem: T) -> list of T", _insert),
    ),
    "remove": Function(
        "The list without the item at a position.",
        "remove([1, 2, 3], 2)",
        "[1, 3]",
        (signature("(list: list of T, position: number) -> list of T", _remove),),
    ),
    "reverse": Function(
        "The list from its end to its beginning.",
        "reverse([1, 2, 3])",
        "[3, 2, 1]",
        (signature("(list: list of T) -> list of T", lambda items: items[::-1]),),
        of_empty=OfEmpty("[]"),
    ),
    "index of": Function(
        "The positions at which an item stands.",
        "index of([1, 2, 3, 2], 2)",
        "[2, 4]",
        (signature("(list: list of T, match: T?) -> list of number", _index_of),),
    ),
    "union": Function(
        "The items of all lists, each once.",
        "union([1, 2], [2, 3])",
        "[1, 2, 3]",
        (signature("(list: list of T...) -> list of T", _union),),
        of_empty=OfEmpty("[]"),
    ),
    "distinct values": Function(
        "The items of a list, each once.",
        "distinct values([1, 2, 3, 2, 1])",
        "[1, 2, 3]",
        (signature("(list: list of T) -> list of T", distinct),),
        of_empty=OfEmpty("[]"),
    ),
    "flatten": Function(
        "The items of a list, those of the lists inside it too, as one list.",
        "flatten([[1, 2], [3]])",
        "[1, 2, 3]",
        (
            signature("(list: list of list of list of any?) -> list of any?", _flatten),
            signature("(list: list of list of T) -> list of T", _flatten),
            signature("(list: list of T) -> list of T", _flatten),
        ),
        of_empty=OfEmpty("[]"),
        loose_lists=True,
        result_rule=result_rules.flatten,
    ),
    "list replace": Function(
        "The list with a new item at a position, or wherever a function of the item and the new one is true.",
        "list replace([2, 4, 7, 8], function(item, newItem) item < newItem, 5)",
        "[5, 5, 7, 8]",
        (
            *_with_nulls("(list: list of T, position: number, newItem: T) -> list of T", _replace_at),
            *_with_nulls(
                "(list: list of T, match: function(T, T) -> flag, newItem: T) -> list of T", _replace_matching
            ),
        ),
    ),
    "sort": Function(
        "The list in the order that a function of two items says: true when the first stands before the second.",
        "sort([3, 1, 4, 5, 2], function(x, y) x < y)",
        "[1, 2, 3, 4, 5]",
        (signature("(list: list of T, precedes: function(T, T) -> flag) -> list of T", _sort),),
    ),
}
