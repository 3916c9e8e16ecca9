"""Business actions: a table of what was done, from CSV, JSON Lines or Parquet, read whole or not at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.reader import Reader
from ordain.audit.limits import LIMITS
from ordain.audit.records.follow_ups import all_of
from ordain.audit.records.table_rows import Row, table_rows
from ordain.engine.errors import DataQualityIssue, Issue, MalformedRequest, OrdainError, did_you_mean, reason_of
from ordain.engine.values.types import plain

OUTCOME = "outcome."
"""A column that begins so is compared with what was decided: `outcome.offer.action`."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of the table has what. Only `decision_id`, or `subject` and `time`, must be there."""

    decision_id: str = "decision_id"
    subject: str = "subject"
    service: str = "service"
    time: str = "time"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that was done. `row` counts from 1, without a heading; empty cells are None.

    `outcome` has, by path, what was done, as text.
    """

    row: int
    decision_id: UUID | None
    subject: str | None
    service: str | None
    time: dt.datetime | None
    outcome: Mapping[str, str] = field(default_factory=dict)


def read_actions(path: Path, columns: Columns, zone: dt.tzinfo = dt.UTC) -> list[Action]:
    """The actions of a file, by its suffix .csv, .jsonl (.ndjson) or .parquet. `zone` is of times without an offset.

    Raises MalformedRequest for a file that is no such table, DataQualityIssue with row, column and value of what is
    wrong in it.
    """
    rows = table_rows(path)
    try:
        table = [_whole(row) for row in rows]
    except OSError as error:
        raise MalformedRequest(f"`{path}` cannot be read: {reason_of(error)}") from None
    _check_columns(path, columns, table)
    issues: list[Issue] = []
    actions = [_action(row, columns, zone, issues) for row in table]
    if issues:
        more = len(issues) - LIMITS.issues
        raise DataQualityIssue([*issues[: LIMITS.issues], *([Issue(f"and {more:,} more")] if more > 0 else [])])
    return actions


def actions_on_record(reader: Reader) -> list[Action]:
    """What apps have confirmed as done, in the order of the log; `row` is the entry's leaf index.

    Of whom and by which service stands in the decision that each names.
    """
    return [
        Action(
            row=made.leaf_index or 0,
            decision_id=UUID(made.decision),
            subject=None,
            service=None,
            time=dt.datetime.fromisoformat(made.said["at"]),
            outcome=dict(_paths(made.said["outcome"])),
        )
        for made in all_of(reader, Kind.PERFORMED)
    ]


def _paths(outcome: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What was done by its path, the currency of an amount beside it; what is null says nothing."""
    for name, value in outcome.items():
        if isinstance(value, Mapping) and set(value) == {"amount", "currency"}:
            yield name, str(value["amount"])
            yield f"{name}.currency", str(value["currency"])
        elif isinstance(value, Mapping):
            yield from ((f"{name}.{path}", text) for path, text in _paths(value))
        elif (text := _text(value)) is not None:
            yield name, text


def _whole(row: Row) -> Row:
    if row.fault is not None:
        raise row.fault
    return Row(row.number, dict(_flattened(row.cells)))


def _flattened(cells: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Objects within objects as `outcome.offer.action`."""
    for name, value in cells.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", part) for inner, part in _flattened(value))
        else:
            yield name, value


def _check_columns(path: Path, columns: Columns, table: Iterable[Row]) -> None:
    known = {name for row in table for name in row.cells}
    if not known:
        raise MalformedRequest(f"`{path}` has no row")
    if columns.decision_id in known or {columns.subject, columns.time} <= known:
        return
    lacking = columns.decision_id if columns.subject not in known else columns.time
    hint = did_you_mean(lacking, known)
    raise MalformedRequest(
        f"`{path}` has no column `{lacking}`; it needs the decision's id, or subject and time",
        f"name it with --id-column, --subject-column or --time-column; {hint}" if hint else "",
    )


def _action(row: Row, columns: Columns, zone: dt.tzinfo, issues: list[Issue]) -> Action:
    cells = {name: text for name, cell in row.cells.items() if (text := _text(cell)) is not None}

    def read(column: str, reader: Any, expected: str) -> Any:
        text = cells.get(column)
        try:
            return None if text is None else reader(text)
        except (ValueError, OverflowError):
            issues.append(
                Issue(f"row {row.number}, column `{column}`: `{text[:60] if text else ''}` is not a {expected}")
            )
            return None

    noted = len(issues)
    decision_id = read(columns.decision_id, UUID, "decision id")
    time = read(columns.time, lambda text: _moment(text, zone), "time such as 2026-11-21T08:00:00+05:30")
    subject = cells.get(columns.subject)
    if len(issues) == noted and decision_id is None and (subject is None or time is None):
        lacking = columns.subject if subject is None else columns.time
        issues.append(
            Issue(f"row {row.number}, column `{lacking}`: it is empty, and there is no `{columns.decision_id}` either")
        )
    outcome = {name.removeprefix(OUTCOME): text for name, text in cells.items() if name.startswith(OUTCOME)}
    return Action(row.number, decision_id, subject, cells.get(columns.service), time, outcome)


def _moment(text: str, zone: dt.tzinfo) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text.upper())  # with small t and z, too
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(dt.UTC)


def _text(cell: object) -> str | None:
    """A cell as text; None when it is empty."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, dt.datetime | dt.date):
        return cell.isoformat()
    if isinstance(cell, list | tuple):
        return ", ".join(filter(None, map(_text, cell)))
    try:
        return str(plain(cell))
    except (TypeError, OrdainError):
        return str(cell)
