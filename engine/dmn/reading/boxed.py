"""Boxed expressions as FEEL trees (DMN 1.5, chapter 7 and section 10.2). Nothing is type-checked here."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from ordain.engine.dmn.reading.files import Source, name_of
from ordain.engine.dmn.reading.guards import conditional, filtered, quantified
from ordain.engine.dmn.reading.items import Items
from ordain.engine.dmn.reading.variable_names import Scope, settled
from ordain.engine.dmn.reading.xml import Element
from ordain.engine.errors import Issue, PolicyError, Span
from ordain.engine.feel.syntax import parse
from ordain.engine.feel.syntax.tree import (
    Call,
    ContextOf,
    Each,
    Entry,
    Expr,
    For,
    Function,
    ListOf,
    Literal,
    Name,
    Parameter,
    Path,
    TypeName,
)
from ordain.engine.limits import LIMITS
from ordain.engine.policy.model import TableFunction
from ordain.engine.values.types import NULL

RESULT, VALUE = "#result", "#value"
"""Names that no text can say: a context's result, and a value on its way to a type."""


TABLE = "decisionTable"
EXPRESSIONS = (
    "literalExpression",
    "context",
    TABLE,
    "invocation",
    "functionDefinition",
    "list",
    "relation",
    "conditional",
    "filter",
    "for",
    "some",
    "every",
)
"""The elements that are an expression."""


@dataclass(frozen=True, slots=True)
class Lifted:
    """What all readers of one model write into: the tables that stand inside expressions, and issues."""

    items: Items
    fields: Collection[str]
    issues: list[Issue]
    functions: list[TableFunction] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Boxed:
    """Reads the expressions of one element: `owner` is its name, `source` its file.

    `table` makes a decision table that stands inside an expression a call.
    """

    owner: str
    source: Source
    scope: Scope
    into: Lifted
    table: Callable[[Boxed, Element], Expr]

    def inside(self, *names: str, filtered: bool = False) -> Boxed:
        """The reader for what stands where further names are known."""
        return replace(self, scope=self.scope.inside(*names, filtered=filtered))

    def child(self, element: Element | None) -> Expr:
        """The one expression below `element`; null when there is none. Raises PolicyError."""
        inner = element.first(*EXPRESSIONS) if element is not None else None
        if inner is not None:
            return self.expression(inner)
        return null(element.span if element is not None else Span(self.source.file, 1, 1))

    def expression(self, element: Element) -> Expr:
        """The tree of a boxed expression, converted to its own type if it says one. Raises PolicyError."""
        expression = _READERS[element.name](self, element)
        return expression if isinstance(expression, Function) else self.typed(expression, element)

    def typed(self, value: Expr, declared: Element | None) -> Expr:
        """`value` converted to the `typeRef` of an element, by a function whose parameter has that type."""
        kind = self.type_name(declared)
        return converted(value, kind) if kind is not None else value

    def type_name(self, declared: Element | None) -> TypeName | None:
        if declared is None:
            return None
        return self.into.items.name(declared.get("typeRef"), self.source, declared)

    def text(self, element: Element) -> Expr:
        """A literal expression, or anything else that holds FEEL in a `text`. Raises PolicyError."""
        refuse_other_languages(element, self.source)
        text = element.first("text")
        if text is None or not text.text.strip():
            return null(element.span)
        tree = parse.expression(text.text, text.text_span, self.scope.known, self.into.fields, lenient=True)
        return settled(tree, self.scope)

    def context(self, element: Element) -> Expr:
        entries: list[Entry] = []
        inner = self
        result: Expr | None = None
        parts = tuple(element.all("contextEntry"))
        if len(parts) > LIMITS.boxed_entries:
            raise PolicyError(Issue(f"a context has more than {LIMITS.boxed_entries:,} entries", "", element.span))
        for part in parts:
            variable = part.first("variable")
            if variable is None:
                result = inner.child(part)
                continue
            name = name_of(variable)
            entries.append(Entry(part.span, name, inner.typed(inner.child(part), variable)))
            inner = inner.inside(name)
        if result is None:
            return ContextOf(element.span, tuple(entries))
        return result_of(element.span, entries, result) if entries else result

    def invocation(self, element: Element) -> Expr:
        called = element.first(*EXPRESSIONS)
        if called is None:
            return null(element.span)
        names, arguments = [], []
        for binding in element.all("binding"):
            parameter = binding.first("parameter")
            if parameter is None:
                raise PolicyError(Issue("this binding names no parameter", "", binding.span))
            names.append(name_of(parameter))
            arguments.append(self.child(binding))
        return Call(element.span, self.expression(called), tuple(arguments), tuple(names))

    def function(self, element: Element) -> Expr:
        """A function definition; also the logic of a business knowledge model."""
        parameters = tuple(
            Parameter(part.span, name_of(part), self.type_name(part)) for part in element.all("formalParameter")
        )
        inner = self.inside(*(parameter.name for parameter in parameters))
        body = inner.child(element)
        gives = self.into.items.result(element.get("typeRef"), self.source, element)
        external = element.get("kind") in ("Java", "PMML")
        return Function(element.span, parameters, body, external, gives)

    def list(self, element: Element) -> Expr:
        return ListOf(element.span, tuple(self.expression(part) for part in element.all(*EXPRESSIONS)))

    def relation(self, element: Element) -> Expr:
        columns = list(element.all("column"))
        rows: list[Expr] = []
        for row in element.all("row"):
            cells = list(row.all(*EXPRESSIONS))
            if len(cells) != len(columns):
                message = f"this row has {len(cells)} cells for {len(columns)} columns"
                raise PolicyError(Issue(message, "", row.span))
            values = (self.typed(self.expression(cell), column) for cell, column in zip(cells, columns, strict=True))
            entries = [Entry(row.span, name_of(column), value) for column, value in zip(columns, values, strict=True)]
            rows.append(ContextOf(row.span, tuple(entries)))
        return ListOf(element.span, tuple(rows))

    def conditional(self, element: Element) -> Expr:
        condition, then, otherwise = (self.typed_child(element.first(name)) for name in ("if", "then", "else"))
        return conditional(element.span, condition, then, otherwise)

    def filter(self, element: Element) -> Expr:
        base = self.child(element.first("in"))
        return filtered(element.span, base, self.inside("item", filtered=True).child(element.first("match")))

    def loop(self, element: Element) -> Expr:
        """`for`, `some` or `every`."""
        name = " ".join(element.get("iteratorVariable").split())
        over = element.first("in")
        each = Each(element.span, name, self.typed_child(over))
        if element.name == "for":
            body = element.first("return")
            return For(element.span, (each,), self.inside(name, "partial").typed_child(body))
        return quantified(element.span, element.name, each, self.inside(name).child(element.first("satisfies")))

    def typed_child(self, element: Element | None) -> Expr:
        return self.typed(self.child(element), element)


_READERS: dict[str, Callable[[Boxed, Element], Expr]] = {
    "literalExpression": Boxed.text,
    "context": Boxed.context,
    TABLE: lambda boxed, element: boxed.table(boxed, element),
    "invocation": Boxed.invocation,
    "functionDefinition": Boxed.function,
    "list": Boxed.list,
    "relation": Boxed.relation,
    "conditional": Boxed.conditional,
    "filter": Boxed.filter,
    "for": Boxed.loop,
    "some": Boxed.loop,
    "every": Boxed.loop,
}


def null(span: Span) -> Literal:
    return Literal(span, None, type=NULL)


def converted(value: Expr, kind: TypeName) -> Call:
    """`value` as the argument of a function that gives it back: so it is converted to the parameter's type."""
    span = value.span
    return Call(span, Function(span, (Parameter(span, VALUE, kind),), Name(span, VALUE)), (value,))


def result_of(span: Span, entries: list[Entry], result: Expr) -> Expr:
    """The value of `result`, which reads the entries before it."""
    return Path(span, ContextOf(span, (*entries, Entry(span, RESULT, result))), RESULT)


def refuse_other_languages(element: Element, source: Source) -> None:
    """Raises PolicyError for an expression that says it is not FEEL."""
    language = element.get("expressionLanguage") or source.root.get("expressionLanguage")
    if language and "feel" not in language.lower():
        raise PolicyError(Issue(f"this is written in `{language}`", "only FEEL is read", element.span))
