"""`GET /v1/audit/search`, `/sample`, `/entries/<entry_id>`, its `/readers`, `/checkpoint`: the ledger read."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
from flask import Blueprint, Response, request

from ordain.api.access.admission import caller, gate, may
from ordain.api.access.rights import Right
from ordain.api.http.refusals import JSON
from ordain.api.http.routes.reading import in_use, limit_asked, query_asked, reader, shown_json
from ordain.api.http.routes.service_sheets import shown
from ordain.api.limits import LIMITS
from ordain.api.names import names_in
from ordain.audit.ledger.proving import NO_CHECKPOINT
from ordain.audit.ledger.reader import Record, Status
from ordain.audit.records.asked import YES
from ordain.audit.records.counting import Drawn, draw
from ordain.audit.records.known_names import check_names
from ordain.audit.records.pages import page_of
from ordain.audit.records.query import Query
from ordain.audit.records.read_of import readings_of_entry
from ordain.audit.records.readings import note_reading, note_search
from ordain.audit.records.search import Looked
from ordain.audit.records.shown import entry_shown, found_shown, whole_shown
from ordain.engine.errors import MalformedRequest, NotCovered, UnknownDecision, UnknownSubject, quoted

ROUTES = Blueprint("audit_search", __name__, url_prefix="/v1/audit")
_SIZE = 25
"""Of a sample where nobody says it."""


@ROUTES.get("/search")
def found() -> Response:
    """A page of the entries that fit. Where what is private decides it, the reading is on record first."""
    query, ledger, by = _opened(query_asked(limit_asked())), in_use().ledger, reader()
    page = page_of(ledger.reader, query, request.args.get("after"))
    records, after = page.records, page.after
    if not records and not page.unreadable and "after" not in request.args:
        use = in_use()
        check_names(ledger.reader, query, names_in(use.catalog, use.settings.jurisdiction_fact, query.services))
    if query.is_personal:
        try:
            note_search(ledger, "http search", by, query, [str(record.entry.id) for record in records])
        except UnknownSubject:  # erased this moment
            records, after = [], None
        rows = list(map(found_shown, records))
    else:
        rows = [entry_shown(record.entry, record.envelope) for record in records]
    return shown_json({"entries": rows, "after": after, "more": after is not None, "unreadable": page.unreadable})


def _opened(query: Query) -> Query:
    """With the private parts of what is found, where `opened` says so. Raises MalformedRequest, NotPermitted."""
    said = request.args.get("opened")
    if said is None:
        return query
    if said not in YES:
        raise MalformedRequest(f"`opened` is {quoted(said[:60])}", "write `true`, or leave it out")
    gate().require(caller(), Right.READ_RECORD)
    return replace(query, opened=True)


@ROUTES.get("/sample")
def sampled() -> Response:
    """As `ordain audit report --sample` draws it; what was opened for that is on record as read."""
    size, seed = limit_asked(LIMITS.sampled, "size", _SIZE), _seed()
    query, use, by, looked = query_asked(None), in_use(), reader(), Looked()
    late = time.monotonic() + LIMITS.sample_seconds

    def check_time(done: int, total: int) -> None:
        if time.monotonic() > late:
            raise MalformedRequest(
                f"after {LIMITS.sample_seconds:g} seconds {done:,} of {total:,} entries have been looked at",
                "ask for a shorter time with `since` and `until`, or run `ordain audit report --sample`",
            )

    try:
        drawn = draw(use.ledger, query, size, seed, by, "http sample", check_time, looked)
    except UnknownSubject:  # erased this moment
        drawn = Drawn([], 0)
    if not drawn.of and not looked.unreadable:
        check_names(use.ledger.reader, query, names_in(use.catalog, use.settings.jurisdiction_fact, query.services))
    shown = [
        found_shown(each) if query.is_personal else entry_shown(each.entry, each.envelope) for each in drawn.records
    ]
    told = {"of": drawn.of, "seed": seed, "key": use.ledger.identity.key, "unreadable": looked.unreadable}
    return shown_json({**told, "entries": shown})


def _seed() -> str:
    """Raises MalformedRequest."""
    seed = request.args.get("seed", "")
    if not seed.strip() or len(seed) > LIMITS.seed_characters:
        raise MalformedRequest(
            f"a sample needs a `seed` of 1 to {LIMITS.seed_characters} characters",
            "let whoever asks for the sample choose it: seed=42",
        )
    return seed


@ROUTES.get("/entries/<entry_id>")
def entry(entry_id: str) -> Response:
    """One entry as it is stored; its private part for who may read records, and then that is on record."""
    record = entry_of(entry_id)
    if not may(Right.READ_RECORD):
        return shown_json(whole_shown(record) | {"private": None})
    if record.private is not None:
        ids, subject = [str(record.entry.id)], record.private.get("subject")
        try:
            note_reading(in_use().ledger, "http show", reader(), ids, query={"id": ids[0]}, subject=subject)
        except UnknownSubject:  # erased this moment
            record = Record(record.entry, record.envelope, Status.ERASED, None)
    return shown_json(whole_shown(record))


def envelope_of_entry(entry_id: str) -> dict[str, Any]:
    """The envelope of an entry: nothing private is opened. Raises UnknownDecision."""
    reader = in_use().ledger.reader
    try:
        kept = reader.entry(UUID(entry_id))
    except ValueError:
        kept = None
    envelope = None if kept is None else reader.envelope(kept)
    if envelope is None or not caller().may_ask(envelope["service"]):
        raise _unknown(entry_id)
    return envelope


def entry_of(entry_id: str) -> Record:
    """Raises UnknownDecision for an entry that there is not, or of a service that the caller may not ask."""
    try:
        record = in_use().ledger.reader.record(UUID(entry_id))
    except ValueError:
        record = None
    if record is None or not caller().may_ask(record.envelope["service"]):
        raise _unknown(entry_id)
    return record


def _unknown(entry_id: str) -> UnknownDecision:
    hint = "each answer has its `decision_id`; /v1/audit/search finds it"
    return UnknownDecision(f"there is no entry {quoted(entry_id[:60])}", hint)


@ROUTES.get("/entries/<entry_id>/readers")
def readers(entry_id: str) -> Response:
    """Who read an entry and why, the newest first. That this was asked is on record, too."""
    gate().require(caller(), Right.READ_RECORD)
    limit, by, record = limit_asked(), reader(), entry_of(entry_id)
    if record.private is None:
        return shown_json({"readers": [], "more": False, "private_part": str(record.status)})
    found, ids = readings_of_entry(in_use().ledger.reader, record, limit), [str(record.entry.id)]
    subject = record.private.get("subject")
    note_reading(in_use().ledger, "http readers", by, ids, query={"id": ids[0]}, subject=subject)
    rows = [_reading(each) for each in found.readings]
    return shown_json({"readers": rows, "more": found.more, "private_part": str(record.status)})


def _reading(reading: Record) -> dict[str, Any]:
    private = reading.private or {}
    told = {"entry_id": str(reading.entry.id), "recorded_at": reading.envelope["time"]}
    return {**told, **reading.envelope["about"], **{name: private.get(name) for name in ("actor", "purpose")}}


@ROUTES.get("/checkpoint")
def checkpoint() -> Response:
    """The newest signed checkpoint, and which places keep it. It is made by whoever signs this ledger."""
    ledger = in_use().ledger
    made = ledger.checkpointer.newest()
    if made is None:
        raise NotCovered("the log has not been signed yet", NO_CHECKPOINT)
    return shown(orjson.dumps(ledger.shown(made)), JSON)
