"""The functions of DMN that compare values, with times compared by whole seconds; see `values/whole_seconds`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ordain.engine.feel.functions import lists, ranges
from ordain.engine.feel.functions.entry import Function
from ordain.engine.values.whole_seconds import to_second

_ASKING = {name: lists.FUNCTIONS[name] for name in ("list contains", "index of")} | {
    name: entry for name, entry in ranges.FUNCTIONS.items() if entry.by_text is None
}
"""Functions that only ask: what they give holds none of the values they compare."""


def _by_second(python: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: python(*map(to_second, given))


def _asking(entry: Function) -> Function:
    signatures = tuple(replace(each, python=_by_second(each.python)) for each in entry.signatures)
    return replace(entry, signatures=signatures)


def _with(name: str, python: Callable[..., Any]) -> Function:
    entry = lists.FUNCTIONS[name]
    return replace(entry, signatures=tuple(replace(each, python=python) for each in entry.signatures))


FUNCTIONS: dict[str, Function] = {
    **{name: _asking(entry) for name, entry in _ASKING.items()},
    "distinct values": _with("distinct values", lambda items: lists.distinct(items, to_second)),
    "union": _with("union", lambda *given: lists.distinct((item for items in given for item in items), to_second)),
}
