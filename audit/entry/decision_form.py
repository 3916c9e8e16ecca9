"""What is the same in the entries and answers of one plan, encoded once: policies, texts, reasons, obligations.

Entry and answer are then joined from these pieces and the few bytes that are a decision's own. That the whole is the
canonical form (RFC 8785) of its data is held by a test on random outcomes, not by this code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ordain.audit.entry.canonical import canonical
from ordain.audit.entry.documents import POLICY, Document, references
from ordain.audit.entry.padding import padded, usual_length
from ordain.audit.entry.plan_text import FORM, PLAN, Named, Packer, named_model, plan_text, scorers
from ordain.audit.limits import LIMITS
from ordain.engine.evaluate import Outcome, Plan, by_name
from ordain.engine.policy.facts import ModelCard
from ordain.engine.policy.model import Verdict

Json = dict[str, Any]


class Said(NamedTuple):
    """What one step of a decision says: reasons and obligations, each canonical, joined by commas."""

    reasons: bytes
    obligations: bytes


class Gaps(NamedTuple):
    """What a decision was made without, each a canonical list: see `Outcome.missing` and `Outcome.not_known`."""

    missing: bytes
    not_known: bytes


class DecisionForm:
    """The pieces of one plan. `documents` are the texts that it may name, the vocabulary's and services' among them.

    `models` are those that may score its facts. Safe to use from several threads: what two make at once is the same.
    """

    def __init__(self, plan: Plan, documents: Iterable[Document], models: Iterable[ModelCard] = ()) -> None:
        self.plan, documents = plan, tuple(documents)
        scored = scorers(plan, models)
        self.models = {model.name: named_model(model) for model in scored.values()}
        """The models that the plan names, so that an envelope need not."""
        named = Named(
            _named_texts(plan),
            {text.kind: text.reference.digest for text in documents if text.kind != POLICY},
            [self.models[name] for name in sorted(self.models)],
        )
        own = Document(PLAN, plan_text(plan, named, scored))
        self.texts = (*documents, own)
        """What an entry under this plan may refer to, the plan's own text among it."""
        self.references = [own.reference, *references({"policies": named.policies, "documents": named.documents})]
        self._packer = Packer(own.text)
        self._least = usual_length(plan, FORM, self._packer.pack)
        self.digest, self.service, self.policies = map(
            canonical, (own.reference.digest, plan.service.name, named.policies)
        )
        self.numbers = {id(decision): number for number, decision in enumerate(plan.by_number)}
        """The place in `plan.by_number` of each decision, by its identity: so steps on record name it."""
        self._said: dict[tuple[Any, ...], Said] = {}
        self._gaps: dict[tuple[Any, ...], Gaps] = {}

    def packed(self, private: bytes) -> bytes:
        """A private part deflated, and padded so that its length tells nothing."""
        return padded(self._packer.pack(private), self._least)

    def said(self, outcome: Outcome) -> Said:
        """What all steps of a decision say, in their order."""
        reasons, obligations = [], []
        for step in outcome.trail:
            said = self._of_step(step)
            if said.reasons:
                reasons.append(said.reasons)
                if said.obligations:
                    obligations.append(said.obligations)
        return Said(b",".join(reasons), b",".join(obligations))

    def gaps(self, outcome: Outcome) -> Gaps:
        """What a decision was made without. The same rules with the same absent facts leave the same gaps."""
        lacked = tuple([(id(step[0]), step[4]) for step in outcome.trail if step[4]])
        absent = outcome.absent()
        if not absent and not lacked:
            return _NO_GAPS
        key = (lacked, *self.plan.unknowns.key(absent, outcome.trail))
        gaps = self._gaps.get(key)
        if gaps is None:
            if len(self._gaps) >= LIMITS.said_kept:
                self._gaps.clear()
            gaps = self._gaps[key] = Gaps(canonical(outcome.missing()), canonical(outcome.not_known()))
        return gaps

    def _of_step(self, step: Any) -> Said:
        decision, _, fired, value, missing, said_now = step
        if said_now:  # it is hardly said twice
            return _say(Outcome(self.plan, {}, [step], None))
        key = (id(decision), fired, missing, _verdicts(value) if fired else None)
        said = self._said.get(key)
        if said is None:
            if len(self._said) >= LIMITS.said_kept:
                self._said.clear()
            said = self._said[key] = _say(Outcome(self.plan, {}, [step], None))
        return said


def _named_texts(plan: Plan) -> list[Json]:
    """The policies in their order, before them what they share: their digests cover their own texts alone."""
    policies = [compiled.policy for compiled in plan.policies]
    shared = {each.label: each for policy in policies for each in policy.shared}
    named = [{"policy": each.kept_as, "version": each.version, "digest": each.digest} for each in shared.values()]
    return [*named, *({"policy": each.name, "version": each.version, "digest": each.digest} for each in policies)]


_NO_GAPS = Gaps(b"[]", b"[]")


class Forms:
    """The forms of the plans that decide now, each made once; arguments as in `DecisionForm`."""

    def __init__(self, documents: Sequence[Document], models: Sequence[ModelCard] = ()) -> None:
        self._documents, self._models = documents, models
        self._kept: dict[int, DecisionForm] = {}

    def of(self, plan: Plan) -> DecisionForm:
        """The form of that plan, which it keeps alive, so that no other takes its identity."""
        form = self._kept.get(id(plan))
        if form is None:
            if len(self._kept) >= LIMITS.forms_kept:
                self._kept.clear()
            form = self._kept[id(plan)] = DecisionForm(plan, self._documents, self._models)
        return form


def _verdicts(value: Any) -> tuple[Any, ...] | None:
    """What the rules of compliance that fired said, which a rule's reason names: a missing fact makes it review."""
    if type(value) is tuple and value and type(value[0]) is dict and "verdict" in value[0]:
        return tuple([part["verdict"] for part in value])
    return None


def _say(one: Outcome) -> Said:
    told = ([reason_told(reason) for reason in one.reasons()], [duty_told(duty) for duty in one.obligations()])
    return Said(*(canonical(part)[1:-1] for part in told))


def reason_told(reason: Json) -> Json:
    """A reason of a record as an answer has it.

    What a rule lacked is told once, beside all reasons. The `because` of a rule of compliance says why it does not
    permit, so it is left out where it does.
    """
    told = {**reason, **by_name(reason["policy"])}
    told.pop("missing", None)
    if told.get("verdict") == Verdict.PERMIT:
        del told["because"]
    return told


def duty_told(duty: Json) -> Json:
    """An obligation of a record as an answer has it. What it asks for may be called `version`, and stays then."""
    return {**by_name(duty["policy"]), **{name: value for name, value in duty.items() if name != "policy"}}
