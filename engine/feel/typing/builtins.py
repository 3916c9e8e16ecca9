"""The typing rules of built-in functions: which signature a call means, and what it gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ordain.engine.errors import did_you_mean
from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.feel.functions.entry import ByText, Function
from ordain.engine.feel.functions.result_rules import NotKnown
from ordain.engine.feel.signature import Signature
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Expr
from ordain.engine.feel.typing.comparisons import Comparisons
from ordain.engine.feel.typing.fitting import Bound, fits, parts, substituted
from ordain.engine.feel.typing.scopes import Scopes
from ordain.engine.values.joining import joined
from ordain.engine.values.types import ANY, Kind, Type, list_of

_ANY_FUNCTION = Type(Kind.FUNCTION)

Placed = tuple[Expr | None, ...]
"""The arguments in the order of the parameters; None for one that is left out."""


class Builtins(Comparisons, Scopes):
    def typed(self, arguments: Iterable[Expr]) -> tuple[Type, ...]:
        """The type of each argument, in order."""
        return tuple(self.type_of(argument) for argument in arguments)

    def builtin_call(self, node: tree.Call, function: Function) -> Type:
        """What a call gives: the first signature that takes the arguments is the one that is meant."""
        if node.names and not self.names_fit(node, _named(function), function.signatures):
            self.typed(argument for argument in node.arguments if not self.deferred(argument))
            return ANY
        for argument in node.arguments:
            if function.loose_lists and isinstance(argument, tree.ListOf):
                self.loose(argument)
            elif not self.deferred(argument):
                self.type_of(argument)
        for signature in function.signatures:
            placed = _placed(signature, node)
            bound = None if placed is None else self.fitting(signature, placed)
            if placed is not None and bound is not None:
                return self.chosen(node, function, signature, placed, bound)
        return self.misfit(node, function)

    def deferred(self, node: Expr) -> bool:
        """Whether an argument gets its type from the parameter it stands for: a function written or named there."""
        if isinstance(node, tree.Function):
            return True
        return isinstance(node, tree.Name) and self.find(node.name) is None and node.name in FUNCTIONS

    def loose(self, node: tree.ListOf) -> None:
        """A written list whose items may be of different types; then the list is one of ANY."""
        item: Type | None = ANY
        for part in node.items:
            if isinstance(part, tree.ListOf):
                self.loose(part)
            else:
                self.type_of(part)
            item = joined(item, self.types[id(part)]) if item is not None else None
        self.types[id(node)] = list_of(item or ANY)

    def fitting(self, signature: Signature, placed: Placed) -> Bound | None:
        """What the type variables stand for when the arguments fit; None when they do not."""
        bound: Bound = {}
        for position, argument in enumerate(placed):
            parameter = signature.parameter(position)
            if parameter is None or (argument is None and not (parameter.omittable or parameter.type.optional)):
                return None
            if argument is None:
                continue
            if self.deferred(argument):
                if not _may_be_function(parameter.type, argument):
                    return None
            elif not self.stands(parameter.type, argument, bound):
                return None
        return bound

    def stands(self, want: Type, argument: Expr, bound: Bound) -> bool:
        """Whether an argument may stand for a parameter; a written list of several types is looked at item by item."""
        have, item = self.types[id(argument)], want.item or ANY
        if not fits(want, have, bound):
            return False
        if isinstance(argument, tree.ListOf) and argument.items and have == list_of(ANY) and not item.variable:
            return all(fits(item, self.types[id(part)], bound, inside=True) for part in argument.items)
        return True

    def chosen(self, node: tree.Call, function: Function, signature: Signature, placed: Placed, bound: Bound) -> Type:
        """What a call gives by the signature that it means, which is kept for the node."""
        self.signatures[id(node)] = signature
        self.declared_items(signature, placed)
        for position, argument in enumerate(placed):
            parameter = signature.parameter(position)
            if argument is not None and parameter is not None and self.deferred(argument):
                self.as_function(argument, parameter.type, bound)
        gives = self.gives(node, function, signature, placed, bound)
        gives = self.told(node, function, signature, self.kept(node, function, gives))
        takes = tuple(substituted(parameter.type, bound) for parameter in signature.parameters)
        self.types[id(node.function)] = Type(Kind.FUNCTION, parameters=takes, item=gives)
        return gives

    def as_function(self, argument: Expr, want: Type, bound: Bound) -> None:
        """Checks a function that stands as an argument, and binds what it gives."""
        expected = substituted(want, bound)
        if isinstance(argument, tree.Function):
            before = len(self.issues)
            have = self.function(argument, expected)
            if len(self.issues) == before and not fits(want, have, bound):
                gives = have.item or ANY
                self.fault(argument.body.span, f"the function must give a {expected.item}, but gives a {gives}")
            return
        assert isinstance(argument, tree.Name)  # noqa: S101 - all that is deferred is a function or a name
        fitting = [s for s in FUNCTIONS[argument.name].signatures if fits(want, _type_of_signature(s), dict(bound))]
        self.types[id(argument)] = expected
        if len(fitting) != 1:
            hint = f"write it out: function({', '.join('abcdefgh'[: len(want.parameters)])}) ..."
            self.fault(argument.span, f"`{argument.name}` cannot be used as a {expected}", hint)
            return
        self.types[id(argument)], self.signatures[id(argument)] = _type_of_signature(fitting[0]), fitting[0]
        fits(want, _type_of_signature(fitting[0]), bound)

    def gives(self, node: tree.Call, function: Function, signature: Signature, placed: Placed, bound: Bound) -> Type:
        """The type of the result by the signature and the entry, before units and offsets."""
        if function.result_rule is not None and not self.broken and not self.issues:
            try:
                given = [part for part in placed if part is not None]
                return function.result_rule(given, lambda part: self.types[id(part)])
            except NotKnown as error:
                return self.fault(node.span, str(error), error.hint)
        if function.by_text is not None:
            return self.told_by_text(node, function.by_text, signature, placed[0])
        if any(part.kind is Kind.ANY and not part.variable for part in parts(signature.gives)) and not self.issues:
            return self.unknown(node)
        return substituted(signature.gives, bound)

    def told_by_text(self, node: tree.Call, by_text: ByText, signature: Signature, argument: Expr | None) -> Type:
        """What `duration("P1Y")` or `range("[1..5]")` is, the text alone says, when it is written there."""
        otherwise = by_text.otherwise
        if isinstance(argument, tree.Literal):
            try:
                return by_text.type_of(signature.python(argument.value)) or self.unknown(node)
            except (ValueError, ArithmeticError, TypeError) as error:
                # A text that could be another is told when it is read.
                return signature.gives if otherwise else self.fault(node.span, str(error), code="value")
        if otherwise is None:
            return self.unknown(node, "write the text itself there, in quotes")
        self.signatures[id(node)] = replace(signature, python=otherwise)
        return signature.gives

    def declared_items(self, signature: Signature, placed: Placed) -> None:
        """A text that is looked for among declared values must be one of them; one that is added need not be."""
        added = {part.variable for part in parts(signature.gives)}
        for position, argument in enumerate(placed):
            parameter = signature.parameter(position)
            variable = parameter.type.variable if parameter is not None else ""
            if argument is None or not variable or variable in added:
                continue
            before: Bound = {}
            for earlier, other in enumerate(placed[:position]):
                among = signature.parameter(earlier)
                if among is not None and other is not None and not self.deferred(other):
                    fits(among.type, self.types[id(other)], before)
            self.declared(before.get(variable, ANY), argument)

    def misfit(self, node: tree.Call, function: Function) -> Type:
        """Notes that no signature takes the arguments, with what they are and an example."""
        types = [_ANY_FUNCTION if self.deferred(part) else self.types[id(part)] for part in node.arguments]
        said, hint = [], f"example: {function.example}"
        for part, of in zip(node.arguments, types, strict=True):
            said.append("function" if of is _ANY_FUNCTION else str(of))
            if of.kind is Kind.LIST and of.item is not None and of.item.optional:
                said[-1] += " with nulls"
                hint = f"take the nulls out first: {part.span.text}[item != null]"
        given = ", ".join(said) or "nothing"
        return self.fault(node.span, f"`{node.called}` does not take {given}", hint, code="call")

    def names_fit(self, node: tree.Call, known: Sequence[Sequence[str]], signatures: Sequence[Signature]) -> bool:
        """Whether a call by name names what one signature has, each once, and all that it needs."""
        every = {name: None for names in known for name in names}
        called = f"`{node.function.span.text}`"
        for position, (name, argument) in enumerate(zip(node.names, node.arguments, strict=True)):
            if name not in every:
                self.fault(argument.span, f"{called} has no parameter `{name}`", did_you_mean(name, every), code="call")
                return False
            if name in node.names[:position]:
                self.fault(argument.span, f"`{name}` is given twice", "keep one of them", code="call")
                return False
        nearest = max(known, key=lambda names: len(set(names) & set(node.names)))
        if not set(node.names) <= set(nearest):
            self.fault(node.span, f"{called} does not take these together: {', '.join(node.names)}", code="call")
            return False
        for index, names in enumerate(known):
            needed = [p.name for p in signatures[index].parameters if not p.omittable] if signatures else names
            if set(node.names) <= set(names) and set(needed) <= set(node.names):
                return True
        chosen = signatures[known.index(nearest)] if signatures else None
        needed = [p.name for p in chosen.parameters if not p.omittable] if chosen is not None else nearest
        missing = next(name for name in needed if name not in node.names)
        hint = f"it takes {chosen.text}" if chosen is not None else f"it takes {', '.join(nearest)}"
        self.fault(node.span, f"`{missing}` is missing in the call of {called}", hint, code="call")
        return False


def _named(function: Function) -> list[tuple[str, ...]]:
    return [tuple(parameter.name for parameter in signature.parameters) for signature in function.signatures]


def _placed(signature: Signature, node: tree.Call) -> Placed | None:
    """The arguments by position; None when they are not those of the signature by number or name."""
    if not node.names:
        return node.arguments if signature.takes(len(node.arguments)) else None
    given: Mapping[str, Expr] = dict(zip(node.names, node.arguments, strict=True))
    names = [parameter.name for parameter in signature.parameters]
    if not given.keys() <= set(names):
        return None
    last = max((names.index(name) for name in given), default=-1)
    placed = tuple(given.get(name) for name in names[: last + 1])
    return placed if signature.takes(len(placed)) else None


def _may_be_function(want: Type, argument: Expr) -> bool:
    if want.kind is not Kind.FUNCTION:
        return want.kind is Kind.ANY
    return not isinstance(argument, tree.Function) or len(argument.parameters) == len(want.parameters)


def _type_of_signature(signature: Signature) -> Type:
    """The type of a built-in function as a value; its own variables are left open."""
    takes = tuple(replace(substituted(p.type, {}), optional=p.type.optional) for p in signature.parameters)
    return Type(Kind.FUNCTION, parameters=takes, item=substituted(signature.gives, {}))
