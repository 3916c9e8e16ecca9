"""Which policies of a decision for an earlier time the ledger did not know then.

`effective` says from when on a version decides, and it may have been written, or first used, long after that day. Such
a version was put in force for a time that was over, and who reads a decision for that time should know.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from ordain.audit.entry.entry import StoredEntry, first_id
from ordain.audit.ledger.reader import Reader
from ordain.audit.limits import LIMITS

Json = dict[str, Any]


def unknown_then(reader: Reader, envelope: Mapping[str, Any], at: dt.datetime) -> list[Json]:
    """Those policies of a decision, of which `envelope` has name, version and digest, under which nothing was recorded
    before `at`: `[{"policy", "version"}, ...]`.

    Envelopes before that time are read, the latest first, until each policy has been seen.
    """
    unseen = {str(policy["digest"]): policy for policy in envelope.get("policies", ())}
    marks = {digest: _marks(reader, policy["policy"], digest) for digest, policy in unseen.items()}
    for entry in _before(reader, at):
        for digest in [each for each in unseen if any(mark in entry.envelope for mark in marks[each])]:
            del unseen[digest]
        if not unseen:
            break
    return [{name: policy[name] for name in ("policy", "version")} for policy in unseen.values()]


def _marks(reader: Reader, name: str, digest: str) -> list[bytes]:
    """What stands in an envelope under that text: its own digest, or that of a plan which names it."""
    plans = [plan for plan in reader.plans_naming(name) if digest.encode() in (reader.document(plan) or b"")]
    return [each.encode() for each in (digest, *plans)]


def _before(reader: Reader, at: dt.datetime) -> Iterator[StoredEntry]:
    last = first_id(at.astimezone(dt.UTC))
    end = reader.bounds(b"", last)[1]
    while end > 0:
        start = max(0, end - LIMITS.page)
        yield from (entry for entry in reversed(list(reader.entries(start, end))) if entry.id.bytes < last)
        end = start
