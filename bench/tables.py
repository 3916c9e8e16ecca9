"""What a benchmark found, as a table for people and as JSON for machines."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bench.timing import Spread

OUT = Console(highlight=False, width=None if sys.stdout.isatty() else 120)


@dataclass(frozen=True, slots=True)
class Result:
    """One benchmark. Each row is a name and its cells by column; `notes` say what is counted and what is not."""

    title: str
    columns: Mapping[str, str]
    rows: Mapping[str, Mapping[str, Any]]
    notes: tuple[str, ...]

    def as_table(self) -> Group:
        table = Table("", title=self.title, title_justify="left", title_style="bold")
        for label in self.columns.values():
            table.add_column(label, justify="right", no_wrap=True)
        for name, row in self.rows.items():
            table.add_row(name, *(_cell(row.get(column)) for column in self.columns))
        notes = (Padding(Text(f"- {note}", style="dim"), (0, 1)) for note in self.notes)
        return Group(table, *notes)

    def data(self) -> dict[str, Any]:
        rows = {
            name: {column: _data(row.get(column)) for column in self.columns if row.get(column) is not None}
            for name, row in self.rows.items()
        }
        return {"title": self.title, "columns": dict(self.columns), "rows": rows, "notes": list(self.notes)}


def machine() -> dict[str, Any]:
    """What the figures depend on; the load average tells whether other work ran beside."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "load_average_1_minute": round(os.getloadavg()[0], 2),
    }


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Spread):
        return f"{_number(value.median)} ({_number(value.low)}-{_number(value.high)})"
    return _number(value) if isinstance(value, int | float) else str(value)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 or isinstance(value, int) else f"{value:.3g}"


def _data(value: Any) -> Any:
    if isinstance(value, Spread):
        return {"median": value.median, "first_quartile": value.low, "third_quartile": value.high}
    return value
