"""An export as a workbook (XLSX), with typed cells. Nothing imports this file but by its name: openpyxl is an extra."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any, Self

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from ordain.audit.records.flat_columns import Column
from ordain.engine.errors import ExportFailed

Json = dict[str, Any]

_ROWS = 1_048_576
"""Of a sheet, its heading included (ECMA-376; Excel's limits)."""
_CHARACTERS, _DIGITS = 32_767, 15
"""Of a cell's text, and of a number that a spreadsheet keeps exactly."""
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_TOO_LONG = "(longer than a cell may be: JSON Lines has it)"
_MOMENT, _DAY = "yyyy-mm-dd hh:mm:ss.000", "yyyy-mm-dd"


class WorkbookTable:
    """Writes rows to a file: moments in UTC, numbers of more digits than a spreadsheet keeps as text."""

    def __init__(self, file: IO[bytes], columns: tuple[str, ...], flat: Mapping[str, Column]) -> None:
        self._file, self._columns, self._rows = file, columns, 1
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet("decisions")
        self._sheet.freeze_panes = "A2"
        self._moments = {"recorded_at", "at"} | {name for name, kind in flat.items() if kind is Column.MOMENT}
        heads = [f"{name} (UTC)" if name in self._moments else name for name in columns]
        self._sheet.append([self._cell("", head) for head in heads])

    def __enter__(self) -> Self:
        return self

    def add(self, rows: list[Json]) -> None:
        """Raises ExportFailed for more rows than a sheet has."""
        self._rows += len(rows)
        if self._rows > _ROWS:
            raise ExportFailed(f"a sheet has {_ROWS - 1:,} rows at the most", "export less, or CSV or Parquet")
        for row in rows:
            self._sheet.append([self._cell(name, row[name]) for name in self._columns])

    def __exit__(self, *error: object) -> None:
        # Saved in either case: until then openpyxl keeps what it has in a temporary file.
        self._book.save(self._file if error[0] is None else io.BytesIO())

    def _cell(self, name: str, value: Any) -> Any:
        if name in self._moments and isinstance(value, str):
            value = dt.datetime.fromisoformat(value)
        if isinstance(value, dt.datetime):
            cell = WriteOnlyCell(self._sheet, value.astimezone(dt.UTC).replace(tzinfo=None))
            cell.number_format = _MOMENT
            return cell
        if isinstance(value, dt.date):
            cell = WriteOnlyCell(self._sheet, dt.datetime(value.year, value.month, value.day))
            cell.number_format = _DAY
            return cell
        if isinstance(value, Decimal) and len(value.as_tuple().digits) > _DIGITS:
            value = format(value, "f")
        if not isinstance(value, str):
            return WriteOnlyCell(self._sheet, value)
        text = _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", value)
        cell = WriteOnlyCell(self._sheet, text if len(text) <= _CHARACTERS else _TOO_LONG)
        cell.data_type = "s"  # whatever it begins with: never a formula
        return cell
