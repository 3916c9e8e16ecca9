"""A signed receipt with an answer, for who asks for it: `Prefer: signed-receipt` (RFC 7240).

It comes in a header, so that the answer's bytes are those whose digest is on record. Signing takes 0.1 ms of the loop
that all decisions share, so nobody gets one who does not ask; `GET /v1/decisions/<id>/receipt` signs one at any time.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable

from ordain.api.services import Services
from ordain.audit.entry.entry import Receipt

PREFER, RECEIPT, APPLIED = "Prefer", "Ordain-Receipt", "Preference-Applied"
SIGNED = "signed-receipt"


def is_wanted(preferences: Iterable[str]) -> bool:
    """Whether the values of `Prefer` ask for it."""
    wanted = (each for value in preferences for each in value.split(","))
    return any(each.partition(";")[0].strip().lower() == SIGNED for each in wanted)


def receipt_headers(use: Services, receipt: Receipt) -> list[tuple[str, str]]:
    """What an answer says whose entry is durable. The note is in base64: a header has one line."""
    note = use.ledger.receipts.signed(receipt)
    return [(RECEIPT.lower(), base64.b64encode(note.encode()).decode()), (APPLIED.lower(), SIGNED)]
