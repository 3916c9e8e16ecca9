"""Answers compressed for who asks (`Accept-Encoding: gzip`): those of Flask's routes that are long enough.

Decisions, batches, streams and exports are sent as they are: a decision is short and compressing it takes as long as
making it, and the others are written as they come.
"""

from __future__ import annotations

import gzip

from flask import Request, Response, g

from ordain.api.limits import LIMITS

_KINDS = ("application/json", "text/html", "text/plain")


def compressed(asked: Request, answer: Response) -> Response:
    """The answer, its body compressed if that is wanted and worth it: by its type, or as the route says."""
    if answer.is_streamed or answer.direct_passthrough or not (answer.mimetype in _KINDS or "compressible" in g):
        return answer
    answer.vary.add("Accept-Encoding")
    takes = asked.accept_encodings
    plain = takes["identity"] if "identity" in takes.values() else 0
    if takes["gzip"] <= 0 or takes["gzip"] < plain or answer.status_code == 304:
        return answer
    body = answer.get_data()
    if len(body) < LIMITS.compressed_from:
        return answer
    answer.set_data(gzip.compress(body, LIMITS.compression, mtime=0))
    answer.headers["Content-Encoding"] = "gzip"
    tag, _ = answer.get_etag()
    if tag is not None:
        answer.set_etag(tag, weak=True)  # other bytes, the same meaning
    return answer
