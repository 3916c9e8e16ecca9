"""Findings about many cells that say the same of each: told once, with a count."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from ordain.engine.errors import Issue

_PLACE = re.compile(r"row \d+, column [A-Z]+( \([^)]*\))?")
_NUMBERS = re.compile(r"\d+(\.\d+)?")
_FEW = 3
"""So many are still told one by one."""


def told_once(issues: Iterable[Issue]) -> list[Issue]:
    """The findings in their order; of more than a few that differ by place and numbers alone, the first for all."""
    groups: dict[tuple[str, str], list[Issue]] = {}
    for issue in issues:
        groups.setdefault((_form(issue.message), _form(issue.hint)), []).append(issue)
    told = []
    for group in groups.values():
        first = group[0]
        if len(group) > _FEW:
            told.append(replace(first, message=f"{first.message}; it is the same with {len(group) - 1} more cells"))
        else:
            told += group
    return told


def _form(text: str) -> str:
    return _NUMBERS.sub("#", _PLACE.sub("", text))
