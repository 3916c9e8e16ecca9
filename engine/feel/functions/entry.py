"""All that is known of one built-in function, in one place: nothing else in the engine is keyed by its name.

Other readings than Python's are no part of it: each has a table of its own, which names every function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from ordain.engine.feel.functions.result_rules import ResultRule
from ordain.engine.feel.signature import Signature
from ordain.engine.values.types import Type, Value


class KeptUnit(Enum):
    """Whose unit a number has that a function gives."""

    OF_FIRST = auto()
    """That of the first argument; the others count something else, such as digits."""
    OF_ALL = auto()
    """That of all arguments, or of the items of the list, which must go together."""


class ResultOffset(Enum):
    """How it is known whether a time, or a date and time, that a function gives has an offset from UTC."""

    ALWAYS = auto()
    OF_TIME = auto()
    """As the text that is read says, or as the time has it that is given last."""


class ResultDigits(Enum):
    """How many digits a number has that a function gives."""

    ROUNDED = auto()
    """After the point as many as the second argument says; none without it."""
    OF_WIDEST = auto()
    """As many as the argument, or the item of the list, that has the most."""


@dataclass(frozen=True, slots=True)
class OfEmpty:
    """What a function gives for one empty list, as FEEL text; "" where it is not defined: an error, or null in a
    `.dmn` file. `dmn_null`: DMN has null even so, and this is why."""

    gives: str
    dmn_null: str = ""


@dataclass(frozen=True, slots=True)
class ByText:
    """The kind of the result depends on what a text says. `type_of` gives the type by the value of a written text, or
    None when it does not say.

    `otherwise` is the Python for a text that is known only when it runs; it gives what the signature says, or raises
    ValueError. None: such a text is refused.
    """

    type_of: Callable[[Value], Type | None]
    otherwise: Callable[[str], Value] | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """One built-in function. `example` is FEEL and gives what `result` gives."""

    meaning: str
    example: str
    result: str
    signatures: tuple[Signature, ...]
    own: bool = False
    """It is Ordain's, not DMN's."""
    unit: KeptUnit | None = None
    """Whose unit its number has; None: nothing is claimed."""
    offset: ResultOffset | None = None
    """None: what it gives has none, or nothing is known of it."""
    of_empty: OfEmpty | None = None
    """None: it cannot be called with one empty list."""
    digits: ResultDigits | None = None
    """None: nothing is claimed."""
    folds: bool = False
    """With a written text it is as good as its value: a cell with it is as plain as one with a literal."""
    loose_lists: bool = False
    """A list that is written as its argument may have items of different types."""
    result_rule: ResultRule | None = None
    """The type of the result, when it depends on more than the types of the arguments."""
    by_text: ByText | None = None
    """The type of the result, when it depends on what a text says."""
    negates: bool = False
    """It is FEEL's negation, inside which cells and conditions are looked at."""

    @property
    def clock(self) -> bool:
        """Whether it asks for the decision's own time."""
        return any(signature.clock for signature in self.signatures)
