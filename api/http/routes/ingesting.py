"""`POST /v1/events`: events and snapshots taken into the feature store, one, a list, or one a line (NDJSON)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from ordain.api.http.forms.ingested import INGEST, NDJSON
from ordain.api.http.routes.all_services import refuse_some_services
from ordain.api.http.routes.reading import in_use, shown_json
from ordain.api.limits import LIMITS
from ordain.api.settings import Settings
from ordain.engine.late import late

if TYPE_CHECKING:
    from ordain.models.ingest.row_reading import RowReader
    from ordain.models.ingest.taking import Taken
    from ordain.models.store.store import FeatureStore

ROUTES = Blueprint("ingesting", __name__)
_FROM = f"POST {INGEST}"
"""How the quarantine calls where rows came from."""


@ROUTES.post(INGEST)
def take_events() -> Response:
    """Durable when it is answered, and idempotent: what was taken before is `repeated`."""
    refuse_some_services("all of them decide by what happened")
    use, by_line = in_use(), request.mimetype == NDJSON
    if by_line:
        request.max_content_length = max(LIMITS.ingest_bytes, use.settings.max_body_bytes)
    body = request.get_data(cache=False)
    request.stream.read(1)  # Werkzeug ends a chunked body silently at the limit; one byte more makes it complain
    rows = late("ordain.models.ingest.json_rows:rows_of_body")(body, by_line, LIMITS.ingest_events)
    store = use.features.opened()
    taken: Taken = late("ordain.models.ingest.taking:take")(
        rows, _reader(use.settings, store), store, _FROM, LIMITS.ingest_told
    )
    return shown_json(
        {
            "added": taken.added,
            "repeated": taken.repeated,
            "quarantined": [{"line": row.line, "reasons": row.reasons} for row in taken.told],
            "quarantined_count": taken.quarantined,
            "notes": taken.notes,
        }
    )


def _reader(settings: Settings, store: FeatureStore) -> RowReader:
    reading = late("ordain.models.ingest.row_reading:Reading")(
        store.definitions,
        late("ordain.models.ingest.moments:Moments")(settings.zone),
        skew=dt.timedelta(seconds=settings.clock_skew_seconds),
    )
    reader: RowReader = late("ordain.models.ingest.row_reading:RowReader")(reading, lambda: dt.datetime.now(dt.UTC))
    return reader
