"""What keeps the result of an expression from its declared type, beyond its kind: unit, values, range and fields."""

from __future__ import annotations

from collections.abc import Iterator

from ordain.engine.errors import Issue, Level, Span, did_you_mean
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Expr, Literal
from ordain.engine.feel.typing.number_limits import fixed
from ordain.engine.feel.typing.offsets import OFFSET_HINT
from ordain.engine.feel.typing.units import describe_unit, mismatch, unit_hint
from ordain.engine.values.holding import is_narrow
from ordain.engine.values.types import Kind, Type, described


def misfits(result: Expr, want: Type, place: Span, text: str) -> list[Issue]:
    """What is wrong with a result whose kind is right, the parts of a context each at its own place.

    `text` is what stands at `place`. A unit that may be wrong is a warning. What cannot be told from the text alone is
    looked at when it is decided: see `values/holding.py`.
    """
    if want.kind in (Kind.CONTEXT, Kind.LIST):
        return list(_inside(result, want)) if is_narrow(want) else []
    found = [*_unit(result, want, place, text), *_undeclared(result, want), *_outside(result, want)]
    errors = [issue for issue in found if issue.level is Level.ERROR]
    return errors[:1] or found


def _outside(result: Expr, want: Type) -> Iterator[Issue]:
    """Constants that are outside of a declared range."""
    limits = want.limits
    if want.kind is not Kind.NUMBER or limits is None:
        return
    for part in tree.results(result):
        value = fixed(part.type) if part.type.kind is Kind.NUMBER else None
        if value is not None and not limits.hold(value):
            message = f"{value:f} is outside {limits}, the range that `gives` declares"
            yield Issue(message, "give a number inside of it, or widen the range", part.span, code="outside-range")


def _inside(node: Expr, want: Type) -> Iterator[Issue]:
    match node:
        case tree.If():
            for part in tree.results(node):
                yield from _inside(part, want)
        case tree.ContextOf() if want.kind is Kind.CONTEXT and want.fields:
            yield from _entries(node, want)
        case tree.For() if want.kind is Kind.LIST and want.item is not None:
            yield from _part(node.body, want.item, "")
        case tree.ListOf() if want.kind is Kind.LIST and want.item is not None:
            for item in node.items:
                yield from _part(item, want.item, "")
        case _:
            yield from _of_type(node.span, node.type, want, "")


def _entries(node: tree.ContextOf, want: Type) -> Iterator[Issue]:
    given = {entry.name: entry for entry in node.entries}
    for name, entry in given.items():
        if name not in want.fields:
            message = f"`gives` has no field `{name}`"
            yield Issue(message, did_you_mean(name, want.fields), entry.span, code="outputs")
        else:
            yield from _part(entry.value, want.fields[name], name)
    for name, of in want.fields.items():
        if name not in given and not of.optional:
            yield _missing(node.span, name)


def _missing(span: Span, name: str) -> Issue:
    return Issue(f"`{name}` is missing, which `gives` names", f"add `{name}: ...`", span, code="outputs")


def _part(node: Expr, want: Type, name: str) -> Iterator[Issue]:
    """What is wrong with one field, or one item."""
    of = node.type
    if of.kind is Kind.NULL and not want.optional and want.kind not in (Kind.ANY, Kind.NULL):
        message = f"{_subject(name)} may not be null"
        yield Issue(message, "declare it `optional: true`", node.span, code="null-output")
    elif not want.accepts(of) and of.kind is not Kind.NULL:
        message = f"{_subject(name)} is {described(of)}, but {described(want)} is needed"
        yield Issue(message, "", node.span, code="type")
    elif want.kind in (Kind.CONTEXT, Kind.LIST):
        yield from _inside(node, want)
    elif want.kind is Kind.DATE_TIME and of.offset is False:
        yield Issue(f"{_subject(name)} is a date and time without offset", OFFSET_HINT, node.span, code="zone")
    else:
        yield from misfits(node, want, node.span, node.span.text)


def _unit(node: Expr, want: Type, place: Span, text: str) -> Iterator[Issue]:
    """What is wrong with the unit of a number."""
    wanted = tree.Name(place, "")
    level = mismatch(node, node.type, wanted, want, lambda part: part.type) if want.kind is Kind.NUMBER else None
    if level is not None:
        needed = describe_unit(want).removeprefix("in ")
        message = f"`{text}` is {describe_unit(node.type)}, but {needed} is needed here"
        hint = unit_hint(node, node.type, wanted, want)
        yield Issue(message, hint, place, code="unit", level=level)


def _undeclared(result: Expr, want: Type) -> Iterator[Issue]:
    """Constants that are none of the declared values."""
    for given in tree.results(result) if want.values else ():
        if isinstance(given, Literal) and given.value is not None and given.value not in want.values:
            hint = did_you_mean(str(given.value), want.values)
            message = f"`{given.value}` is not one of the declared values"
            yield Issue(message, hint, given.span, code="undeclared-value")


def _of_type(span: Span, of: Type, want: Type, name: str) -> Iterator[Issue]:
    """As far as the type of a part alone tells, such as that of a fact which is a context."""
    if Kind.ANY in (of.kind, want.kind) or (of.kind is Kind.NULL and want.optional):
        return
    if not want.accepts(of):
        message = f"{_subject(name)} is {described(of)}, but {described(want)} is needed"
        yield Issue(message, "", span, code="type")
    elif want.kind is Kind.LIST and of.item is not None and want.item is not None:
        yield from _of_type(span, of.item, want.item, name)
    elif want.kind is Kind.CONTEXT and of.fields and want.fields:
        for field, part in of.fields.items():
            if field not in want.fields:
                hint = (
                    f"build it from the fields that are wanted: {{{', '.join(f'{one}: ...' for one in want.fields)}}}"
                )
                yield Issue(f"`gives` has no field `{field}`", hint, span, code="outputs")
            else:
                yield from _of_type(span, part, want.fields[field], field)
        for field, part in want.fields.items():
            if field not in of.fields and not part.optional:
                yield _missing(span, field)
    elif want.kind is Kind.NUMBER and want.is_money and of.is_money and want.unit != of.unit:
        message = f"{_subject(name)} is {describe_unit(of)}, but {want.unit} is needed"
        yield Issue(message, "", span, code="unit", level=Level.ERROR)


def _subject(name: str) -> str:
    return f"`{name}`" if name else "an item"
