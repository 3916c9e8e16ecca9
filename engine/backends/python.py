"""Expressions as Python source.

Of a user's text only the names of facts and decisions enter the source, as string literals: values, functions and
labels are constants of the namespace, named k0, k1 ..., and names become local variables v0, v1 ... What the checker
typed needs no check at run time but one: a value that may be null is refused, by name, wherever an expression was not
written for null.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.feel import tree
from engine.feel.operators import ARITHMETIC, NEGATION, PROPERTIES
from engine.feel.tree import Expr
from engine.feel.types import Checked
from engine.values import Kind, Value


class MissingValue(Exception):
    """A null where the expression needs a value; the argument is what was asked for, as written."""


def need(asked: str) -> Any:
    raise MissingValue(asked)


def item_at(items: tuple[Any, ...], position: Any) -> Any:
    """FEEL counts from 1, and from the end when negative. Raises ValueError outside the list."""
    number = int(position)
    if number == 0 or abs(number) > len(items):
        raise ValueError(f"a list of {len(items)} has no position {number}")
    return items[number - 1 if number > 0 else number]


def each(items: tuple[Any, ...], name: str) -> tuple[Any, ...]:
    """One field of every context of a list."""
    return tuple(item[name] for item in items)


class Namespace:
    """The constants that generated code refers to. Equal scalars share a name when they print alike."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {"need": need, "MissingValue": MissingValue}
        self.values.update(item_at=item_at, each=each)
        self._names: dict[tuple[str, str | int], str] = {}

    def constant(self, value: Any) -> str:
        if value is None or value is True or value is False:
            return str(value)
        # 1.0 and 1.00 are equal but print differently, so the text is the key.
        key = (type(value).__name__, str(value) if isinstance(value, str | Decimal) else id(value))
        if key not in self._names:
            self._names[key] = name = f"k{len(self.values)}"
            self.values[name] = value
        return self._names[key]


class Expressions:
    """Writes expressions of one policy; `names` maps what they may read to Python's own local names."""

    def __init__(self, namespace: Namespace, names: Mapping[str, str]) -> None:
        self.namespace, self.names = namespace, names
        self.temporaries = 0

    def code(self, checked: Checked, *, input: str = "", asked: str = "", null_allowed: bool = False) -> str:
        """Source of an expression. `input` is the variable for `?`, and `asked` what people call it."""
        return _Writer(self, checked, input, asked).of(checked.tree, null_allowed=null_allowed)

    def temporary(self) -> str:
        self.temporaries += 1
        return f"t{self.temporaries}"


class _Writer:
    def __init__(self, shared: Expressions, checked: Checked, input: str, asked: str) -> None:
        self.shared, self.checked, self.input, self.asked = shared, checked, input, asked
        self.constant = shared.namespace.constant

    def of(self, node: Expr, *, null_allowed: bool = False) -> str:
        """Source of `node`; unless null is allowed, one that may be null is guarded."""
        if isinstance(node, tree.If):
            then, otherwise = (self.of(part, null_allowed=null_allowed) for part in (node.then, node.otherwise))
            return f"({then} if {self.of(node.condition)} else {otherwise})"
        if isinstance(node, tree.Literal) and node.value is None and not null_allowed:
            return f"need({self.constant(node.span.text)})"
        source = self.bare(node)
        if null_allowed or not self.checked.of(node).optional:
            return source
        asked = self.constant(self.asked if isinstance(node, tree.Input) else node.span.text)
        if source.isidentifier():
            return f"({source} if {source} is not None else need({asked}))"
        held = self.shared.temporary()
        return f"({held} if ({held} := {source}) is not None else need({asked}))"

    def bare(self, node: Expr) -> str:
        match node:
            case tree.Literal():
                return self.constant(node.value)
            case tree.Name():
                return self.shared.names[node.name]
            case tree.Input():
                return self.input
            case tree.Path():
                return self.path(node)
            case tree.Index():
                return f"item_at({self.of(node.base)}, {self.of(node.position)})"
            case tree.Negate():
                function = self.constant(NEGATION[self.checked.of(node.operand).kind].python)
                return f"{function}({self.of(node.operand)})"
            case tree.Arithmetic():
                kinds = (self.checked.of(node.left).kind, self.checked.of(node.right).kind)
                function = self.constant(ARITHMETIC[(node.op, *kinds)].python)
                return f"{function}({self.of(node.left)}, {self.of(node.right)})"
            case tree.Comparison():
                return self.comparison(node)
            case tree.Logic():
                operands = sorted(node.operands, key=_is_not_null_test) if node.op == "or" else node.operands
                return "(" + f" {node.op} ".join(self.of(operand) for operand in operands) + ")"
            case tree.Between():
                return f"({self.of(node.low)} <= {self.of(node.value)} <= {self.of(node.high)})"
            case tree.In():
                return self.membership(node)
            case tree.Matches():
                return self.matches(node)
            case tree.ListOf():
                return "(" + "".join(f"{self.of(item)}, " for item in node.items) + ")"
            case tree.Call():
                return self.call(node)
        raise AssertionError(f"{type(node).__name__} has no Python reading")

    def path(self, node: tree.Path) -> str:
        base, name = self.of(node.base), node.name
        type = self.checked.of(node.base)
        if type.kind is Kind.LIST:
            return f"each({base}, {self.constant(name)})"
        if name in type.fields:
            return f"{base}[{self.constant(name)}]"
        return f"{self.constant(PROPERTIES[type.kind][name].python)}({base})"

    def comparison(self, node: tree.Comparison) -> str:
        for side, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(side, tree.Literal) and side.value is None:
                return f"({self.of(other, null_allowed=True)} {'is' if node.op == '=' else 'is not'} None)"
        sign = "==" if node.op == "=" else node.op
        return f"({self.of(node.left)} {sign} {self.of(node.right)})"

    def membership(self, node: tree.In) -> str:
        order = sorted(node.tests, key=_is_not_null_test)
        value = self.of(node.value, null_allowed=not _is_not_null_test(order[0]))
        held = value if value.isidentifier() else self.shared.temporary()
        inner = _Writer(self.shared, self.checked, held, node.value.span.text)
        tests = " or ".join(inner.of(test) for test in order)
        return f"({tests})" if held is value else f"(({held} := {value}), ({tests}))[1]"

    def matches(self, node: tree.Matches) -> str:
        candidate = node.candidate
        if isinstance(candidate, tree.Literal) and candidate.value is None:
            return f"({self.of(node.value, null_allowed=True)} is None)"
        value = self.of(node.value)
        if isinstance(candidate, tree.Range):
            low, high = "<" if candidate.low_open else "<=", "<" if candidate.high_open else "<="
            return f"({self.of(candidate.low)} {low} {value} {high} {self.of(candidate.high)})"
        kinds = (self.checked.of(candidate).kind, self.checked.of(node.value).kind)
        sign = "in" if kinds[0] is Kind.LIST and kinds[1] is not Kind.LIST else "=="
        return f"({value} {sign} {self.of(candidate)})"

    def call(self, node: tree.Call) -> str:
        arguments = ", ".join(self.of(argument) for argument in node.arguments)
        if node.function == "not":
            return f"(not {arguments})"
        signature = self.checked.signatures[id(node)]
        clock = "at, " if signature.clock and arguments else "at" if signature.clock else ""
        return f"{self.constant(signature.python)}({clock}{arguments})"


def _is_not_null_test(test: Expr) -> bool:
    """Whether a test asks for something else than null: those that ask for null come first, and shield the others."""
    candidate = test.candidate if isinstance(test, tree.Matches) else None
    return not (isinstance(candidate, tree.Literal) and candidate.value is None)


def constant_value(checked: Checked) -> tuple[bool, Value]:
    """Whether an expression is a literal, and its value."""
    return isinstance(checked.tree, tree.Literal), getattr(checked.tree, "value", None)
