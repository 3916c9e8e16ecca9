"""Texts with `{...}` in them: what stands in the braces is worked out, and written as a person reads it.

A template is a FEEL expression written otherwise: `You get {discount} % off` is a text, a number as a text and a text,
joined. So no backend knows of it. `{{` and `}}` are braces that are printed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce

from ordain.engine.errors import Issue, PolicyError, Span
from ordain.engine.feel.syntax.tree import Arithmetic, Comparison, Expr, Filter, If, ListOf, Literal, Path, call
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.feel.typing.units import unit_of
from ordain.engine.text.source import Node
from ordain.engine.values.currencies import digits_of
from ordain.engine.values.types import NULL, NUMBER, TEXT, Kind, Type, described

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_ONE = {f"{unit}s": unit for unit in ("month", "day", "hour", "minute", "year", "week", "second")}
"""Units with the word for one of them."""
_PERCENT = ("%", "percent", "per cent")
_WHOLE = Decimal("1." + "0" * 30)
"""To divide by it changes no number, and takes the zeros off its end: 0.8500 is 0.85."""

Read = Callable[[Node], Checked | None]
"""Makes the typed expression of what stands in braces; None when that is wrong, which has been said then."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of a template; `at` is where it begins. `inner`: it stood in braces."""

    text: str
    at: int
    inner: bool


def has_braces(text: str) -> bool:
    """Whether a text is a template, or one that is not closed."""
    return "{" in text or "}" in text


def without_braces(text: str) -> str:
    """The template that gives this text as it is."""
    return text.replace("{", "{{").replace("}", "}}")


def expressions_in(text: str) -> list[tuple[int, int]]:
    """Where the expressions of a template stand, from where to where; none where a brace is not closed."""
    if not has_braces(text):
        return []
    try:
        parts = list(_parts(Node(text, Span("", 1, 1), text)))
    except PolicyError:
        return []
    return [(part.at, part.at + len(part.text)) for part in parts if part.inner]


def template(node: Node, read: Read, unknown: str = "") -> Expr | None:
    """The expression of a template; None when `read` found what is in its braces wrong. With `unknown`, that stands for
    a value which may be null and is.

    Raises PolicyError: a brace that is not closed, nothing between two, or a value that a text cannot show.
    """
    parts = list(_parts(node))
    told: list[Expr] = []
    whole = True
    for number, part in enumerate(parts):
        if not part.inner:
            told.append(Literal(node.span, part.text, type=TEXT))
            continue
        place = _place(node, part.at, part.text)
        checked = read(Node(part.text, place, part.text))
        if checked is None:
            whole = False
            continue
        before = parts[number - 1].text if number and not parts[number - 1].inner else ""
        behind = parts[number + 1].text if number + 1 < len(parts) and not parts[number + 1].inner else ""
        pieces = _told(checked.tree, checked.type, place, before.rstrip(), behind.lstrip())
        if unknown and checked.type.optional:
            is_null = Comparison(place, "=", checked.tree, Literal(place, None, type=NULL))
            pieces = [If(place, is_null, _text(place, unknown), _joined(place, pieces))]
        told += pieces
    if not whole:
        return None
    return _joined(node.span, told) if told else Literal(node.span, "", type=TEXT)


def _joined(span: Span, texts: Sequence[Expr]) -> Expr:
    return reduce(lambda left, right: Arithmetic(span, "+", left, right), texts)


def _parts(node: Node) -> Iterator[_Part]:
    """The pieces of a template in order; none is empty. Raises PolicyError."""
    text = node.text.rstrip()
    at, said = len(text) - len(text.lstrip()), ""
    while at < len(text):
        sign = text[at]
        if sign not in "{}":
            said, at = said + sign, at + 1
        elif text[at : at + 2] == sign * 2:
            said, at = said + sign, at + 2
        elif sign == "}":
            hint = "write `}}` for a brace that is printed"
            raise PolicyError(Issue("this `}` closes nothing", hint, _place(node, at, sign), code="template"))
        else:
            end = _closing(text, at)
            if end is None:
                hint = "write `{name}` to put a value in, or `{{` for a brace that is printed"
                raise PolicyError(Issue("this `{` is never closed", hint, _place(node, at, text[at:]), code="template"))
            if said:
                yield _Part(said, at, inner=False)
            inner = text[at + 1 : end]
            if not inner.strip():
                hint = "write a fact, a decision or an expression between the braces"
                place = _place(node, at, text[at : end + 1])
                raise PolicyError(Issue("nothing stands between the braces", hint, place, code="template"))
            yield _Part(inner.strip(), at + 1 + len(inner) - len(inner.lstrip()), inner=True)
            said, at = "", end + 1
    if said:
        yield _Part(said, at, inner=False)


def _closing(text: str, start: int) -> int | None:
    """Where the brace at `start` is closed; braces inside of it, and those in quotes, are the expression's own."""
    open_braces, quoted, at = 0, False, start
    while at < len(text):
        sign = text[at]
        if sign == '"':
            quoted = not quoted
        elif quoted:
            at += sign == "\\"
        elif sign in "{}":
            open_braces += 1 if sign == "{" else -1
            if open_braces == 0:
                return at
        at += 1
    return None


def _place(node: Node, at: int, text: str) -> Span:
    line = node.text.count("\n", 0, at) + 1
    return node.span.inside(line, at - node.text.rfind("\n", 0, at), text)


def _told(tree: Expr, of: Type, place: Span, before: str, behind: str) -> list[Expr]:
    """The texts that tell a value. A unit that stands before or behind it in the template is not told again."""
    match of.kind:
        case Kind.TEXT:
            return [tree]
        case Kind.NUMBER:
            number, unit = _number(tree, of, place)
            return [number] if unit is None or _says_unit(of, before, behind) else [number, unit]
        case Kind.FLAG:
            return [If(place, tree, _text(place, "yes"), _text(place, "no"))]
        case Kind.DATE:
            months = ListOf(place, tuple(_text(place, month) for month in MONTHS))
            day, month, year = (Path(place, tree, name) for name in ("day", "month", "year"))
            space = _text(place, " ")
            return [call(place, "string", day), space, Filter(place, months, month), space, call(place, "string", year)]
        case Kind.LIST if of.item is not None and of.item.kind is Kind.TEXT:
            return [call(place, "string join", tree, _text(place, ", "))]
    raise PolicyError(
        Issue(f"`{place.text}` is {described(of)}, which a text cannot show", _hint(of, place), place, code="template")
    )


def _hint(of: Type, place: Span) -> str:
    match of.kind:
        case Kind.DURATION:
            return f"write `{{{place.text}.days}} days`"
        case Kind.MONTHS:
            return f"write `{{{place.text}.months}} months`"
        case Kind.DATE_TIME:
            return f"write `{{date({place.text})}}` for its day, or `{{string({place.text})}}`"
        case Kind.TIME:
            return f"write `{{string({place.text})}}`"
        case Kind.CONTEXT:
            return "name one of its fields: " + ", ".join(f"`{{{place.text}.{name}}}`" for name in list(of.fields)[:3])
    return "put in a text, a number, a date or a yes/no value"


def _number(tree: Expr, of: Type, place: Span) -> tuple[Expr, Expr | None]:
    """The text of a number and, if it has one, that of its unit. Money has the digits of its currency, more only where
    they say something; any other number has no zeros at its end; a share is told in percent."""
    if unit_of(of) == "fraction":
        percent = Arithmetic(place, "*", _digits(place, Decimal(100)), tree)
        return _short(percent, place), _text(place, " %")
    if of.is_money:
        settled = call(place, "decimal", tree, _digits(place, Decimal(digits_of(of.unit))))
        says_all = Comparison(place, "=", settled, tree)
        return If(place, says_all, call(place, "string", settled), _short(tree, place)), _text(place, f" {of.unit}")
    if not of.unit:
        return _short(tree, place), None
    several = _text(place, f" {of.unit}")
    if unit_of(of) == "percent":
        return _short(tree, place), _text(place, " %")
    if of.unit not in _ONE:
        return _short(tree, place), several
    is_one = Comparison(place, "=", tree, _digits(place, Decimal(1)))
    return _short(tree, place), If(place, is_one, _text(place, f" {_ONE[of.unit]}"), several)


def _short(number: Expr, place: Span) -> Expr:
    return call(place, "string", Arithmetic(place, "/", number, _digits(place, _WHOLE)))


def _says_unit(of: Type, before: str, behind: str) -> bool:
    """Whether the template itself says the unit of a number."""
    if of.is_money:
        has_sign = before != "" and unicodedata.category(before[-1]) == "Sc"
        return has_sign or before.endswith(of.unit) or _begins(behind, of.unit)
    if unit_of(of) in ("fraction", "percent"):
        return any(_begins(behind, word) for word in _PERCENT)
    return any(_begins(behind, word) for word in (of.unit, _ONE.get(of.unit, of.unit)))


def _begins(text: str, word: str) -> bool:
    return re.match(re.escape(word) + r"(?!\w)", text, re.IGNORECASE) is not None


def _text(place: Span, text: str) -> Literal:
    return Literal(place, text, type=TEXT)


def _digits(place: Span, value: Decimal) -> Literal:
    return Literal(place, value, type=NUMBER)
