"""Export: records as a file for other programs, JSON Lines, CSV, XLSX or Parquet, as one role may see them.

Every format is written in pieces, so that a ledger need not fit into memory, under another name beside the target;
the file gets its name once it is whole and on the disk.

JSON Lines has one merged record per line. The others have the columns of `COLUMNS`: text but for `leaf_index` (a whole
number) and, where the format has types, `recorded_at` and `at` (moments, in UTC). Names of policies, models and rules
stand side by side with a space between; parts with an inner structure are JSON, in which numbers stay the text that is
on record. After these come the parts of outcome and facts, typed (`audit.records.flat_columns`). What is masked is
JSON, too, but empty where a column is typed.

Each row says in `export` for whom the file was made, and whether it is pseudonymous; an analyst's how many people share
what a row shows, and how many rows were coarsened or masked for it.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any, Protocol, Self, TextIO

from ordain.audit.entry.canonical import canonical
from ordain.audit.ledger.past import Past
from ordain.audit.ledger.reader import Reader, Record
from ordain.audit.limits import LIMITS
from ordain.audit.records.analysts_rows import AnalystsRows
from ordain.audit.records.flat_columns import Column, FlatColumns
from ordain.audit.records.masking import COARSE, MASKED, Mask, Role
from ordain.audit.records.query import Query
from ordain.audit.records.search import Looked, Progress, matching, nothing_shown, search
from ordain.audit.records.target import check_target
from ordain.engine.errors import ExportFailed, reason_of
from ordain.engine.late import late

Json = dict[str, Any]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")

_TEXT = ("entry_id", "recorded_at", "kind", "tenant", "jurisdiction", "service", "engine", "outcome_class", "status")
_AS_OF = "as_of"
"""`true` where the caller chose the time that was decided for, and another than the clock's; else empty."""
_NAMES = ("policies", "models", "reason_codes")
_HASHES = ("payload_hash", "key_commitment", "leaf_hash")
_PRIVATE_TEXT = ("private_part", "at", "subject", "verdict")
_PRIVATE_JSON = (
    "facts",
    "model_scores",
    "outcome",
    "reasons",
    "obligations",
    "disclosures",
    "missing",
    "not_known",
    "trace",
)
_OTHER = "other"
_MOMENTS = ("recorded_at", "at")

_TOLD = ("jurisdiction", "outcome_class", "status", "models", "reason_codes")
COLUMNS = ("export", "leaf_index", *_TEXT, _AS_OF, *_NAMES, "about", *_HASHES, *_PRIVATE_TEXT, *_PRIVATE_JSON, _OTHER)
"""`other` has, as JSON, what entries that are no decisions say in their private part."""
PUBLIC_COLUMNS = tuple(name for name in COLUMNS[: COLUMNS.index(_PRIVATE_TEXT[0])] if name not in _TOLD)
"""Nothing of what was decided."""


class Format(StrEnum):
    """The kinds of files that an export can be."""

    JSONL = "jsonl"
    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"


@dataclass(slots=True)
class Exported:
    """What an export holds: how many entries, of which status, and the ids of the first `LIMITS.ids_named`."""

    path: Path
    entries: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    ids: list[str] = field(default_factory=list)
    places: tuple[int, int] | None = None
    """Between which leaf indices they stand, the second without itself."""
    made_for: Json = field(default_factory=dict)
    """What each row says of the file, as the head of this file says."""

    def count(self, record: Record) -> None:
        """Notes that this record was written."""
        self.entries += 1
        self.statuses[str(record.status)] += 1
        self.places = places_with(self.places, record)
        if len(self.ids) < LIMITS.ids_named:
            self.ids.append(str(record.entry.id))


def export(
    records: Iterable[Record],
    reader: Reader,
    path: Path,
    format: Format,
    role: Role,
    *,
    replace: bool = False,
    mark: bool = False,
    alike: int = LIMITS.alike,
    confirm: Callable[[Exported], None] = lambda exported: None,
) -> Exported:
    """Writes the records to `path`, readable by its owner alone.

    `mark` begins a CSV with a byte order mark, without which Excel takes UTF-8 for something else. `confirm` is called
    once everything is written and before the file gets its name; when it raises, there is no file. Whatever a row for
    an analyst shows, at least `alike` people share.

    Raises ExportFailed for a file that is there already (unless `replace`) or cannot be written.
    """
    check_target(path, replace, f".{format}")
    part, done = path.with_name(f".{path.name}.{os.getpid()}.part"), Exported(path)
    mask = Mask(role, Past(reader.document))
    try:
        try:
            with ExitStack() as stack:
                rows = _rows(records, mask, done)
                if role is Role.ANALYST:
                    waiting = stack.enter_context(AnalystsRows(part.with_suffix(".rows"), alike))
                    rows = _analysts_rows(records, mask, done, waiting)
                file = stack.enter_context(open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"))
                _write(file, format, role, rows, FlatColumns.of(reader), mark)
                file.flush()
                os.fsync(file.fileno())
            confirm(done)
            part.replace(path)
            _keep_name(path.parent)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ExportFailed(f"`{path}` cannot be written: {reason_of(error)}", "check its folder and the disk") from None
    return done


def records_for(
    role: Role, reader: Reader, query: Query, progress: Progress = nothing_shown, looked: Looked | None = None
) -> Iterator[Record]:
    """What an export for that role holds. Nothing private is opened where neither role nor query needs it."""
    if role is Role.PUBLIC and not query.is_personal:
        return matching(reader, query, progress, looked)
    return search(reader, query, progress, looked)


def flat(row: Json, role: Role) -> Json:
    """A merged record as one row of `COLUMNS`, or of `PUBLIC_COLUMNS` for the public."""
    cells: Json = {name: row.get(name) for name in ("leaf_index", *_TEXT, *_HASHES, *_PRIVATE_TEXT)}
    cells[_AS_OF] = "true" if row.get(_AS_OF) else None
    cells["policies"] = _names(row, "policies", lambda named: f"{named['policy']}@{named['version']}")
    cells["models"] = _names(row, "models", lambda named: f"{named['model']}@{named['version']}")
    cells["reason_codes"] = _names(row, "reason_codes", str)
    cells |= {name: _json(row[name]) if row.get(name) else None for name in ("export", "about")}
    cells = {name: _masked(name) if value == MASKED else value for name, value in cells.items()}
    if role is Role.PUBLIC:
        return {name: cells[name] for name in PUBLIC_COLUMNS}
    parts = {**row, "model_scores": _scores(row)}
    cells |= {name: _json(parts[name]) if parts.get(name) is not None else None for name in _PRIVATE_JSON}
    rest = {name: value for name, value in row.items() if name not in _KNOWN}
    cells[_OTHER] = _json(rest) if rest else None
    return {name: cells[name] for name in COLUMNS}


def _names(row: Json, name: str, said: Callable[[Any], str]) -> str:
    named = row.get(name) or ()
    return _json(MASKED) if named == MASKED else " ".join(map(said, named))


def _masked(name: str) -> str | None:
    return None if name in _MOMENTS else _json(MASKED)


def _scores(row: Json) -> Any:
    """The scores of a merged record; None when it has but the envelope's names of the models."""
    models = row.get("models")
    if models == MASKED:
        return MASKED
    return models if "facts" in row and all("score" in model for model in models or ()) else None


def places_with(places: tuple[int, int] | None, record: Record) -> tuple[int, int] | None:
    """The leaf indices of before and of this record, if it has its place."""
    at = record.entry.leaf_index
    if at is None:
        return places
    return (at, at + 1) if places is None else (min(places[0], at), max(places[1], at + 1))


def safe_cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula (https://owasp.org/www-community/attacks/CSV_Injection)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


_KNOWN = {*COLUMNS, "v", "ledger", "documents", "plan", "form", "withheld"}


def _rows(records: Iterable[Record], mask: Mask, done: Exported) -> Iterator[Json]:
    done.made_for = {"role": str(mask.role)} | ({"pseudonymous": False} if mask.role is Role.REVIEWER else {})
    for record in records:
        done.count(record)
        yield {"export": done.made_for, **mask.row(record)}


def _analysts_rows(records: Iterable[Record], mask: Mask, done: Exported, waiting: AnalystsRows) -> Iterator[Json]:
    def counted() -> Iterator[tuple[Json, Json]]:
        for record in records:
            done.count(record)
            yield mask.row(record), mask.row(record, COARSE)

    waiting.take(counted())
    done.made_for = {"role": str(mask.role), "pseudonymous": True, "alike": waiting.k, "entries": done.entries}
    done.made_for |= {"coarser": waiting.coarser, "masked": waiting.masked, "unlinked": waiting.unlinked}
    for row in waiting.mixed():
        yield {"export": done.made_for, **row}


def _write(file: IO[bytes], format: Format, role: Role, rows: Iterator[Json], parts: FlatColumns, mark: bool) -> None:
    if format is Format.JSONL:
        for row in rows:
            file.write(canonical(row) + b"\n")
        return
    if role is Role.PUBLIC:
        parts = FlatColumns({})
    kind: Callable[..., _Table] = late(_TYPED[format]) if format in _TYPED else partial(_Csv, mark=mark)
    columns = (*(PUBLIC_COLUMNS if role is Role.PUBLIC else COLUMNS), *parts.kinds)
    with kind(file, columns, parts.kinds) as table:
        while chunk := [{**flat(row, role), **parts.cells(row)} for row in islice(rows, LIMITS.export_piece)]:
            table.add(chunk)


_TYPED = {
    Format.PARQUET: "ordain.audit.records.parquet:ParquetTable",
    Format.XLSX: "ordain.audit.records.workbook:WorkbookTable",
}


class _Table(Protocol):
    def __enter__(self) -> Self: ...

    def add(self, rows: list[Json]) -> None: ...

    def __exit__(self, *error: object) -> None: ...


class _Csv:
    """RFC 4180 in UTF-8, lines ending in CR LF; with `mark` a byte order mark before them."""

    def __init__(self, file: IO[bytes], columns: tuple[str, ...], _: Mapping[str, Column], mark: bool = False) -> None:
        encoding = "utf-8-sig" if mark else "utf-8"
        self._text: TextIO = open(os.dup(file.fileno()), "w", encoding=encoding, newline="")  # noqa: SIM115 - see __exit__
        self._writer = csv.DictWriter(self._text, columns)
        self._writer.writeheader()

    def __enter__(self) -> Self:
        return self

    def add(self, rows: list[Json]) -> None:
        self._writer.writerows([{name: safe_cell(_csv(value)) for name, value in row.items()} for row in rows])

    def __exit__(self, *error: object) -> None:
        self._text.close()


def _csv(value: object) -> object:
    """A typed cell as text; a number stays one, so that a minus before it is no formula."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _keep_name(folder: Path) -> None:
    """Makes the new name durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
