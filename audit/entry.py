"""One entry: ready to be written, as stored, and the receipt for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from audit.canonical import canonical
from audit.chain import link
from audit.documents import Reference, references
from engine.errors import LedgerUnavailable, NotRecorded

NOT_BY_CALLER = "entries are made by Ordain, not by its callers: please report this"
VERIFY = "run `ordain audit verify`"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the writer of an entry gets: where it stands and its hash in the chain (hexadecimal)."""

    entry_id: str
    seq: int
    hash: str
    prev_hash: str


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as it was read; `body` are the bytes that were hashed."""

    receipt: Receipt
    body: bytes

    @property
    def sound(self) -> bool:
        """Whether the body still hashes, after the entry before it, to the recorded hash."""
        return link(bytes.fromhex(self.receipt.prev_hash), self.body).hex() == self.receipt.hash

    def read(self) -> dict[str, Any]:
        """The body as data. Raises LedgerUnavailable when the stored bytes are no longer JSON."""
        return parsed(self.receipt.entry_id, self.body)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An entry that is ready to be written: made before the write lock is taken."""

    index: tuple[str, str, str, str | None, str | None]  # id, time, kind, service, subject
    body: bytes
    references: list[Reference]

    @classmethod
    def of(cls, body: dict[str, Any]) -> Prepared:
        """Raises NotRecorded when `body` is not one that an entry can have."""
        for name in ("id", "time", "kind"):
            if not isinstance(body.get(name), str) or not body[name]:
                raise NotRecorded(f"the entry has no text `{name}`", NOT_BY_CALLER)
        for name in ("service", "subject"):
            if not isinstance(body.get(name), str | None):
                raise NotRecorded(f"the entry's `{name}` is not a text", NOT_BY_CALLER)
        try:
            made, named = canonical(body), references(body)
        except (TypeError, ValueError) as error:
            raise NotRecorded(f"the entry is malformed: {error}", NOT_BY_CALLER) from error
        index = (body["id"], body["time"], body["kind"], body.get("service"), body.get("subject"))
        return cls(index, made, named)


def parsed(entry_id: str, body: bytes) -> dict[str, Any]:
    """A stored body as data. Raises LedgerUnavailable when it is no longer a JSON object."""
    try:
        data = json.loads(body)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise LedgerUnavailable(f"the stored entry `{entry_id}` is damaged", VERIFY)
    return data
