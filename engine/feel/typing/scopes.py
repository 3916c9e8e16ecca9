"""The typing rules of all that has names of its own: filters, loops, contexts and functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Expr
from ordain.engine.feel.typing.fitting import fits, is_known
from ordain.engine.feel.typing.rule_base import Checking
from ordain.engine.values.joining import joined
from ordain.engine.values.types import ANY, DATE, FLAG, NUMBER, Kind, Type, context_of, list_of

_ENDLESS = "give the range both endpoints: 1..10"


class Scopes(Checking):
    def filter(self, node: tree.Filter) -> Type:
        """The item at a position, or a list of the items for which the condition holds (DMN 1.5, 10.3.2.5)."""
        base = self.type_of(node.base)
        if base.kind is Kind.ANY:
            return self.unknown(node.base)
        item = base.item or ANY if base.kind is Kind.LIST else base
        # A field that is called `item` hides the item itself (DMN 1.5, 10.3.2.5).
        with self.naming({"item": item, **item.fields}):
            condition = self.type_of(node.condition)
        if condition.kind not in (Kind.NUMBER, Kind.FLAG, Kind.ANY):
            return self.fault(node.span, f"a {condition} in brackets cannot choose from a {base}")
        if base.kind is not Kind.LIST:
            if condition.kind is Kind.NUMBER:
                return self.fault(node.span, f"a {base} is not a list, so it has no positions")
            hint = f"make it a list: [{node.base.span.text}][...]"
            return self.fault(node.span, f"a {base} is not a list, so it cannot be filtered", hint)
        if condition.kind is Kind.NUMBER:
            return item
        if condition.kind is Kind.ANY:
            return self.unknown(node.condition)
        return list_of(_without_nulls(item, node.condition))

    def each(self, node: tree.Each) -> Type:
        """The type of a loop's variable."""
        type = self._each(node)
        self.types[id(node)] = type
        return type

    def _each(self, node: tree.Each) -> Type:
        over, text = self.type_of(node.over), node.over.span.text
        if over.kind is Kind.ANY:
            return self.unknown(node.over)
        if over.kind is Kind.LIST:
            return over.item or ANY
        if over.kind is not Kind.RANGE:
            message = f"`{node.name}` goes through a list or a range, but `{text}` is a {over}"
            return self.fault(node.over.span, message, f"make it a list: [{text}]")
        item = over.item or ANY
        if item.kind not in (Kind.NUMBER, Kind.DATE, Kind.ANY):
            return self.fault(node.over.span, f"a loop goes through numbers or dates, but `{text}` is a {over}")
        if isinstance(node.over, tree.Range) and (node.over.low is None or node.over.high is None):
            return self.fault(node.over.span, f"`{text}` has no end, so no loop can go through it", _ENDLESS)
        return replace(item, optional=False)

    def steps(self, node: tree.Steps) -> Type:
        """The list that `low..high` goes through: numbers or dates."""
        low, high = self.type_of(node.low), self.type_of(node.high)
        for of in (NUMBER, DATE):
            if of.accepts(low) and of.accepts(high) and of.kind in (low.kind, high.kind):
                return list_of(of)
        if Kind.ANY in (low.kind, high.kind) and {low.kind, high.kind} <= {Kind.ANY, Kind.NUMBER, Kind.DATE}:
            return list_of(self.unknown(node.low))
        sides = f"`{node.low.span.text}` is a {low} and `{node.high.span.text}` a {high}"
        return list_of(self.fault(node.span, f"a loop goes from number to number or from date to date: {sides}"))

    def loop(self, node: tree.For) -> Type:
        """A list of what the body gives, in which the variables before it are names."""
        outer = self.local
        try:
            for each in node.iterators:
                self.local = {**self.local, each.name: self.each(each)}
            return list_of(self._body(node))
        finally:
            self.local = outer

    def _body(self, node: tree.For) -> Type:
        """A body that reads `partial`, the list of what it gave before, is read once more with what it gives."""
        if not any(isinstance(part, tree.Name) and part.name == "partial" for part in tree.walk(node.body)):
            return self.type_of(node.body)
        kept, warned = (list(self.issues), self.broken, self.guessing), list(self.warnings)
        self.broken = self.guessing = True
        with self.naming({"partial": list_of(ANY)}):
            guess = self.type_of(node.body)
        if kept[2]:
            return guess
        self.issues, self.broken, self.guessing = kept
        self.warnings = warned
        with self.naming({"partial": list_of(guess)}):
            item = self.type_of(node.body)
        both = joined(guess, item)
        if both is None or replace(both, unit=guess.unit) != guess:
            return self.unknown(node.body, "give `partial` one type: the first step decides it")
        return item

    def quantified(self, node: tree.Quantified) -> Type:
        """A flag; the condition, in which the variables are names, must be one."""
        outer = self.local
        try:
            for each in node.iterators:
                self.local = {**self.local, each.name: self.each(each)}
            self.flag(node.condition, f"`{node.quantifier}` needs a yes/no value")
        finally:
            self.local = outer
        return FLAG

    def context(self, node: tree.ContextOf) -> Type:
        """A context with the types of its entries; an entry may read those before it."""
        fields: dict[str, Type] = {}
        for entry in node.entries:
            with self.naming(fields):
                type = self.type_of(entry.value)
            if entry.name in fields:
                self.fault(
                    entry.span, f"`{entry.name}` appears twice in this context", "keep one of them", code="duplicate"
                )
            self.types[id(entry)] = fields[entry.name] = type
        return context_of(fields)

    def function(self, node: tree.Function, expected: Type | None = None) -> Type:
        """The type of a function that stands where `expected`, if anything, is asked for.

        A parameter without a type, or with an open one, takes the type that it will be called with.
        """
        if node.external:
            hint = "write it in FEEL, or as a function of the service that asks"
            return self.fault(node.span, "external functions are not run", hint, code="call")
        given = expected.parameters if expected is not None else ()
        names: dict[str, Type] = {}
        for position, parameter in enumerate(node.parameters):
            if parameter.name in names:
                self.fault(
                    parameter.span,
                    f"`{parameter.name}` appears twice in this function",
                    "give one of them another name",
                    code="duplicate",
                )
            asked = given[position] if position < len(given) else None
            self.types[id(parameter)] = names[parameter.name] = self.parameter(parameter, asked)
        with self.naming(names):
            gives = self.type_of(node.body)
        if node.gives is not None:
            declared = self.named_type(node.gives, node.span)
            if is_known(declared) and not fits(declared, gives, {}):
                self.fault(node.body.span, f"the function gives a {gives}, but a {declared} is declared")
            gives = declared if is_known(declared) else gives
        type = Type(Kind.FUNCTION, parameters=tuple(names.values()), item=gives, fields=names)
        self.types[id(node)] = type
        return type

    def parameter(self, node: tree.Parameter, asked: Type | None) -> Type:
        """The type of a parameter: as declared, or as `asked` for where the function stands."""
        declared = self.named_type(node.declared, node.span) if node.declared is not None else ANY
        if asked is not None and asked.kind is not Kind.ANY and not fits(declared, asked, {}, inside=True):
            self.fault(node.span, f"`{node.name}` is declared as a {declared}, but is given a {asked}")
        if is_known(declared):
            return declared
        if asked is not None:
            return asked
        if self.broken or self.issues:
            return ANY
        message = f"the type of `{node.name}` cannot be known"
        hint = "function({}: list<number>) ..." if declared.kind is Kind.LIST else "function({}: number) ..."
        return self.fault(node.span, message, "write it: " + hint.format(node.name), code="untyped")


def _without_nulls(item: Type, condition: Expr) -> Type:
    """The type of the items that are left when the condition rules out null for them, or for a field of theirs."""
    sure = set(_not_null(condition))
    if not sure:
        return item
    fields: Mapping[str, Type] = {
        name: replace(part, optional=False) if name in sure else part for name, part in item.fields.items()
    }
    return replace(item, fields=fields, optional=item.optional and not ("item" in sure and "item" not in fields))


def _not_null(condition: Expr) -> Iterator[str]:
    """The names of which a condition says `name != null`."""
    if isinstance(condition, tree.Logic) and condition.op == "and":
        for operand in condition.operands:
            yield from _not_null(operand)
    elif isinstance(condition, tree.Comparison) and condition.op == "!=":
        for side, other in ((condition.left, condition.right), (condition.right, condition.left)):
            if isinstance(side, tree.Name) and isinstance(other, tree.Literal) and other.value is None:
                yield side.name
