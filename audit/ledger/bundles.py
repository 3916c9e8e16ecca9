"""A proof with all that belongs to it in one JSON file: a timestamp of its checkpoint, and the entry opened if wanted.

format      "ordain proof bundle 1"
entry_id    the entry's id
key         the ledger's verifying key
proof       the proof file (audit/ledger/proving.py)
timestamp   where an authority stamped the checkpoint: `of`, the text that it stamped, and `token`, its reply (base64)
revealed    on request: `sealed` and `entry_key` (base64), and `plan`, the text that the entry was deflated with
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ordain.audit.anchors.places import TIMESTAMP
from ordain.audit.ledger.checkpointer import head_of
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.proving import proof_file
from ordain.audit.ledger.reader import Disclosed
from ordain.engine.errors import OrdainError

FORMAT = "ordain proof bundle 1"


@dataclass(frozen=True, slots=True)
class _Stamped:
    """`of` was stamped, `note` is the same checkpoint with all cosignatures that there are."""

    note: str
    of: str
    token: bytes


def bundle(opened: OpenLedger, entry_id: UUID, revealed: Disclosed | None = None) -> dict[str, Any]:
    """As described above. The checkpoint is one that was cosigned, and stamped if it can be, that covers the entry.

    Raises as `proof_file` does.
    """
    entry = opened.reader.entry(entry_id)
    at = None if entry is None else entry.leaf_index
    stamped = None if at is None else _stamped(opened, at)
    text = proof_file(
        opened.store, opened.reader, entry_id, opened.published, None if stamped is None else stamped.note
    )
    made: dict[str, Any] = {"format": FORMAT, "entry_id": str(entry_id), "key": opened.identity.key, "proof": text}
    if stamped is not None:
        made["timestamp"] = {"of": stamped.of, "token": _base64(stamped.token)}
    if revealed is not None:
        made["revealed"] = {"sealed": _base64(revealed.sealed), "entry_key": _base64(revealed.entry_key)}
        if revealed.plan is not None:
            made["revealed"]["plan"] = revealed.plan.decode()
    return made


def _stamped(opened: OpenLedger, at: int) -> _Stamped | None:
    """A stamped checkpoint that covers leaf `at`: the cosigned one, or the newest where none is cosigned."""
    cosigned = opened.published.cosigned()
    for place in opened.places:
        try:
            newest = place.newest(TIMESTAMP)
            token = None if newest is None else place.beside(newest, TIMESTAMP)
            if newest is None or token is None or newest.size <= at:
                continue
            if cosigned is None:
                return _Stamped(newest.note, newest.note, token)
            if head_of(cosigned) == head_of(newest.note):
                return _Stamped(cosigned, newest.note, token)
        except OrdainError:  # a place that cannot be read, or that holds something else
            continue
    return None


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
