"""Records by the names that answers use. What is stored keeps its own: an envelope's `id` and `time` are hashed.

entry_id      an entry of the ledger (stored as `id`); of a decision it is its `decision_id`
recorded_at   when it was recorded (stored as `time`); `at` is what it was decided for
private_part  what has become of the private part; `status` is the decision's
policy        a policy's name, with its `version`, a number, beside it (stored as `name@version` in reasons)
"""

from __future__ import annotations

from typing import Any

from ordain.audit.entry.decision import version_number
from ordain.audit.entry.entry import SEALED_FORMAT, Kind, StoredEntry
from ordain.audit.ledger.reader import Record
from ordain.audit.ledger.restoring import NOT_RESTORED
from ordain.audit.ledger.told import UNTOLD
from ordain.engine.evaluate import by_name
from ordain.engine.policy.model import STATUS, Status, Verdict

Json = dict[str, Any]

_NAMES = {"id": "entry_id", "time": "recorded_at"}


def envelope_shown(envelope: Json) -> Json:
    """An envelope as data, by today's names; of a decision with its `status`, which follows from its class, and with
    `as_of` where it says that the caller chose another time than the clock's."""
    shown = {_NAMES.get(name, name): value for name, value in envelope.items()}
    if envelope.get("kind") == Kind.DECISION:
        shown["status"] = status_told(envelope)
        shown |= {"as_of": True} if is_as_of(envelope) else {}
    return shown


def status_of(envelope: Json) -> Status | None:
    """The status of a decision's answer; None where that can no longer be told."""
    return None if envelope["outcome_class"] is None else STATUS[verdict_of(envelope)]


def status_told(envelope: Json) -> str | None:
    """The same as a text."""
    return as_text(status_of(envelope))


def as_text(status: Status | None) -> str | None:
    """A status as JSON has it."""
    return None if status is None else str(status)


def is_as_of(envelope: Json) -> bool:
    """Whether the caller chose the time that was decided for, and another than the clock's."""
    return bool(envelope.get("about", {}).get("as_of"))


def verdict_of(envelope: Json) -> Verdict | None:
    """What compliance said of a decision; None also where that can no longer be told."""
    said = envelope.get("outcome_class")
    return Verdict(said) if said in set(Verdict) else None


def decision_shown(record: Record) -> Json:
    """The record of a decision, public and private part together; only the public one when the rest is erased."""
    shown = {**envelope_shown(record.envelope), **(record.private or {}), "private_part": str(record.status)}
    shown["decision_id"] = shown.pop("entry_id")
    for part in ("reasons", "obligations", "trace"):
        if part in shown:
            shown[part] = [_named(each) for each in shown[part]]
    if "models" in shown:
        shown["models"] = [{**model, "version": version_number(str(model["version"]))} for model in shown["models"]]
    return shown


def entry_shown(entry: StoredEntry, envelope: Json) -> Json:
    """One line of a search: what can be said of an entry to who may not see its private part."""
    return {
        "entry_id": str(entry.id),
        "leaf_index": entry.leaf_index,
        "recorded_at": envelope["time"],
        "kind": envelope["kind"],
        "service": envelope["service"],
        "verdict": verdict_of(envelope),
        "status": status_told(envelope),
        "policies": [{name: policy[name] for name in ("policy", "version")} for policy in envelope["policies"]],
        "reason_codes": envelope["reason_codes"],
        "about": envelope["about"],
    }


def found_shown(record: Record) -> Json:
    """The same of an entry that was opened: with its subject and outcome, where they can be read."""
    known = record.private or {}
    untold = {NOT_RESTORED: known[NOT_RESTORED]} if NOT_RESTORED in known else {}
    private = {**{name: known.get(name) for name in ("subject", "outcome")}, **untold}
    found = {**entry_shown(record.entry, record.envelope), "private_part": str(record.status), **private}
    if found["kind"] != Kind.DECISION:
        found["private"] = record.private
    else:
        found["at"] = known.get("at")
    return found


def whole_shown(record: Record) -> Json:
    """An entry as it is stored, its private part opened."""
    envelope, private = record.envelope, record.private
    if envelope["v"] == SEALED_FORMAT:
        told = {name: envelope[name] for name in ("jurisdiction", "reason_codes")}
        envelope = {name: value for name, value in envelope.items() if name not in UNTOLD}
        private = None if private is None else {**told, **private}
    return {
        "leaf_index": record.entry.leaf_index,
        "leaf_hash": record.entry.leaf_hash.hex(),
        "private_part": str(record.status),
        "envelope": envelope,
        "private": private,
    }


def _named(part: Json) -> Json:
    return {**by_name(part["policy"]), **{name: value for name, value in part.items() if name != "policy"}}
