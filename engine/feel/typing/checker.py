"""The type checker: the type of each part of an expression, and every fault, before anything is decided.

Strict policies are checked when they are loaded; an expression of a `.dmn` file is `untyped` instead, and shows its
faults as null when it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import assert_never

from ordain.engine.errors import Issue, did_you_mean
from ordain.engine.feel.functions.operators import ARITHMETIC, NEGATION, PROPERTIES
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Expr, Node
from ordain.engine.feel.typing.comparisons import as_duration
from ordain.engine.feel.typing.function_calls import Calls
from ordain.engine.feel.typing.number_limits import fixed
from ordain.engine.feel.typing.offsets import placed
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.joining import joined
from ordain.engine.values.types import ANY, FLAG, NULL, Kind, Limits, Type, list_of

_NONE: Mapping[str, Type] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Checked:
    """An expression whose nodes have their types, and the faults found.

    Nodes that bind a name have the name's type; a call of a built-in function, and a name that stands for one as a
    value, has the signature that was chosen. `reads` are the names that are read from around the expression, in order.
    `lenient`: nothing was checked, so types are not known. `warnings` are findings that do not refuse the expression.
    `written` is what stands in the policy, where that is not the expression itself.
    """

    tree: Expr
    issues: tuple[Issue, ...] = ()
    reads: tuple[str, ...] = ()
    lenient: bool = False
    warnings: tuple[Issue, ...] = ()
    written: str = ""

    @property
    def type(self) -> Type:
        return self.tree.type


def check(
    expression: Expr,
    scope: Mapping[str, Type],
    input: Type | None = None,
    types: Mapping[str, Type] = _NONE,
    heading: str = "",
) -> Checked:
    """Types for `expression`, whose names are those of `scope` and whose `?` has the type `input`.

    `types` are the types that the expression may name besides FEEL's own; `heading` is the column's, for messages.
    """
    checker = _Checker(scope, input, types)
    checker.heading = heading
    checker.type_of(expression)
    return Checked(
        tree.rebuilt(expression, checker.typed_node),
        tuple(checker.issues),
        reads=tuple(checker.reads),
        warnings=tuple(checker.warnings),
    )


def untyped(expression: Expr) -> Checked:
    """An expression for lenient use.

    Its `reads` are all names that it may read, those of called functions and of the fields of filtered items included.
    """
    return Checked(expression, reads=tuple(dict.fromkeys(tree.names(expression))), lenient=True)


class _Checker(Calls):
    def typed_node(self, before: Expr, node: Expr) -> Expr:
        """The node with what was found of it; `before` is the node as it was checked."""
        of = self.types.get(id(before), tree.UNTYPED)
        if isinstance(node, tree.Call | tree.Name):
            chosen = self.signatures.get(id(before))
            if chosen is not node.signature:
                return tree.with_parts(node, {"type": of, "signature": chosen})
        return node if of is node.type else tree.with_parts(node, {"type": of})

    def infer(self, node: Node) -> Type:  # noqa: C901 - one line a node
        match node:
            case tree.Literal():
                return _literal(node)
            case tree.Name():
                return self.name(node)
            case tree.Input():
                return self.input or self.fault(node.span, "`?` can be used in a cell only", code="syntax")
            case tree.Path():
                return self.path(node)
            case tree.Filter():
                return self.filter(node)
            case tree.Negate():
                return self.negation(node)
            case tree.Arithmetic():
                return self.arithmetic(node)
            case tree.Comparison():
                return self.comparison(node)
            case tree.Logic():
                return self.logic(node)
            case tree.If():
                return self.choice(node)
            case tree.Between():
                return self.between(node)
            case tree.In():
                return self.membership(node)
            case tree.Matches():
                return self.matches(node)
            case tree.Range():
                return self.range(node)
            case tree.ListOf():
                return self.list(node)
            case tree.ContextOf():
                return self.context(node)
            case tree.Steps():
                return self.steps(node)
            case tree.For():
                return self.loop(node)
            case tree.Quantified():
                return self.quantified(node)
            case tree.Function():
                return self.function(node)
            case tree.InstanceOf():
                return self.instance(node)
            case tree.Call():
                return self.call(node)
            case _:
                assert_never(node)

    def logic(self, node: tree.Logic) -> Type:
        for operand in node.operands:
            self.flag(operand, f"`{node.op}` needs a yes/no value on each side")
        return FLAG

    def instance(self, node: tree.InstanceOf) -> Type:
        self.type_of(node.value)
        self.named_type(node.named, node.span)
        return FLAG

    def path(self, node: tree.Path) -> Type:
        base = self.type_of(node.base)
        if base.kind is Kind.ANY:
            return self.unknown(node.base)
        if self.broken and base.kind is Kind.LIST and (base.item or ANY).kind is Kind.ANY:
            return ANY  # of what has faults of its own
        if base.kind is Kind.LIST and base.item and node.name in base.item.fields:
            return list_of(base.item.fields[node.name])
        if base.kind is Kind.CONTEXT and node.name in base.fields:
            return base.fields[node.name]
        if (operation := PROPERTIES.get(base.kind, {}).get(node.name)) is not None:
            gives = operation.gives
            # A bound of a range is of the range's type, and missing on a side without bound.
            return replace(base.item or ANY, optional=True) if gives.kind is Kind.ANY else gives
        return self.no_field(node, base)

    def no_field(self, node: tree.Path, base: Type) -> Type:
        known: Mapping[str, object] = base.fields if base.kind is Kind.CONTEXT else PROPERTIES.get(base.kind, {})
        if base.kind is Kind.LIST and base.item is not None:
            inner = base.item.fields or PROPERTIES.get(base.item.kind, {})
            if node.name in inner:
                hint = f"take it from each: for each in {node.base.span.text} return each.{node.name}"
                return self.fault(node.span, f"a {base} has no `{node.name}`", hint, code="unknown-field")
            known = inner
        hint = did_you_mean(node.name, known) if known else ""
        if base.kind is Kind.NULL:
            hint = "null has no fields"
        return self.fault(node.span, f"a {base} has no `{node.name}`", hint, code="unknown-field")

    def negation(self, node: tree.Negate) -> Type:
        operand = self.type_of(node.operand)
        if operand.kind is Kind.ANY:
            return self.unknown(node.operand)
        if operand.kind in NEGATION:
            value = fixed(operand)
            limits = None if value is None else Limits(NUMBERS.minus(value), NUMBERS.minus(value))
            return replace(operand, optional=False, limits=limits)
        return self.fault(node.span, f"a {operand} has no negative")

    def arithmetic(self, node: tree.Arithmetic) -> Type:
        left, right = self.type_of(node.left), self.type_of(node.right)
        if Kind.ANY in (left.kind, right.kind):
            return self.unknown(node.left if left.kind is Kind.ANY else node.right)
        operation = ARITHMETIC.get((node.op, left.kind, right.kind))
        if operation is None:
            sides = f"`{node.left.span.text}` is a {left} and `{node.right.span.text}` a {right}"
            days = {left.kind, right.kind} & {Kind.DATE, Kind.DATE_TIME, Kind.DURATION} and node.op in ("+", "-")
            number = node.left if left.kind is Kind.NUMBER else node.right if right.kind is Kind.NUMBER else None
            hint = as_duration(number) if days and number is not None else ""
            return self.fault(node.span, f"`{node.op}` does not work here: {sides}", hint)
        if left.kind is right.kind is Kind.NUMBER:
            return self.measured(node, left, right, operation.gives)
        return self.moved(node, left, right, operation.gives)

    def choice(self, node: tree.If) -> Type:
        self.flag(node.condition, "`if` needs a yes/no value")
        then, otherwise = self.type_of(node.then), self.type_of(node.otherwise)
        if then.kind is otherwise.kind is Kind.NULL:
            return NULL
        both = joined(then, otherwise)
        if both is not None:
            self.measures("`if`", node.then, then, node.otherwise, otherwise, node.span)
            return both
        if then.kind is otherwise.kind is Kind.CONTEXT:
            sides = f"`then` gives a context {_fields(then)} and `else` one {_fields(otherwise)}"
            return self.fault(node.span, sides, "give the same fields, with the same types")
        return self.fault(node.span, f"`then` gives a {then} and `else` a {otherwise}", "give both the same type")

    def list(self, node: tree.ListOf) -> Type:
        item: Type | None = None
        for part in node.items:
            part_type = self.type_of(part)
            both = joined(item, part_type) if item is not None else part_type
            if item is None or both is not None:
                item = both
            elif item.kind is part_type.kind is Kind.CONTEXT:
                sides = (
                    f"the contexts of a list have the same fields: one {_fields(item)}, then one {_fields(part_type)}"
                )
                self.fault(part.span, sides)
            else:
                self.fault(part.span, f"a list holds one type: a {item}, then a {part_type}")
        if item is not None and item.kind is Kind.NUMBER:
            self.same_unit("the list", [(part, self.types[id(part)]) for part in node.items], node.span)
        return list_of(replace(item or ANY, values=()))


def _literal(node: tree.Literal) -> Type:
    """The type of a written value, which says what is known of the value besides."""
    if node.type.kind is Kind.NUMBER and isinstance(node.value, Decimal):
        return replace(node.type, limits=Limits(node.value, node.value))
    return placed(node.type, node.value)


def _fields(context: Type) -> str:
    return "with " + (", ".join(f"{name}: {of}" for name, of in context.fields.items()) or "no fields")
