"""Calls of functions, built-in ones and values, and the conversion of what they are given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from ordain.engine.errors import NotThatType, Span
from ordain.engine.feel.functions import known
from ordain.engine.feel.runtime.conform import conforms, converted
from ordain.engine.feel.runtime.java import method
from ordain.engine.feel.runtime.loops import Loops
from ordain.engine.feel.runtime.nulls import reason
from ordain.engine.feel.signature import Signature
from ordain.engine.values.types import FunctionValue, Kind, Type, Value, kind_of

TOO_DEEP = "it calls itself too deeply"
_OUTSIDE = 10
"""Units of a call of an external function."""


class Runtime(Loops):
    """All that compiled code asks for when it runs: operators, loops, calls."""

    def convert(self, value: Value, type: Type, span: Span | None) -> Value:
        """The value as one of `type`, or null."""
        try:
            return converted(value, type)
        except NotThatType as error:
            return self.fault(str(error), span)

    def instance(self, value: Value, type: Type) -> bool:
        if value is None or type.kind is Kind.NULL:
            return value is None and type.kind is Kind.NULL
        return conforms(value, type)

    def function(
        self, parameters: tuple[tuple[str, Type], ...], gives: Type, body: Callable[..., Value], span: Span, cost: int
    ) -> FunctionValue:
        """A function of the user's own; a call is `cost` units. An argument not of its type makes the result null."""

        def called(*given: Value) -> Value:
            if len(given) != len(parameters):
                return self.fault(f"the function takes {len(parameters)} arguments, not {len(given)}", span)
            try:
                given = tuple(converted(value, of) for value, (_, of) in zip(given, parameters, strict=True))
            except NotThatType as error:
                return self.fault(f"an argument does not fit: {error}", span)
            self.spend(cost)
            return self.convert(body(*given), gives, span)

        types = (*(of for _, of in parameters), gives)
        return FunctionValue(tuple(name for name, _ in parameters), called, types=types)

    def external(self, parameters: tuple[tuple[str, Type], ...], gives: Type, mapping: Value, span: Span) -> Value:
        """A function whose mapping names a method of Java; null when that is none of those known here."""
        try:
            return self.function(parameters, gives, method(mapping, len(parameters)), span, _OUTSIDE)
        except ValueError as error:
            return self.fault(str(error), span)

    def call(self, function: Value, names: tuple[str, ...], span: Span, *arguments: Value) -> Value:
        """A call of a value. A parameter that no name gives is null (DMN 1.5, section 10.3.2.13.5)."""
        if not isinstance(function, FunctionValue):
            return self.fault(f"a {kind_of(function)} cannot be called", span)
        if names:
            given = dict(zip(names, arguments, strict=True))
            if len(given) < len(names) or not given.keys() <= set(function.parameters):
                return self.fault(f"the function's parameters are {', '.join(function.parameters) or 'none'}", span)
            arguments = tuple(given.get(name) for name in function.parameters)
        try:
            return function.call(*arguments)
        except RecursionError:
            return self.fault(TOO_DEEP, span)
        except (ArithmeticError, ValueError, TypeError) as error:
            return self.fault(reason(error, recorded=self.recorded), span)

    def builtin(self, name: str, names: tuple[str, ...], at: dt.datetime, span: Span, *arguments: Value) -> Value:
        """A call of a built-in function: its first signature that takes these values."""
        function = known(lenient=self.recorded)[name]
        if function.of_empty is not None and function.of_empty.dmn_null and arguments == ((),):
            return self.fault(function.of_empty.dmn_null, span)
        for signature in function.signatures:
            given = arranged(signature, arguments, names)
            fitting = None if given is None else _fitting(signature, given)
            if fitting is None:
                continue
            try:
                for value in fitting:
                    self.sized(value)
                if signature.counted:
                    return self.counted(signature.python, *fitting)
                given = signature.python(at, *fitting) if signature.clock else signature.python(*fitting)
                return self.made(given) if type(given) is str else given
            except RecursionError:
                return self.fault(TOO_DEEP, span)
            except (ArithmeticError, ValueError, TypeError) as error:
                return self.fault(f"`{name}`: {reason(error, recorded=self.recorded)}", span)
        kinds = ", ".join(kind_of(value) for value in arguments) or "nothing"
        return self.fault(f"`{name}` does not take {kinds}", span)

    def called(
        self, value: Value, name: str, names: tuple[str, ...], at: dt.datetime, span: Span, *arguments: Value
    ) -> Value:
        """A call by a name that is a value's and a built-in function's: only a function hides the built-in one."""
        if isinstance(value, FunctionValue):
            return self.call(value, names, span, *arguments)
        return self.builtin(name, names, at, span, *arguments)

    def as_value(self, name: str, at: dt.datetime, span: Span) -> FunctionValue:
        """A built-in function as a value."""
        signature = known(lenient=self.recorded)[name].signatures[0]
        parameters = tuple(parameter.name for parameter in signature.parameters)
        return FunctionValue(parameters, lambda *given: self.builtin(name, (), at, span, *given), name)


STRICT = Runtime(work=10**30)
"""For expressions that are run apart from a decision."""


def arranged(signature: Signature, arguments: tuple[Value, ...], names: tuple[str, ...]) -> tuple[Value, ...] | None:
    """The arguments in the order of the parameters; None when these cannot be meant.

    By name, one that is left out counts as null (DMN 1.5, section 10.3.2.13.5), unless it may be left out and none
    after it is given. The items of a function that takes any number of them are named by a number: `c1`, `c2`.
    """
    if not names:
        return arguments if signature.takes(len(arguments)) else None
    given = dict(zip(names, arguments, strict=True))
    order = [parameter.name for parameter in signature.parameters]
    if signature.repeats and len(order) == 1 and sorted(map(_numbered, names)) == list(range(1, len(names) + 1)):
        return tuple(value for _, value in sorted(given.items(), key=lambda item: _numbered(item[0])))
    if len(given) < len(names) or not given.keys() <= set(order) or (signature.repeats and order[-1] not in given):
        return None
    needed = (n for n, each in enumerate(signature.parameters) if each.name in given or not each.omittable)
    return tuple(given.get(name) for name in order[: max(needed) + 1])


def _numbered(name: str) -> int:
    """The number that a name of one letter and digits ends in; 0 for any other name."""
    return int(name[1:]) if name[:1].isalpha() and name[1:].isascii() and name[1:].isdecimal() else 0


def _fitting(signature: Signature, given: tuple[Value, ...]) -> tuple[Value, ...] | None:
    """The arguments as the signature wants them, or None."""
    fitting = []
    for position, value in enumerate(given):
        parameter = signature.parameter(position)
        if parameter is None:
            return None
        want = parameter.type
        if value is None and not want.optional:
            return None
        fitting.append(value if value is None or _suits(value, want) else _made(value, want))
        if fitting[-1] is None and value is not None:
            return None
    return tuple(fitting)


def _suits(value: Value, want: Type) -> bool:
    """Whether a value that is not null is what a parameter asks for, nulls inside it included."""
    if want.kind is Kind.ANY:
        return True
    if kind_of(value) is not want.kind:
        return False
    if want.kind is Kind.LIST and want.item is not None:
        item = want.item
        nulls = item.optional or (item.kind is Kind.ANY and item.variable != "O")
        if nulls and item.kind is Kind.ANY:
            return True
        return all(nulls if part is None else _suits(part, item) for part in value)
    if want.kind is Kind.RANGE and want.item is not None:
        return all(end is None or _suits(end, want.item) for end in (value.low, value.high))
    return True


def _made(value: Value, want: Type) -> Value:
    """The value converted to what a parameter asks for; None when it cannot be."""
    try:
        made = converted(value, want)
    except NotThatType:
        return None
    return made if made is not None and _suits(made, want) else None
