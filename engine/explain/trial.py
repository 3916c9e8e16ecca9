"""One expression tried out alone, on facts that no vocabulary declares."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.errors import Issue, PolicyError, Span
from ordain.engine.feel.syntax import parse
from ordain.engine.feel.syntax.tree import Expr
from ordain.engine.feel.typing.checker import Checked, check, untyped
from ordain.engine.policy.model import Effective, Formula, Policy
from ordain.engine.values.from_json import from_json
from ordain.engine.values.types import ANY, FLAG, NULL, NUMBER, TEXT, Type, Value, context_of, kind_of, list_of

_RESULT = "the expression"
_FILE = "expression"


@dataclass(frozen=True, slots=True)
class Tried:
    """What an expression gives, its type and, in lenient mode, why a null is one."""

    value: Value
    type: str
    reasons: tuple[Issue, ...]


def tried(text: str, facts: Mapping[str, object], at: dt.datetime, *, lenient: bool = False) -> Tried:
    """Decides a FEEL text for JSON data as facts, whose types are those of the data.

    Raises PolicyError: it cannot be read or, unless `lenient`, its types do not fit; DecisionError: it cannot be
    calculated; CustomerDataIncomplete: a null where none may be; NotThatType: data that is no value, such as a
    number of too many digits.
    """
    values = {name: from_json(raw) for name, raw in facts.items()}
    pieces: list[Issue] | None = [] if lenient else None  # their faults are reasons of nulls
    tree = parse.expression(text, Span(_FILE, 1, 1), values, set(_fields(facts)), lenient=lenient, pieces=pieces)
    return decided(tree, values, at, lenient=lenient)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """An expression compiled once, to be decided for data of which nobody knows the types before it comes."""

    text: str
    span: Span
    compiled: CompiledPolicy

    def of(self, values: Mapping[str, Value], at: dt.datetime) -> Tried:
        """What it gives for these values, with the reasons why something in it is null that the data does not have."""
        faults: list[Issue] = []
        held = dict(values)
        self.compiled.run(held, at, [], faults)
        return Tried(held[_RESULT], str(kind_of(held[_RESULT])), tuple(faults))


def prepared(text: str, span: Span, names: Collection[str]) -> Prepared:
    """A FEEL text that reads `names`. Raises PolicyError: it cannot be read, or fits no data, whatever that is."""
    tree = parse.expression(text, span, names, lenient=True)
    if issues := check(tree, dict.fromkeys(names, ANY)).issues:
        raise PolicyError(issues)
    return Prepared(text, span, compile_policy(_policy(untyped(tree), tuple(names), lenient=True)))


def decided(tree: Expr, values: Mapping[str, Value], at: dt.datetime, *, lenient: bool = False) -> Tried:
    """Decides a tree for values by name. Raises as `tried`."""
    scope = {name: _type(value) for name, value in values.items()}
    expression = untyped(tree) if lenient else check(tree, scope)
    if expression.issues:
        raise PolicyError(expression.issues)
    faults: list[Issue] = []
    held = dict(values)
    compile_policy(_policy(expression, tuple(scope), lenient)).run(held, at, [], faults)
    value = held[_RESULT]
    return Tried(value, str(kind_of(value) if lenient else expression.type), tuple(faults))


def _policy(expression: Checked, reads: tuple[str, ...], lenient: bool) -> Policy:
    span = expression.tree.span
    formula = Formula(_RESULT, expression, Type(expression.type.kind, optional=True), span)
    return Policy(
        name=_FILE,
        version=1,
        kind="decision",
        effective=Effective(dt.date.min),
        owner="",
        purpose="",
        constants={},
        decisions=(formula,),
        must_hold=(),
        gives={_RESULT: formula.type},
        reads=reads,
        may_miss=False,
        examples=(),
        digest="",
        text=b"",
        span=span,
        lenient=lenient,
    )


def _type(value: Value) -> Type:
    """The type of JSON data; the items of a list have one only when it is the same for all."""
    match value:
        case None:
            return replace(NULL, optional=True)
        case bool():
            return FLAG
        case str():
            return TEXT
        case tuple():
            items = [_type(item) for item in value]
            return list_of(items[0] if items and all(item == items[0] for item in items) else ANY)
        case dict():
            return context_of({name: _type(part) for name, part in value.items()})
        case _:
            return NUMBER


def _fields(data: object) -> Iterator[str]:
    """Every key anywhere inside the data."""
    if isinstance(data, Mapping):
        for name, part in data.items():
            yield name
            yield from _fields(part)
    elif isinstance(data, list):
        for part in data:
            yield from _fields(part)
