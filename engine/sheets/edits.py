"""A rule's text with some of its entries exchanged; all that is not exchanged stays byte for byte."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ordain.engine.sheets.sheet_parts import Part
from ordain.engine.text.scalars import scalar

PathOf = tuple[str, ...]
Edits = Mapping[PathOf, str | None]
"""New texts by path; None takes an entry out."""

EXPRESSIONS = frozenset(
    ["when", "if", "then", "where", "applies when", "permits when", "requires", "who", "keeps", "until"]
).union(["at least", "at most"])
"""The keys whose values may be numbers, flags or null as well as texts."""

_COMMENT = re.compile(r"[ \t]+#[^\r\n]*")


@dataclass(frozen=True, slots=True)
class Edit:
    """What is done to the parts of `text`. `order` are all paths as the columns have them.

    `bare`: comments are left out, because the text is only the pattern for another rule.
    """

    text: str
    edits: Edits
    order: Sequence[PathOf]
    bare: bool = False

    @property
    def newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    def written(self, part: Part, path: PathOf = (), flow: bool = False) -> str:
        """The text of a mapping with its edits; "" when nothing of it is left."""
        flow = flow or part.flow
        column = part.start - (max(self.text.rfind("\n", 0, part.start), self.text.rfind("\r", 0, part.start)) + 1)
        pieces = self._kept(part, path, flow)
        for name in self._added(part, path):
            self._insert(pieces, path, name, flow)
        if not pieces:
            return ""
        usual = ", " if part.flow else self.newline + " " * column
        joined = ""
        for number, (_, gap, piece) in enumerate(pieces):
            if number:
                joined += gap if gap is not None and gap.strip(" ") else usual
            joined += piece
        if not part.flow:
            return joined
        first = self.text[part.start + 1 : part.pairs[0][0].start] if part.pairs else ""
        last = self.text[part.pairs[-1][1].end : part.end - 1] if part.pairs else ""
        return f"{{{self._clean(first) or ''}{joined}{self._clean(last) or ''}}}"

    def _kept(self, part: Part, path: PathOf, flow: bool) -> list[tuple[str, str | None, str]]:
        """Name, the text before and the text of each entry that stays. Before the first one is nothing of its own."""
        entries: list[tuple[str, str | None, str]] = []
        end = part.start
        for number, (key, value) in enumerate(part.pairs):
            gap = None if number == 0 else self._clean(self.text[end : key.start])
            stop = value.end
            if not part.flow and (match := _COMMENT.match(self.text, stop)) is not None:
                stop = match.end()
            end = stop
            here = (*path, key.text)
            piece = self._entry(key, value, here, flow)
            if piece is not None:
                # A block that was written anew has the comment at its last line already.
                has_it = self.bare or (value.kind == "mapping" and not value.flow and self._touches(here))
                entries.append((key.text, gap, piece + ("" if has_it else self.text[value.end : stop])))
        return entries

    def _touches(self, path: PathOf) -> bool:
        return any(other[: len(path)] == path for other in self.edits)

    def _clean(self, gap: str) -> str | None:
        return None if self.bare and "#" in gap else gap

    def _entry(self, key: Part, value: Part, path: PathOf, flow: bool) -> str | None:
        lead = self.text[key.start : value.start]
        if path in self.edits:
            text = self.edits[path]
            if text is None:
                return None
            like = value.style if value.style in ("'", '"') else None if self.bare else ""
            lead = lead if lead.endswith((" ", "\t")) else f"{self.text[key.start : key.end]}: "
            return lead + scalar(text, like=like, words_only=path[0] not in EXPRESSIONS, flow=flow, new=self.bare)
        if value.kind == "mapping" and (self.bare or self._touches(path)):
            inner = self.written(value, path, flow)
            return lead + inner if inner else None
        return self.text[key.start : value.end]

    def _added(self, part: Part, path: PathOf) -> list[str]:
        there = {key.text for key, _ in part.pairs}
        depth = len(path)
        wanted = [
            p[depth] for p, text in self.edits.items() if p[:depth] == path and len(p) > depth and text is not None
        ]
        return sorted({name for name in wanted if name not in there}, key=lambda name: self._place((*path, name)))

    def _place(self, path: PathOf) -> int:
        return next((n for n, other in enumerate(self.order) if other[: len(path)] == path), len(self.order))

    def _insert(self, pieces: list[tuple[str, str | None, str]], path: PathOf, name: str, flow: bool) -> None:
        here = (*path, name)
        text = self.edits.get(here)
        if text is not None:
            value = scalar(text, words_only=here[0] not in EXPRESSIONS, flow=flow)
        else:
            below = [(p[-1], t) for p, t in self.edits.items() if p[: len(here)] == here and t is not None]
            below.sort(key=lambda pair: self._place((*here, pair[0])))
            inner = (
                f"{scalar(k, words_only=True)}: {scalar(t, words_only=here[0] not in EXPRESSIONS)}" for k, t in below
            )
            value = "{" + ", ".join(inner) + "}"
        at = sum(self._place((*path, other)) < self._place(here) for other, _, _ in pieces)
        pieces.insert(at, (name, None, f"{scalar(name, words_only=True, flow=flow)}: {value}"))
