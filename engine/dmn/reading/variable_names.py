"""The names in an expression's text made those of the whole model (DMN 1.5, section 10.3.2.11: scopes).

An element sees what it requires and nothing else, each under the name that its own file has for it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from ordain.engine.errors import Issue, Span
from ordain.engine.feel.functions import FUNCTIONS, known
from ordain.engine.feel.runtime.calls import Runtime
from ordain.engine.feel.syntax.tree import (
    Call,
    ContextOf,
    Expr,
    Filter,
    For,
    Function,
    InstanceOf,
    Literal,
    Name,
    Parameter,
    Quantified,
    TypeName,
)
from ordain.engine.values.types import FunctionValue, Kind, Type, Value

_NO_TIME = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
"""For functions that do not ask for the time."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a text may read: `visible` names and what the model calls them.

    `everything` are all names of the model; one of them that is not visible must not be found by accident. Within
    the condition of a filter it may still be a field of the items, so `filtered` leaves it as it is.
    `typed` gives the model's name of a type. `known` is what the parser must know: the visible names. `undeclared`
    collects the names that nothing in the model has, with the first place of each; None: they are not asked for.
    """

    visible: Mapping[str, str]
    everything: Collection[str]
    typed: Callable[[str], str]
    filtered: bool = False
    undeclared: dict[str, Span] | None = None
    known: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "known", frozenset(self.visible))

    def inside(self, *names: str, filtered: bool = False) -> Scope:
        """This scope with further names of its own."""
        visible = {**self.visible, **{name: name for name in names}}
        return replace(self, visible=visible, filtered=self.filtered or filtered)


def settled(tree: Expr, scope: Scope) -> Expr:
    """The tree with each name it reads from `scope` made the model's own."""
    return _settled(tree, scope, frozenset())


def _settled(node: Expr, scope: Scope, own: frozenset[str]) -> Expr:
    match node:
        case Name():
            return _name(node, scope, own)
        case ContextOf():
            entries = []
            for entry in node.entries:
                entries.append(replace(entry, value=_settled(entry.value, scope, own)))
                own |= {entry.name}
            return replace(node, entries=tuple(entries))
        case For() | Quantified():
            iterators = []
            for each in node.iterators:
                iterators.append(replace(each, over=_settled(each.over, scope, own)))
                own |= {each.name}
            if isinstance(node, For):
                body = _settled(node.body, scope, own | {"partial"})
                return replace(node, iterators=tuple(iterators), body=body)
            return replace(node, iterators=tuple(iterators), condition=_settled(node.condition, scope, own))
        case Function():
            body = _settled(node.body, scope, own | {parameter.name for parameter in node.parameters})
            return replace(node, parameters=tuple(_parameter(part, scope) for part in node.parameters), body=body)
        case Filter():
            base = _settled(node.base, scope, own)
            return Filter(node.span, base, _settled(node.condition, replace(scope, filtered=True), own | {"item"}))
        case Call(function=Name()):
            assert isinstance(node.function, Name)  # noqa: S101 - as the case says
            called = _name(node.function, replace(scope, undeclared=None), own, called=True)  # it is no input
            arguments = tuple(_settled(argument, scope, own) for argument in node.arguments)
            return replace(node, function=called, arguments=arguments)
        case InstanceOf():
            return InstanceOf(node.span, _settled(node.value, scope, own), type_name(node.named, scope.typed))
    return _parts(node, scope, own)


def _parts(node: Expr, scope: Scope, own: frozenset[str]) -> Expr:
    new: dict[str, Any] = {}
    for part in fields(node):
        value = getattr(node, part.name)
        if isinstance(value, Expr):
            new[part.name] = _settled(value, scope, own)
        elif isinstance(value, tuple) and value and isinstance(value[0], Expr):
            new[part.name] = tuple(_settled(item, scope, own) for item in value)
    return replace(node, **new) if new else node


def _name(node: Name, scope: Scope, own: frozenset[str], *, called: bool = False) -> Expr:
    """A name; one of a function that DMN does not have is that function only where it is called."""
    functions = known(lenient=True) if called else FUNCTIONS
    if node.name in own:
        return node
    if (target := scope.visible.get(node.name)) is not None:
        return node if target == node.name else Name(node.span, target)
    if scope.filtered:
        return node
    if node.name not in scope.everything:
        if scope.undeclared is not None and node.name not in functions:
            scope.undeclared.setdefault(node.name, node.span)
        return node
    if node.name in functions:
        return _built_in(node)
    return Name(node.span, f"{node.name} (not required here)")


def _built_in(node: Name) -> Expr:
    """The built-in function itself: an element of its name, which is not visible here, would hide it."""
    name, span = node.name, node.span
    entry = known(lenient=True)[name]
    if entry.clock:
        return node

    def call(*arguments: Value) -> Value:
        faults: list[Issue] = []
        given = Runtime(faults).builtin(name, (), _NO_TIME, span, *arguments)
        if faults:
            raise ValueError(faults[0].message)
        return given

    parameters = tuple(parameter.name for parameter in entry.signatures[0].parameters)
    return Literal(span, FunctionValue(parameters, call, name), type=Type(Kind.FUNCTION))


def _parameter(node: Parameter, scope: Scope) -> Parameter:
    return node if node.declared is None else replace(node, declared=type_name(node.declared, scope.typed))


def type_name(written: TypeName, typed: Callable[[str], str]) -> TypeName:
    """A type as written with every name in it given by `typed`."""
    return TypeName(
        typed(written.name),
        tuple(type_name(part, typed) for part in written.arguments),
        written.fields,
        type_name(written.result, typed) if written.result is not None else None,
    )
