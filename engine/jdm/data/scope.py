"""The names that expressions of the policy may read, with their types, and what of an expression may be null."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from ordain.engine.errors import PolicyError
from ordain.engine.feel.syntax import parse
from ordain.engine.feel.syntax.printer import cell_text, printed
from ordain.engine.feel.syntax.tree import (
    Comparison,
    Each,
    Expr,
    Filter,
    For,
    If,
    In,
    Input,
    Literal,
    Logic,
    Name,
    Path,
    Quantified,
    children,
    walk,
)
from ordain.engine.feel.typing.checker import Checked, check
from ordain.engine.policy.visible import Visible
from ordain.engine.values.types import ANY, Kind, Type


def _nothing() -> Visible:
    return Visible({})


@dataclass(slots=True)
class Scope:
    """`types` grows with each fact that is read and each decision; `input` is the type of `?` in the cell at hand.

    `around` are the types as they were outside of each loop whose body is being translated.
    """

    types: Visible = field(default_factory=_nothing)
    input: Type | None = None
    around: list[Visible] = field(default_factory=list)

    def add(self, name: str, type: Type) -> None:
        """A fact or decision, which all that follows may read."""
        for types in (self.types, *self.around):
            types[name] = type

    def type_of(self, tree: Expr) -> Type:
        return check(tree, self.types, self.input).type

    def checked(self, tree: Expr, input: Type | None = None) -> Checked:
        """The expression, or the test of an `input`, as the policy's own reader takes the text that is written.

        Raises PolicyError for what a policy refuses.
        """
        origin = replace(tree.span, text="", margin=0, folds=())
        if input is None:
            again: Expr | None = parse.expression(printed(tree), origin, self.types.names, self.types.fields)
        else:
            again = parse.unary_tests(cell_text(tree), origin, self.types.names, self.types.fields)
        found = check(again if again is not None else tree, self.types, input)
        if found.issues:
            raise PolicyError(found.issues)
        return found

    @contextmanager
    def inside(self, name: str, type: Type) -> Iterator[None]:
        """A variable of a loop, while its body is translated."""
        self.around.append(self.types)
        self.types = Visible(self.types)
        self.types[name] = type
        try:
            yield
        finally:
            self.types = self.around.pop()

    @contextmanager
    def asking(self, input: Type) -> Iterator[None]:
        was, self.input = self.input, input
        try:
            yield
        finally:
            self.input = was

    def free_variable(self, *trees: Expr) -> str:
        """A name for the item of a loop that nothing in these trees has."""
        taken = {part.name for tree in trees for part in walk(tree) if isinstance(part, Name | Each)}
        number, name = 2, "each"
        while name in taken or name in self.types:
            number, name = number + 1, f"each_{number}"
        return name

    def needs(self, tree: Expr) -> tuple[Expr, ...]:
        """What must not be null for the tree to have a value, outermost first."""
        return tuple(dict.fromkeys(self._needs(tree)))

    def _needs(self, tree: Expr) -> Iterator[Expr]:
        match tree:
            case Literal(value=None):
                yield tree
            case Name(name=name):
                if self.types.get(name, ANY).optional:
                    yield tree
            case Input():
                if self.input is not None and self.input.optional:
                    yield tree
            case Path(base=base, name=name):
                yield from self._needs(base)
                if self.type_of(base).fields.get(name, ANY).optional:
                    yield tree
            case If():
                given = self.type_of(tree)
                if given.optional or given.kind is Kind.NULL:
                    yield tree
            case Comparison() | Logic() | In():
                pass  # made with what they need
            case For(iterators=iterators) | Quantified(iterators=iterators):
                for each in iterators:
                    yield from self._needs(each.over)
            case Filter(base=base):
                yield from self._needs(base)
            case _:
                for child in children(tree):
                    yield from self._needs(child)
