"""Who gets to see what of a record: roles, and how a record looks to each.

    reviewer  everything that can be read
    analyst   decisions without the person: subject and entry have ids that hold in one export, times are days, and what
              the vocabulary of that day declares personal is left out, with every score, value, reason and reason code
              that was made from it; the outcome stays, its numbers with two digits, its texts if they are declared ones
    public    the envelope alone, as it is since format 4: nothing of what was decided

Whatever is not known to be harmless is left out: an analyst sees of other kinds of entries that there was one, and
no fact at all when the vocabulary of that day cannot be read.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, InvalidOperation
from enum import StrEnum
from typing import Any

from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.past import Past
from ordain.audit.ledger.reader import Record
from ordain.audit.ledger.restoring import NOT_RESTORED
from ordain.audit.ledger.told import UNTOLD
from ordain.audit.records.older_forms import in_todays_form
from ordain.audit.records.shown import envelope_shown, status_told
from ordain.engine.errors import LedgerUnavailable, OrdainError, PolicyError
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.values.types import Kind as Kinds
from ordain.engine.values.types import Type

Json = dict[str, Any]

MASKED: Json = {"masked": True}
"""Stands in place of a value that a role may not see."""

_FOR_ANALYSTS = ("verdict", NOT_RESTORED)
_NO_ID = ("v", "kind", "tenant", "service", "engine", "policies", "documents")
"""What an analyst sees of an envelope, and of one that is told beside a decision `outcome_class`."""


@dataclass(frozen=True, slots=True)
class Grain:
    """How exactly an analyst sees numbers, dates and moments: so many digits, dates and days without their end."""

    digits: Context
    date: int
    day: int

    def number(self, value: Any) -> Any:
        """MASKED where it is none."""
        try:
            return f"{self.digits.create_decimal(str(value)):f}"
        except InvalidOperation:
            return MASKED

    def first(self, date: str) -> str:
        """The first day of the date's month or year."""
        return date[: -self.date] + "01-01"[-self.date :]

    def moment(self, time: str) -> str:
        """The day of a moment, or its month, in its own zone, as the moment at which it begins in UTC."""
        return f"{time[: 10 - self.day]}{'01'[: self.day]}T00:00:00+00:00"


FINE, COARSE = Grain(Context(prec=2), date=2, day=0), Grain(Context(prec=1), date=5, day=2)
"""As everybody's rows are, and as those are that would stand alone (`audit.records.generalising`)."""


class Role(StrEnum):
    """Who is to read, as the head of this file says."""

    REVIEWER = "reviewer"
    ANALYST = "analyst"
    PUBLIC = "public"


class Mask:
    """Makes records fit for one role. Pseudonyms are the same within one mask, and in no other."""

    def __init__(self, role: Role, past: Past) -> None:
        self.role, self._past = role, past
        self._key = os.urandom(32)

    def row(self, record: Record, grain: Grain = FINE) -> Json:
        """One record as it leaves: its envelope, its place, and what of the private part may be seen."""
        entry, envelope = record.entry, record.envelope
        if self.role is Role.ANALYST:
            return self._row_for_analyst(record, grain)
        place: Json = {"leaf_index": entry.leaf_index, "leaf_hash": entry.leaf_hash.hex()}
        if self.role is Role.PUBLIC:
            told = {*UNTOLD, "status"}
            return {name: value for name, value in envelope_shown(envelope).items() if name not in told} | place
        return {**envelope_shown(envelope), **place, "private_part": str(record.status), **self.private(record)}

    def _row_for_analyst(self, record: Record, grain: Grain) -> Json:
        """No id, digest, place or exact time that another export has, too."""
        envelope = record.envelope
        row: Json = {name: envelope[name] for name in _NO_ID if name in envelope}
        row |= {"entry_id": self._made_up("E-", record.entry.id.bytes), "recorded_at": grain.moment(envelope["time"])}
        row["private_part"] = str(record.status)
        if envelope["kind"] == Kind.DECISION:
            row |= {"outcome_class": envelope["outcome_class"], "status": status_told(envelope)}
        return row | self.private(record, grain)

    def private(self, record: Record, grain: Grain = FINE) -> Json:
        """What the role may see of the private part, in today's form; nothing when it cannot be read."""
        if record.private is None or self.role is Role.PUBLIC:
            return {}
        private = in_todays_form(record.private)
        if self.role is Role.REVIEWER:
            return private
        if record.envelope.get("kind") != Kind.DECISION:
            return {}
        try:
            vocabulary = self._past.vocabulary(record.envelope)
        except (LedgerUnavailable, PolicyError):
            vocabulary = Vocabulary({})
        try:
            gives: Mapping[str, Type] = self._past.plan(record.envelope).gives
        except (OrdainError, KeyError, TypeError):
            gives = {}
        return self._for_analyst(private, vocabulary, gives, grain)

    def pseudonym(self, subject: str) -> str:
        """HMAC-SHA256 under a random key that is thrown away with this mask."""
        return self._made_up("P-", subject.encode())

    def _made_up(self, kind: str, of: bytes) -> str:
        return kind + hmac.digest(self._key, kind.encode() + of, "sha256").hex()[:32]

    def _for_analyst(self, private: Json, vocabulary: Vocabulary, gives: Mapping[str, Type], grain: Grain) -> Json:
        """A part that the record does not have is not there either: it is not known, rather than empty."""
        seen: Json = {name: private[name] for name in _FOR_ANALYSTS if name in private}
        facts = private.get("facts") or {}
        hidden = {name for name in facts if _is_hidden(name, vocabulary)}
        closed = _closed(private.get("trace") or (), hidden)
        masked: dict[str, Callable[[Any], Any]] = {
            "at": grain.moment,
            "subject": lambda subject: self.pseudonym(str(subject)),
            "facts": lambda facts: _facts(facts or {}, hidden, vocabulary, grain),
            "models": lambda models: [
                _model(model, vocabulary, grain)
                for model in models or ()
                if not _is_hidden(str(model.get("fact")), vocabulary)
            ],
            "fallbacks": lambda fallbacks: [
                {name: each.get(name) for name in ("fact", "model", "why")}
                for each in fallbacks
                if not _is_hidden(str(each.get("fact")), vocabulary)
            ],
            "outcome": lambda outcome: _outcome(outcome or {}, vocabulary, gives, grain),
            "trace": lambda trace: [_step(step, closed, grain) for step in trace or ()],
            "reasons": lambda reasons: _open_ones(reasons, closed),
        }
        seen |= {name: mask(private[name]) for name, mask in masked.items() if name in private}
        if "reasons" in seen:
            seen["reason_codes"] = [
                f"{reason['policy']}/{reason.get('rule') or reason['decision']}" for reason in seen["reasons"]
            ]
        return seen


def _facts(facts: Json, hidden: set[str], vocabulary: Vocabulary, grain: Grain) -> Json:
    return {
        name: {"value": MASKED}
        if name in hidden
        else {**_open(fact), "value": _coarse(fact["value"], vocabulary[name].type, grain)}
        for name, fact in sorted(facts.items())
    }


def _open(fact: Json) -> Json:
    """A fact whose source does not say the moment that may tell whose it is."""
    store, kept, _ = str(fact.get("source")).partition(" as of ")
    return {**fact, "source": store} if kept else fact


def _outcome(outcome: Json, vocabulary: Vocabulary, gives: Mapping[str, Type], grain: Grain) -> Json:
    return {
        name: MASKED
        if name not in gives or (name in vocabulary and vocabulary[name].personal)
        else _coarse(value, gives[name], grain)
        for name, value in outcome.items()
    }


def _coarse(value: Any, type: Type, grain: Grain) -> Any:
    """A value as few others' as it may be: numbers with few digits, days by their month, texts if they are declared."""
    if value is None or type.kind is Kinds.FLAG:
        return value
    if type.kind is Kinds.NUMBER:
        if isinstance(value, Mapping):
            return {**value, "amount": grain.number(value.get("amount"))}
        return grain.number(value)
    if type.kind is Kinds.CONTEXT and isinstance(value, Mapping):
        return {name: _coarse(part, type.fields[name], grain) for name, part in value.items() if name in type.fields}
    if type.kind is Kinds.LIST and type.item is not None and isinstance(value, list):
        return [_coarse(part, type.item, grain) for part in value]
    if type.kind is Kinds.DATE and isinstance(value, str):
        return grain.first(value)
    return value if value in type.values else MASKED


def _is_hidden(name: str, vocabulary: Vocabulary) -> bool:
    return name not in vocabulary or vocabulary[name].personal


def _model(model: Json, vocabulary: Vocabulary, grain: Grain) -> Json:
    """A score without its inputs that are personal; without itself when the fact that it became is."""

    def cell(name: str, value: Any) -> Any:
        return MASKED if _is_hidden(name, vocabulary) else _coarse(value, vocabulary[name].type, grain)

    seen = {name: model.get(name) for name in ("model", "version", "digest", "fact")}
    seen["inputs"] = {name: cell(name, value) for name, value in (model.get("inputs") or {}).items()}
    seen["score"] = cell(str(model.get("fact")), model.get("score"))
    seen["reasons"] = [
        {
            "feature": feature,
            "value": cell(str(feature), reason.get("value")),
            "contribution": MASKED
            if _is_hidden(str(feature), vocabulary)
            else grain.number(reason.get("contribution")),
        }
        for reason in model.get("reasons") or ()
        for feature in (reason.get("feature"),)
    ]
    return seen


def _closed(trace: Sequence[Json], hidden: set[str]) -> set[str]:
    """The decisions that were made from what is hidden, however many steps before."""
    tainted = set(hidden)
    for step in trace:
        if not tainted.isdisjoint(step.get("reads", ())):
            tainted.add(str(step.get("decision")))
    return tainted - hidden


def _step(step: Json, closed: set[str], grain: Grain) -> Json:
    """A step; of one that was made from what is hidden only which it was."""
    if step.get("decision") in closed:
        return {**{name: step[name] for name in ("policy", "decision", "reads") if name in step}, "gives": MASKED}
    gives = step.get("gives")
    return {**step, "gives": gives if isinstance(gives, bool | None) else grain.number(gives)}


def _open_ones(reasons: Sequence[Json] | None, closed: set[str]) -> list[Json]:
    """The reasons that tell nothing of what is hidden."""
    return [reason for reason in reasons or () if reason.get("decision") not in closed]
