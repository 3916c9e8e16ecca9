"""The typing rules of calls: whether a name is a built-in function or a value, and of functions as values."""

from __future__ import annotations

from ordain.engine.errors import did_you_mean
from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.typing.builtins import Builtins
from ordain.engine.feel.typing.fitting import fits
from ordain.engine.values.types import ANY, Kind, Type


class Calls(Builtins):
    def call(self, node: tree.Call) -> Type:
        """What a call gives. A function hides the built-in one of its name; another value of that name does not."""
        if isinstance(node.function, tree.Function):
            return self.called_at_once(node, node.function)
        if not node.called:
            return self.value_call(node)
        known, builtin = self.find(node.called), FUNCTIONS.get(node.called)
        if known is not None and (builtin is None or known.kind is Kind.FUNCTION):
            return self.value_call(node)
        if builtin is None:
            self.typed(node.arguments)
            family = [name for name in FUNCTIONS if name.startswith(f"{node.called.lower()} ")]
            hint = f"the functions: {', '.join(_halves_first(family))}" if len(family) > 1 else ""
            hint = hint or did_you_mean(node.called, FUNCTIONS)
            return self.fault(node.span, f"there is no function `{node.called}`", hint, code="unknown-function")
        return self.builtin_call(node, builtin)

    def called_at_once(self, node: tree.Call, function: tree.Function) -> Type:
        """`(function(a) a + 1)(2)`: the parameters have the types of the arguments."""
        given = self.typed(node.arguments)
        if node.names:
            by_name = dict(zip(node.names, given, strict=True))
            given = tuple(by_name.get(parameter.name, ANY) for parameter in function.parameters)
        before = len(self.issues)
        type = self.function(function, Type(Kind.FUNCTION, parameters=given))
        return self.applied(node, type, given) if len(self.issues) == before else type.item or ANY

    def value_call(self, node: tree.Call) -> Type:
        """What a call of a value gives, which must be a function."""
        function = self.type_of(node.function)
        types = []
        for position, argument in enumerate(node.arguments):
            want = _parameter(function, node.names[position] if node.names else position)
            if want.kind is Kind.FUNCTION and self.deferred(argument):
                self.as_function(argument, want, {})
            else:
                self.type_of(argument)
            types.append(self.types[id(argument)])
        return self.applied(node, function, tuple(types))

    def applied(self, node: tree.Call, function: Type, types: tuple[Type, ...]) -> Type:
        """What a function gives for arguments of these types."""
        text = node.function.span.text
        if function.kind is Kind.ANY:
            return self.unknown(node.function)
        if function.kind is not Kind.FUNCTION:
            return self.fault(node.span, f"`{text}` is a {function}, not a function")
        if node.names:
            names = tuple(function.fields)
            if not names and function.parameters:
                hint = "give its arguments in their order"
                return self.fault(
                    node.span, f"the names of the parameters of `{text}` are not known", hint, code="call"
                )
            if not self.names_fit(node, [names], ()):
                return function.item or ANY
            types = tuple(types[node.names.index(name)] for name in names)
        if len(types) != len(function.parameters):
            wanted = len(function.parameters)
            counts = (
                f"takes {wanted} argument{'s' * (wanted != 1)}, and {len(types)} {'are' if len(types) != 1 else 'is'}"
            )
            return self.fault(node.span, f"`{text}` {counts} given", _describe_function(function), code="call")
        order = [node.names.index(name) for name in function.fields] if node.names else range(len(types))
        for position, want, have in zip(order, function.parameters, types, strict=True):
            if not fits(want, have, {}):
                argument = node.arguments[position]
                message = f"`{text}` takes a {want} here, but `{argument.span.text}` is a {have}"
                self.fault(argument.span, message, _describe_function(function))
        return function.item or ANY


def _halves_first(names: list[str]) -> list[str]:
    """`round half up` before `round up`, which hardly anybody means by `round`."""
    return sorted(names, key=lambda name: (" half " not in name, not name.endswith(" up")))


def _parameter(function: Type, place: str | int) -> Type:
    """The type of a parameter by name or position; ANY when the function has none there."""
    if isinstance(place, str):
        return function.fields.get(place, ANY)
    return function.parameters[place] if place < len(function.parameters) else ANY


def _describe_function(function: Type) -> str:
    if len(function.fields) != len(function.parameters):
        return f"it is a {function}"
    named = ", ".join(f"{name}: {of}" for name, of in function.fields.items())
    return f"it is function({named})"
