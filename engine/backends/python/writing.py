"""What the strict and the lenient reading of an expression have in common: names, constants, loops, functions.

Of a user's text only the names of facts and decisions enter the source, as string literals: values, functions and
labels are constants of the namespace, named k0, k1 ..., and names become local variables v0, v1 ... or x0, x1 ...
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from decimal import Decimal
from itertools import count
from typing import Any, assert_never, cast

from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.feel.functions.entry import Function
from ordain.engine.feel.functions.operators import less
from ordain.engine.feel.runtime.calls import STRICT
from ordain.engine.feel.runtime.missing import MissingValue, need
from ordain.engine.feel.runtime.work import cost
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Expr, Node
from ordain.engine.feel.syntax.typenames import resolve
from ordain.engine.values.types import ANY, Type


class Namespace:
    """The constants that generated code refers to. Equal scalars share a name when they print alike."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {
            "need": need,
            "MissingValue": MissingValue,
            "z": STRICT,
        }
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


Frame = Mapping[str, str] | str
"""Names and the Python expressions that give them; or the variable of an item whose fields are names too."""


Shared = (
    tree.Literal
    | tree.Input
    | tree.ListOf
    | tree.Range
    | tree.ContextOf
    | tree.Steps
    | tree.For
    | tree.Quantified
    | tree.Function
    | tree.InstanceOf
)
"""The nodes that both readings write alike, but for their parts."""


class Writer(ABC):
    """Writes one expression. `input` is the Python expression for `?`, and `asked` what people call it.

    `functions` are the built-in ones.
    """

    functions: Mapping[str, Function] = FUNCTIONS
    lenient = False

    def __init__(
        self,
        namespace: Namespace,
        frames: tuple[Frame, ...],
        input: str,
        asked: str,
        types: Mapping[str, Type],
        numbers: count[int],
    ) -> None:
        self.namespace, self.frames = namespace, frames
        self.input, self.asked, self.types, self.numbers = input, asked, types, numbers
        self.constant = namespace.constant

    def within(self, frame: Frame) -> Writer:
        """A writer that knows more names."""
        frames = (*self.frames, frame)
        return type(self)(self.namespace, frames, self.input, self.asked, self.types, self.numbers)

    def asking(self, input: str, asked: str) -> Writer:
        """A writer for tests of another value."""
        return type(self)(self.namespace, self.frames, input, asked, self.types, self.numbers)

    def variable(self) -> str:
        return f"x{next(self.numbers)}"

    def known(self, name: str) -> str | None:
        """The source for a name whose place is known when the code is written; None for any other."""
        for frame in reversed(self.frames):
            if isinstance(frame, str):
                return None
            if name in frame:
                return frame[name]
        return None

    # --- what each reading says for itself

    def of(self, node: Expr, *, null_allowed: bool = False) -> str:
        """Source of a node, and in a strict reading the guard where it may be null and must not."""
        return self.source(cast("Node", node), null_allowed)

    @abstractmethod
    def source(self, node: Node, null_allowed: bool) -> str:
        """As `of`, for a node of the closed union."""

    def entry_value(self, node: Expr) -> str:
        """Source of a part that may be null: an item, an entry of a context, the result of a function or loop."""
        return self.of(node, null_allowed=True)

    # --- what they have in common

    def shared(self, node: Shared) -> str:
        match node:
            case tree.Literal():
                return self.constant(node.value)
            case tree.Input():
                return self.input
            case tree.ListOf() if all(isinstance(item, tree.Literal) for item in node.items):
                return self.constant(tuple(item.value for item in node.items if isinstance(item, tree.Literal)))
            case tree.ListOf():
                return "(" + "".join(f"{self.entry_value(item)}, " for item in node.items) + ")"
            case tree.Range():
                return self.range(node)
            case tree.ContextOf():
                return self.context(node)
            case tree.Steps():
                return f"z.steps({self.of(node.low)}, {self.of(node.high)}, {self.constant(node.span)})"
            case tree.For():
                iterators, writer, variables = self.iterators(node.iterators)
                so_far = self.variable()
                body = writer.within({"partial": f"{so_far}()"}).entry_value(node.body)
                parameters = ", ".join((*variables, so_far))
                asked = f"{self.constant(node.span)}, {cost(node.body)}"
                return f"z.loop({asked}, lambda {parameters}: {body}, {iterators})"
            case tree.Quantified():
                iterators, writer, variables = self.iterators(node.iterators)
                condition = f"lambda {', '.join(variables)}: {writer.of(node.condition)}"
                some = node.quantifier == "some"
                asked = f"{some}, {self.constant(node.span)}, {cost(node.condition)}"
                return f"z.quantified({asked}, {condition}, {iterators})"
            case tree.Function():
                return self.function(node)
            case tree.InstanceOf():
                value = self.of(node.value, null_allowed=True)
                return f"z.instance({value}, {self.constant(self.type(node.named))})"
            case _:
                assert_never(node)

    def range(self, node: tree.Range) -> str:
        bounds = "both" if node.low and node.high else "low" if node.low else "high"
        if isinstance(node.low, tree.Literal | None) and isinstance(node.high, tree.Literal | None):
            ends = node.low and node.low.value, node.high and node.high.value
            try:
                made = STRICT.range(*ends, node.low_open, node.high_open, bounds, node.span, node.op)
                if not (self.lenient and bounds == "both" and less(ends[1], ends[0])):
                    return self.constant(made)
            except ValueError:
                pass  # it says so when it is decided
        low, high = (self.of(end) if end is not None else "None" for end in (node.low, node.high))
        sides = f"{node.low_open}, {node.high_open}, {bounds!r}"
        return f"z.range({low}, {high}, {sides}, {self.constant(node.span)}, {node.op!r})"

    def context(self, node: tree.ContextOf) -> str:
        """A dict whose later entries see the earlier ones; a function sees itself too, so it may call itself."""
        parts, writer = [], self
        for entry in node.entries:
            variable = self.variable()
            with_it = writer.within({entry.name: variable})
            source = (with_it if isinstance(entry.value, tree.Function) else writer).entry_value(entry.value)
            parts.append(f"{self.constant(entry.name)}: ({variable} := {source})")
            writer = with_it
        return f"z.context({{{', '.join(parts)}}}, {len(parts)}, {self.constant(node.span)})"

    def iterators(self, iterators: tuple[tree.Each, ...]) -> tuple[str, Writer, list[str]]:
        """What is gone over, as functions of the variables before; a writer that knows all variables; those."""
        writer: Writer = self
        sources: list[str] = []
        variables: list[str] = []
        for each in iterators:
            sources.append(f"lambda {', '.join(variables)}: {writer.of(each.over)}")
            variables.append(self.variable())
            writer = writer.within({each.name: variables[-1]})
        return ", ".join(sources), writer, variables

    @abstractmethod
    def function(self, node: tree.Function) -> str:
        """Source of a function value."""

    def type(self, name: tree.TypeName | None) -> Type:
        return ANY if name is None else resolve(name, self.types)

    def is_builtin(self, node: tree.Call) -> bool:
        """Whether a call by name means a built-in function: no name of the text or the policy hides it."""
        return node.called in self.functions and not any(
            node.called in frame for frame in self.frames if not isinstance(frame, str)
        )
