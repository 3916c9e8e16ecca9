"""The answer of a row that an earlier run recorded and did not write down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from ordain.api.ask import Ask
from ordain.api.decide import refusal
from ordain.api.services import Services
from ordain.audit.entry.canonical import canonical_of_values
from ordain.audit.entry.entry import Receipt
from ordain.audit.ledger.reader import Record
from ordain.audit.ledger.restoring import NOT_RESTORED, answer_of
from ordain.engine.errors import MalformedRequest, NotThatType, OrdainError, UnknownDecision
from ordain.engine.policy.facts import REQUEST, Vocabulary
from ordain.engine.score_gate import WITHHELD
from ordain.engine.values.money import with_currency


def on_record(number: int, ask: Ask | OrdainError, entry_id: str, use: Services) -> bytes | OrdainError | None:
    """The answer, or what is told instead of it; None when there is no such entry.

    Raises MalformedRequest when the entry answers another question, LedgerUnavailable.
    """
    record = use.ledger.reader.record(UUID(entry_id))
    if record is None:
        return None
    private = record.private
    if private is None or NOT_RESTORED in private:
        why = str(record.status) if private is None else private[NOT_RESTORED]
        return UnknownDecision(f"it is on record as decision {entry_id}, which cannot be shown again: {why}")
    if not isinstance(ask, Ask) or not _answers(record, private, ask, use.vocabulary):
        raise MalformedRequest(
            f"row {number} does not ask what decision {entry_id}, which was planned for it, is on record about",
            "put the table, the facts' file and the run's file back as they were, or name another file with --out",
        )
    if use.catalog.service(ask.service).refuses and private["verdict"] == "deny":
        return refusal(private["reasons"], Receipt(entry_id, record.entry.leaf_hash.hex()))
    return answer_of(record.envelope, private, record.entry.leaf_hash.hex())


def _answers(record: Record, private: Mapping[str, Any], ask: Ask, vocabulary: Vocabulary) -> bool:
    """Whether service, subject, time and the facts that were given are those of the ask."""
    return (
        record.envelope.get("service") == ask.service
        and private.get("subject") == ask.subject
        and (ask.at is None or dt.datetime.fromisoformat(private["at"]) == ask.at)
        and all(
            fact["source"] == WITHHELD
            or _given(name, ask.facts.get(name), vocabulary) == (fact["value"] if fact["source"] == REQUEST else None)
            for name, fact in private["facts"].items()
        )
    )


def _given(name: str, raw: object, vocabulary: Vocabulary) -> object:
    """A fact as it would be on record."""
    if raw is None or name not in vocabulary:
        return None
    try:
        return with_currency(vocabulary[name].type, orjson.loads(canonical_of_values(vocabulary[name].read(raw))))
    except NotThatType:
        return None
