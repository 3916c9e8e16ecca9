"""A request that is decided once, however often it comes: what the ledger keeps of it beside the entry."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from ordain.audit.limits import LIMITS


class Once(NamedTuple):
    """`digest` stands for the caller's key, `request` for what was asked under it: 32 bytes each.

    With LASTING in the place of `request` the key alone counts, and for longer: whoever sends an event again may send
    other bytes, and days later.
    """

    digest: bytes
    request: bytes

    def bound(self, entry_id: bytes) -> Once:
        """As it is kept: `request` with the entry that it led to, so that no request leads to another's answer.

        Who can write to the database does not know `request`, and so cannot make one for another entry. LASTING stays:
        it says how long the key counts.
        """
        if self.request == LASTING:
            return self
        return Once(self.digest, sha256(self.request + entry_id).digest())


LASTING = bytes(32)


def is_over(earlier: bytes, request: bytes, later: bytes) -> bool:
    """Whether what was asked, whose entry has the id `earlier`, no longer counts when an entry `later` is made.

    Ids are UUIDv7: they begin with their milliseconds.
    """
    kept = LIMITS.lasting_kept if request == LASTING else LIMITS.repeats_kept
    return int.from_bytes(later[:6], "big") - int.from_bytes(earlier[:6], "big") >= 1000 * kept
