"""`GET /v1/audit/sample`: entries at random, for a reviewer who chooses the seed."""

from __future__ import annotations

import time

from flask import Blueprint, Response, request

from ordain.api.http.routes.reading import in_use, limit_asked, query_asked, reader, shown_json
from ordain.api.limits import LIMITS
from ordain.api.names import names_in
from ordain.audit.records.known_names import check_names
from ordain.audit.records.sampling import Drawn, draw
from ordain.audit.records.search import Looked
from ordain.audit.records.shown import entry_shown, found_shown
from ordain.engine.errors import MalformedRequest, UnknownSubject

ROUTES = Blueprint("audit_sample", __name__, url_prefix="/v1/audit")
_SIZE = 25
"""Of a sample where nobody says it."""


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
