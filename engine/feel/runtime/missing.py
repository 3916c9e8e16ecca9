"""A null where an expression needs a value, while it is being decided."""

from __future__ import annotations

from typing import NoReturn


class MissingValue(Exception):
    """The argument is what was asked for, as written. What decides makes it an error that names the rule."""


def need(asked: str) -> NoReturn:
    """Raises MissingValue; called by compiled code where `asked` is null."""
    raise MissingValue(asked)
