"""Steps of versions of models: the policy `model-promotion` is asked, its decision recorded, and then the step.

A step names the decision that it follows from. One that the policy denies is not taken, unless an approver says that
and why it is: then its entry says so, too. Who is interrupted between the two records has a decision and no step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from ordain.api.ask import Ask
from ordain.api.decide import Decision, make_decision, refusal
from ordain.api.lifecycle.who import APPROVER, Person
from ordain.api.services import Services, wire
from ordain.api.settings import Settings
from ordain.api.stages.live_models import check_same
from ordain.api.stages.measurements import measured_facts
from ordain.api.stages.promotion_facts import promotion_facts
from ordain.audit.entry.entry import Receipt
from ordain.engine.errors import (
    Issue,
    MalformedRequest,
    ModelDegradationDetected,
    NotInForce,
    NotPermitted,
    OrdainError,
    SettingsError,
    StepRefused,
    UnknownService,
)
from ordain.engine.policy.model import Verdict
from ordain.models.registry import stage_rules as rules
from ordain.models.registry.card import Card
from ordain.models.registry.registry import Registry
from ordain.models.registry.stages import Change, ModelStages, Standing, Step
from ordain.models.registry.stored import Stored

SERVICE = "model-promotion"
ASKED = {Step.PROMOTED: "promote", Step.SHADOWED: "shadow", Step.ROLLED_BACK: "roll back", Step.RETIRED: "retire"}
"""What a step is called in the fact `model_step`."""
_COPY = (
    "copy the service `model-promotion`, its policy and the facts that begin with `model_` from the policies that"
    " `ordain init` makes"
)


@dataclass(frozen=True, slots=True)
class Taken:
    """`change` is None for a step that was not taken. `facts` are what the policy was told, `left` the version that was
    live; `decision` is the id of what it said, "" where that is not on record."""

    model: str
    version: int
    step: Step
    facts: Mapping[str, object]
    verdict: str
    reasons: tuple[str, ...]
    left: Standing | None
    change: Change | None = None
    decision: str = ""

    @property
    def permitted(self) -> bool:
        return self.verdict == Verdict.PERMIT

    def as_json(self) -> dict[str, Any]:
        """For programs: null where nothing was recorded."""
        made = self.change
        return {
            "model": self.model,
            "version": self.version,
            "step": str(self.step),
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "compared": self.facts["model_compared"],
            "facts": {
                name: value if isinstance(value, str | bool) else str(value) for name, value in self.facts.items()
            },
            "left": None if self.left is None else self.left.version,
            "overridden": made is not None and made.overridden,
            "entry_id": None if made is None else made.id,
            "decision_id": self.decision or None,
        }


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a step is to be about, and what the policy makes of it."""

    version: int
    digest: str
    facts: Mapping[str, object]
    decision: Decision

    @property
    def permitted(self) -> bool:
        return self.decision.entry.outcome.verdict is Verdict.PERMIT


class ModelSteps:
    """The methods raise StepRefused, ComplianceViolation, ModelDegradationDetected, NotPermitted, SettingsError,
    NotRecorded."""

    def __init__(self, use: Services) -> None:
        self._use, self._record = use, use.record
        self._registry = Registry(use.settings.models, use.settings.keys)

    def take(
        self, step: Step, model: str, version: int | None, person: Person, reason: str = "", *, override: bool = False
    ) -> Taken:
        """`version` None is that which a rollback goes back to."""
        if override:
            _check_override(person, reason)
        with self._use.ledger.store.alone():
            self._record.look()
            stages = self._record.of(model)
            asked = self._asked(step, stages, version)
            entry = asked.decision.entry
            receipt = self._use.ledger.ledger.append(entry, entry.form.texts)
            if not asked.permitted and not override:
                raise _refused(asked.decision, receipt)
            about: dict[str, Any] = {"decision": receipt.entry_id}
            about |= {} if asked.permitted else {"overridden": True}
            about |= {} if stages.live is None else {"live_before": stages.live.version}
            private = {"actor": person.name, "role": person.role, "reason": reason}
            made = self._record.record(step, model, asked.version, asked.digest, about, private)
        return replace(_told(step, stages, asked), change=made, decision=receipt.entry_id)

    def ask(self, step: Step, model: str, version: int) -> Taken:
        """What the policy says, on record; nothing is done."""
        with self._use.ledger.store.alone():
            self._record.look()
            stages = self._record.of(model)
            asked = self._asked(step, stages, version)
            receipt = self._use.ledger.ledger.append(asked.decision.entry, asked.decision.entry.form.texts)
        return replace(_told(step, stages, asked), decision=receipt.entry_id)

    def on_trial(self, step: Step, model: str, version: int | None) -> Taken:
        """What the policy would say now; nothing is recorded, and nothing done."""
        self._record.look()
        stages = self._record.of(model)
        return _told(step, stages, self._asked(step, stages, version, on_trial=True))

    def _asked(self, step: Step, stages: ModelStages, version: int | None, *, on_trial: bool = False) -> _Asked:
        number = _checked(step, stages, version)
        card, digest = self._version(step, stages, number)
        known = {} if card is None else measured_facts(stages, number)
        facts = promotion_facts(ASKED[step], stages.stage(number), card, self._live(stages), known)
        ask = Ask(SERVICE, f"{stages.model}@{number}", facts, on_trial=on_trial)
        try:
            return _Asked(number, digest, facts, make_decision(ask, self._use))
        except OrdainError as error:
            hint = error.issues[0].hint if isinstance(error, NotInForce) else _COPY
            why = f"the service `{SERVICE}` is not the one that says what becomes of a model: {error.message}"
            raise SettingsError(why, hint) from None

    def _version(self, step: Step, stages: ModelStages, number: int) -> tuple[Card | None, str]:
        """Its card and the card's digest. What is to score can be read; a damaged one may be retired."""
        try:
            read = self._registry.stored if step in (Step.RETIRED, Step.SHADOWED) else self._registry.tried
            stored: Stored = read(stages.model, number)
            if number in stages.of:
                check_same(stages.model, stages.of[number], stored.digest)
        except ModelDegradationDetected:
            if step is not Step.RETIRED or number not in stages.of:
                raise
            return None, stages.of[number].digest
        return stored.card, stored.digest

    def _live(self, stages: ModelStages) -> Card | None:
        """Where its files are damaged, nothing is compared with it."""
        with suppress(ModelDegradationDetected):
            return None if stages.live is None else self._registry.card(stages.model, stages.live.version)
        return None


@contextmanager
def model_steps(settings: Settings) -> Iterator[ModelSteps]:
    """With the policy that they ask, and the ledger, which is made if there is none, and closed at the end.

    Raises SettingsError, PolicyError.
    """
    try:
        use = wire(settings, SERVICE)
    except UnknownService as error:
        raise SettingsError(f"nothing says which version of a model may be live: {error.message}", _COPY) from None
    try:
        yield ModelSteps(use)
    finally:
        use.close()


def _checked(step: Step, stages: ModelStages, version: int | None) -> int:
    if step is Step.ROLLED_BACK or version is None:
        return rules.check_rollback(stages)
    check = {
        Step.PROMOTED: rules.check_promotion,
        Step.SHADOWED: rules.check_shadow,
        Step.RETIRED: rules.check_retirement,
    }
    check[step](stages, version)
    return version


def _check_override(person: Person, reason: str) -> None:
    if person.role != APPROVER:
        raise NotPermitted(f"the role `{person.role[:64]}` may not go on against the policy", f"it takes `{APPROVER}`")
    if not reason:
        raise MalformedRequest("to go on against the policy needs a reason", "say why: --because TEXT")


def _refused(decision: Decision, receipt: Receipt) -> OrdainError:
    reasons, verdict = decision.entry.outcome.reasons(), decision.entry.outcome.verdict
    if verdict is Verdict.DENY:
        return refusal(reasons, receipt)
    return StepRefused(
        Issue(
            f"`{each['rule']}` leaves it to a person: {each['because'] or each['source']}",
            f"an approver goes on with --override --because TEXT; on record as decision {receipt.entry_id}",
            fields={"rule": each["rule"], "decision_id": receipt.entry_id},
        )
        for each in reasons
        if each.get("verdict") == Verdict.REVIEW
    )


def _told(step: Step, stages: ModelStages, asked: _Asked) -> Taken:
    outcome = asked.decision.entry.outcome
    verdict = str(outcome.verdict)
    reasons = tuple(
        f"`{each['rule']}`: {each['because'] or each['source']}"
        for each in outcome.reasons()
        if each.get("verdict") == outcome.verdict and outcome.verdict is not Verdict.PERMIT
    )
    return Taken(stages.model, asked.version, step, asked.facts, verdict, reasons, stages.live)
