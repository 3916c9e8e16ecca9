"""What commands that show personal data have in common: who reads and why goes on record before anything is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import click

from ordain.api.cli.actor import actor
from ordain.api.settings import Settings
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.reader import Record, Status
from ordain.audit.records.readings import Access, note_reading
from ordain.engine.errors import MalformedRequest, UnknownDecision

Command = TypeVar("Command", bound=Callable[..., Any])

HINT = "each answer has its `decision_id`; `ordain audit search` finds it"


def reader_options(command: Command) -> Command:
    """`--as` and `--purpose`, as `name` and `purpose`."""
    why = click.option("--purpose", metavar="TEXT", help="Why you read it; goes on record.")
    who = click.option("--as", "name", metavar="NAME", help="Who reads it. Default: the user of this machine.")
    return who(why(command))


def legal_claim_option(command: Command) -> Command:
    """`--legal-claim`, as `legal_claim`."""
    said = "Show restricted records too, for this legal claim (GDPR Article 18(2)); goes on record."
    return click.option("--legal-claim", metavar="REASON", help=said)(command)


def own_request_option(command: Command) -> Command:
    """`--own-request`, as `own_request`."""
    said = "Show restricted records too: the person they are about asked for them (GDPR Article 15); goes on record."
    return click.option("--own-request", is_flag=True, help=said)(command)


def access(
    settings: Settings,
    name: str | None,
    purpose: str | None,
    legal_claim: str | None = None,
    *,
    own_request: bool = False,
) -> Access:
    """Who reads: the name given, and the user of this machine, whatever name is given. Raises MalformedRequest."""
    if legal_claim is not None and not legal_claim.strip():
        raise MalformedRequest("--legal-claim is empty", "name the claim")
    required = settings.purpose == "required"
    return Access(actor(name), purpose, legal_claim, own_request=own_request, user=actor(None), required=required)


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
        Status.RESTRICTED: (
            "its erasure was requested: it is shown only for a legal claim, or to that person"
            " (`ordain audit explain` has --legal-claim and --own-request)"
        ),
        Status.READABLE: "",
    }[record.status]
