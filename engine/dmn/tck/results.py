"""The results of a run in the form in which vendors hand them in to the kit: a CSV of rows and a file of properties."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from ordain.engine.dmn.tck.tck import Row
from ordain.engine.version import VERSION

PRODUCT = "Ordain"
_PROPERTIES = {
    "vendor.name": "Ordain maintainers",
    "vendor.url": "",
    "product.name": PRODUCT,
    "product.url": "",
    "product.version": VERSION,
    "product.comment": "Decision engine in Python: runs .dmn files, converts them, decides by them on record",
    "instructions.url": "",
}
"""A URL is left empty: where the project is published is for the one to say who hands the results in."""


def rows_text(rows: Iterable[Row]) -> str:
    """The CSV, a line a case."""
    return "".join(f"{row.csv()}\n" for row in rows)


def result_files(rows: Iterable[Row], day: dt.date) -> Mapping[PurePosixPath, str]:
    """The files by their paths in the kit: `TestResults/<product>/<version>/tck_results.csv` and `.properties`."""
    folder = PurePosixPath("TestResults", PRODUCT, VERSION)
    properties = {**_PROPERTIES, "last.update": day.isoformat()}
    lines = "".join(f"{key}={_escaped(value)}\n" for key, value in properties.items())
    return {folder / "tck_results.csv": rows_text(rows), folder / "tck_results.properties": lines}


def _escaped(value: str) -> str:
    """A value as Java's properties have it, which are read as Latin-1."""
    plain = value.replace("\\", "\\\\")
    return "".join(char if char.isascii() else f"\\u{ord(char):04x}" for char in plain)
