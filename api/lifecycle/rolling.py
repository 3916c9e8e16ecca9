"""Versions rolled out to a part of the customers, and tried beside the one that answers: put on record, and ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ordain.api.access.role_rights import SERVICE as ACCESS
from ordain.api.lifecycle.metrics import check_metrics
from ordain.api.lifecycle.recorded import as_recorded
from ordain.api.lifecycle.shown_steps import check_known
from ordain.api.lifecycle.steps import Steps, parted, private_of, texts_used
from ordain.api.lifecycle.who import Person
from ordain.audit.entry.documents import POLICY
from ordain.engine.catalog import Catalog
from ordain.engine.errors import MalformedRequest, OrdainError, StepRefused, did_you_mean
from ordain.engine.lifecycle import rollout_rules as rules
from ordain.engine.lifecycle.bucket import BUCKETS
from ordain.engine.lifecycle.change import Change, Step
from ordain.engine.lifecycle.life import Life
from ordain.engine.lifecycle.rollout import Action, Rollout, Stage
from ordain.engine.needs import Need
from ordain.engine.policy.facts import REQUEST, Vocabulary
from ordain.engine.sequential.guardrail import Plan
from ordain.engine.sequential.plan_text import plan_json
from ordain.engine.values.types import Kind

JUDGE = "rollouts"
"""The service that is asked what happens to a roll-out when a guardrail is crossed."""
NO_FIGURES: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Asked:
    """How a version is to be rolled out: `shares` of 10,000 buckets, the first at `begins` (None: now), the others each
    `every` later; to whom (`where`), and within which guardrails."""

    shares: Sequence[int] = (BUCKETS,)
    every: dt.timedelta | None = None
    begins: dt.datetime | None = None
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    guards: Plan | None = None
    shadow: bool = False

    def stages(self, now: dt.datetime) -> tuple[Stage, ...]:
        """Raises MalformedRequest for several shares and nothing that says when the others begin."""
        if len(self.shares) > 1 and self.every is None:
            raise MalformedRequest(
                f"{len(self.shares)} shares, and nothing says when each begins",
                "say how long one lasts: `every` 7d, 12h",
            )
        first, every = self.begins or now, self.every or dt.timedelta()
        try:
            return tuple(Stage(share, first + number * every) for number, share in enumerate(self.shares))
        except OverflowError:
            raise MalformedRequest("the last share would begin after the year 9999", "say a shorter `every`") from None


@dataclass(frozen=True, slots=True)
class Rolling:
    """The methods raise StepRefused, UnknownPolicy, MalformedRequest, NotRecorded, and PolicyError for a version that
    does not load."""

    steps: Steps

    def start(self, label: str, person: Person, asked: Asked, reason: str = "") -> Change:
        """Rolls an approved version out or, as a shadow, has it decide beside the one that answers."""
        steps = self.steps
        name, number = parted(label)
        now, life = steps.now(), steps.life.life(name)
        steps.known(label, life, number)
        submitted = life.submission(number)
        if submitted is not None:
            steps.check_same(submitted)
        policy = steps.policy(name, number)
        stages = asked.stages(now)
        rules.check_stages(stages, now)
        begins, days = stages[0].begins, policy.effective
        submission = rules.check_start(life, number, asked.shadow, days, begins, now, steps.days(name))
        catalog = steps.catalog()
        _check_may_be_rolled_out(name, catalog)
        _check_where(catalog.vocabulary, asked.where)
        action = Action.SHADOW if asked.shadow else Action.START
        guards: Mapping[str, Any] = {}
        if asked.guards is not None:
            if asked.shadow:
                raise MalformedRequest("nobody is answered by what is tried beside", "leave the guardrails out")
            check_metrics(asked.guards, name, catalog)
            _check_judged(catalog, now)
            guards = plan_json(asked.guards)
        rollout = Rollout(action, stages, asked.where, asked.shadow, guards)
        text, *parts = texts_used(policy)
        return self._record(replace(submission, text=text, parts=tuple(parts)), rollout, person, reason)

    def newly_needed(self, label: str) -> list[str]:
        """The facts that a request has to bring for this version and not for the one that decides now."""
        name, number = parted(label)
        try:
            return self._newly_needed(name, number)
        except OrdainError:  # of another policy of the service: who is asked hears of it
            return []

    def _newly_needed(self, name: str, number: int) -> list[str]:
        catalog, now = self.steps.catalog(), self.steps.now()
        needed = dict[str, None]()
        for service in catalog.services.by_name.values():
            if name in service.policies:
                before = {need.fact.name for need in catalog.pick(service.name, now).needs}
                after = catalog.pick(service.name, now, {name: number}).needs
                needed |= dict.fromkeys(need.fact.name for need in after if _has_to_be_sent(need))
                needed = {fact: None for fact in needed if fact not in before}
        return list(needed)

    def pause(self, policy: str, person: Person, reason: str, figures: Mapping[str, Any] = NO_FIGURES) -> Change:
        """Keeps the share as it is."""
        _check_said(reason, f"pausing the roll-out of `{policy}`")
        stages = rules.paused(self._life(policy), self.steps.now())
        return self._go_on(policy, person, reason, Action.PAUSE, stages, figures)

    def resume(self, policy: str, person: Person, reason: str) -> Change:
        """Goes on where it was paused: what was yet to begin begins later, by as long as the pause was."""
        _check_said(reason, f"going on with the roll-out of `{policy}`")
        return self._go_on(policy, person, reason, Action.RESUME, rules.resumed(self._life(policy), self.steps.now()))

    def share(self, policy: str, share: int, person: Person, reason: str) -> Change:
        """A larger share, now."""
        now, life = self.steps.now(), self._life(policy)
        on, _ = rules.check_on(life, now)
        rules.check_days(on.text.label, self.steps.policy(policy, on.version).effective, now)
        stages = rules.grown(life, share, now)
        rules.check_stages(stages, now)
        return self._go_on(policy, person, reason, Action.SHARE, stages)

    def step(self, policy: str, person: Person, figures: Mapping[str, Any]) -> Change:
        """Puts the figures of a moment in which a stage begins on record; the schedule stays."""
        _, rollout = rules.check_on(self._life(policy), self.steps.now())
        return self._go_on(policy, person, "", Action.STEP, rollout.stages, figures)

    def revert(self, policy: str, person: Person, reason: str, figures: Mapping[str, Any] = NO_FIGURES) -> Change:
        """Ends it: the version that decides for the others decides for all again."""
        _check_said(reason, f"ending the roll-out of `{policy}`")
        return self._go_on(policy, person, reason, Action.REVERT, (), figures)

    def _go_on(
        self,
        policy: str,
        person: Person,
        reason: str,
        action: Action,
        stages: Sequence[Stage],
        figures: Mapping[str, Any] = NO_FIGURES,
    ) -> Change:
        """What follows on an entry of the same roll-out: version, customers and guardrails stay."""
        on, rollout = rules.check_on(self._life(policy), self.steps.now())
        return self._record(on, replace(rollout, action=action, stages=tuple(stages), figures=figures), person, reason)

    def _life(self, policy: str) -> Life:
        """Raises UnknownPolicy for a name of which there is neither a file nor anything on record."""
        check_known(self.steps, policy)
        return self.steps.life.life(policy)

    def _record(self, of: Change, rollout: Rollout, person: Person, reason: str) -> Change:
        about, sealed = as_recorded(rollout)
        beginning = rollout.action in (Action.START, Action.SHADOW)
        kept = self.steps.documents(of.texts, POLICY) if beginning else ()
        private = private_of(person, reason) | sealed
        return self.steps.life.record(Step.ROLLOUT, of.text, of.parts, about | {"of": of.id}, private, kept)


def _check_where(vocabulary: Vocabulary, where: Mapping[str, tuple[str, ...]]) -> None:
    """Raises StepRefused for a fact that a request does not bring, and for values that it cannot have."""
    for name, values in where.items():
        fact = vocabulary.facts.get(name)
        if fact is None:
            raise StepRefused(f"there is no fact `{name[:80]}`", did_you_mean(name, vocabulary.facts) or "")
        if fact.type.kind is not Kind.TEXT or REQUEST not in fact.sources:
            raise StepRefused(
                f"`{name}` is no text that a request brings, so nobody can be chosen by it", "take another fact"
            )
        for value in values:
            if fact.type.values and value not in fact.type.values:
                hint = did_you_mean(value, fact.type.values) or f"one of: {', '.join(fact.type.values[:9])}"
                raise StepRefused(f"`{name}` is never `{value[:80]}`", hint)


def _check_said(reason: str, what: str) -> None:
    if not reason:
        raise MalformedRequest(f"{what} needs a reason", "say why: `reason`")


def _check_may_be_rolled_out(policy: str, catalog: Catalog) -> None:
    """Who may do what with the service is said for everybody at once. Raises StepRefused."""
    access = catalog.services.by_name.get(ACCESS)
    if access is not None and policy in access.policies:
        raise StepRefused(f"`{policy}` says who may do what, and that is for all callers at once", "activate it")


def _check_judged(catalog: Catalog, now: dt.datetime) -> None:
    """That somebody can be asked what follows when a guardrail is crossed. Raises StepRefused."""
    try:
        catalog.pick(JUDGE, now)
    except OrdainError as error:
        hint = error.issues[0].hint or "copy it, its policy and facts from Ordain's own policies, and activate it"
        raise StepRefused(f"guardrails are judged by the service `{JUDGE}`: {error.message}", hint) from None


def _has_to_be_sent(need: Need) -> bool:
    fact = need.fact
    return fact.sources == (REQUEST,) and not fact.optional and not need.may_miss and fact.default is None
