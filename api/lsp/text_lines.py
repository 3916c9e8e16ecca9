"""Places of a text as editors name them: lines that end with LF, CRLF or CR, and columns in the units agreed upon."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping

_BREAK = re.compile(r"\r\n|\n|\r")


def _utf8(sign: str) -> int:
    return len(sign.encode("utf-8", "surrogatepass"))


def _utf16(sign: str) -> int:
    return 2 if ord(sign) > 0xFFFF else 1


def _utf32(_: str) -> int:
    return 1


UNITS: Mapping[str, Callable[[str], int]] = {"utf-8": _utf8, "utf-16": _utf16, "utf-32": _utf32}
"""How many units of a column a character takes, by the name of the encoding in the protocol."""


class Lines:
    """A text by lines. An index counts characters from 0; a place is a line and a column, both from 0."""

    def __init__(self, text: str, unit: str = "utf-16") -> None:
        self.text = text
        self._width = UNITS[unit]
        breaks = list(_BREAK.finditer(text))
        self.starts = [0, *(match.end() for match in breaks)]
        self._ends = [*(match.start() for match in breaks), len(text)]

    def __len__(self) -> int:
        return len(self.starts)

    def line(self, number: int) -> str:
        """A line without its end; empty beyond the last."""
        return self.text[self.starts[number] : self._ends[number]] if number < len(self.starts) else ""

    def line_of(self, index: int) -> int:
        return bisect_right(self.starts, index) - 1

    def place(self, index: int) -> tuple[int, int]:
        """The line and column of an index."""
        index = min(max(index, 0), len(self.text))
        number = self.line_of(index)
        return number, sum(map(self._width, self.text[self.starts[number] : index]))

    def index(self, line: int, column: int) -> int:
        """The index of a place; one beyond the end of its line, or of the text, is that end."""
        if line >= len(self.starts):
            return len(self.text)
        at, end = self.starts[max(line, 0)], self._ends[max(line, 0)]
        while column > 0 and at < end:
            column -= self._width(self.text[at])
            at += 1
        return at

    def counted(self, line: int, column: int) -> int:
        """The index of a line and column that count from 1, in characters, as the places of findings do."""
        if line > len(self.starts):
            return len(self.text)
        return min(self.starts[line - 1] + column - 1, self._ends[line - 1])

    def end_of_line(self, index: int) -> int:
        return self._ends[self.line_of(index)]
