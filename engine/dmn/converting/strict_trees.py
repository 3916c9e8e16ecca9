"""A model's expressions as YAML policies write them: without functions of the model's own, and with plain names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from ordain.engine.dmn.converting.inlining import put_in_place, with_arguments
from ordain.engine.dmn.converting.table_trees import written_out
from ordain.engine.dmn.reading.boxed import RESULT
from ordain.engine.dmn.reading.guards import unguarded
from ordain.engine.dmn.reading.variable_names import Scope, settled
from ordain.engine.errors import Issue, PolicyError, Span
from ordain.engine.feel.syntax.tree import (
    Call,
    ContextOf,
    Entry,
    Expr,
    Function,
    InstanceOf,
    Literal,
    Name,
    Parameter,
    Path,
    TypeName,
    changed,
    walk,
)
from ordain.engine.feel.syntax.typenames import resolve
from ordain.engine.limits import LIMITS
from ordain.engine.policy.model import HitPolicy, Table, TableFunction
from ordain.engine.values.types import FunctionValue, Kind, Type


@dataclass(slots=True)
class Strict:
    """Makes a lenient model's expressions those of a strict policy.

    `functions` are business knowledge models and services, `tables` those that stand inside expressions, `replaced`
    decisions that a policy cannot give and that are put in place where they are read. `names` has the new name of
    every input and decision. What changes on the way is written into `notes`.
    """

    functions: Mapping[str, Function]
    tables: Mapping[str, TableFunction]
    types: Mapping[str, Type]
    names: dict[str, str] = field(default_factory=dict)
    replaced: dict[str, Expr] = field(default_factory=dict)
    notes: list[Issue] = field(default_factory=list)

    def tree(self, given: Expr) -> Expr:
        """The expression as the policy has it. Raises PolicyError for one that it cannot have."""
        return settled(self._inlined(given, 0), Scope(self.names, (), lambda name: name))

    def table(self, given: Expr) -> Table | None:
        """The table that an expression calls, and nothing else, with what it is called with; None for any other."""
        for _ in range(LIMITS.inlined_calls):
            match given:
                case Call(function=Function(parameters=(Parameter(name="#value"),)), arguments=(value,)):
                    given = value
                case Call() if given.called in self.functions:
                    given = put_in_place(given, self.functions[given.called])
                case Call() if given.called in self.tables:
                    function = self.tables[given.called]
                    return with_arguments(function.table, dict(zip(function.parameters, given.arguments, strict=True)))
                case _:
                    return None
        return None

    def _inlined(self, given: Expr, depth: int) -> Expr:
        if depth > LIMITS.inlined_calls:
            hint = "write it without a function that calls itself"
            raise PolicyError(Issue("functions call functions without end", hint, given.span))
        inlined = changed(given, lambda node: self._changed(node, depth))
        if sum(1 for _ in walk(inlined)) > LIMITS.inlined_nodes:
            raise PolicyError(Issue("with its functions written out the expression is too long", "", given.span))
        return inlined

    def _changed(self, node: Expr, depth: int) -> Expr:
        if (plain := unguarded(node)) is not None:
            return plain
        match node:
            case Call(function=Function(parameters=(Parameter(name="#value", declared=kind),)), arguments=(value,)):
                self._note_allowed(kind, node.span)
                return value
            case Literal(value=FunctionValue(name=name)):
                return Name(node.span, name)
            case Call() if node.called in self.tables:
                return self._inlined(self._chain(self.tables[node.called].table, node.span), depth + 1)
            case Call(function=Function() as function):
                return put_in_place(node, function)
            case Name() if node.name in self.functions:
                return self._inlined(self.functions[node.name], depth + 1)
            case Name() if node.name in self.replaced:
                return self.replaced[node.name]
            case Path() if node.name == RESULT and isinstance(node.base, ContextOf):
                return _renamed_result(node, node.base)
            case Function():
                parameters = tuple(
                    replace(part, declared=self._spelled(part.declared)) if part.declared is not None else part
                    for part in node.parameters
                )
                return replace(node, parameters=parameters, gives=None)
            case InstanceOf():
                return replace(node, named=self._spelled(node.named))
        return node

    def _note_allowed(self, kind: TypeName | None, span: Span) -> None:
        if kind is not None and kind.name in self.types and self.types[kind.name].allowed is not None:
            message = f"the allowed values of `{kind.name}` are not checked here"
            self.notes.append(Issue(message, "add a `must hold` if they matter", span))

    def _spelled(self, name: TypeName) -> TypeName:
        """A type without item definitions, which policies do not have."""
        try:
            return type_name(resolve(name, self.types))
        except ValueError:
            return name

    def _chain(self, table: Table, span: Span) -> Expr:
        """A table inside an expression; its overlaps are not looked for any more. Raises PolicyError."""
        if table.hit_policy in (HitPolicy.UNIQUE, HitPolicy.ANY):
            message = f"of this {table.hit_policy} table, now an `if`, the first rule that matches counts"
            self.notes.append(Issue(message, "", table.span))
        return written_out(table, span)


def _renamed_result(node: Path, base: ContextOf) -> Path:
    """A context's result under a name that a text can say and that none of its entries has."""
    taken = {part.name for part in walk(base) if isinstance(part, Name | Entry | Parameter)}
    name = next(word for word in _result_names() if word not in taken)
    entries = (*base.entries[:-1], replace(base.entries[-1], name=name))
    return Path(node.span, replace(base, entries=entries), name)


def _result_names() -> Iterator[str]:
    yield "result"
    number = 2
    while True:
        yield f"result_{number}"
        number += 1


def type_name(type: Type) -> TypeName:
    """A type as FEEL writes it, its structure spelled out."""
    if type.kind is Kind.ANY:
        return TypeName("Any")
    if type.kind in (Kind.LIST, Kind.RANGE):
        return TypeName(str(type.kind), (type_name(type.item),) if type.item is not None else ())
    if type.kind is Kind.CONTEXT:
        return TypeName("context", tuple(map(type_name, type.fields.values())), tuple(type.fields))
    if type.kind is Kind.FUNCTION:
        result = type_name(type.item) if type.item is not None else TypeName("Any")
        return TypeName("function", tuple(map(type_name, type.parameters)), (), result)
    return TypeName(str(type.kind))
