"""What one decision leaves in the ledger, and its answer, of which the ledger keeps the digest.

The envelope, of format 3, names what it was decided under by the digest of the plan's text (`audit.entry.plan_text`).
The private part, deflated with that text, holds what cannot be made again from the texts of the policies:

    form      2
    at        the time that was decided for, with the tenant's offset
    subject   whom it is about
    facts     by name the values that were given; a fact that the plan needs and that is not among them was missing
    sources   by name where a fact came from, unless it was the request
    scores    of each model that the envelope names, in its order: the fact that it scored, the score, its inputs, and
              for each feature its value and its contribution
    steps     [decision, value] of an expression, [decision, value, rules looked at, positions of those that fired] of
              a table, and for compliance the [position, fact] of each that lacked one; decisions by their number in
              the plan
    nulls     if a lenient policy has any: of each policy its label and [reason, place]
    outcome   what the service gives
    answer    SHA-256 (hexadecimal) of the canonical answer without its receipt

Reasons, obligations and the trace are made from it when somebody reads (`audit.ledger.restoring`). Until 0.1.0 was
released they were on record in full, without `form`; such entries stay as they are.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

from ordain.audit.entry.canonical import canonical_of_values
from ordain.audit.entry.decision_form import DecisionForm, Said, text
from ordain.audit.entry.documents import Reference
from ordain.audit.entry.entry import PLAN_FORMAT, Stamp, id_text, utc
from ordain.audit.entry.plan_text import named_model
from ordain.engine.evaluate import Outcome
from ordain.engine.policy.facts import REQUEST, Facts
from ordain.engine.policy.model import Table

Json = dict[str, Any]

FORM = 2
"""Of the private part."""


@dataclass(frozen=True, slots=True)
class DecisionEntry:
    """A decision that is to be recorded. `time` is when it was made, `at` what it was decided for.

    `answer` is the canonical JSON of what an app is told, without the receipt, which only recording it gives.
    """

    form: DecisionForm
    id: UUID
    time: dt.datetime
    at: dt.datetime
    subject: str
    jurisdiction: str | None
    facts: Facts
    outcome: Outcome
    answer: bytes = field(init=False, repr=False)
    _until_receipt: int = field(init=False, repr=False)
    _id: bytes = field(init=False, repr=False)
    _said: Said = field(init=False, repr=False)
    _given: Json = field(init=False, repr=False)

    def __post_init__(self) -> None:
        said, given = self.form.said(self.outcome), self.outcome.given()
        object.__setattr__(self, "_id", id_text(self.id.bytes).encode())
        before, after = self._answered(said, given)
        object.__setattr__(self, "_said", said)
        object.__setattr__(self, "_given", given)
        object.__setattr__(self, "answer", before + after)
        object.__setattr__(self, "_until_receipt", len(before))

    def answer_with(self, leaf_hash: str) -> bytes:
        """The answer, canonical JSON, with the receipt of its entry, whose leaf hash (hexadecimal) that is."""
        receipt = b'"receipt":{"entry_id":"%b","leaf_hash":"%b"},' % (self._id, leaf_hash.encode())
        return self.answer[: self._until_receipt] + receipt + self.answer[self._until_receipt :]

    def payload(self) -> bytes:
        """The private part, deflated. Raises TypeError and ValueError for what has no canonical form."""
        return self.form.packer.pack(self.private())

    def private(self) -> bytes:
        """The canonical bytes of the private part."""
        facts, sources = self.facts.values, self.facts.sources
        private: Json = {
            "form": FORM,
            "at": self.at.isoformat(),
            "subject": self.subject,
            "facts": {name: value for name, value in facts.items() if value is not None},
            "sources": {
                name: source for name, source in sources.items() if source != REQUEST and facts[name] is not None
            },
            "scores": [
                {
                    "fact": name,
                    "score": score.value,
                    "inputs": score.inputs,
                    "reasons": [(r.feature, r.value, r.contribution) for r in score.reasons],
                }
                for name, (_, score) in self.facts.scores.items()
            ],
            "steps": self._steps(),
            "outcome": self._given,
            "answer": sha256(self.answer).hexdigest(),
        }
        if self.outcome.nulls:
            private["nulls"] = self.outcome.told_nulls()
        return canonical_of_values(private)

    def envelope(self, stamp: Stamp, payload_hash: str, commitment: str) -> bytes:
        """The canonical bytes of the public part; `commitment` is hexadecimal."""
        form = self.form
        models = [
            model.name if form.models.get(model.name) == named_model(model) else named_model(model)
            for model, _ in self.facts.scores.values()
        ]
        return b"".join(
            (
                b'{"about":{},"engine":',
                stamp.engine_json,
                b',"id":"',
                self._id,
                b'","jurisdiction":',
                b"null" if self.jurisdiction is None else text(self.jurisdiction),
                b',"key_commitment":"',
                commitment.encode(),
                b'","kind":"decision","ledger":',
                stamp.ledger_json,
                b',"models":',
                canonical_of_values(models) if models else b"[]",
                b',"outcome_class":"',
                b"decided" if self.outcome.verdict is None else self.outcome.verdict.encode(),
                b'","payload_hash":"',
                payload_hash.encode(),
                b'","plan":',
                form.digest,
                b',"reason_codes":[',
                self._said.codes,
                b'],"service":',
                form.service,
                b',"tenant":',
                stamp.tenant_json,
                b',"time":"',
                utc(self.time).encode(),
                b'","v":%d}' % PLAN_FORMAT,
            )
        )

    def references(self) -> list[Reference]:
        """The texts that it was decided under."""
        return self.form.references

    def _steps(self) -> list[list[Any]]:
        numbers, steps = self.form.numbers, []
        for decision, looked_at, fired, value, missing in self.outcome.trail:
            step = [numbers[id(decision)], value]
            if isinstance(decision, Table):
                step += (looked_at, fired)
                if missing:
                    step.append(missing)
            steps.append(step)
        return steps

    def _answered(self, said: Said, given: Json) -> tuple[bytes, bytes]:
        """The answer's bytes before its receipt, and those after it."""
        form, verdict = self.form, self.outcome.verdict
        before = b"".join(
            (
                b'{"at":"',
                self.at.isoformat().encode(),
                b'","decision_id":"',
                self._id,
                b'","models":',
                canonical_of_values(_answered_scores(self.facts)) if self.facts.scores else b"[]",
                b',"obligations":[',
                said.obligations,
                b'],"outcome":',
                canonical_of_values(given),
                b',"policies":',
                form.policies,
                b',"reasons":[',
                said.reasons,
                b"],",
            )
        )
        told = b"null" if verdict is None else b'"%b"' % verdict.encode()
        return before, b"".join((b'"service":', form.service, b',"verdict":', told, b"}"))


def decided(outcome: Outcome) -> Json:
    """What the policies made of the facts, in full."""
    return {
        "outcome": outcome.given(),
        "verdict": None if outcome.verdict is None else str(outcome.verdict),
        "reasons": outcome.reasons(),
        "obligations": outcome.obligations(),
        "trace": outcome.trace(),
    }


def _answered_scores(facts: Facts) -> list[Json]:
    return [
        {
            "model": model.name,
            "version": model.version,
            "digest": model.digest,
            "fact": name,
            "score": score.value,
            "reasons": [
                {"feature": r.feature, "value": r.value, "contribution": r.contribution} for r in score.reasons
            ],
        }
        for name, (model, score) in facts.scores.items()
    ]
