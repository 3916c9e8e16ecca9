"""What may be done with a roll-out, by what is on record of the policy; else StepRefused, with what to do instead."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise

from ordain.engine.errors import MalformedRequest, StepRefused
from ordain.engine.lifecycle.bucket import BUCKETS
from ordain.engine.lifecycle.change import Change
from ordain.engine.lifecycle.life import Life
from ordain.engine.lifecycle.rollout import Action, Rollout, Stage
from ordain.engine.lifecycle.rules import check_approved
from ordain.engine.lifecycle.turns import Effectives
from ordain.engine.policy.model import Effective


def check_stages(stages: Sequence[Stage], now: dt.datetime) -> None:
    """Shares that only grow, one after the other: a customer whom the new version has decided about keeps it.

    Raises MalformedRequest.
    """
    if not stages:
        raise MalformedRequest(
            "a roll-out needs a share of the customers to begin with", "for example 1, 5, 25, 50, 100 (`steps`)"
        )
    for stage in stages:
        if not 0 < stage.share <= BUCKETS:
            raise MalformedRequest(f"{stage.percent} % is no share of customers", "from 0.01 to 100")
    for before, after in pairwise(stages):
        if after.share <= before.share:
            raise MalformedRequest(
                f"{after.percent} % after {before.percent} % would give customers back to the other version",
                "let each share be larger than the one before",
            )
        if after.begins <= before.begins:
            raise MalformedRequest(
                f"{after.percent} % would begin before {before.percent} %", "give each a time of its own"
            )
    if stages[0].begins < now:
        raise MalformedRequest(f"{stages[0].begins} is past", "a roll-out begins now, or later: `from` a day")


def check_start(
    life: Life, version: int, shadow: bool, days: Effective, begins: dt.datetime, now: dt.datetime, known: Effectives
) -> Change:
    """The submission that is rolled out. To try it beside the one that answers takes no approval: nobody is told."""
    label = f"{life.policy}@{version}"
    submission = life.submission(version)
    if life.is_fixed(version):
        raise StepRefused(
            f"`{label}` was activated already: it decides for everybody, has or will",
            f"what it was is in: ordain policy history {life.policy}",
        )
    if submission is None:
        raise StepRefused(f"`{label}` was not submitted", f"its editor does that: ordain policy submit {label}")
    if not shadow:
        check_approved(life, submission, version)
    if life.turns.deciding(life.policy, begins, known) is None:
        raise StepRefused(
            f"no version of `{life.policy}` decides, so there is none for the other customers",
            f"activate one first: ordain policy activate {label}",
        )
    on = life.turns.rolling(life.policy, now)
    if on is not None and (on.version != version or shadow or not _is_shadow(on)):
        raise StepRefused(
            f"`{on.text.label}` is {'tried beside' if _is_shadow(on) else 'rolled out'} already",
            f"end that first: ordain rollout revert {life.policy} --reason TEXT",
        )
    check_days(label, days, begins)
    return submission


def check_days(label: str, days: Effective, when: dt.datetime) -> None:
    """That the days in its file let a version decide then."""
    if not days.holds_on(when.date()):
        raise StepRefused(
            f"`{label}` is not in force on {when.date()}",
            f"see `effective` in its file: it is from {days.start} on; begin then: --from {days.start}",
        )


def check_on(life: Life, now: dt.datetime) -> tuple[Change, Rollout]:
    """The roll-out that is on, as its last entry says it."""
    on = life.turns.rolling(life.policy, now)
    if on is None or on.rollout is None:
        raise StepRefused(
            f"no version of `{life.policy}` is rolled out",
            f"to begin: ordain rollout start {life.policy}@N --steps 1,5,25,50,100 --every 7d",
        )
    return on, on.rollout


def paused(life: Life, now: dt.datetime) -> tuple[Stage, ...]:
    """The schedule from now on: the share stays as it is."""
    on, rollout = check_on(life, now)
    if rollout.action is Action.PAUSE:
        raise StepRefused(f"the roll-out of `{on.text.label}` is paused already", _RESUME.format(life.policy))
    stage = rollout.stage(now)
    return () if stage is None else (stage,)


def resumed(life: Life, now: dt.datetime) -> tuple[Stage, ...]:
    """The schedule from now on: what was yet to begin when it was paused, later by as long as the pause was."""
    on, rollout = check_on(life, now)
    if rollout.action is not Action.PAUSE:
        raise StepRefused(f"the roll-out of `{on.text.label}` is not paused", f"see: ordain rollout show {life.policy}")
    before = next(
        each for each in life.turns.rollouts[life.policy] if each.rollout and each.rollout.action is not Action.PAUSE
    )
    coming = before.rollout.coming(on.starts) if before.rollout is not None else ()
    later = now - on.starts
    try:
        return (*rollout.stages, *(Stage(stage.share, stage.begins + later) for stage in coming))
    except OverflowError:
        raise StepRefused("what was planned would begin after the year 9999", "end it, and begin anew") from None


def grown(life: Life, share: int, now: dt.datetime) -> tuple[Stage, ...]:
    """The schedule from now on, at that share; larger ones that were planned stay planned."""
    on, rollout = check_on(life, now)
    if rollout.action is Action.PAUSE:
        raise StepRefused(f"the roll-out of `{on.text.label}` is paused", _RESUME.format(life.policy))
    stage = rollout.stage(now)
    if stage is not None and share <= stage.share:
        asked = Stage(share, now)
        raise StepRefused(
            f"{asked.percent} % is not more than the {stage.percent} % that it decides for",
            f"a share only grows; to end it: ordain rollout revert {life.policy} --reason TEXT",
        )
    return (Stage(share, now), *(each for each in rollout.coming(now) if each.share > share))


def check_free(life: Life, version: int, now: dt.datetime) -> None:
    """That no other version is rolled out when one is activated for everybody."""
    on = life.turns.rolling(life.policy, now)
    if on is not None and on.version != version and not _is_shadow(on):
        raise StepRefused(
            f"`{on.text.label}` is rolled out, and `{life.policy}@{version}` would end that",
            f"end it first: ordain rollout revert {life.policy} --reason TEXT",
        )


def _is_shadow(change: Change) -> bool:
    return change.rollout is not None and change.rollout.shadow


_RESUME = "to go on: ordain rollout resume {}"
