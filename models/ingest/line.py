"""A row on its way in, before anything of it is read but its cells."""

from __future__ import annotations

from typing import Any, NamedTuple


class Line(NamedTuple):
    """A row by its place, from 1, and its text. `cells` are by the store's names; `wrong` says why there are none."""

    number: int
    text: str
    cells: dict[str, Any] | None
    wrong: str = ""
