"""The decisions of a backtest as a CSV, a row each: RFC 4180 in UTF-8, for its owner alone."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from ordain.api.backtest.leaves import leaves
from ordain.api.backtest.pair import Failed, Pair, Side, Unreadable, Unrecorded
from ordain.audit.entry.canonical import canonical
from ordain.audit.records.export import safe_cell
from ordain.audit.records.target import check_target
from ordain.engine.errors import ExportFailed, reason_of

_BEGINNING = ("decision", "at", "service", "result")
_SIDES = ("status", "verdict", "rules", "outcome")
_END = ("why", "facts")
CHANGED, SAME = "changed", "same"


class RowsFile:
    """`paths` are the parts of outcomes that get columns of their own, `old.PATH` and `new.PATH`.

    Without `finish` there is no file. Raises ExportFailed where one is there (unless `replace`) or cannot be written.
    """

    def __init__(self, path: Path, paths: Iterable[str], *, replace: bool = False) -> None:
        check_target(path, replace, ".csv")
        self._path, self._paths = path, tuple(paths)
        self._part = path.with_name(f".{path.name[:200]}.{os.getpid()}.part")
        try:
            handle = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise self._failed(error) from None
        self._file = open(handle, "w", encoding="utf-8", newline="")  # noqa: SIM115 - see __exit__
        sides = [f"{side}.{name}" for side in ("old", "new") for name in (*_SIDES, *self._paths)]
        self._writer = csv.DictWriter(self._file, (*_BEGINNING, *sides, *_END))
        self._writer.writeheader()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()
        self._part.unlink(missing_ok=True)

    def add(self, pair: Pair, changed: bool | None) -> None:
        """Writes a decision's row; `changed` is None where it cannot be known."""
        row: dict[str, Any] = {"decision": pair.name, "at": pair.at, "service": pair.service}
        row["result"] = _result(pair) if changed is None else CHANGED if changed else SAME
        for name, side in (("old", pair.old), ("new", pair.new)):
            if isinstance(side, Side):
                row |= {f"{name}.{column}": cell for column, cell in self._cells(side).items()}
        row["why"], facts = _why(pair)
        row["facts"] = " ".join(facts)
        try:
            self._writer.writerow({column: safe_cell(cell) for column, cell in row.items()})
        except OSError as error:
            raise self._failed(error) from None

    def finish(self) -> None:
        """Gives the file its name. Raises ExportFailed."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.replace(self._path)
        except OSError as error:
            raise self._failed(error) from None

    def _cells(self, side: Side) -> dict[str, Any]:
        fired = {table: list(rules) for table, rules in side.fired.items() if rules}
        cells: dict[str, Any] = {"status": side.status, "verdict": side.verdict, "rules": canonical(fired).decode()}
        cells["outcome"] = canonical(side.outcome).decode()
        found = dict(leaves(side.outcome, side.gives))
        for path in self._paths:
            if path in found:
                leaf = found[path]
                cells[path] = leaf.number if leaf.is_number else leaf.word
        return cells

    def _failed(self, error: OSError) -> ExportFailed:
        return ExportFailed(f"`{self._path}` cannot be written: {reason_of(error)}", "check its folder and the disk")


def _result(pair: Pair) -> str:
    if isinstance(pair.old, Unreadable):
        return pair.old.status
    if isinstance(pair.old, Failed):
        return "error_before"
    return "never_recorded" if isinstance(pair.new, Unrecorded) else "error"


def _why(pair: Pair) -> tuple[str, tuple[str, ...]]:
    """The error's code and message, and the facts that it is about."""
    if isinstance(pair.old, Unreadable):
        return pair.old.message, ()
    if isinstance(pair.new, Unrecorded):
        return "", pair.new.facts
    for side in (pair.new, pair.old):
        if isinstance(side, Failed):
            return f"{side.code}: {side.message}", side.facts
    return "", ()
