"""What a policy says is true of every customer: its `prove:` lines, and what its kind promises by itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ordain.engine.errors import Span
from ordain.engine.feel.typing.checker import Checked


class Direction(StrEnum):
    """What becomes of an output when a fact grows."""

    NEVER_LOWERS = "never lowers"
    NEVER_RAISES = "never raises"


@dataclass(frozen=True, slots=True)
class Holds:
    """A condition that holds of every customer who gets an outcome."""

    condition: Checked


@dataclass(frozen=True, slots=True)
class Moves:
    """Of two customers who differ in one fact alone, the one with more of it never gets less (or more) of an output.

    `order` are the values of a text from the least to the most.
    """

    more: str
    output: tuple[str, ...]
    direction: Direction
    order: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ignores:
    """Two customers who differ in these facts alone get the same output."""

    facts: tuple[str, ...]
    output: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing to be proved. `text` is how people say it; `derived`: the kind says it, and not the policy's text."""

    text: str
    says: Holds | Moves | Ignores
    span: Span
    because: str = ""
    derived: bool = False
