"""Who gets to see what of a record: roles, and how a record looks to each.

    reviewer  everything that can be read
    analyst   decisions without the person: the subject is a pseudonym, and what the vocabulary of that day declares
              personal is left out, with every score and value that was made from it; the outcome stays
    public    the envelope alone, which holds nothing personal

Whatever is not known to be harmless is left out: an analyst sees of other kinds of entries only the envelope, and
no fact at all when the vocabulary of that day cannot be read.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.past import Past
from ordain.audit.ledger.reader import Record
from ordain.audit.ledger.restoring import NOT_RESTORED
from ordain.audit.records.older_forms import in_todays_form
from ordain.engine.errors import LedgerUnavailable, PolicyError
from ordain.engine.policy.facts import Vocabulary

Json = dict[str, Any]

MASKED: Json = {"masked": True}
"""Stands in place of a value that a role may not see."""

_FOR_ANALYSTS = ("at", "verdict", "reasons", "obligations", "disclosures", NOT_RESTORED)


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

    def row(self, record: Record) -> Json:
        """One record as it leaves: its envelope, its place, and what of the private part may be seen."""
        entry = record.entry
        place: Json = {"leaf_index": entry.leaf_index, "leaf_hash": entry.leaf_hash.hex()}
        if self.role is not Role.PUBLIC:
            place["status"] = str(record.status)
        return {**record.envelope, **place, **self.private(record)}

    def private(self, record: Record) -> Json:
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
        return self._for_analyst(private, vocabulary)

    def pseudonym(self, subject: str) -> str:
        """HMAC-SHA256 under a random key that is thrown away with this mask."""
        return "P-" + hmac.digest(self._key, subject.encode(), "sha256").hex()[:32]

    def _for_analyst(self, private: Json, vocabulary: Vocabulary) -> Json:
        """A part that the record does not have is not there either: it is not known, rather than empty."""
        seen: Json = {name: private[name] for name in _FOR_ANALYSTS if name in private}
        facts = private.get("facts") or {}
        hidden = {name for name in facts if _is_hidden(name, vocabulary)}
        masked: dict[str, Callable[[Any], Any]] = {
            "subject": lambda subject: self.pseudonym(str(subject)),
            "facts": lambda facts: _facts(facts or {}, hidden),
            "models": lambda models: [_model(model, vocabulary) for model in models or ()],
            "outcome": lambda outcome: _outcome(outcome or {}, vocabulary),
            "trace": lambda trace: _trace(trace or [], hidden),
        }
        return seen | {name: mask(private[name]) for name, mask in masked.items() if name in private}


def _facts(facts: Json, hidden: set[str]) -> Json:
    return {name: {**fact, "value": MASKED} if name in hidden else fact for name, fact in sorted(facts.items())}


def _outcome(outcome: Json, vocabulary: Vocabulary) -> Json:
    return {
        name: MASKED if name in vocabulary and vocabulary[name].personal else value for name, value in outcome.items()
    }


def _is_hidden(name: str, vocabulary: Vocabulary) -> bool:
    return name not in vocabulary or vocabulary[name].personal


def _model(model: Json, vocabulary: Vocabulary) -> Json:
    """A score without its inputs that are personal; without itself when the fact that it became is."""
    inputs = model.get("inputs") or {}
    seen = {name: model.get(name) for name in ("model", "version", "digest", "fact")}
    seen["inputs"] = {name: MASKED if _is_hidden(name, vocabulary) else value for name, value in inputs.items()}
    seen["score"] = MASKED if _is_hidden(str(model.get("fact")), vocabulary) else model.get("score")
    seen["reasons"] = [
        {"feature": reason.get("feature"), "value": MASKED, "contribution": MASKED}
        if _is_hidden(str(reason.get("feature")), vocabulary)
        else reason
        for reason in model.get("reasons") or ()
    ]
    return seen


def _trace(trace: list[Json], hidden: set[str]) -> list[Json]:
    """The steps, without the values that were made from what is hidden."""
    tainted, seen = set(hidden), []
    for step in trace:
        if tainted.isdisjoint(step.get("reads", ())):
            seen.append(step)
        else:
            tainted.add(str(step.get("decision")))
            seen.append({**step, "gives": MASKED})
    return seen
