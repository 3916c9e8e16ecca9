"""The strict reading: types are known, so the source is plain Python.

One check is left for run time: a value that may be null is refused, by name, wherever an expression was not written
for null.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from operator import itemgetter
from typing import Any

from ordain.engine.backends.plan import is_needed, is_null_test, null_first
from ordain.engine.backends.python.writing import Shared, Writer
from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.feel.functions.operators import ARITHMETIC, COMPARISON, NEGATION, PROPERTIES
from ordain.engine.feel.runtime.calls import arranged
from ordain.engine.feel.runtime.work import cost
from ordain.engine.feel.signature import Signature
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Expr, Node
from ordain.engine.values.types import FunctionValue, Kind

_WITH_OFFSET = (Kind.TIME, Kind.DATE_TIME)
"""Kinds of which one value may have an offset and another none; Python's own comparison refuses those."""


_BETWEEN: dict[tuple[bool, bool], Callable[[Any, Any, Any], bool]] = {
    (False, False): lambda low, value, high: low <= value <= high,
    (False, True): lambda low, value, high: low <= value < high,
    (True, False): lambda low, value, high: low < value <= high,
    (True, True): lambda low, value, high: low < value < high,
}
"""By whether the low and the high end is open."""


_FAR = Decimal(10**9)


Bare = (
    Shared
    | tree.Name
    | tree.Path
    | tree.Filter
    | tree.Negate
    | tree.Arithmetic
    | tree.Comparison
    | tree.Logic
    | tree.Between
    | tree.In
    | tree.Matches
    | tree.Call
)
"""Every node but `if`, whose branches are guarded and not itself."""


class StrictWriter(Writer):
    def source(self, node: Node, null_allowed: bool) -> str:
        """Source of `node`; unless null is allowed, one that may be null is guarded."""
        if isinstance(node, tree.If):
            then, otherwise = (self.of(part, null_allowed=null_allowed) for part in (node.then, node.otherwise))
            return f"({then} if {self.of(node.condition)} else {otherwise})"
        if isinstance(node, tree.Literal) and node.value is None and not null_allowed:
            return f"need({self.constant(node.span.text)})"
        source = self.bare(node)
        of = node.type
        if null_allowed or not (of.optional or of.kind is Kind.NULL):
            return source
        asked = self.constant(self.asked if isinstance(node, tree.Input) else node.span.text)
        if source.isidentifier():
            return f"({source} if {source} is not None else need({asked}))"
        held = self.variable()
        return f"({held} if ({held} := {source}) is not None else need({asked}))"

    def bare(self, node: Bare) -> str:
        match node:
            case tree.Name():
                return self.name(node)
            case tree.Path():
                return self.path(node)
            case tree.Filter():
                return self.filter(node)
            case tree.Negate():
                function = self.constant(NEGATION[node.operand.type.kind].python)
                return f"{function}({self.of(node.operand)})"
            case tree.Arithmetic():
                if (known := _known(node)) is not None:
                    return self.constant(known)
                function = self.constant(ARITHMETIC[(node.op, node.left.type.kind, node.right.type.kind)].python)
                source = f"{function}({self.of(node.left)}, {self.of(node.right)})"
                return f"z.made({source})" if node.left.type.kind is Kind.TEXT else source
            case tree.Comparison():
                return self.comparison(node)
            case tree.Logic():
                operands = null_first(node.operands) if node.op == "or" else node.operands
                return "(" + f" {node.op} ".join(self.of(operand) for operand in operands) + ")"
            case tree.Between() if node.value.type.kind in _WITH_OFFSET:
                value, low, high = self.of(node.value), self.of(node.low), self.of(node.high)
                return f"z.between({value}, {low}, {high}, {self.constant(node.span)})"
            case tree.Between():
                bounds = tree.Range(node.span, node.low, node.high, False, False)
                return self.inside(self.of(node.value), bounds)
            case tree.In():
                return self.membership(node)
            case tree.Matches():
                return self.matches(node)
            case tree.Call():
                return self.call(node)
            case _:
                return self.shared(node)

    def name(self, node: tree.Name) -> str:
        source = self.known(node.name)
        if source is not None:
            return source
        signature = node.signature or FUNCTIONS[node.name].signatures[0]
        parameters = tuple(parameter.name for parameter in signature.parameters)
        if signature.counted:
            python, names = self.constant(signature.python), self.constant(parameters)
            made = f"lambda *given: z.counted({python}, *given)"
            return f"{self.constant(FunctionValue)}({names}, {made}, {self.constant(node.name)})"
        return self.constant(FunctionValue(parameters, signature.python, node.name))

    def path(self, node: tree.Path) -> str:
        base, name = self.of(node.base), node.name
        of = node.base.type
        if of.kind is Kind.LIST:
            return f"tuple(map({self.constant(itemgetter(name))}, z.spent({base})))"
        if name in of.fields:
            return f"{base}[{self.constant(name)}]"
        return f"{self.constant(PROPERTIES[of.kind][name].python)}({base})"

    def filter(self, node: tree.Filter) -> str:
        base = self.of(node.base)
        item = self.variable()
        of = node.base.type.item
        fields = {name: f"{item}[{self.constant(name)}]" for name in (of.fields if of is not None else ())}
        names = {"item": item, **fields}
        if node.condition.type.kind is Kind.NUMBER:
            match node.condition:
                case tree.Literal(value=Decimal() as position) if abs(position) < _FAR and position == int(position):
                    return f"z.item({base}, {int(position)}, {self.constant(position)})"
            if names.keys().isdisjoint(tree.names(node.condition)):
                return f"z.at({base}, {self.of(node.condition)})"
            return f"z.position({base}, lambda {item}: {self.within(names).of(node.condition)})"
        condition = self.within(names).of(node.condition)
        # A function of the item, not a condition in place: a walrus may not stand in the source of a comprehension.
        return f"tuple(filter(lambda {item}: {condition}, z.spent({base}, {cost(node.condition)})))"

    def comparison(self, node: tree.Comparison) -> str:
        for side, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(side, tree.Literal) and side.value is None:
                return f"({self.of(other, null_allowed=True)} {'is' if node.op == '=' else 'is not'} None)"
        if node.left.type.kind in _WITH_OFFSET:
            return f"{self.constant(COMPARISON[node.op])}({self.of(node.left)}, {self.of(node.right)})"
        sign = "==" if node.op == "=" else node.op
        texts = not isinstance(node.right, tree.Literal)  # with a written one no more is looked at than that is long
        return f"({self.gone_through(node.left, texts=texts)} {sign} {self.of(node.right)})"

    def membership(self, node: tree.In) -> str:
        order = null_first(node.tests)
        value = self.of(node.value, null_allowed=is_null_test(order[0]))
        held = value if value.isidentifier() else self.variable()
        inner = self.asking(held, node.value.span.text)
        tests = " or ".join(inner.of(test) for test in order)
        return f"({tests})" if held is value else f"(({held} := {value}), ({tests}))[1]"

    def matches(self, node: tree.Matches) -> str:
        candidate = node.candidate
        if isinstance(candidate, tree.Literal) and candidate.value is None:
            return f"({self.of(node.value, null_allowed=True)} is None)"
        value = self.of(node.value)
        if node.value.type.kind in _WITH_OFFSET:
            return f"z.matches({value}, {self.of(candidate)}, {self.constant(node.span)})"
        if isinstance(candidate, tree.Range) and node.value.type.kind is not Kind.RANGE:
            return self.inside(value, candidate)
        of, asked = candidate.type, node.value.type
        if of.kind is Kind.RANGE or (of.kind is Kind.LIST and of.item is not None and of.item.kind is Kind.RANGE):
            return f"z.matches({value}, {self.of(candidate)}, {self.constant(node.span)})"
        sign = "in" if of.kind is Kind.LIST and asked.kind is not Kind.LIST else "=="
        return f"({value} {sign} {self.gone_through(candidate)})"

    def inside(self, value: str, bounds: tree.Range) -> str:
        """Whether a value lies within bounds. One that may fail is looked at, also when the other settles it."""
        if bounds.low is not None and bounds.high is not None and not self.sure(bounds.high):
            function = self.constant(_BETWEEN[bounds.low_open, bounds.high_open])
            return f"{function}({self.of(bounds.low)}, {value}, {self.of(bounds.high)})"
        low, high = "<" if bounds.low_open else "<=", "<" if bounds.high_open else "<="
        before = f"{self.of(bounds.low)} {low} " if bounds.low is not None else ""
        after = f" {high} {self.of(bounds.high)}" if bounds.high is not None else ""
        return f"({before}{value}{after})"

    def sure(self, node: Expr) -> bool:
        """Whether a part gives a value without fail."""
        return isinstance(node, tree.Literal) or (isinstance(node, tree.Name) and not node.type.optional)

    def function(self, node: tree.Function) -> str:
        variables = {parameter.name: self.variable() for parameter in node.parameters}
        body = self.within(variables).entry_value(node.body)
        for parameter in node.parameters:
            if is_needed(parameter):
                given = variables[parameter.name]
                body = f"({body} if {given} is not None else need({self.constant(parameter.name)}))"
        make, names = self.constant(FunctionValue), self.constant(tuple(variables))
        # `spend` gives None: every call is counted before it begins.
        body = f"z.spend({cost(node.body)}) or {body}"
        return f"{make}({names}, lambda {', '.join(variables.values())}: {body})"

    def call(self, node: tree.Call) -> str:
        signature = node.signature
        if signature is None:
            arguments = ", ".join(self.of(argument, null_allowed=True) for argument in node.arguments)
            if node.names:
                names = self.constant(node.names)
                return f"z.call({self.of(node.function)}, {names}, {self.constant(node.span)}, {arguments})"
            return f"{self.of(node.function)}.call({arguments})"
        given = arranged(signature, node.arguments, node.names) or ()
        if (prepared := _prepared(signature, given)) is not None:
            return f"{self.constant(prepared)}({self.argument(given[0], signature.parameter(0))})"
        arguments = ", ".join(self.argument(part, signature.parameter(n)) for n, part in enumerate(given))
        if FUNCTIONS[node.called].negates and not signature.gives.optional:
            return f"(not {arguments})"
        if signature.counted:
            return f"z.counted({self.constant(signature.python)}, {arguments})"
        clock = "at, " if signature.clock and arguments else "at" if signature.clock else ""
        source = f"{self.constant(signature.python)}({clock}{arguments})"
        return f"z.made({source})" if signature.gives.kind is Kind.TEXT else source

    def argument(self, node: Expr | None, parameter: object) -> str:
        if node is None:
            return "None"
        null_allowed = getattr(getattr(parameter, "type", None), "optional", False)
        return self.gone_through(node, null_allowed=null_allowed, texts=True)

    def gone_through(self, node: Expr, *, null_allowed: bool = False, texts: bool = False) -> str:
        """Source of a part that is looked at with all that is in it: a list, a context, or of `texts` one."""
        source = self.of(node, null_allowed=null_allowed)
        if texts and node.type.kind is Kind.TEXT and not isinstance(node, tree.Literal):
            return f"z.sized({source})"
        return f"z.sized({source})" if node.type.kind in (Kind.LIST, Kind.CONTEXT) else source


def _prepared(signature: Signature, given: tuple[Expr | None, ...]) -> Callable[..., Any] | None:
    """The function with its second argument put in, when that is written and any good."""
    match given:
        case (_, tree.Literal(value=Decimal() as value)) if signature.prepared is not None:
            try:
                return signature.prepared(value)
            except (ValueError, ArithmeticError):
                return None  # it says so when it is decided
    return None


def _known(node: Expr) -> Decimal | None:
    """The number that written numbers come to; None for anything else, and for what has no result."""
    match node:
        case tree.Literal(value=Decimal() as value):
            return value
        case tree.Arithmetic() if (left := _known(node.left)) is not None and (right := _known(node.right)) is not None:
            try:
                result = ARITHMETIC[(node.op, Kind.NUMBER, Kind.NUMBER)].python(left, right)
            except ArithmeticError:
                return None  # it says so when it is decided
            return result if isinstance(result, Decimal) else None
    return None
