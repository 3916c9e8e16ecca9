"""The terminal as rich writes to it: tables, colours, progress."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from ordain.api.cli.clean_output import Cleaned

OUT = Console(highlight=False, soft_wrap=True)
_WIDEST = 1000
ERR = Console(stderr=True, highlight=False, soft_wrap=True)


def print_whole(table: Table) -> None:
    """As wide as it is, so that a file or a pipe gets all of it; a terminal that is narrower breaks its lines."""
    width = Measurement.get(OUT, OUT.options.update_width(_WIDEST), table).maximum
    Console(highlight=False, soft_wrap=True, width=max(width, OUT.width)).print(table)


def moving() -> Console:
    """A console that may move the cursor, for progress bars: nothing of anybody's data is written to it."""
    stream = sys.stderr
    return Console(file=stream.behind if isinstance(stream, Cleaned) else stream, highlight=False, soft_wrap=True)
