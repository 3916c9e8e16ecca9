"""What commands that show personal data have in common: who reads and why goes on record before anything is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import click

from ordain.api.cli.actor import actor
from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.reader import Record, Status
from ordain.audit.limits import LIMITS
from ordain.engine.errors import MalformedRequest, UnknownDecision

Command = TypeVar("Command", bound=Callable[..., Any])

HINT = "each answer has its `decision_id`; `ordain audit search` finds it"


@dataclass(frozen=True, slots=True)
class Access:
    """Who reads, and why."""

    actor: str
    purpose: str | None
    legal_claim: str | None = None


def reader_options(command: Command) -> Command:
    """`--as` and `--purpose`, as `name` and `purpose`."""
    why = click.option("--purpose", metavar="TEXT", help="Why you read it; goes on record.")
    who = click.option("--as", "name", metavar="NAME", help="Who reads it. Default: the user of this machine.")
    return who(why(command))


def legal_claim_option(command: Command) -> Command:
    """`--legal-claim`, as `legal_claim`."""
    said = "Show restricted records too, for this legal claim (GDPR Article 18(2)); goes on record."
    return click.option("--legal-claim", metavar="REASON", help=said)(command)


def access(name: str | None, purpose: str | None, legal_claim: str | None = None) -> Access:
    if legal_claim is not None and not legal_claim.strip():
        raise MalformedRequest("--legal-claim is empty", "name the claim")
    return Access(actor(name), purpose, legal_claim)


def note_reading(
    opened: OpenLedger,
    action: str,
    by: Access,
    ids: Sequence[str],
    *,
    entries: int | None = None,
    query: dict[str, Any] | None = None,
    subject: str | None = None,
) -> None:
    """Records that personal data are read. What is read of one subject is sealed under that subject's key.

    Raises NotRecorded; then nothing may be shown.
    """
    private: dict[str, Any] = {
        "actor": by.actor,
        "purpose": by.purpose,
        "query": query or {},
        "ids": list(ids[: LIMITS.ids_named]),
    }
    if by.legal_claim is not None:
        private["legal_claim"] = by.legal_claim
    about = {"action": action, "entries": len(ids) if entries is None else entries}
    opened.note(Kind.READ, about, private, subject)


def read_one(opened: OpenLedger, text: str, action: str, by: Access) -> Record:
    """One entry, its reading on record. Raises MalformedRequest, UnknownDecision."""
    entry_id = parsed_id(text)
    record = opened.reader.record(entry_id)
    if record is None:
        raise UnknownDecision(f"there is no entry `{entry_id}`", HINT)
    if record.private is not None:
        query = {"id": str(entry_id)}
        note_reading(opened, action, by, [str(entry_id)], query=query, subject=record.private.get("subject"))
    return record


def parsed_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise MalformedRequest(f"`{text[:60]}` is not an entry id", HINT) from None


def only_public(record: Record) -> str:
    """Why the private part of a record is not shown."""
    return {
        Status.ERASED: "the subject's key was destroyed: the private part can no longer be read; its proof still holds",
        Status.EXPIRED: "the private part was removed when the time for keeping it was over",
        Status.RESTRICTED: "its erasure was requested: it is shown only for a legal claim (see --legal-claim)",
        Status.READABLE: "",
    }[record.status]
