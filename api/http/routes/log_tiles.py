"""`GET /checkpoint` and `/tile/...`: the log as transparency-log tools read it (https://c2sp.org/tlog-tiles).

Entries are the envelopes, the public part alone. A tile never changes, so who may read it may keep it.
"""

from __future__ import annotations

import re

from flask import Blueprint, Response, abort, g

from ordain.api.http.routes.reading import in_use
from ordain.api.http.routes.service_sheets import shown
from ordain.audit.ledger.proving import NO_CHECKPOINT
from ordain.audit.tlog.tiles import TILE_WIDTH
from ordain.engine.errors import NotCovered

ROUTES = Blueprint("log_tiles", __name__)

_BYTES = "application/octet-stream"
_FOR_GOOD = {"Cache-Control": "private, max-age=31536000, immutable"}
_PLACE = re.compile(
    r"(?P<level>entries|[0-9]|[1-5][0-9]|6[0-3])/(?P<index>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


@ROUTES.get("/checkpoint")
def checkpoint() -> Response:
    """The newest checkpoint to believe: where witnesses are asked for, the newest that a quorum of them cosigned."""
    note = in_use().ledger.published.checkpoint()
    if note is None:
        raise NotCovered("there is no checkpoint to give out yet", NO_CHECKPOINT)
    return shown(note, "text/plain")


@ROUTES.get("/tile/<path:place>")
def tile(place: str) -> Response:
    """Hashes, or entries, of a tile that a checkpoint which was given out covers; else there is nothing there."""
    match = _PLACE.fullmatch(place)
    if match is None:
        abort(404)
    index = int(match["index"].replace("/", "").replace("x", ""))
    width = TILE_WIDTH if match["width"] is None else int(match["width"])
    if match["index"] != written(index) or (match["width"] is not None and width >= TILE_WIDTH):
        abort(404)
    published = in_use().ledger.published
    try:
        if match["level"] == "entries":
            g.compressible = True
            return Response(published.bundle(index, width), mimetype=_BYTES, headers=_FOR_GOOD)
        return Response(published.tile(int(match["level"]), index, width), mimetype=_BYTES, headers=_FOR_GOOD)
    except NotCovered:
        abort(404)


def written(index: int) -> str:
    """A tile's index as its path has it: 1234067 is `x001/x234/067`."""
    parts = [f"{index % 1000:03}"]
    while index := index // 1000:
        parts.insert(0, f"x{index % 1000:03}")
    return "/".join(parts)
