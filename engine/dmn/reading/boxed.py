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
from ordain.engine.feel.syntax.unread import unread
from ordain.engine.limits import LIMITS
from ordain.engine.policy.model import TableFunction
from ordain.engine.values.types import ANY, NULL, Kind, Type

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

    `table` makes a decision table that stands inside an expression a call. `expected` is the type that the value of
    the expression becomes, for whoever asks; it is not converted by that.
    """

    owner: str
    source: Source
    scope: Scope
    into: Lifted
    table: Callable[[Boxed, Element], Expr]
    expected: Type = ANY

    def inside(self, *names: str, filtered: bool = False) -> Boxed:
        """The reader for what stands where further names are known."""
        return replace(self, scope=self.scope.inside(*names, filtered=filtered))

    def child(self, element: Element | None, expected: Type = ANY) -> Expr:
        """The one expression below `element`; null when there is none."""
        if element is None:
            return null(Span(self.source.file, 1, 1))
        inner = element.first(*EXPRESSIONS)
        if inner is not None:
            return self.expression(inner, expected)
        foreign = element.foreign(*EXPRESSIONS)
        return null(element.span) if foreign is None else self.stranger(foreign, element)

    def expression(self, element: Element, expected: Type = ANY) -> Expr:
        """The tree of a boxed expression, converted to its own type if it says one; null, with the fault, where it
        cannot be read."""
        try:
            expression = _READERS[element.name](replace(self, expected=expected), element)
        except PolicyError as error:
            return self.unreadable(error, element.span)
        return expression if isinstance(expression, Function) else self.typed(expression, element)

    def unreadable(self, error: PolicyError, span: Span) -> Expr:
        """The null that stands for a piece at `span`, with its fault, which is an issue of the model too."""
        self.into.issues.extend(error.issues)
        return unread(error.issues[0], span)

    def stranger(self, foreign: Element, outer: Element) -> Expr:
        """The null that stands for what has a name of DMN's, but is none of its elements."""
        message = f"`{foreign.name}` stands in the namespace `{foreign.namespace or 'none'}`, so it is none of DMN's"
        hint = f"put it in that of `{outer.name}`"
        return self.unreadable(PolicyError(Issue(message, hint, foreign.span)), foreign.span)

    def typed(self, value: Expr, declared: Element | None) -> Expr:
        """`value` converted to the `typeRef` of an element, by a function whose parameter has that type.

        Of a function it may be the type of what it gives.
        """
        kind = self.type_name(declared)
        if kind is None:
            return value
        if isinstance(value, Function) and self.type_of(declared).kind is not Kind.FUNCTION:
            return value if value.gives is not None else replace(value, gives=kind)
        return converted(value, kind)

    def type_of(self, declared: Element | None) -> Type:
        """The type that an element's `typeRef` names."""
        return ANY if declared is None else self.into.items.type(declared.get("typeRef"), self.source)

    def type_name(self, declared: Element | None) -> TypeName | None:
        if declared is None:
            return None
        return self.into.items.name(declared.get("typeRef"), self.source, declared)

    def text(self, element: Element) -> Expr:
        """A literal expression, or anything else that holds FEEL in a `text`; null where it cannot be read."""
        text = element.first("text")
        if text is None and (foreign := element.foreign("text")) is not None:
            return self.stranger(foreign, element)
        try:
            refuse_other_languages(element, self.source)
            if text is None or not text.text.strip():
                return null(element.span)
            known, fields, pieces = self.scope.known, self.into.fields, self.into.issues
            tree = parse.expression(text.text, text.text_span, known, fields, lenient=True, pieces=pieces)
        except PolicyError as error:
            return self.unreadable(error, element.span)
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
                result = inner.child(part, self.expected)
                continue
            name, known = name_of(variable), inner.type_of(variable)
            entries.append(Entry(part.span, name, inner.typed(inner.child(part, known), variable)))
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
            arguments.append(self.typed(self.child(binding, self.type_of(parameter)), parameter))
        return Call(element.span, self.expression(called), tuple(arguments), tuple(names))

    def function(self, element: Element) -> Expr:
        """A function definition; also the logic of a business knowledge model."""
        parameters = tuple(
            Parameter(part.span, name_of(part), self.type_name(part)) for part in element.all("formalParameter")
        )
        inner = self.inside(*(parameter.name for parameter in parameters))
        known = self.into.items.given(element.get("typeRef"), self.source)
        body = inner.child(element, self.expected if known == ANY else known)
        gives = self.into.items.result(element.get("typeRef"), self.source, element)
        external = element.get("kind") in ("Java", "PMML")
        return Function(element.span, parameters, body, external, gives)

    def list(self, element: Element) -> Expr:
        item = self.expected.item or ANY
        return ListOf(element.span, tuple(self.expression(part, item) for part in element.all(*EXPRESSIONS)))

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
        condition = self.typed_child(element.first("if"))
        then, otherwise = (self.typed_child(element.first(name), self.expected) for name in ("then", "else"))
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

    def typed_child(self, element: Element | None, expected: Type = ANY) -> Expr:
        return self.typed(self.child(element, expected), element)


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
    if "b-feel" in language.lower():
        hint = "its null and its comparisons mean other things than FEEL's, so write it in FEEL"
        raise PolicyError(Issue("this is written in B-FEEL", hint, element.span))
    if language and "feel" not in language.lower():
        raise PolicyError(Issue(f"this is written in `{language}`", "only FEEL is read", element.span))
