"""The type checker: the type of each part of an expression, and every fault, before anything is decided."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.errors import Issue, Span, did_you_mean
from engine.feel import tree
from engine.feel.functions import FUNCTIONS, Signature
from engine.feel.operators import ARITHMETIC, NEGATION, ORDERED, PROPERTIES
from engine.feel.tree import Expr
from engine.values import ANY, FLAG, NULL, Kind, Type, list_of


@dataclass(frozen=True, slots=True)
class Checked:
    """An expression with the type of each of its nodes, by the node's identity, and the faults found."""

    tree: Expr
    types: Mapping[int, Type]
    signatures: Mapping[int, Signature]
    issues: tuple[Issue, ...]

    @property
    def type(self) -> Type:
        return self.types[id(self.tree)]

    def of(self, node: Expr) -> Type:
        return self.types[id(node)]


def check(expression: Expr, scope: Mapping[str, Type], input: Type | None = None) -> Checked:
    """Types for `expression`, whose names are those of `scope` and whose `?` has the type `input`."""
    checker = _Checker(scope, input)
    checker.type_of(expression)
    return Checked(expression, checker.types, checker.signatures, tuple(checker.issues))


class _Checker:
    def __init__(self, scope: Mapping[str, Type], input: Type | None) -> None:
        self.scope, self.input, self.asked = scope, input, "the column"
        self.types: dict[int, Type] = {}
        self.signatures: dict[int, Signature] = {}
        self.issues: list[Issue] = []
        self.broken = False

    def fault(self, span: Span, message: str, hint: str = "") -> Type:
        self.issues.append(Issue(message, hint, span))
        return ANY

    def unknown(self, node: Expr) -> Type:
        """A part without a type is a fault of its own, unless one was found in it already."""
        self.broken = self.broken or (isinstance(node, tree.Name) and self.scope.get(node.name) == ANY)
        if self.broken or self.issues:
            return ANY
        return self.fault(node.span, f"the type of `{node.span.text}` cannot be known")

    def type_of(self, node: Expr) -> Type:
        found = self._infer(node)
        self.types[id(node)] = found
        return found

    def _infer(self, node: Expr) -> Type:
        match node:
            case tree.Literal():
                return node.type
            case tree.Name():
                return self.name(node)
            case tree.Input():
                return self.input or self.fault(node.span, "`?` has a meaning only in a cell")
            case tree.Path():
                return self.path(node)
            case tree.Index():
                return self.index(node)
            case tree.Negate():
                return self.negation(node)
            case tree.Arithmetic():
                return self.arithmetic(node)
            case tree.Comparison():
                return self.comparison(node)
            case tree.Logic():
                for operand in node.operands:
                    self.flag(operand, f"`{node.op}` joins")
                return FLAG
            case tree.If():
                return self.choice(node)
            case tree.Between():
                for bound in (node.low, node.high):
                    self.comparable("between", node.value, bound, node.span)
                return FLAG
            case tree.In():
                return self.membership(node)
            case tree.Matches():
                return self.matches(node)
            case tree.Range():
                return self.fault(node.span, "a range stands only in a cell or after `in`")
            case tree.ListOf():
                return self.list(node)
            case tree.Call():
                return self.call(node)
        raise AssertionError(f"{type(node).__name__} has no typing rule")

    def name(self, node: tree.Name) -> Type:
        if (found := self.scope.get(node.name)) is not None:
            return found
        if self.input and self.input.values:
            hint = did_you_mean(node.name, (*self.input.values, *self.scope))
            return self.fault(node.span, f"`{node.name}` is neither one of the values nor a fact", hint)
        return self.fault(node.span, f"`{node.name}` is no fact known here", did_you_mean(node.name, self.scope))

    def flag(self, node: Expr, what: str) -> None:
        found = self.type_of(node)
        if not FLAG.accepts(found):
            self.fault(node.span, f"{what} flags, but `{node.span.text}` is a {found}")

    def path(self, node: tree.Path) -> Type:
        base = self.type_of(node.base)
        if base.kind is Kind.ANY:
            return self.unknown(node.base)
        if base.kind is Kind.LIST and base.item and node.name in base.item.fields:
            return list_of(base.item.fields[node.name])
        if node.name in base.fields:
            return base.fields[node.name]
        if (operation := PROPERTIES.get(base.kind, {}).get(node.name)) is not None:
            return operation.gives
        known = base.fields or PROPERTIES.get(base.kind, {})
        return self.fault(node.span, f"a {base} has no `{node.name}`", did_you_mean(node.name, known))

    def index(self, node: tree.Index) -> Type:
        base, position = self.type_of(node.base), self.type_of(node.position)
        if position.kind is not Kind.NUMBER or base.kind is not Kind.LIST:
            return self.fault(node.span, f"a {base} has no position of type {position}")
        return base.item or ANY

    def negation(self, node: tree.Negate) -> Type:
        operand = self.type_of(node.operand)
        if operand.kind is Kind.ANY:
            return self.unknown(node.operand)
        if operand.kind in NEGATION:
            return replace(operand, optional=False)
        return self.fault(node.span, f"a {operand} has no negative")

    def arithmetic(self, node: tree.Arithmetic) -> Type:
        left, right = self.type_of(node.left), self.type_of(node.right)
        if Kind.ANY in (left.kind, right.kind):
            return self.unknown(node.left if left.kind is Kind.ANY else node.right)
        operation = ARITHMETIC.get((node.op, left.kind, right.kind))
        if operation is None:
            sides = f"`{node.left.span.text}` is a {left} and `{node.right.span.text}` a {right}"
            return self.fault(node.span, f"`{node.op}` does not work here: {sides}")
        return operation.gives

    def comparison(self, node: tree.Comparison) -> Type:
        if node.op not in ("=", "!="):
            self.comparable(node.op, node.left, node.right, node.span)
            return FLAG
        left, right = self.type_of(node.left), self.type_of(node.right)
        if Kind.NULL not in (left.kind, right.kind) and not left.accepts(right):
            self.unlike(node.op, node.left, left, node.right, right, node.span)
        self.declared(left, node.right)
        self.declared(right, node.left)
        return FLAG

    def comparable(self, op: str, left: Expr, right: Expr, span: Span) -> Type:
        one, other = self.types.get(id(left)) or self.type_of(left), self.type_of(right)
        if not one.accepts(other):
            self.unlike(op, left, one, right, other, span)
        elif one.kind not in ORDERED and one.kind is not Kind.ANY:
            self.fault(span, f"`{op}` needs an order, and a {one} has none")
        return one if one.kind is not Kind.ANY else other

    def unlike(self, op: str, left: Expr, one: Type, right: Expr, other: Type, span: Span) -> None:
        sides = f"`{left.span.text}` is a {one} and `{right.span.text}` a {other}"
        if isinstance(left, tree.Input):
            sides = f"{self.asked} is a {one} and `{right.span.text}` a {other}"
        hint = ""
        if (one.kind, other.kind) == (Kind.NUMBER, Kind.TEXT):
            hint = "write the number without quotes"
        elif (one.kind, other.kind) == (Kind.TEXT, Kind.NUMBER):
            hint = 'put text in double quotes: "text"'
        elif Kind.NULL in (one.kind, other.kind):
            hint = "null has no order; ask `= null` or `!= null`"
        elif Kind.DATE in (one.kind, other.kind) and re.search(r"\d{4}-\d\d?-\d\d?", right.span.text):
            hint = 'write a date as @"2026-01-31"'
        self.fault(span, f"`{op}` cannot compare them: {sides}", hint)

    def declared(self, of: Type, node: Expr) -> None:
        """A text literal that stands against declared values must be one of them."""
        if not (of.values and isinstance(node, tree.Literal) and isinstance(node.value, str)):
            return
        if node.value not in of.values:
            hint = did_you_mean(node.value, of.values)
            self.fault(node.span, f"`{node.value}` is none of the declared values", hint)

    def choice(self, node: tree.If) -> Type:
        self.flag(node.condition, "`if` asks")
        then, otherwise = self.type_of(node.then), self.type_of(node.otherwise)
        if then.kind is Kind.NULL:
            return replace(otherwise, optional=True) if otherwise.kind is not Kind.NULL else NULL
        if otherwise.kind is Kind.NULL:
            return replace(then, optional=True)
        if not then.accepts(otherwise):
            return self.fault(node.span, f"`then` gives a {then} and `else` a {otherwise}", "give one type")
        values = (*then.values, *otherwise.values) if then.values and otherwise.values else ()
        return replace(then, values=values, optional=then.optional or otherwise.optional)

    def membership(self, node: tree.In) -> Type:
        outer = self.input, self.asked
        self.input, self.asked = self.type_of(node.value), f"`{node.value.span.text}`"
        for test in node.tests:
            self.flag(test, "`in` needs")
            if isinstance(test, tree.Matches) and (item := self.types[id(test.candidate)].item) is not None:
                self.declared(item, node.value)
        self.input, self.asked = outer
        return FLAG

    def matches(self, node: tree.Matches) -> Type:
        value = self.type_of(node.value)
        if isinstance(node.candidate, tree.Range):
            low, high = node.candidate.low, node.candidate.high
            candidate = self.comparable("..", low, high, node.candidate.span)
            known = isinstance(low, tree.Literal) and isinstance(high, tree.Literal) and not self.issues
            if known and low.value > high.value:  # type: ignore[attr-defined]  # both are literals
                self.fault(node.candidate.span, "the range is empty: it begins after its end", "swap its ends")
            self.types[id(node.candidate)] = candidate
        else:
            candidate = self.type_of(node.candidate)
        if candidate.kind is Kind.NULL or Kind.ANY in (value.kind, candidate.kind):
            return FLAG
        if isinstance(node.candidate, tree.Range):
            if not value.accepts(candidate):
                self.unlike("in", node.value, value, node.candidate, candidate, node.span)
            return FLAG
        if candidate.kind is Kind.LIST and value.kind is not Kind.LIST:
            if candidate.item and not value.accepts(candidate.item):
                self.unlike("in", node.value, value, node.candidate, candidate, node.span)
            for item in node.candidate.items if isinstance(node.candidate, tree.ListOf) else ():
                self.declared(value, item)
            self.declared(candidate.item or ANY, node.value)
            return FLAG
        if not value.accepts(candidate):
            self.unlike("=", node.value, value, node.candidate, candidate, node.span)
        self.declared(value, node.candidate)
        return FLAG

    def list(self, node: tree.ListOf) -> Type:
        item: Type | None = None
        for part in node.items:
            found = self.type_of(part)
            if item is None or item.kind is Kind.ANY:
                item = found
            elif not item.accepts(found):
                self.fault(part.span, f"a list holds one type: a {item}, then a {found}")
        return list_of(replace(item, values=()) if item else ANY)

    def call(self, node: tree.Call) -> Type:
        types = tuple(self.type_of(argument) for argument in node.arguments)
        function = FUNCTIONS.get(node.function)
        if function is None:
            hint = did_you_mean(node.function, FUNCTIONS)
            return self.fault(node.span, f"there is no function `{node.function}`", hint)
        for signature in function.signatures:
            if _fits(signature, types):
                self.signatures[id(node)] = signature
                if signature.alike and types[0].item is not None:
                    self.declared(types[0].item, node.arguments[1])
                gives = signature.gives
                return replace(gives(types) if callable(gives) else gives, optional=False)
        given = ", ".join(map(str, types)) or "nothing"
        return self.fault(node.span, f"`{node.function}` does not take {given}", f"example: {function.example}")


def _fits(signature: Signature, given: tuple[Type, ...]) -> bool:
    takes = signature.takes
    if signature.repeats and len(given) > len(takes):
        takes = takes + takes[-1:] * (len(given) - len(takes))
    if len(takes) != len(given) or not all(want.accepts(have) for want, have in zip(takes, given, strict=True)):
        return False
    compared = [t.item or ANY if t.kind is Kind.LIST else t for t in given] if signature.ordered else []
    if any(t.kind not in ORDERED and t.kind is not Kind.ANY for t in compared) or len({t.kind for t in compared}) > 1:
        return False
    return not signature.alike or (given[0].item or ANY).accepts(given[1])
