"""Policy texts as many people might type them: any style, any indentation, comments in odd places."""

from __future__ import annotations

from itertools import count
from typing import Any

from hypothesis import strategies as st

KEYS = ["version", "owner", "examples", "kind", "purpose", "rules", "a", "two words", "n", "90", "it's"]
WORDS = ["high", "> 0.80", "0.80", "2026-01-01", "yes", "null", '"low"', "it's", "a, b", "a: b", "x # y", "-", "[1..2]"]
LONG = "all of this is said at some length so that no line can hold it and it has to be folded somewhere in between"
TEXTS = st.sampled_from([*WORDS, LONG, "₹ 5", "é", "back\\slash", "tab\there", "two  spaces", " edge ", "=1 + 1", ""])
PLAIN = st.sampled_from(["high", "0.80", "2026-01-01", "a > b", "true", "", LONG, "churn-risk", "2e5", "x:y", "50 %"])
INDENTS = st.integers(1, 5)


class _Typist:
    """Types one text; every comment has a number of its own."""

    def __init__(self, draw: Any) -> None:
        self.draw, self.numbers = draw, count(1)

    def one_of(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def often(self, share: int) -> bool:
        return bool(self.draw(st.integers(0, 9)) > 9 - share)

    def comment(self) -> str:
        return f"#{self.one_of('', ' ', '  # ')}c{next(self.numbers)};{self.one_of('', ' - [', ' it is')}"

    def behind(self) -> str:
        return " " * self.draw(st.integers(1, 6)) + self.comment() if self.often(2) else ""

    def above(self, column: int) -> list[str]:
        """Empty lines and comments in lines of their own, some of them oddly indented."""
        lines = []
        while self.often(2):
            here = self.one_of(column, column, column, 0, column + 3, 1)
            lines.append("" if self.often(4) else " " * here + self.comment())
        return lines

    def quoted(self, text: str) -> str:
        if "\t" in text or self.often(5):
            return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return "'" + text.replace("'", "''") + "'"

    def word(self) -> str:
        return self.quoted(self.draw(TEXTS)) if self.often(6) else self.draw(PLAIN)

    def key(self, text: str) -> str:
        return self.quoted(text) if self.often(1) else text

    def keys(self) -> list[str]:
        return list(self.draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True)))

    # --- in brackets ----------------------------------------------------------------------------------------------

    def flow(self, depth: int) -> str:
        """A collection in brackets on one line."""
        if depth <= 0 or self.often(4):
            text = self.word()
            return text or "''"
        if self.often(5):
            return "[" + ", ".join(self.flow(depth - 1) for _ in range(self.draw(st.integers(0, 4)))) + "]"
        space = self.one_of(" ", "   ")
        return "{" + ", ".join(f"{self.key(key)}:{space}{self.flow(depth - 1)}" for key in self.keys()) + "}"

    def wide_flow(self, column: int) -> list[str]:
        """A collection in brackets over several lines, with comments."""
        inner = [f"{self.key(key)}: {self.flow(1)}" for key in self.keys()]
        lines = ["{" + self.behind()]
        for number, text in enumerate(inner):
            margin = " " * (column + self.draw(st.integers(1, 4)))
            if self.often(1):
                lines.append(margin + self.comment())
            lines.append(margin + text + ("," if number < len(inner) - 1 else "") + self.behind())
        lines.append(" " * (column + 1) + "}")
        return lines

    # --- texts over several lines ---------------------------------------------------------------------------------

    def long_text(self, column: int) -> list[str]:
        margin = " " * (column + self.draw(INDENTS))
        if self.often(5):
            sign = self.one_of("|", ">", "|-", ">-", "|+", ">+") + self.behind()
            lines = self.draw(st.lists(st.sampled_from(["word", "# no comment", "", "  more", LONG]), max_size=4))
            return [sign, margin + "first", *(margin + line if line else "" for line in lines)]
        quote = self.one_of("", "'", '"')
        lines = self.draw(st.lists(st.sampled_from(["and so on", "", LONG, "- more"]), max_size=3))
        whole = [quote + "first", *(margin + line if line else "" for line in lines), margin + "end" + quote]
        return [*whole[:-1], whole[-1] + self.behind()]

    # --- in lines of their own --------------------------------------------------------------------------------------

    def value(self, lead: str, column: int, depth: int) -> list[str]:
        """What stands behind `lead`, which ends with `:` or `-`, of an entry at `column`."""
        kind = self.one_of("word", "word", "flow", "wide", "long", "map", "list", "below")
        if kind == "below":
            return [lead + self.behind(), *self.above(column + 2), " " * (column + 2) + (self.word() or "x")]
        if kind in ("word", "flow") or depth <= 0:
            return [lead + self.one_of(" ", "  ") + (self.word() if kind == "word" else self.flow(3)) + self.behind()]
        if kind in ("wide", "long"):
            first, *rest = self.wide_flow(column) if kind == "wide" else self.long_text(column)
            if kind == "wide":
                rest[-1] += self.behind()
            return [f"{lead} {first}", *rest]
        step = 0 if kind == "list" and lead.endswith(":") and self.often(3) else self.draw(INDENTS)
        inner = self.block(kind, column + step, depth - 1)
        if lead.endswith("-") and self.often(7) and not inner[0].lstrip().startswith("#") and inner[0]:
            return [lead + " " * step + inner[0].lstrip() if step else f"{lead} {inner[0].lstrip()}", *inner[1:]]
        return [lead + self.behind(), *inner]

    def block(self, kind: str, column: int, depth: int) -> list[str]:
        lines = []
        margin = " " * column
        for key in self.keys() if kind == "map" else range(self.draw(st.integers(1, 3))):
            lines += self.above(column)
            if kind == "list" and self.often(4):
                row = "{id: " + self.flow(0) + f", when: {self.flow(2)}, then: " + self.flow(1) + "}"
                lines.append(f"{margin}- {row}{self.behind()}")
            else:
                lines += self.value(margin + ("-" if kind == "list" else f"{self.key(str(key))}:"), column, depth)
        return [*lines, *self.above(column)]


@st.composite
def odd_texts(draw: Any) -> str:
    """Texts of a mapping with `policy`; a few are no YAML at all."""
    typist = _Typist(draw)
    lines = [*typist.above(0), *(["--- # c0;"] if typist.often(1) else []), *typist.block("map", 0, 3)]
    lines += [*typist.value("policy:", 0, 0), *typist.above(0)]
    return str(typist.one_of("\n", "\n", "\r\n")).join(lines) + typist.one_of("\n", "")
