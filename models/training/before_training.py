"""What would only be noticed after a training, looked at before it: minutes of work are not lost to a slip."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ordain.engine.errors import MalformedRequest, SettingsError
from ordain.models.limits import LIMITS
from ordain.models.registry.registry import check_name


def check_before(name: str, rows: int, seed: int, reads: Sequence[Path], writes: Sequence[Path]) -> None:
    """`name` is what the model is to be called; files that are read are not written over, nor one by another.

    Raises MalformedRequest for a number that cannot be, SettingsError for a name or a file.
    """
    check_name(name)
    for called, number, fewest, most in (
        ("--rows", rows, 1, LIMITS.synthetic_rows),
        ("--seed", seed, 0, LIMITS.seed),
    ):
        if not fewest <= number <= most:
            raise MalformedRequest(f"{called}: {number} is not possible", f"from {fewest} to {most:,}")
    taken = [_same(path) for path in reads]
    for path in writes:
        if path.is_dir() or not path.parent.is_dir():
            why = "it is a folder" if path.is_dir() else f"there is no folder `{path.parent}`"
            raise SettingsError(f"`{path.name}` cannot be written: {why}", "name a file in a folder that there is")
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise SettingsError(f"`{path.name}` cannot be written: it or its folder may not be changed")
        if _same(path) in taken:
            raise SettingsError(f"`{path.name}` is read or written already", "name another file to write to")
        taken.append(_same(path))


def _same(path: Path) -> Path:
    return path.resolve()
