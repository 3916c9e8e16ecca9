"""What is the same in the entries and answers of one plan, encoded once: policies, texts, reasons, obligations.

Entry and answer are then joined from these pieces and the few bytes that are a decision's own. That the whole is the
canonical form (RFC 8785) of its data is held by a test on random outcomes, not by this code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from ordain.audit.entry.canonical import canonical
from ordain.audit.entry.documents import POLICY, Document, references
from ordain.audit.entry.plan_text import PLAN, Named, Packer, named_model, plan_text, scorers
from ordain.audit.limits import LIMITS
from ordain.engine.evaluate import Outcome, Plan
from ordain.engine.policy.facts import ModelCard

Json = dict[str, Any]


class Said(NamedTuple):
    """What one step of a decision says: reason codes, reasons and obligations, each canonical, joined by commas."""

    codes: bytes
    reasons: bytes
    obligations: bytes


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
            [{"policy": p.name, "version": p.version, "digest": p.digest} for p in (c.policy for c in plan.policies)],
            {text.kind: text.reference.digest for text in documents if text.kind != POLICY},
            [self.models[name] for name in sorted(self.models)],
        )
        own = Document(PLAN, plan_text(plan, named, scored))
        self.texts = (*documents, own)
        """What an entry under this plan may refer to, the plan's own text among it."""
        self.references = [own.reference, *references({"policies": named.policies, "documents": named.documents})]
        self.packer = Packer(own.text)
        self.digest, self.service, self.policies = map(
            canonical, (own.reference.digest, plan.service.name, named.policies)
        )
        self.numbers = {id(decision): number for number, decision in enumerate(plan.by_number)}
        """The place in `plan.by_number` of each decision, by its identity: so steps on record name it."""
        self._said: dict[tuple[Any, ...], Said] = {}

    def said(self, outcome: Outcome) -> Said:
        """What all steps of a decision say, in their order."""
        codes, reasons, obligations = [], [], []
        for step in outcome.trail:
            said = self._of_step(step)
            if said.codes:
                codes.append(said.codes)
                reasons.append(said.reasons)
                if said.obligations:
                    obligations.append(said.obligations)
        return Said(b",".join(codes), b",".join(reasons), b",".join(obligations))

    def _of_step(self, step: Any) -> Said:
        decision, _, fired, value, missing = step
        key = (id(decision), fired, missing, _verdicts(value) if fired else None)
        said = self._said.get(key)
        if said is None:
            if len(self._said) >= LIMITS.said_kept:
                self._said.clear()
            said = self._said[key] = _say(Outcome(self.plan, {}, [step], None))
        return said


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
    reasons = one.reasons()
    codes = [f"{reason['policy']}/{reason.get('rule') or reason['decision']}" for reason in reasons]
    return Said(*(canonical(part)[1:-1] for part in (codes, reasons, one.obligations())))


def text(value: str) -> bytes:
    """A text in canonical JSON, with its quotes."""
    return orjson.dumps(value)
