"""A policy of which a new version asks for more, and the guard that looks after its roll-out."""

from __future__ import annotations

import datetime as dt
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from fees import ASHA, BELA, CHEN, Clock, fees, settings_of, steps_in

from ordain.api.ask import make_ask
from ordain.api.decide import decide
from ordain.api.lifecycle.guarding import Guard
from ordain.api.lifecycle.recorded import lifecycle_of
from ordain.api.lifecycle.rolling import Asked, Rolling
from ordain.api.lifecycle.taking_over import activated
from ordain.api.services import Services, wire
from ordain.api.settings import Settings
from ordain.engine.sequential.plan_text import plan_of
from ordain.engine.versions import Kept

ROOT = Path(__file__).parents[3]
FACTS = """\
facts:
  base: {type: number, meaning: what it is of}
  guard_standing: {type: text, values: [fine, watch, pause, revert, void], meaning: what it comes to}
  guard_resumed: {type: flag, meaning: whether somebody has gone on}
"""
SERVICES = """\
services:
  quote: {purpose: A fee., policies: [fees], gives: [fee]}
  rollouts: {purpose: Roll-outs., policies: [rollouts], gives: [rollout_action]}
"""
GUARD = {"metric": "fee", "may not": "rise", "pause": 1, "revert": 20}
PLAN = {"guardrails": [GUARD], "least": 20, "tight_at": 50}


def write(folder: Path, number: int, adds: int) -> None:
    """A version of the policy that adds so much to a base."""
    policies = folder / "policies"
    (policies / "fees").mkdir(parents=True, exist_ok=True)
    text = fees(number).replace(f"base * 0 + {number}", f"base + {adds}").replace(f"fee: {number}}}", f"fee: {adds}}}")
    (policies / f"fees/v{number}.yaml").write_text(text)
    (policies / "facts.yaml").write_text(FACTS)
    (policies / "services.yaml").write_text(SERVICES)
    shutil.copytree(ROOT / "policies/rollouts", policies / "rollouts", dirs_exist_ok=True)


def guarded(folder: Path, clock: Clock) -> Settings:
    """The first version and the policy of roll-outs decide; the second is approved, and adds 10."""
    write(folder, 1, 0)
    settings = settings_of(folder)
    with steps_in(settings, clock) as steps:
        steps.adopt(CHEN, "it begins")
    write(folder, 2, 10)
    with steps_in(settings, clock) as steps:
        steps.submit("fees@2", ASHA)
        steps.approve("fees@2", BELA)
    return settings


@contextmanager
def opened(settings: Settings, clock: Clock) -> Iterator[Services]:
    """All that records has the clock of the test."""
    use = wire(settings)
    try:
        ledger = replace(use.ledger, now=clock)
        yield replace(use, now=clock, ledger=ledger, lifecycle=lifecycle_of(settings, ledger))
    finally:
        use.close()


def begin(use: Services, clock: Clock, plan: object, shares: tuple[int, ...] = (5_000,)) -> Services:
    with steps_in(use.settings, clock) as steps:
        asked = Asked(shares, dt.timedelta(days=7), guards=plan_of(plan))
        Rolling(steps).start("fees@2", CHEN, asked)
    assert use.lifecycle is not None
    return activated(use, use.lifecycle, Kept())


def ask(use: Services, first: int, last: int) -> None:
    chance = random.Random(first)  # noqa: S311 - no secret
    for number in range(first, last):
        decide(make_ask("quote", f"C-{number}", {"base": 100 + chance.randrange(10)}, None), use)
    use.ledger.settle()


def guard_of(use: Services) -> Guard:
    return Guard(use)
