"""What is written to a terminal, without what would make it do something: a name in somebody's data may hold escape
sequences that move the cursor, hide lines, set the title or answer for the user."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Any, TextIO

_COLOUR = r"\x1b\[(?:(?:[0-4]|9|2[1-49]|[349]\d|10[0-7]|[34]8;5;\d{1,3})(?:;(?=\d))?)*m"
_UNSEEN = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
"""Control characters but tab and line ends, breaks that are none in a terminal, and those that turn the direction."""
_DIRTY = re.compile(f"({_COLOUR})|[{_UNSEEN}]|\r(?!\n)")


def cleaned(text: str) -> str:
    """The text with such characters written out, as `\\x1b`. Colours and bold stay: commands use them."""
    return _DIRTY.sub(lambda found: found[1] or found[0].encode("unicode_escape").decode(), text)


class Cleaned:
    """A stream of text that writes to the one behind it what is cleaned."""

    def __init__(self, behind: TextIO) -> None:
        self.behind = behind

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)

    def write(self, text: str) -> int:
        self.behind.write(cleaned(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)


def clean_terminals() -> None:
    """From here on this process writes nothing else to a terminal; files and pipes get everything as it is."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, Cleaned) and stream.isatty():
            setattr(sys, name, Cleaned(stream))
