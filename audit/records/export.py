"""Export: records as a file for other programs, JSON Lines, CSV or Parquet, as one role may see them.

Every format is written in pieces, so that a ledger need not fit into memory, under another name beside the target;
the file gets its name once it is whole and on the disk.

JSON Lines has one merged record per line. CSV and Parquet have the columns of `COLUMNS`: text but for `leaf_index`
(a whole number) and, in Parquet, `time` (UTC, microseconds). Names of policies, models and rules stand side by side
with a space between; parts with an inner structure are JSON. Decimal numbers stay the text that is on record.
"""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import IO, Any, Protocol, Self, TextIO

from ordain.audit.entry.canonical import canonical
from ordain.audit.ledger.past import Past
from ordain.audit.ledger.reader import Reader, Record
from ordain.audit.limits import LIMITS
from ordain.audit.records.masking import Mask, Role
from ordain.engine.errors import ExportFailed, reason_of
from ordain.engine.late import late

Json = dict[str, Any]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")

_TEXT = ("id", "time", "kind", "tenant", "jurisdiction", "service", "engine", "outcome_class")
_NAMES = ("policies", "models", "reason_codes")
_HASHES = ("payload_hash", "key_commitment", "leaf_hash")
_PRIVATE_TEXT = ("status", "at", "subject", "verdict")
_PRIVATE_JSON = ("facts", "model_scores", "outcome", "reasons", "obligations", "disclosures", "trace")
_OTHER = "other"

PUBLIC_COLUMNS = ("leaf_index", *_TEXT, *_NAMES, "about", *_HASHES)
COLUMNS = (*PUBLIC_COLUMNS, *_PRIVATE_TEXT, *_PRIVATE_JSON, _OTHER)
"""`other` has, as JSON, what entries that are no decisions say in their private part."""


class Format(StrEnum):
    """The kinds of files that an export can be."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


@dataclass(slots=True)
class Exported:
    """What an export holds: how many entries, of which status, and the ids of the first `LIMITS.ids_named`."""

    path: Path
    entries: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    ids: list[str] = field(default_factory=list)

    def count(self, record: Record) -> None:
        """Notes that this record was written."""
        self.entries += 1
        self.statuses[str(record.status)] += 1
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
    confirm: Callable[[Exported], None] = lambda exported: None,
) -> Exported:
    """Writes the records to `path`, readable by its owner alone.

    `confirm` is called once everything is written and before the file gets its name; when it raises, there is no
    file. Raises ExportFailed for a file that is there already (unless `replace`) or cannot be written.
    """
    if path.exists() and not replace:
        raise ExportFailed(f"`{path}` already exists", "name another file, or use --replace")
    part, done = path.with_name(f".{path.name}.{os.getpid()}.part"), Exported(path)
    mask = Mask(role, Past(reader.document))
    try:
        try:
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                _write(file, format, role, _rows(records, mask, done))
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


def flat(row: Json, role: Role) -> Json:
    """A merged record as one row of `COLUMNS`, or of `PUBLIC_COLUMNS` for the public."""
    cells: Json = {name: row.get(name) for name in ("leaf_index", *_TEXT, *_HASHES)}
    cells["policies"] = " ".join(f"{named['policy']}@{named['version']}" for named in row.get("policies") or ())
    cells["models"] = " ".join(f"{named['model']}@{named['version']}" for named in row.get("models") or ())
    cells["reason_codes"] = " ".join(row.get("reason_codes") or ())
    cells["about"] = _json(row["about"]) if row.get("about") else None
    if role is Role.PUBLIC:
        return cells
    cells |= {name: row.get(name) for name in _PRIVATE_TEXT}
    parts = {**row, "model_scores": _scores(row)}
    cells |= {name: _json(parts[name]) if parts.get(name) is not None else None for name in _PRIVATE_JSON}
    rest = {name: value for name, value in row.items() if name not in _KNOWN}
    cells[_OTHER] = _json(rest) if rest else None
    return cells


def _scores(row: Json) -> Json | None:
    """The scores of a merged record; None when it has but the envelope's names of the models."""
    models = row.get("models")
    return models if "facts" in row and all("score" in model for model in models or ()) else None


def safe_cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula (https://owasp.org/www-community/attacks/CSV_Injection)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


_KNOWN = {*COLUMNS, "v", "ledger", "documents", "plan"}


def _rows(records: Iterable[Record], mask: Mask, done: Exported) -> Iterator[Json]:
    for record in records:
        done.count(record)
        yield mask.row(record)


def _write(file: IO[bytes], format: Format, role: Role, rows: Iterator[Json]) -> None:
    columns = PUBLIC_COLUMNS if role is Role.PUBLIC else COLUMNS
    if format is Format.JSONL:
        for row in rows:
            file.write(canonical(row) + b"\n")
        return
    kind: Callable[..., _Table] = (
        late("ordain.audit.records.parquet:ParquetTable") if format is Format.PARQUET else _Csv
    )
    with kind(file, columns) as table:
        while chunk := [flat(row, role) for row in islice(rows, LIMITS.export_piece)]:
            table.add(chunk)


class _Table(Protocol):
    def __enter__(self) -> Self: ...

    def add(self, rows: list[Json]) -> None: ...

    def __exit__(self, *error: object) -> None: ...


class _Csv:
    """RFC 4180 in UTF-8, lines ending in CR LF."""

    def __init__(self, file: IO[bytes], columns: tuple[str, ...]) -> None:
        self._text: TextIO = open(os.dup(file.fileno()), "w", encoding="utf-8", newline="")  # noqa: SIM115 - see __exit__
        self._writer = csv.DictWriter(self._text, columns)
        self._writer.writeheader()

    def __enter__(self) -> Self:
        return self

    def add(self, rows: list[Json]) -> None:
        self._writer.writerows([{name: safe_cell(value) for name, value in row.items()} for row in rows])

    def __exit__(self, *error: object) -> None:
        self._text.close()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _keep_name(folder: Path) -> None:
    """Makes the new name durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
