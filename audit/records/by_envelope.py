"""The conditions of a query on envelopes.

Envelopes are canonical bytes, so what a condition asks for stands in them in one form only: an entry without these
bytes is passed over unread. What a decision's envelope does not say since format 4 is looked for in what its private
part tells (`audit.ledger.told`).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from ordain.audit.entry.canonical import canonical
from ordain.audit.entry.entry import StoredEntry, first_id, utc
from ordain.audit.ledger.reader import Reader
from ordain.audit.ledger.told import SEALED_MARK, is_untold
from ordain.audit.records.query import Query
from ordain.audit.records.shown import is_as_of
from ordain.engine.policy.model import STATUS, Status, Verdict

Json = dict[str, Any]
CLASSES = {
    status: frozenset(str(verdict or "decided") for verdict, given in STATUS.items() if given == status)
    for status in Status
}
"""What envelopes have as `outcome_class`, by the status that an answer has."""
_AFTER_ALL = b"\xff" * 17
_AS_OF = canonical({"as_of": True})[1:-1]
_NEAR = dt.timedelta(milliseconds=1)  # an id has the time of its entry to the millisecond


class EnvelopeTest:
    """The conditions on envelopes, as bytes that must stand in one and as what it must say when read."""

    def __init__(self, query: Query, reader: Reader | None = None) -> None:
        self.query = query
        self.name, _, self.version = (query.policy or "").partition("@")
        self.since = None if query.since is None else utc(query.since)
        self.until = None if query.until is None else utc(query.until)
        self.first = b"" if query.since is None else first_id(query.since)
        self.last = _AFTER_ALL if query.until is None else first_id(query.until, _NEAR)
        implied = Verdict.DENY if query.denied_by else Verdict.REVIEW if query.review else None
        self.fields = _given({"kind": query.kind, "service": query.service})
        self.told = _given({"jurisdiction": query.jurisdiction, "outcome_class": query.verdict or implied})
        self.marks = list(map(_mark, self.fields.items()))
        self.told_marks = list(map(_mark, self.told.items()))
        self.sealed_marks = [_mark(_as_sealed(*field)) for field in self.told.items()]
        """What must stand in the private part of a decision whose envelope does not say it."""
        self.names = [canonical({"policy": self.name})[1:-1]] if query.policy else []
        if query.policy and reader is not None:  # envelopes that name a plan do not name its policies
            self.names += [digest.encode() for digest in reader.plans_naming(self.name)]
            self.names.append(canonical(f"{self.name}@")[:-1])  # a rule of it that fired, where the plan's text is lost
        self.rules = [rule for rule in (query.rule, query.denied_by) if rule]
        self.told_marks += [canonical(rule)[1:] for rule in self.rules]
        self.model, _, self.model_version = (query.model or "").partition("@")
        if query.model:
            self.told_marks.append(canonical(self.model))
        self.marks += [_AS_OF] if query.as_of_differs else []
        self.classes = None if query.status is None else CLASSES[Status(query.status)]
        self.asks_told = bool(self.told or self.rules or self.model or self.classes is not None)
        """Whether a decision's private part may have to say if it fits."""

    def may_fit(self, entry: StoredEntry) -> bool:
        envelope = entry.envelope
        marks = self.marks if envelope.endswith(SEALED_MARK) else (*self.marks, *self.told_marks)
        marked = all(mark in envelope for mark in marks)
        named = not self.names or any(name in envelope for name in self.names)
        return marked and named and self.first <= entry.id.bytes < self.last

    def fits(self, envelope: Json) -> bool | None:
        """Whether an envelope does, with what is told beside it; None where that can no longer be read."""
        if any(envelope.get(name) != value for name, value in self.fields.items()):
            return False
        if self.query.as_of_differs and not is_as_of(envelope):
            return False
        if self.query.services is not None and envelope.get("service") not in self.query.services:
            return False
        time = envelope.get("time", "")
        if (self.since is not None and time < self.since) or (self.until is not None and time >= self.until):
            return False
        if self.query.policy and not self._names_policy(envelope):
            return False
        if self.asks_told and is_untold(envelope):
            return None
        return self._told_fits(envelope)

    def _told_fits(self, envelope: Json) -> bool:
        if any(envelope.get(name) != value for name, value in self.told.items()):
            return False
        if self.classes is not None and envelope.get("outcome_class") not in self.classes:
            return False
        if self.query.model and not self._names_model(envelope):
            return False
        codes = envelope.get("reason_codes", ())
        return all(any(self.is_rule(rule, code) for code in codes) for rule in self.rules)

    def _names_model(self, envelope: Json) -> bool:
        named = ((model.get("model"), str(model.get("version"))) for model in envelope.get("models", ()))
        return any(name == self.model and self.model_version in ("", version) for name, version in named)

    def _names_policy(self, envelope: Json) -> bool:
        named = [(policy.get("policy"), str(policy.get("version"))) for policy in envelope.get("policies", ())]
        if "plan" in envelope and not named:  # its text is lost: what is left are the rules that fired
            labels = [code.partition("/")[0].partition("@") for code in envelope.get("reason_codes", ())]
            named = [(name, version) for name, _, version in labels]
        return any(name == self.name and self.version in ("", version) for name, version in named)

    def is_rule(self, wanted: str, code: str) -> bool:
        """Whether `code`, policy@version/rule, is the wanted rule, under the policy of the query if there is one."""
        label, _, rule = code.partition("/")
        if wanted not in (code, rule):
            return False
        return not self.name or label == self.query.policy or (not self.version and label.startswith(f"{self.name}@"))


def _given(conditions: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in conditions.items() if value is not None}


def _as_sealed(name: str, value: str) -> tuple[str, str | None]:
    """A condition as a private part has it: its verdict is null where an envelope says `decided`."""
    if name != "outcome_class":
        return name, value
    return "verdict", None if value == "decided" else value


def _mark(field: tuple[str, str | None]) -> bytes:
    return canonical(dict([field]))[1:-1]
