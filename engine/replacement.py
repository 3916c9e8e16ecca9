"""One edit that mends a finding, for a program to make: an editor's quick fix, `ordain check --json`."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")


@dataclass(frozen=True, slots=True)
class Replacement:
    """At this place of this file `old` becomes `new`, and nothing else changes.

    Lines and columns count from 1, in characters, as `Span` does. `old` is the file's own text there, with the quotes
    that stand around it; it may be empty, when `new` is only put in, and it stays on one line. Of several replacements
    of one finding each mends it alone: they are alternatives, the likeliest first.
    """

    file: str
    line: int
    column: int
    old: str
    new: str

    def applied(self, text: str) -> str:
        """The file's text after the edit. Raises ValueError when `old` does not stand there (any more)."""
        start = 0
        for _ in range(self.line - 1):
            match = _LINE.match(text, start)
            start = match.end() if match is not None else len(text)
        at = start + self.column - 1
        if not text.startswith(self.old, at):
            raise ValueError(f"`{self.old}` does not stand in line {self.line}, column {self.column}")
        return text[:at] + self.new + text[at + len(self.old) :]
