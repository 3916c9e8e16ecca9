"""An entry of the ledger as an event: CloudEvents 1.0, in JSON (https://github.com/cloudevents/spec).

It is made when it is delivered, from the entry alone, so the same entry always makes the same event, but for what has
been erased, restricted or removed by age meanwhile: of a decision nothing then is told but that it is on record.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import filter as fitting_of
from typing import Any

import orjson

from ordain.api.alerts.open_alerts import ACKNOWLEDGED, ENDED, ESCALATED, RAISED
from ordain.api.events.further import Further
from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.reader import Record, Status
from ordain.audit.ledger.restoring import NOT_RESTORED, answer_of
from ordain.audit.ledger.told import is_untold
from ordain.audit.records.follow_ups import FOLLOW_UPS
from ordain.audit.records.shown import is_as_of
from ordain.engine.errors import MalformedRequest, did_you_mean, near_word, quoted
from ordain.engine.lifecycle.rollout import Action
from ordain.engine.telling import OWN
from ordain.models.registry.stages import Step

Json = dict[str, Any]

DELIVERS = "events"
"""`about.action` of the entry that an endpoint is given personal data. It makes no event: that would be read, too."""


_OF_POLICIES = {
    Kind.SUBMISSION: "policy.submitted",
    Kind.APPROVAL: "policy.approved",
    Kind.ACTIVATION: "policy.activated",
}
_OF_ROLLOUTS = {
    Action.START: "started",
    Action.SHADOW: "shadowed",
    Action.STEP: "stepped",
    Action.SHARE: "grown",
    Action.PAUSE: "paused",
    Action.RESUME: "resumed",
    Action.REVERT: "reverted",
}
_OF_MODELS = {str(step): str(step).replace(" ", "_") for step in Step}
_KINDS = [value for name, value in vars(Kind).items() if not name.startswith("_")]
TYPES = sorted(
    [f"{OWN}{kind}.recorded" for kind in _KINDS if kind not in (Kind.ALERT, Kind.ROLLOUT, Kind.MODEL, *_OF_POLICIES)]
    + [f"{OWN}{Kind.ALERT}.{action}" for action in (RAISED, ESCALATED, ACKNOWLEDGED, ENDED)]
    + [f"{OWN}{name}" for name in _OF_POLICIES.values()]
    + [f"{OWN}{Kind.ROLLOUT}.{name}" for name in _OF_ROLLOUTS.values()]
    + [f"{OWN}{Kind.MODEL}.{name}" for name in _OF_MODELS.values()]
)
"""All that there are, but for those that a policy makes."""
_FURTHER = re.compile(r"[a-z][a-z0-9_-]*\.[a-z0-9_.*-]+")


def fitting(pattern: str) -> list[str]:
    """The types of our own that it names, in which `*` stands for any letters; none where a policy may make such.

    Raises MalformedRequest when there can be none.
    """
    named = fitting_of(TYPES, pattern)
    if not named and not _may_be_further(pattern):
        raise MalformedRequest(f"there is no type {quoted(pattern[:60])} of event", did_you_mean(pattern, TYPES))
    return named


def _may_be_further(pattern: str) -> bool:
    """Whether a policy may make events that it names: it is none of ours that is written nearly right."""
    is_ours = fitting_of(TYPES, OWN + pattern) or near_word(pattern.partition(".")[0], [OWN.rstrip(".")])
    return _FURTHER.fullmatch(pattern) is not None and not is_ours


def type_of(envelope: Json) -> str | None:
    """Such as `ordain.decision.recorded`, `ordain.policy.activated`; None for an entry that makes no event."""
    kind, action = envelope["kind"], envelope["about"].get("action")
    if kind == Kind.READ and action == DELIVERS:
        return None
    if kind == Kind.ALERT:
        return f"{OWN}{kind}.{action}"
    if kind == Kind.ROLLOUT:
        return f"{OWN}{kind}.{_OF_ROLLOUTS.get(action, action)}"
    if kind == Kind.MODEL:
        return f"{OWN}{kind}.{_OF_MODELS.get(action, action)}"
    return OWN + _OF_POLICIES.get(kind, f"{kind}.recorded")


def types_of(envelope: Json, further: list[Further]) -> list[str]:
    """All types of events that an entry makes, its own first."""
    own = type_of(envelope)
    return [] if own is None else [own, *(each.type for each in further)]


def events_of(
    record: Record, origin: str, further: list[Further], wants: Callable[[str, str | None], bool]
) -> list[Json]:
    """Those events of an entry that are wanted, by type and service: its own first, then what a policy makes of it.

    The id of a further one is the entry's with its type behind; it says which rule made it. Arguments as in `event_of`.
    """
    own, service = type_of(record.envelope), record.envelope["service"]
    if own is None:
        return []
    event = event_of(record, origin)
    events = [event] if wants(own, service) else []
    for each in further:
        if wants(each.type, service):
            data = {**event["data"], "rule": each.rule}
            events.append({**event, "id": f"{event['id']}:{each.type}", "type": each.type, "data": data})
    return events


def event_of(record: Record, origin: str) -> Json:
    """The event of an entry that has its place and makes one, as `Reader.told` has it; not about whom.

    `origin` is the ledger's name. `data.private` says of a decision why its verdict, law and rules are not there.
    """
    entry, envelope = record.entry, record.envelope
    about: Json = {"about": envelope["about"]} if envelope["about"] else {}
    if is_untold(envelope):
        about = {"decision_id": envelope["id"], "private": untold_why(record)}
    elif envelope["kind"] == Kind.DECISION:
        about = {
            "decision_id": envelope["id"],
            "verdict": None if envelope["outcome_class"] == "decided" else envelope["outcome_class"],
            "reason_codes": envelope["reason_codes"],
            "policies": [f"{each['policy']}@{each['version']}" for each in envelope["policies"]],
            **({"as_of": True} if is_as_of(envelope) else {}),
        }
    return {
        "specversion": "1.0",
        "id": envelope["id"],
        "source": origin,
        "type": type_of(envelope),
        "time": envelope["time"],
        "datacontenttype": "application/json",
        "sequence": f"{entry.leaf_index:016}",
        "data": {
            "tenant": envelope["tenant"],
            "service": envelope["service"],
            "jurisdiction": envelope["jurisdiction"],
            **about,
            "receipt": {"entry_id": envelope["id"], "leaf_hash": entry.leaf_hash.hex()},
        },
    }


def untold_why(record: Record) -> str:
    """`erased`, `restricted`, `expired`; or `not restored`, where the text that opens it is lost."""
    return "not restored" if record.status is Status.READABLE else str(record.status)


def with_private(event: Json, record: Record, *, subject: bool, answer: bool, refused: bool) -> Json:
    """The event with what an endpoint may have beside: whom it is about, a decision's answer as the app got it, and of
    what follows on a decision which one that is.

    `refused` says that no app got it: a denied outcome that is never handed out. `data.private` says why something
    is not there: `refused`, `erased`, `restricted`, `expired`, `not restored`.
    """
    private, data = record.private, dict(event["data"])
    full = {**event, "data": data}
    if private is None or record.status != Status.READABLE:
        data["private"] = str(record.status)
        return full
    if subject and private.get("subject") is not None:
        full["subject"] = private["subject"]
    if record.envelope["kind"] in FOLLOW_UPS and "decision" in private:
        data["decision_id"] = private["decision"]
    if answer and record.envelope["kind"] == Kind.DECISION:
        if refused:
            data["private"] = "refused"
        elif NOT_RESTORED in private:
            data["private"] = "not restored"
        else:
            data["answer"] = orjson.loads(answer_of(record.envelope, private, data["receipt"]["leaf_hash"]))
    return full
