"""The English of the console: one file, `texts.yaml`, and how a template says a line of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import yaml
from markupsafe import Markup

FILE = Path(__file__).with_name("texts.yaml")


@cache
def texts() -> dict[str, str]:
    """All lines by their key: the names on the way to it, with points between."""
    flat: dict[str, str] = {}

    def walk(before: str, part: dict[str, Any]) -> None:
        for name, value in part.items():
            key = f"{before}{name}"
            if isinstance(value, dict):
                walk(f"{key}.", value)
            else:
                flat[key] = str(value)

    walk("", yaml.safe_load(FILE.read_text(encoding="utf-8")))
    return flat


def say(key: str, count: int | None = None, **values: Any) -> Markup:
    """A line, with values in the place of `{names}`; what is put in is escaped.

    With `count`, `<key>.one` for one and `<key>.many` for other numbers, in which `{count}` stands for it.
    Raises KeyError for a key that there is not.
    """
    if count is not None:
        key = f"{key}.one" if count == 1 else f"{key}.many"
        values["count"] = f"{count:,}"
    return Markup("{}").format(texts()[key]).format(**values)


def put_in(key: str) -> set[str]:
    """The names of the values that a line has."""
    return {name for _, name, _, _ in Formatter().parse(texts()[key]) if name}


def has(key: str) -> bool:
    """Whether there is such a line."""
    return key in texts()
