"""Functions that models written for KIE (Drools) call, and that DMN does not have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cmp_to_key
from typing import Any

from ordain.engine.feel.functions import aggregates, flags, lists
from ordain.engine.feel.functions.entry import Function
from ordain.engine.feel.functions.operators import less
from ordain.engine.feel.signature import Signature, signature
from ordain.engine.values.types import kind_of

DESCENT = "..."
"""What `a...b` calls: the values under a name in a value and in all that is below it."""

Items = tuple[Any, ...]


def _below(value: Any, name: str) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, part in value.items():
            if key == name:
                yield part
            yield from _below(part, name)
    elif isinstance(value, tuple):
        for part in value:
            yield from _below(part, name)


def _sorted(items: Items) -> Items:
    """By the order that values have themselves. Raises ValueError for items without one."""

    def compared(one: Any, other: Any) -> int:
        before = less(one, other)
        if before is None:
            raise ValueError(f"a {kind_of(one)} and a {kind_of(other)} have no order")
        return -1 if before else 1 if less(other, one) else 0

    return tuple(sorted(items, key=cmp_to_key(compared)))


def _without_nulls(signatures: tuple[Signature, ...]) -> tuple[Signature, ...]:
    """Signatures of lists and of items that leave nulls out and give what the function gives for the rest."""
    of_list = signatures[0].python
    gives = signatures[0].gives

    def python(items: Items) -> Any:
        kept = tuple(item for item in items if item is not None)
        return of_list(kept) if kept or of_list is _COUNT else None

    item = "flag" if str(gives) == "flag" else "any"
    return (
        signature(f"(list: list of {item}?) -> any?", python),
        signature(f"(n: {item}?...) -> any?", lambda *items: python(items)),
    )


_COUNT: Callable[[Items], Any] = aggregates.FUNCTIONS["count"].signatures[0].python
_OF = {**aggregates.FUNCTIONS, "all": flags.FUNCTIONS["all"], "any": flags.FUNCTIONS["any"]}
_NN = {
    "sum": ("nn sum([1, null, 2])", "3"),
    "count": ("nn count([1, null, 2])", "2"),
    "min": ("nn min([3, null, 2])", "2"),
    "max": ("nn max([3, null, 2])", "3"),
    "mean": ("nn mean([1, null, 3])", "2"),
    "median": ("nn median([1, null, 3, 8])", "3"),
    "mode": ("nn mode([1, null, 1])", "[1]"),
    "stddev": ("nn stddev([2, null, 4, 6])", "2"),
    "all": ("nn all([true, null])", "true"),
    "any": ("nn any([false, null])", "false"),
}

FUNCTIONS: dict[str, Function] = {
    **{
        f"nn {name}": Function(
            f"As `{name}`, without the nulls.",
            example,
            result,
            _without_nulls(_OF[name].signatures),
        )
        for name, (example, result) in _NN.items()
    },
    "sort": Function(
        "As DMN has it; without a function by the order that the items have themselves.",
        "sort([3, 1, 2])",
        "[1, 2, 3]",
        (*lists.FUNCTIONS["sort"].signatures, signature("(list: list of any) -> list of any", _sorted)),
    ),
    DESCENT: Function(
        "Written `a...b`: the values under a name in a value and in all that is below it.",
        "{a: {b: 1, c: [{b: 2}]}}...b",
        "[1, 2]",
        (signature("(value: any, name: text) -> list of any?", lambda value, name: tuple(_below(value, name))),),
    ),
}
