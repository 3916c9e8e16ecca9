"""Roll-outs within their guardrails: each look is judged, the policy `rollouts` asked, and done what it says.

Nothing is done without a record of the decision that it follows from. What changes nothing is not recorded.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from ordain.api.ask import Ask
from ordain.api.decide import Decision, make_decision
from ordain.api.lifecycle.arms_seen import ArmsSeen, Run, run_of
from ordain.api.lifecycle.rolling import JUDGE, Rolling
from ordain.api.lifecycle.steps import BY_DATES, Steps
from ordain.api.lifecycle.taking_over import activated
from ordain.api.lifecycle.texts import texts_or_none
from ordain.api.lifecycle.who import Person
from ordain.api.limits import LIMITS
from ordain.api.services import Services
from ordain.engine.errors import LedgerUnavailable, NotInForce, NotRecorded, OrdainError, SettingsError
from ordain.engine.lifecycle.change import Change
from ordain.engine.lifecycle.rollout import Action
from ordain.engine.sequential.judging import Standing, Verdict, judge
from ordain.engine.sequential.plan_text import plan_of
from ordain.engine.versions import Kept

_LOG = logging.getLogger("ordain")
SERVICE, PERSON = JUDGE, Person("the policy of roll-outs", "operator")
_COPY = "copy the service `rollouts`, its policy and the facts that begin with `guard_` from Ordain's own policies"
_ACTIONS = {"none": None, "pause": Action.PAUSE, "revert": Action.REVERT}


@dataclass(frozen=True, slots=True)
class Looked:
    """One roll-out at one look: what its guardrails come to, and the entry of what was done, if something was."""

    on: Change
    verdict: Verdict
    done: Change | None

    def as_json(self) -> dict[str, Any]:
        """For programs: null where nothing was done."""
        done = self.done
        return {
            "policy": self.on.policy,
            "version": self.on.version,
            "done": None if done is None or done.rollout is None else str(done.rollout.action),
            "entry_id": None if done is None else done.id,
            **self.verdict.as_json(),
        }


class Guard:
    """Looks after all roll-outs that have guardrails. For one thread at a time; run one.

    Raises SettingsError when `use` has not the policy that it is to ask, or where versions decide by their dates.
    """

    def __init__(self, use: Services) -> None:
        if use.lifecycle is None:
            raise SettingsError(*BY_DATES)
        self.use, self._life = use, use.lifecycle
        self._seen: dict[str, ArmsSeen] = {}
        self.judged = 0
        """How many roll-outs the last look was at."""
        self.failed: list[str] = []
        """The policies of those that it could not look at."""
        self._kept = Kept()
        check(use)

    def look(self) -> list[Looked]:
        """Looks once at each. Raises LedgerUnavailable, NotRecorded.

        What goes wrong with one is told in the log, and keeps no other from being looked at.
        """
        self._life.look()
        self.use = activated(self.use, self._life, self._kept)
        looked, self.failed = [], []
        for policy in sorted(self._life.turns.rollouts):
            try:
                found = self._looked(policy)
            except (LedgerUnavailable, NotRecorded):
                raise
            except Exception as error:  # whatever it is, the others are looked at
                ours = isinstance(error, OrdainError)
                told = error.message if isinstance(error, OrdainError) else type(error).__name__
                _LOG.error("the roll-out of `%s` was not looked at: %s", policy, told, exc_info=None if ours else error)
                self.failed.append(policy)
            else:
                looked += [] if found is None else [found]
        self.judged = len(looked)
        return looked

    def _looked(self, policy: str) -> Looked | None:
        now = self.use.now()
        on = self._life.turns.rolling(policy, now)
        if on is None or on.rollout is None or not on.rollout.guards:
            return None
        run = run_of(self._life.turns, on)
        seen = self._seen.get(run.first.id)
        if seen is None:
            seen = self._seen[run.first.id] = ArmsSeen(run, plan_of(on.rollout.guards))
        seen.run = run
        seen.look(self.use.ledger.reader)
        verdict = judge(seen.plan, list(seen.cohorts.values()), run.raised)
        return Looked(on, verdict, self._acted(run, on, verdict))

    def _acted(self, run: Run, on: Change, verdict: Verdict) -> Change | None:
        """Raises what deciding and recording raise."""
        decision = make_decision(_ask(on, verdict.standing, resumed=run.was_resumed), self.use)
        action, rollout = _said(decision), on.rollout
        is_paused = rollout is not None and rollout.action is Action.PAUSE
        stage = None if rollout is None else rollout.stage(self.use.now())
        begins = stage is not None and not is_paused and stage.begins > on.starts
        if action is None or (action is Action.PAUSE and is_paused):
            if not begins:
                return None
            action = Action.STEP
        with self.use.ledger.store.alone():
            self._life.look()
            if self._life.turns.rolling(on.policy, self.use.now()) != on:
                return None  # somebody was quicker: the next look is at what is on then
            rolling = Rolling(Steps(self._life, self.use.ledger, texts_or_none(self.use.settings), self.use.now))
            if action is Action.STEP:
                return rolling.step(on.policy, PERSON, _figures(verdict))
            receipt = self.use.ledger.ledger.append(decision.entry, decision.entry.form.texts)
            figures = _figures(verdict) | {"decision": receipt.entry_id}
            step = rolling.pause if action is Action.PAUSE else rolling.revert
            return step(on.policy, PERSON, verdict.says[: LIMITS.stop_reason_characters], figures)


def check(use: Services) -> None:
    """Asks the policy once about each standing, for nobody. Raises SettingsError."""
    for standing in Standing:
        try:
            _said(make_decision(Ask(SERVICE, "nobody", _facts(standing, resumed=False)), use))
        except SettingsError:
            raise
        except OrdainError as error:
            why = f"asked about `{standing}`, it ends in {error.code}: {error.message}"
            raise _another(why, error.issues[0].hint if isinstance(error, NotInForce) else _COPY) from None


def _ask(on: Change, standing: Standing, *, resumed: bool) -> Ask:
    return Ask(SERVICE, f"roll-out of {on.text.label}", _facts(standing, resumed=resumed))


def _facts(standing: Standing, *, resumed: bool) -> dict[str, object]:
    return {"guard_standing": str(standing), "guard_resumed": resumed}


def _said(decision: Decision) -> Action | None:
    given = decision.entry.outcome.given()
    try:
        return _ACTIONS[given["rollout_action"]]
    except (KeyError, TypeError):
        raise _another("it does not give `rollout_action`: none, pause or revert") from None


def _figures(verdict: Verdict) -> dict[str, Any]:
    """For the record, where numbers are texts."""
    told: dict[str, Any] = _as_texts(verdict.as_json())
    return told


def _as_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_texts(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_as_texts(part) for part in value]
    return str(value) if isinstance(value, float) else value


def _another(why: str, hint: str = _COPY) -> SettingsError:
    return SettingsError(f"the service `rollouts` is not the one that says what happens to a roll-out: {why}", hint)
