"""A whole number that somebody typed, as a request has it."""

from __future__ import annotations

_DIGITS = 15
"""More than any count or place has; JSON's readers keep so many exactly."""


def whole(text: str) -> int | str:
    """What is none, or has too many digits, stays the text that it is: the route refuses it in its own words."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else text
