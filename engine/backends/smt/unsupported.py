"""What the reading for proofs does not cover: said with its place, never guessed."""

from __future__ import annotations

from dataclasses import dataclass

from ordain.engine.errors import Span


@dataclass(frozen=True, slots=True)
class Unsupported:
    """An entry of a table of emitters that has none, and why."""

    reason: str


class NotCoveredHere(Exception):
    """A part of a policy that this reading does not cover. `span` is where it stands."""

    def __init__(self, reason: str, span: Span) -> None:
        super().__init__(reason)
        self.reason, self.span = reason, span

    @property
    def told(self) -> str:
        """The reason with line and column: `line 12, column 8: ...`."""
        return f"line {self.span.line}, column {self.span.column}: {self.reason}"
