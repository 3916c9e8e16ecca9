"""A CSV file of a run as its records, byte for byte: a line ends one only where its quotation marks are closed."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


def records(file: BinaryIO) -> Iterator[bytes]:
    """The heading, and then each row, with the line break that ends it. Raises OSError."""
    record, closed = b"", True
    for line in file:
        record += line
        closed ^= line.count(b'"') % 2 == 1
        if closed:
            yield record
            record = b""
    if record:
        yield record


def heading(path: Path) -> list[str]:
    """The names of the columns. Raises OSError, ValueError."""
    with path.open("rb") as file:
        first = next(records(file), b"")
    return next(csv.reader([first.decode()], strict=True), [])


def count_records(path: Path) -> int:
    """How many rows there are, without the heading. Raises OSError."""
    with path.open("rb") as file:
        return max(0, sum(1 for _ in records(file)) - 1)
