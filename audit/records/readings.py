"""Who reads what is personal, and why, goes on record before anything is shown: for commands and for requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.limits import LIMITS
from ordain.audit.records.query import Query
from ordain.engine.errors import MalformedRequest


@dataclass(frozen=True, slots=True)
class Access:
    """Who reads, and why; `key` is the id of the API key, if there was one.

    `user` is the account of the machine, where somebody gave another name. With `required` nothing is read without a
    purpose. `own_request`: whoever the records are about asked for them, so restricted ones are read too.
    """

    actor: str
    purpose: str | None
    legal_claim: str | None = None
    key: str = ""
    own_request: bool = False
    user: str = ""
    required: bool = False


def note_reading(
    opened: OpenLedger,
    action: str,
    by: Access,
    ids: Sequence[str],
    *,
    entries: int | None = None,
    query: dict[str, Any] | None = None,
    subject: str | None = None,
    known: bool = True,
) -> None:
    """Records that personal data are read. What is read of one subject is sealed under that subject's key.

    A subject that is known elsewhere and not `known` to the ledger gets a key by it.

    Raises NotRecorded, UnknownSubject, MalformedRequest for want of a purpose; then nothing may be shown.
    """
    check_purpose(by)
    private: dict[str, Any] = {
        "actor": by.actor,
        "purpose": by.purpose,
        "query": query or {},
        "ids": list(ids[: LIMITS.ids_named]),
    }
    if by.user and by.user != by.actor:
        private["user"] = by.user
    if by.key:
        private["key"] = by.key
    if by.legal_claim is not None:
        private["legal_claim"] = by.legal_claim
    if by.own_request:
        private["own_request"] = True
    about = {"action": action, "entries": len(ids) if entries is None else entries}
    opened.note(Kind.READ, about, private, subject, known=known)


def check_purpose(by: Access) -> None:
    """Raises MalformedRequest where a purpose must be said, and is not."""
    if by.required and not (by.purpose or "").strip():
        raise MalformedRequest(
            "what is personal is read for a purpose, and none is said",
            "say it with `--purpose`, over HTTP with `purpose`: it goes on record",
        )


def note_search(
    opened: OpenLedger,
    action: str,
    by: Access,
    query: Query,
    ids: Sequence[str],
    entries: int | None = None,
    places: tuple[int, int] | None = None,
    **more: Any,
) -> None:
    """The same of what a query found; `more` is said beside the query.

    `places` are the leaf indices between which it read, the second without itself: who asks later what was read needs
    them where the ids are too many to be named.

    A subject that the ledger does not know gets no key by being asked for: its id is left out.
    """
    known = query.subject if ids else None
    if places is not None and (entries or len(ids)) > LIMITS.ids_named:
        query = replace(query, places=places)
    asked = {name: value for name, value in query.as_json().items() if known or name != "subject"} | more
    note_reading(opened, action, by, ids, entries=entries, query=asked, subject=known)
