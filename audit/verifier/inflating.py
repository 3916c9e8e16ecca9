"""Decisions' private parts, deflated (RFC 1951) with the text of their plan as dictionary.

Under an envelope of format 4 zero bytes follow, up to a multiple of 256, so that the length tells nothing.
"""

from __future__ import annotations

import zlib

from ordain.audit.verifier.envelope import SEALED, Json
from ordain.audit.verifier.reading_limits import LIMITS

_PADDED = 256


def inflated(plaintext: bytes, plan: bytes, envelope: Json) -> bytes | None:
    """What was deflated; None where that cannot be, or is followed by something else."""
    is_padded = envelope["v"] == SEALED
    if is_padded and len(plaintext) % _PADDED:
        return None
    stream = zlib.decompressobj(-zlib.MAX_WBITS, zdict=plan)
    try:
        private = stream.decompress(plaintext, LIMITS.inflated)
    except zlib.error:
        return None
    after = stream.unused_data.strip(b"\0") if is_padded else stream.unused_data
    return private if stream.eof and not after else None
