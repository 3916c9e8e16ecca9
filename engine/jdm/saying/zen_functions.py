"""ZEN's functions in FEEL. What is not here has no words in a policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from ordain.engine.errors import Span
from ordain.engine.feel.syntax.tree import (
    Arithmetic,
    Comparison,
    Expr,
    Filter,
    Literal,
    Path,
    call,
)
from ordain.engine.jdm.data.scope import Scope
from ordain.engine.jdm.data.values import Unsayable
from ordain.engine.values import temporal
from ordain.engine.values.types import NUMBER, TEXT, Kind, Type

Said = Callable[[Scope, Span, tuple[Expr, ...]], Expr]

_RENAMED = {
    "sum": "sum",
    "avg": "mean",
    "min": "min",
    "max": "max",
    "median": "median",
    "abs": "abs",
    "upper": "upper case",
    "lower": "lower case",
    "startsWith": "starts with",
    "endsWith": "ends with",
    "matches": "matches",
}
_ROUNDED = {"floor": "floor", "ceil": "ceiling", "round": "round half up", "trunc": "round down"}
_OF_DATES = {
    "year": "year",
    "month": "month",
    "monthOfYear": "month",
    "day": "day",
    "dayOfMonth": "day",
    "weekday": "weekday",
    "dayOfWeek": "weekday",
}
_BY_NAME = {"dayOfYear": "day of year", "weekOfYear": "week of year"}
_COMPARED = {
    "isSame": "=",
    "isBefore": "<",
    "isAfter": ">",
    "isSameOrBefore": "<=",
    "isSameOrAfter": ">=",
}
_DAYS = frozenset({"d", "day", "days"})
_STEPS = {
    **dict.fromkeys(_DAYS, "P{}D"),
    **dict.fromkeys(("M", "month", "months"), "P{}M"),
    **dict.fromkeys(("y", "year", "years"), "P{}Y"),
}


def number(span: Span, value: int) -> Literal:
    return Literal(span, Decimal(value), type=NUMBER)


def text(span: Span, value: str) -> Literal:
    return Literal(span, value, type=TEXT)


def said(scope: Scope, span: Span, function: str, arguments: tuple[Expr, ...]) -> Expr:
    """The call of a function of ZEN, its arguments already said. Raises Unsayable."""
    how = _FUNCTIONS.get(function)
    if how is None:
        raise Unsayable(f"`{function}` has no words in a policy")
    if not arguments:
        raise Unsayable(f"`{function}` has no argument")
    return how(scope, span, arguments)


def method(scope: Scope, span: Span, base: Expr, name: str, arguments: tuple[Expr, ...]) -> Expr:
    """A method of a date. Raises Unsayable."""
    date = _date(scope, span, (base,))
    units = [part.value for part in arguments if isinstance(part, Literal) and isinstance(part.value, str)]
    if name in _OF_DATES and not arguments:
        return Path(span, date, _OF_DATES[name])
    if name in _COMPARED and len(arguments) == 1:
        return Comparison(span, _COMPARED[name], date, _date(scope, span, arguments))
    if name == "diff" and len(arguments) == 2 and units and units[-1] in _DAYS:
        apart = Arithmetic(span, "-", date, _date(scope, span, arguments[:1]))
        return Arithmetic(span, "/", apart, Literal(span, temporal.duration("P1D"), type=Type(Kind.DURATION)))
    if name in ("add", "sub") and len(arguments) == 2 and units and units[-1] in _STEPS:
        amount = arguments[0]
        if isinstance(amount, Literal) and isinstance(amount.value, Decimal) and amount.value == int(amount.value) >= 0:
            step = _STEPS[units[-1]].format(int(amount.value))
            read = temporal.duration(step) if step.endswith("D") else temporal.months(step)
            kind = Kind.DURATION if step.endswith("D") else Kind.MONTHS
            return Arithmetic(span, "+" if name == "add" else "-", date, Literal(span, read, type=Type(kind)))
    raise Unsayable(f"the method `{name}` of a date has no words in a policy, or not with these arguments")


def _renamed(name: str) -> Said:
    return lambda scope, span, arguments: call(span, name, *arguments)


def _rounded(name: str) -> Said:
    def say(scope: Scope, span: Span, arguments: tuple[Expr, ...]) -> Expr:
        scale = arguments[1:] or ((number(span, 0),) if name.startswith("round") else ())
        return call(span, name, arguments[0], *scale)

    return say


def _kind(scope: Scope, tree: Expr) -> Kind:
    return scope.type_of(tree).kind


def _length(scope: Scope, span: Span, arguments: tuple[Expr, ...]) -> Expr:
    return call(span, "string length" if _kind(scope, arguments[0]) is Kind.TEXT else "count", arguments[0])


def _contains(scope: Scope, span: Span, arguments: tuple[Expr, ...]) -> Expr:
    return call(span, "contains" if _kind(scope, arguments[0]) is Kind.TEXT else "list contains", *arguments)


def _trimmed(scope: Scope, span: Span, arguments: tuple[Expr, ...]) -> Expr:
    return call(span, "replace", arguments[0], text(span, r"^\s+|\s+$"), text(span, ""))


def _split(scope: Scope, span: Span, arguments: tuple[Expr, ...]) -> Expr:
    sign = arguments[1] if len(arguments) == 2 else None
    if not isinstance(sign, Literal) or not isinstance(sign.value, str) or not sign.value:
        raise Unsayable("`split` needs a written text to split by")
    return call(span, "split", arguments[0], text(span, re.sub(r"([\\^$.|?*+(){}\[\]-])", r"\\\1", sign.value)))


def _mode(scope: Scope, span: Span, arguments: tuple[Expr, ...]) -> Expr:
    return Filter(span, call(span, "mode", *arguments), number(span, 1))


def _flattened(scope: Scope, span: Span, arguments: tuple[Expr, ...]) -> Expr:
    of = scope.type_of(arguments[0])
    deeper = of.item is not None and of.item.item is not None and of.item.item.kind in (Kind.LIST, Kind.ANY)
    if deeper:
        raise Unsayable("`flatten` takes away one level of lists in ZEN, and all of them in a policy")
    return call(span, "flatten", *arguments)


def string(scope: Scope, span: Span, tree: Expr) -> Expr:
    """A value as a text; a text is one already."""
    return tree if _kind(scope, tree) is Kind.TEXT else call(span, "string", tree)


def _string(scope: Scope, span: Span, arguments: tuple[Expr, ...]) -> Expr:
    return string(scope, span, arguments[0])


def _number(scope: Scope, span: Span, arguments: tuple[Expr, ...]) -> Expr:
    return arguments[0] if _kind(scope, arguments[0]) is Kind.NUMBER else call(span, "number", arguments[0])


def _flag(scope: Scope, span: Span, arguments: tuple[Expr, ...]) -> Expr:
    if _kind(scope, arguments[0]) is not Kind.FLAG:
        raise Unsayable("`bool` of what is no flag has no words in a policy")
    return arguments[0]


def _date(scope: Scope, span: Span, arguments: tuple[Expr, ...]) -> Expr:
    given = arguments[0]
    if _kind(scope, given) in (Kind.DATE, Kind.DATE_TIME):
        return given
    if isinstance(given, Literal) and isinstance(given.value, str):
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", given.value):
            raise Unsayable(f"`{given.value}` is no plain date such as 2026-01-31")
        return call(span, "date", given)
    if _kind(scope, given) is not Kind.TEXT:
        raise Unsayable("a date is made of a text only")
    return call(span, "date", given)


def _property(name: str) -> Said:
    return lambda scope, span, arguments: Path(span, _date(scope, span, arguments), name)


def _dated(name: str) -> Said:
    return lambda scope, span, arguments: call(span, name, _date(scope, span, arguments))


_FUNCTIONS: Mapping[str, Said] = {
    **{name: _renamed(ours) for name, ours in _RENAMED.items()},
    **{name: _rounded(ours) for name, ours in _ROUNDED.items()},
    **{name: _property(ours) for name, ours in _OF_DATES.items()},
    **{name: _dated(ours) for name, ours in _BY_NAME.items()},
    "len": _length,
    "contains": _contains,
    "trim": _trimmed,
    "split": _split,
    "mode": _mode,
    "flatten": _flattened,
    "string": _string,
    "number": _number,
    "bool": _flag,
    "date": _date,
    "d": _date,
}
