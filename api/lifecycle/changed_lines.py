"""Which lines of a text are others now, as a diff."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from ordain.api.limits import LIMITS


def diff_lines(before: bytes, after: bytes, file: str, said: str) -> list[str]:
    """A unified diff; `said` tells of the first text what it was. Empty when only ends of lines are others."""
    was, now = (text.decode("utf-8-sig", errors="replace").splitlines() for text in (before, after))
    return list(difflib.unified_diff(was, now, f"{file} ({said})", file, lineterm="", n=1))


def shown(lines: Sequence[str]) -> str:
    """No more of a diff than a person reads."""
    if not lines:
        return "only ends of lines, or bytes that are not seen, are others"
    more = len(lines) - LIMITS.changed_lines
    return "\n".join([*lines[: LIMITS.changed_lines], *([f"... and {more} lines more"] if more > 0 else [])])
