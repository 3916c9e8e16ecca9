"""Functions that make one value of a list, DMN 1.5 section 10.3.4.4; most also take the items as arguments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ordain.engine.feel.functions.entry import Function, KeptUnit, OfEmpty, ResultDigits
from ordain.engine.feel.functions.operators import less
from ordain.engine.feel.signature import Signature, signature
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.types import kind_of

Numbers = tuple[Decimal, ...]


def _sum(numbers: Numbers) -> Decimal:
    total = Decimal(0)
    for number in numbers:
        total = NUMBERS.add(total, number)
    return total


def _product(numbers: Numbers) -> Decimal:
    _filled(numbers, "product")
    total = Decimal(1)
    for number in numbers:
        total = NUMBERS.multiply(total, number)
    return total


def _mean(numbers: Numbers) -> Decimal:
    _filled(numbers, "mean")
    return NUMBERS.divide(_sum(numbers), Decimal(len(numbers)))


def _median(numbers: Numbers) -> Decimal:
    """The middle one in order; the mean of the two middle ones when their count is even."""
    _filled(numbers, "median")
    ordered, middle = sorted(numbers), len(numbers) // 2
    return ordered[middle] if len(ordered) % 2 else _mean((ordered[middle - 1], ordered[middle]))


def _deviation(numbers: Numbers) -> Decimal:
    """The standard deviation of a sample, divided by one less than the count."""
    if len(numbers) < 2:
        raise ValueError("the standard deviation needs two numbers or more")
    mean = _mean(numbers)
    apart = (NUMBERS.subtract(number, mean) for number in numbers)
    squares = _sum(tuple(NUMBERS.multiply(step, step) for step in apart))
    return NUMBERS.sqrt(NUMBERS.divide(squares, Decimal(len(numbers) - 1)))


def _mode(numbers: Numbers) -> Numbers:
    """The most frequent numbers, the least first."""
    counts = Counter(numbers)
    most = max(counts.values(), default=0)
    return tuple(sorted(number for number, count in counts.items() if count == most))


_NUMBERS_ONLY = {Decimal}


def _extreme(
    name: str, better: Callable[[Any, Any], bool | None], of_numbers: Callable[[Numbers], Decimal]
) -> Callable[[tuple[Any, ...]], Any]:
    """The item that is better than all before it. Raises ValueError for items without an order.

    `of_numbers` is Python's own way, which is the same for numbers and much faster.
    """

    def extreme(items: tuple[Any, ...]) -> Any:
        _filled(items, name)
        if set(map(type, items)) == _NUMBERS_ONLY:
            return of_numbers(items)
        best = items[0]
        for item in items:
            is_better = better(item, best)
            if is_better is None:
                one, other = kind_of(item), kind_of(best)
                raise ValueError(f"a {one} has no order" if one is other else f"a {one} and a {other} have no order")
            if is_better:
                best = item
        return best

    return extreme


def _filled(items: tuple[Any, ...], name: str) -> None:
    if not items:
        raise ValueError(f"the {name} of an empty list is not defined")


def _listed(python: Callable[[tuple[Any, ...]], Any]) -> Callable[..., Any]:
    """The same for items that are given as arguments."""
    return lambda *items: python(items)


def _of_numbers(python: Callable[[Numbers], Any], gives: str = "number") -> tuple[Signature, ...]:
    return (
        signature(f"(list: list of number) -> {gives}", python),
        signature(f"(n: number...) -> {gives}", _listed(python)),
    )


def _of_ordered(python: Callable[[tuple[Any, ...]], Any]) -> tuple[Signature, ...]:
    return signature("(list: list of O) -> O", python), signature("(c: O...) -> O", _listed(python))


_least = _extreme("least", less, min)
_greatest = _extreme("greatest", lambda item, best: less(best, item), max)

_NOT_DEFINED = OfEmpty("")


def _measure(
    meaning: str, example: str, result: str, signatures: tuple[Signature, ...], digits: ResultDigits | None = None
) -> Function:
    """A function whose result is one of the numbers, or lies between them; an empty list has none."""
    return Function(meaning, example, result, signatures, unit=KeptUnit.OF_ALL, of_empty=_NOT_DEFINED, digits=digits)


FUNCTIONS: dict[str, Function] = {
    "count": Function(
        "How many items a list has.",
        "count([1, 2])",
        "2",
        (signature("(list: list of any?) -> number", lambda items: Decimal(len(items))),),
        of_empty=OfEmpty("0"),
    ),
    "min": _measure(
        "The least of a list, or of its arguments.", "min(3, 1, 2)", "1", _of_ordered(_least), ResultDigits.OF_WIDEST
    ),
    "max": _measure(
        "The greatest of a list, or of its arguments.",
        "max(3, 1, 2)",
        "3",
        _of_ordered(_greatest),
        ResultDigits.OF_WIDEST,
    ),
    "sum": Function(
        "The sum of a list.",
        "sum([1, 2, 3])",
        "6",
        _of_numbers(_sum),
        unit=KeptUnit.OF_ALL,
        of_empty=OfEmpty("0", dmn_null="an empty list has no sum"),
    ),
    "mean": _measure("The mean of a list.", "mean([1, 2, 6])", "3", _of_numbers(_mean)),
    "product": Function(
        "The product of a list.", "product([2, 3, 4])", "24", _of_numbers(_product), of_empty=_NOT_DEFINED
    ),
    "median": _measure("The middle number of a list in order.", "median([8, 2, 5, 3, 4])", "4", _of_numbers(_median)),
    "stddev": Function(
        "The standard deviation of a list as a sample.",
        "decimal(stddev([2, 4, 7, 5]), 3)",
        "2.082",
        _of_numbers(_deviation),
        of_empty=_NOT_DEFINED,
    ),
    "mode": Function(
        "The most frequent numbers of a list, the least first.",
        "mode([6, 3, 9, 6, 6])",
        "[6]",
        _of_numbers(_mode, "list of number"),
        of_empty=OfEmpty("[]"),
    ),
}
