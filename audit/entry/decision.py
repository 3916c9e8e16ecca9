"""What one decision leaves in the ledger, and its answer, of which the ledger keeps the digest.

The envelope, of format 4, has nothing that depends on whom it is about: it names what was decided under by the digest
of the plan's text (`audit.entry.plan_text`). The private part, deflated with that text and padded, holds what cannot
be made again from the texts of the policies:

    form      4
    at        the time that was decided for, with the tenant's offset
    verdict   what compliance said, or null
    jurisdiction  whose law it is under, or null
    subject   whom it is about
    facts     by name the values that were given; a fact that the plan needs and that is not among them was missing
    sources   by name where a fact came from, unless it was the request; `withheld` for a score that was not made, of
              what a store knew the store, as of when, and whether that was stale
    scores    of each fact that a model scored: the model's name, or name, version and digest where the plan does not
              name it; the fact, the score, its inputs, and for each feature its value, its contribution and, where the
              model knows it, what is usual; of a further output of a model that is empty. `from` has what inputs came
              from a store, if some did
    fallbacks if there are any: of each fact that is its fallback the model that failed, why, what the rule read, and
              `from` as above
    steps     [decision, value] of an expression, [decision, value, rules looked at, positions of those that fired] of
              a table, and for compliance the [position, fact] of each that lacked one; decisions by their number in
              the plan
    nulls     if a lenient policy has any: of each policy its label and [reason, place]
    outcome   what the service gives
    rollouts  where a version is rolled out to some: of each policy the version, the entry `of` the roll-out, the `arm`
              (champion or challenger), the subject's bucket, and how many of 10,000 buckets were the challenger's
    shadows   of each version that was tried beside, and answered nobody: its policy, version and digest, and the
              verdict and outcome of the service with it, or the code of the error that it ended in
    shadow_scores  of each version of a model that was tried beside the live one, and decided nothing: its `model`
              (name, version, digest), the `fact`, and the `score` that would have become it, or `why` there is none
    caller    who asked over HTTP, with a `name` and, if it was known by an API key, the id of that `key`; entries of
              commands, and of before there were callers, have none
    answer    SHA-256 (hexadecimal) of the canonical answer without its receipt

Reason codes, reasons, obligations and the trace are made from it when somebody reads (`audit.ledger.restoring`). Until
0.1.0 was released they were on record in full, without `form`; such entries stay as they are. So do those of form 2,
whose answers had no `status`, `missing` and `not_known`, an outcome whatever the verdict was, amounts with the digits
that they were calculated with, and policies in reasons and obligations as `name@version`. In those of form 3 the
envelope, of format 3, had verdict, jurisdiction, models and reason codes in clear, and the private part was not padded.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from ordain.audit.entry.canonical import canonical, canonical_of_values
from ordain.audit.entry.decision_form import DecisionForm, Said
from ordain.audit.entry.documents import Reference
from ordain.audit.entry.entry import SEALED_FORMAT, Stamp, id_text, utc
from ordain.audit.entry.plan_text import FORM, named_model
from ordain.engine.evaluate import Outcome
from ordain.engine.policy.facts import REQUEST, Facts, ModelCard, Reason
from ordain.engine.policy.model import Table

Json = dict[str, Any]

SETTLED_FORMS = (3, FORM)
"""In which outcomes are told as answers have them since form 3: settled, with a status and what was not known."""


@dataclass(frozen=True, slots=True)
class DecisionEntry:
    """A decision that is to be recorded. `time` is when it was made, `at` what it was decided for; `as_of` says that
    the caller chose that, and another time than the clock's: the envelope has it, so that such are found unopened.

    `shadow_scores` may be added until it is recorded: they are no part of the answer.

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
    caller: Mapping[str, str] | None = None
    as_of: bool = False
    rollouts: Sequence[Mapping[str, object]] = ()
    shadows: Sequence[Mapping[str, object]] = ()
    shadow_scores: list[Mapping[str, object]] = field(default_factory=list)
    answer: bytes = field(init=False, repr=False)
    _until_receipt: int = field(init=False, repr=False)
    _id: bytes = field(init=False, repr=False)
    _given: Json = field(init=False, repr=False)

    def __post_init__(self) -> None:
        said, given = self.form.said(self.outcome), self.outcome.given()
        object.__setattr__(self, "_id", id_text(self.id.bytes).encode())
        before, after = self._answered(said, None if self.outcome.withheld else given)
        object.__setattr__(self, "_given", given)
        object.__setattr__(self, "answer", before + after)
        object.__setattr__(self, "_until_receipt", len(before))

    def answer_with(self, leaf_hash: str) -> bytes:
        """The answer, canonical JSON, with the receipt of its entry, whose leaf hash (hexadecimal) that is."""
        receipt = b'"receipt":{"entry_id":"%b","leaf_hash":"%b"},' % (self._id, leaf_hash.encode())
        return self.answer[: self._until_receipt] + receipt + self.answer[self._until_receipt :]

    def payload(self) -> bytes:
        """The private part, deflated and padded. Raises TypeError and ValueError for what has no canonical form."""
        return self.form.packed(self.private())

    def answer_on_trial(self) -> bytes:
        """The answer when nothing is recorded: nothing in it names a record."""
        answer = orjson.loads(self.answer)
        del answer["decision_id"]
        return canonical({**answer, "dry_run": True})

    def private(self) -> bytes:
        """The canonical bytes of the private part."""
        facts, sources = self.facts.values, self.facts.sources
        private: Json = {
            "form": FORM,
            "at": self.at.isoformat(),
            "subject": self.subject,
            "verdict": None if self.outcome.verdict is None else str(self.outcome.verdict),
            "jurisdiction": self.jurisdiction,
            "facts": {name: value for name, value in facts.items() if value is not None},
            "sources": {
                name: source
                for name, source in sources.items()
                if source != REQUEST and (facts[name] is not None or source != "missing")
            },
            "scores": [
                {
                    "model": self._model(model),
                    "fact": name,
                    "score": score.value,
                    "inputs": score.inputs,
                    "reasons": [_of_reason(reason) for reason in score.reasons],
                    **self._whence(score.inputs),
                }
                for name, (model, score) in self.facts.scores.items()
            ],
            "steps": self._steps(),
            "outcome": self._given,
            "answer": sha256(self.answer).hexdigest(),
        }
        if self.facts.fallbacks:
            private["fallbacks"] = [
                {"fact": name, "model": each.model, "why": each.why, "inputs": each.inputs, **self._whence(each.inputs)}
                for name, each in self.facts.fallbacks.items()
            ]
        if self.caller is not None:
            private["caller"] = self.caller
        if self.rollouts:
            private["rollouts"] = self.rollouts
        if self.shadows:
            private["shadows"] = self.shadows
        if self.shadow_scores:
            private["shadow_scores"] = self.shadow_scores
        if self.outcome.nulls:
            private["nulls"] = self.outcome.told_nulls()
        return canonical_of_values(private)

    def envelope(self, stamp: Stamp, payload_hash: str, commitment: str) -> bytes:
        """The canonical bytes of the public part; `commitment` is hexadecimal."""
        return b"".join(
            (
                b'{"about":{"as_of":true},"engine":' if self.as_of else b'{"about":{},"engine":',
                stamp.engine_json,
                b',"id":"',
                self._id,
                b'","key_commitment":"',
                commitment.encode(),
                b'","kind":"decision","ledger":',
                stamp.ledger_json,
                b',"payload_hash":"',
                payload_hash.encode(),
                b'","plan":',
                self.form.digest,
                b',"service":',
                self.form.service,
                b',"tenant":',
                stamp.tenant_json,
                b',"time":"',
                utc(self.time).encode(),
                b'","v":%d}' % SEALED_FORMAT,
            )
        )

    def references(self) -> list[Reference]:
        """The texts that it was decided under."""
        return self.form.references

    def _model(self, model: ModelCard) -> str | Json:
        """Its name, which is enough where the plan names it."""
        named = named_model(model)
        return model.name if self.form.models.get(model.name) == named else named

    def _whence(self, inputs: Mapping[str, object]) -> Json:
        """`from`: which of the inputs a store knew, if any."""
        known = self.facts.inputs_from
        whence = {name: known[name] for name in inputs if name in known} if known else {}
        return {"from": whence} if whence else {}

    def _steps(self) -> list[list[Any]]:
        numbers, steps = self.form.numbers, []
        for decision, looked_at, fired, value, missing, said in self.outcome.trail:
            step = [numbers[id(decision)], value]
            if said:
                step += (looked_at, fired, missing, said)
            elif isinstance(decision, Table):
                step += (looked_at, fired)
                if missing:
                    step.append(missing)
            steps.append(step)
        return steps

    def _answered(self, said: Said, given: Json | None) -> tuple[bytes, bytes]:
        """The answer's bytes before its receipt, and those after it."""
        form, verdict, gaps = self.form, self.outcome.verdict, self.form.gaps(self.outcome)
        before = b"".join(
            (
                b'{"at":"',
                self.at.isoformat().encode(),
                b'","decision_id":"',
                self._id,
                b'",' if not self.facts.fallbacks else b'","fallbacks":%b,' % canonical(_fallen_back(self.facts)),
                b'"missing":',
                gaps.missing,
                b',"models":',
                canonical_of_values(_answered_scores(self.facts)) if self.facts.scores else b"[]",
                b',"not_known":',
                gaps.not_known,
                b',"obligations":[',
                said.obligations,
                b'],"outcome":',
                b"null" if given is None else canonical_of_values(given),
                b',"policies":',
                form.policies,
                b',"reasons":[',
                said.reasons,
                b"],",
            )
        )
        told = b"null" if verdict is None else b'"%b"' % verdict.encode()
        status = b',"status":"%b","verdict":' % self.outcome.status.encode()
        return before, b"".join((b'"service":', form.service, status, told, b"}"))


def decided(outcome: Outcome, form: int | None = FORM) -> Json:
    """What the policies made of the facts, in full, as a record of that form has it (None: one without `form`)."""
    whole: Json = {
        "outcome": outcome.given(settled=form in SETTLED_FORMS),
        "verdict": None if outcome.verdict is None else str(outcome.verdict),
        "reasons": outcome.reasons(),
        "obligations": outcome.obligations(),
        "trace": outcome.trace(),
    }
    if form in SETTLED_FORMS:
        gaps = {"missing": outcome.missing(), "not_known": outcome.not_known()}
        whole |= {"status": str(outcome.status), "withheld": outcome.withheld, **gaps}
    return whole


def version_number(version: str) -> int | str:
    """A model's version as answers have it: a number, as those of policies are, if it is one."""
    return int(version) if version.isdecimal() and version.isascii() else version


def _answered_scores(facts: Facts) -> list[Json]:
    return [
        {
            "model": model.name,
            "version": version_number(model.version),
            "digest": model.digest,
            "fact": name,
            "score": score.value,
            "reasons": [reason_told(*_of_reason(reason)) for reason in score.reasons],
        }
        for name, (model, score) in facts.scores.items()
    ]


def reason_told(feature: str, value: Any, contribution: Any, usual: Any = None) -> Json:
    """What moved a score, as answers and whole records have it: `usual` only where the model knows it."""
    told = {"feature": feature, "value": value, "contribution": contribution}
    return told if usual is None else {**told, "usual": usual}


def _of_reason(reason: Reason) -> tuple[Any, ...]:
    told = (reason.feature, reason.value, reason.contribution)
    return told if reason.usual is None else (*told, reason.usual)


def _fallen_back(facts: Facts) -> list[Json]:
    return [{"fact": name, "model": each.model, "why": each.why} for name, each in facts.fallbacks.items()]
