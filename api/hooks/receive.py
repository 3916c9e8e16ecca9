"""An event whose signature has been checked becomes one decision on record, however often and wherever it comes."""

from __future__ import annotations

import logging
from typing import NamedTuple

from ordain.api.ask import Ask
from ordain.api.decide import decide
from ordain.api.hooks.hook_event import Event, read_event
from ordain.api.hooks.schemes import Header
from ordain.api.hooks.source import Source
from ordain.api.services import Rules, Services
from ordain.audit.entry.once import Once
from ordain.audit.ledger.repeats import Repeats
from ordain.audit.store.store import AskedBefore
from ordain.engine.errors import ComplianceViolation, NotRecorded, OrdainError
from ordain.engine.policy.model import Verdict

_LOG = logging.getLogger("ordain")
DECIDED, REPEATED, NOT_MAPPED, REFUSED, FAILED = "decided", "repeated", "not mapped", "refused", "failed"
"""What came of an event, for metrics; the first three for its sender, too."""


class Received(NamedTuple):
    """`decision_id` is where the decision is on record; `verdict` is that of a decision made now."""

    result: str
    event: Event
    service: str = ""
    decision_id: str = ""
    verdict: Verdict | None = None


def receive(source: Source, header: Header, body: bytes, use: Services) -> Received:
    """Decides what the file says of such an event, and records it, unless that has been done.

    A decision that is a denial is on record as any other, so the event is settled. Raises MalformedRequest,
    DataQualityIssue and else what `decide` raises; the log says which event it was, and nothing of what is in it.
    """
    event = read_event(source.scheme, header, body)
    try:
        return _received(source, event, use)
    except OrdainError as error:
        facts = ", ".join(sorted({issue.fact for issue in error.issues if issue.fact}))
        told = (source.name, event.id, event.type[:100], error.code, f" ({facts})" if facts else "")
        _LOG.warning("hook `%s`: the event `%s` of type `%s` was not decided: %s%s", *told)
        raise


def _received(source: Source, event: Event, use: Services) -> Received:
    if not any(source.about(event.type)):
        return Received(NOT_MAPPED, event)
    repeats = use.ledger.repeats
    once = repeats.lasting(source.caller.name, event.id)
    if before := _before(repeats, once):
        return Received(REPEATED, event, "", before)
    ask = asked(source, event, use)
    if ask is None:
        return Received(NOT_MAPPED, event)
    try:
        answer = decide(ask, use, once)
    except ComplianceViolation as error:
        return Received(DECIDED, event, ask.service, str(error.issues[0].fields["decision_id"]), Verdict.DENY)
    except AskedBefore:
        if before := _before(repeats, once):
            return Received(REPEATED, event, "", before)
        raise NotRecorded("the same event was being decided at the same time; send it again") from None
    return Received(DECIDED, event, ask.service, answer.receipt.entry_id, answer.entry.outcome.verdict)


def _before(repeats: Repeats, once: Once) -> str:
    """The decision of an event that came before; empty when there is none."""
    found = repeats.find((once,)).get(once)
    return "" if found is None else str(found.entry_id)


def asked(source: Source, event: Event, use: Rules) -> Ask | None:
    """What the first mapping asks that is about the event, if any is. Raises as `Mapped.ask_of`."""
    at, caller = use.now(), source.recorded(event)
    for each in source.about(event.type):
        ask = each.ask_of(event, at, caller)
        if ask is not None:
            return ask
    return None
