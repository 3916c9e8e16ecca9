"""What cannot be said in SQL: told with its place, never said in another way that is nearly the same."""

from __future__ import annotations

from ordain.engine.errors import Issue, PolicyError, Span
from ordain.engine.feel.syntax import tree


class Unsupported(Exception):
    """`reason` completes the sentence "... cannot be said in SQL: "."""

    def __init__(self, reason: str, hint: str = "", span: Span | None = None) -> None:
        super().__init__(reason)
        self.reason, self.hint, self.span = reason, hint, span

    def at(self, span: Span) -> Unsupported:
        """The same with a place, where it has none yet."""
        return self if self.span is not None else Unsupported(self.reason, self.hint, span)

    def told(self, label: str) -> PolicyError:
        """The error for people. `label` is the policy's."""
        text = "" if self.span is None or not self.span.text else f"`{self.span.text}` "
        return PolicyError(
            Issue(f"{text}of `{label}` cannot be said in SQL: {self.reason}", self.hint, self.span, code="sql")
        )


REFUSED: dict[type, Unsupported] = {
    tree.Steps: Unsupported("steps are no value in SQL, they are gone over by a loop"),
    tree.Function: Unsupported("functions are no values in SQL"),
    tree.InstanceOf: Unsupported("`instance of` asks what is known beforehand", "leave it out"),
    tree.Range: Unsupported("ranges are no values in SQL"),
}
"""Nodes that have no form at all."""
