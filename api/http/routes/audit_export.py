"""`GET /v1/audit/export` and `export.csv`: records as JSON lines, or for a spreadsheet, as one role may see them.

The export is written whole, by the same function as the command's, into a file without a name in the folder for
temporary files, and what it holds goes on record; then it is sent piece by piece. So a fault is told as one, the entry
of the reading says exactly what was read, and memory holds one piece, however long the export is.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from flask import Blueprint, Response, request
from werkzeug.exceptions import ServiceUnavailable

from ordain.api.access.admission import caller, gate
from ordain.api.access.rights import Right
from ordain.api.http.bridge import IN_PIECES
from ordain.api.http.routes.reading import in_use, limit_asked, query_asked, reader
from ordain.api.http.told_to_end import ENDING
from ordain.api.limits import LIMITS
from ordain.api.names import names_in
from ordain.api.services import Services
from ordain.audit.ledger.reader import Record
from ordain.audit.records.export import Exported, Format, export, records_for
from ordain.audit.records.known_names import check_names
from ordain.audit.records.masking import Role
from ordain.audit.records.query import Query
from ordain.audit.records.readings import Access, note_search
from ordain.audit.records.search import Looked
from ordain.audit.tlog.checkpoint import LARGEST_SIZE
from ordain.engine.errors import MalformedRequest, did_you_mean, quoted

ROUTES = Blueprint("audit_export", __name__, url_prefix="/v1/audit")

_ONE = threading.Lock()
"""One export at a time in one process: it takes the processor, and room on the disk, from those who decide."""


@ROUTES.get("/export")
def exported() -> Response:
    """All that fits, or the first `limit` of it."""
    return _export(Format.JSONL, "application/x-ndjson")


@ROUTES.get("/export.csv")
def exported_as_csv() -> Response:
    """The same for a spreadsheet: it begins with a byte order mark, and no cell is taken for a formula."""
    return _export(Format.CSV, "text/csv")


def _export(format: Format, media: str) -> Response:
    role = _role()
    query = query_asked(limit_asked(LARGEST_SIZE) if "limit" in request.args else None)
    if role is not Role.PUBLIC:
        gate().require(caller(), Right.READ_RECORD)
    by = reader()
    if not _ONE.acquire(blocking=False):
        raise ServiceUnavailable(
            "an export is being made already; one is done at a time", retry_after=LIMITS.listen_seconds
        )
    try:
        file, size = _written(in_use(), query, role, by, format)
    except BaseException:
        _ONE.release()
        raise
    sent = _Sent(file)
    request.environ[IN_PIECES] = True
    answer = Response(sent.pieces(), mimetype=media, headers={"Content-Length": str(size)})
    answer.call_on_close(sent.end)
    return answer


class _Sent:
    """An export that is being sent. Until it ends there is no other in this process, and no more room is taken."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def pieces(self) -> Iterator[bytes]:
        while piece := self._file.read(LIMITS.export_piece):
            yield piece
        self.end()

    def end(self) -> None:
        """All was sent, or nobody waits for the rest."""
        if not self._file.closed:
            self._file.close()
            _ONE.release()


def _written(use: Services, query: Query, role: Role, by: Access, format: Format) -> tuple[IO[bytes], int]:
    """The export, open, its name gone already, and its length in bytes. Raises MalformedRequest for one too long."""
    ledger, looked = use.ledger, Looked()

    def confirm(done: Exported) -> None:
        if not done.entries and not looked.unreadable:
            check_names(ledger.reader, query, names_in(use.catalog, use.settings.jurisdiction_fact, query.services))
        if role is not Role.PUBLIC or query.is_personal:
            note_search(ledger, "http export", by, query, done.ids, done.entries, done.places, role=str(role))

    with TemporaryDirectory(prefix="ordain-export-") as name:
        folder = Path(name)
        records = _bounded(records_for(role, ledger.reader, query, looked=looked), folder)
        path, mark = folder / f"export.{format}", format is Format.CSV
        export(records, ledger.reader, path, format, role, mark=mark, confirm=confirm)
        return path.open("rb"), path.stat().st_size


def _bounded(records: Iterator[Record], folder: Path) -> Iterator[Record]:
    """The records, given up when the server is to end, or when there is more in the folder than an export may have."""
    for count, record in enumerate(records):
        if ENDING.is_set():
            raise ServiceUnavailable("the server is stopping; ask again", retry_after=LIMITS.retry_seconds)
        if count % LIMITS.export_looks == 0 and _length(folder) > LIMITS.export_bytes:
            raise MalformedRequest(
                f"the export is longer than {LIMITS.export_bytes:,} bytes",
                "ask for less, such as a month of it (`since`, `until`), or run `ordain audit export`",
            )
        yield record


def _length(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _role() -> Role:
    given = request.args.get("role", Role.PUBLIC.value)
    try:
        return Role(given)
    except ValueError:
        raise MalformedRequest(f"`role` is {quoted(given[:60])}", did_you_mean(given, list(Role))) from None
