"""The parts of a file by name: sections, decisions, rules by their ids, facts, services."""

from __future__ import annotations

from dataclasses import dataclass, field

from ordain.api.lsp.layout import Layout, Path, Scalar


@dataclass(slots=True)
class Part:
    """From `start` to `end` of the text; its name stands from `first` to `last`. `sort`: section, rule or name."""

    name: str
    detail: str
    sort: str
    start: int
    end: int
    first: int
    last: int
    parts: list[Part] = field(default_factory=list)


_NAMED = ("decides", "price", "bounds", "constants", "functions", "facts", "services")
_LISTED = ("rules", "limits", "promises", "must hold")


def outline(layout: Layout) -> list[Part]:
    """The sections of a file, each with what has a name or an id in it."""
    top = []
    for key in layout.keys_in():
        section = _part(layout, key, "section")
        name = key.value
        if name in _NAMED:
            for inner in layout.keys_in(name):
                part = _part(layout, inner, "name", layout.text_at(*inner.path, "meaning"))
                part.parts = [each for listed in _LISTED for each in _with_ids(layout, (*inner.path, listed))]
                section.parts.append(part)
        elif name in _LISTED:
            section.parts = _with_ids(layout, (name,))
        top.append(section)
    return top


def _with_ids(layout: Layout, path: Path) -> list[Part]:
    found: list[Part] = []
    at = 0
    while (*path, at) in layout.ends:
        identity = layout.value(*path, at, "id")
        if identity is not None:
            start, end = layout.ends[*path, at]
            because = layout.text_at(*path, at, "because")
            found.append(Part(identity.value, because, "rule", start, end, *identity.inner))
        at += 1
    return found


def _part(layout: Layout, key: Scalar, sort: str, detail: str = "") -> Part:
    value = layout.value(*key.path)
    _, end = layout.ends.get(key.path, (0, value.end if value is not None else key.end))
    return Part(key.value or " ", detail, sort, key.start, max(end, key.end), key.start, key.end)
