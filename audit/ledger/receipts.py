"""Signed receipts: the ledger's word, to be held against it, that an entry is on record.

A checkpoint covers an entry some seconds after its answer has left. Whoever has a receipt can prove to anyone,
meanwhile and afterwards, that the entry was promised, as a signed certificate timestamp does in Certificate
Transparency (RFC 6962 section 3). It is a signed note
(https://c2sp.org/signed-note) by the key that signs the checkpoints:

    ordain receipt v1
    origin ordain.ledger/0198c2f1-7a3e-7c11-9d2b-5f6a7b8c9d0e
    entry 01a1fc2b-f0c3-76e5-8ac8-004a3456f524
    leaf Sprdak+mtkBpUf5y6gTWdc+J7Je70s5rO5p0r3hz3o=
    time 2026-11-21T02:10:00Z
    covered by 2026-11-22T02:10:00Z

    — ordain.ledger/0198c2f1-7a3e-7c11-9d2b-5f6a7b8c9d0e <base64>

Its first line has blanks, which no origin of a ledger has: it can never be taken for a checkpoint, nor the other way.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable

from ordain.audit.entry.entry import Receipt
from ordain.audit.limits import LIMITS
from ordain.audit.tlog.checkpoint import SigningKey, sign_text

FIRST_LINE = "ordain receipt v1"


class Receipts:
    """Signs for one ledger. Safe to use from several threads."""

    def __init__(self, key: SigningKey, now: Callable[[], dt.datetime]) -> None:
        self._key, self._now = key, now

    def signed(self, receipt: Receipt) -> str:
        """The note. To be given out only for an entry that is durable."""
        now = self._now().astimezone(dt.UTC)
        due = now + dt.timedelta(seconds=LIMITS.covered_within)
        leaf = base64.b64encode(bytes.fromhex(receipt.leaf_hash)).decode()
        text = (
            f"{FIRST_LINE}\norigin {self._key.name}\nentry {receipt.entry_id}\nleaf {leaf}\n"
            f"time {now:%Y-%m-%dT%H:%M:%SZ}\ncovered by {due:%Y-%m-%dT%H:%M:%SZ}\n"
        )
        return sign_text(text, self._key)
