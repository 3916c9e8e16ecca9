"""The register of holds and restrictions: whose records are kept though they might go, why, and until when."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import orjson

from ordain.audit.entry.entry import id_text
from ordain.audit.entry.sealing import unseal
from ordain.audit.ledger.genuine import Genuine
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.privacy.on_record import on_record
from ordain.audit.store.private_parts import Stored

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One entry about it: what held from then on, who said so, and the reason that was given."""

    entry_id: str
    time: str
    hold: bool
    not_before: str | None
    reason: str
    actor: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A subject whose records are held, or restricted until a day. `steps` are in order; the last one holds now."""

    subject: str
    hold: bool
    not_before: str | None
    steps: tuple[Step, ...]

    def data(self) -> Json:
        """Everything, for JSON."""
        return {**asdict(self), "steps": [asdict(step) for step in self.steps]}


def register(opened: OpenLedger) -> list[Kept]:
    """Those held or restricted now: by the day on which they may be erased, those without one first.

    Raises LedgerUnavailable.
    """
    with opened.store.reading() as connection:
        record = on_record(opened, connection)
        ids = {key: opened.store.private.ids(connection, key) for key in record.last}
    genuine, kept = Genuine(opened.keyring), []
    for key, last in record.last.items():
        if not last.hold and last.not_before is None:
            continue
        opens = [(row, _opened(genuine, row)) for row in record.of_key[key]]
        steps = tuple(_step(row, private) for row, private in opens)
        subject = next((str(private["subject"]) for _, private in opens if "subject" in private), "")
        kept.append(Kept(subject or _subject(opened, ids[key]), last.hold, last.not_before, steps))
    return sorted(kept, key=lambda each: (each.not_before or "", each.subject))


def _step(row: Stored, private: Json) -> Step:
    envelope = orjson.loads(row.envelope)
    about = envelope["about"]
    why, who = str(private.get("reason", "")), str(private.get("actor") or private.get("caller") or "")
    return Step(id_text(row.id), envelope["time"], about["hold"], about["erase_not_before"], why, who)


def _opened(genuine: Genuine, row: Stored) -> Json:
    """The private part of an entry that is under the key that it names."""
    commitment = bytes.fromhex(orjson.loads(row.envelope)["key_commitment"])
    private: Json = orjson.loads(unseal(genuine.secret(row), row.id, row.sealed or b"", commitment))
    return private


def _subject(opened: OpenLedger, ids: list[bytes]) -> str:
    """Whose entries these are, by one that says it: older entries of holds do not."""
    for entry_id in ids:
        record = opened.reader.record(UUID(bytes=entry_id))
        if record is not None and record.private is not None and "subject" in record.private:
            return str(record.private["subject"])
    return ""
