"""Waits for files to change, by looking at them: no library of any system is needed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

_ENDINGS = {".yaml", ".yml", ".dmn"}
Stamps = dict[str, tuple[int, int]]


def stamps(directory: Path) -> Stamps:
    """When each policy file below a directory was changed last, and its size."""
    stamps: Stamps = {}
    for folder, _, names in os.walk(directory):  # a folder that goes meanwhile is passed over
        for name in names:
            file = Path(folder, name)
            if file.suffix not in _ENDINGS:
                continue
            try:
                stat = file.stat()
            except OSError:
                continue  # it went while it was looked at
            stamps[str(file.relative_to(directory))] = (stat.st_mtime_ns, stat.st_size)
    return stamps


def changes(directory: Path, known: Stamps, seconds: float = 0.5) -> Iterator[list[str]]:
    """The names of changed, new and removed files, each time some changed and all are quiet again. Never ends.

    `known` are the stamps that the first ones are compared with, taken before the files were read.
    """
    while True:
        time.sleep(seconds)
        now = stamps(directory)
        if now == known:
            continue
        before = known
        while now != before:  # an editor that writes in several steps, or a checkout, is waited for
            time.sleep(seconds / 2)
            before, now = now, stamps(directory)
        yield sorted(name for name in {*known, *now} if known.get(name) != now.get(name))
        known = now
