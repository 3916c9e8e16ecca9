"""The entry of a fact in the text of facts.yaml: renamed, or there twice, under both names."""

from __future__ import annotations

import datetime as dt

from ordain.api.lsp.layout import Layout, Scalar
from ordain.engine.errors import MalformedRequest

_FACTS = "facts"


def renamed_entry(text: str, old: str, new: str) -> str:
    """The text with the fact called otherwise. Raises MalformedRequest."""
    key = _key(Layout(text), old)
    start, end = key.inner
    return text[:start] + new + text[end:]


def with_second_entry(text: str, old: str, new: str, last_day: dt.date | None) -> str:
    """The text with the entry of `old` once more above it, called `new`; with `last_day`, `old` is retired then.

    Comments above an entry stand above both. Raises MalformedRequest where the text is written in a way in which this
    cannot be done safely.
    """
    layout = Layout(text)
    key = _key(layout, old)
    begin, end = layout.ends.get((_FACTS, old), (0, 0))
    line = text.rfind("\n", 0, key.start) + 1
    end = len(text[:end].rstrip())
    if key.flow or end <= begin or text[line : key.start].strip():
        raise MalformedRequest(
            f"`facts.yaml` is written so that `{old}` cannot be declared under two names safely",
            "write each fact on lines of its own",
        )
    after = text.find("\n", end)
    entry = text[line : len(text) if after < 0 else after + 1]
    whole = entry if entry.endswith("\n") else f"{entry}\n"
    first, last = (place - line for place in key.inner)
    copy = whole[:first] + new + whole[last:]
    if last_day is not None:
        entry = _retired(entry, text[begin] == "{", end - line, _column(layout, old), last_day)
    return text[:line] + copy + entry + text[line + len(text[line : len(text) if after < 0 else after + 1]) :]


def _key(layout: Layout, name: str) -> Scalar:
    key = layout.key(_FACTS, name)
    if key is None:
        raise MalformedRequest(f"`{name}` is not declared in facts.yaml")
    return key


def _column(layout: Layout, name: str) -> int:
    """How far the keys of an entry in lines of its own stand in."""
    first = layout.keys_in(_FACTS, name)[0].start
    return first - (layout.text.rfind("\n", 0, first) + 1)


def _retired(entry: str, is_flow: bool, end: int, column: int, last_day: dt.date) -> str:
    """The entry with its last day as its last key; it ends before the position `end`."""
    if is_flow:
        said = entry[: end - 1].rstrip()
        return f"{said}, retired: {last_day}{entry[len(said) :]}"
    line_end = "\r\n" if "\r\n" in entry else "\n"
    after = entry.find("\n", end)
    said, rest = (entry, "") if after < 0 else (entry[: after + 1], entry[after + 1 :])
    said = said if said.endswith("\n") else said + line_end
    return f"{said}{' ' * column}retired: {last_day}{line_end}{rest}"
