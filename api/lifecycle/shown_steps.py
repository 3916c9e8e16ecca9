"""Steps of versions as programs read them: what was done to a policy, and which version decides when."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ordain.api.lifecycle.steps import Steps
from ordain.engine.catalog import Catalog
from ordain.engine.errors import NotInForce, UnknownPolicy, did_you_mean
from ordain.engine.lifecycle.change import Change, Step
from ordain.engine.lifecycle.life import Life
from ordain.engine.lifecycle.rollout import Rollout, Stage

Json = dict[str, Any]


def step_shown(change: Change) -> Json:
    """One step."""
    told: Json = {
        "entry_id": change.id,
        "step": "rollback" if change.rollback else str(change.step),
        "policy": change.policy,
        "version": change.version,
        "digest": change.text.digest,
        "parts": [{"part": part.label, "digest": part.digest} for part in change.parts],
        "recorded": change.recorded.isoformat(),
        "who": change.who,
        "role": change.role,
        "reason": change.reason,
        "signed": bool(change.signature),
    }
    if change.step is Step.ACTIVATION:
        told["from"] = change.starts.isoformat()
    if change.rollout is not None:
        told["rollout"] = rollout_shown(change.rollout)
    return told


def rollout_shown(rollout: Rollout) -> Json:
    """How a version is rolled out: shares as per cent, as text."""
    return {
        "action": str(rollout.action),
        "shadow": rollout.shadow,
        "stages": [{"percent": stage.percent, "from": stage.begins.isoformat()} for stage in rollout.stages],
        "where": {name: list(values) for name, values in rollout.where.items()},
        "guards": dict(rollout.guards),
        "figures": dict(rollout.figures),
    }


def rolling_shown(change: Change, rollout: Rollout, now: dt.datetime) -> Json:
    """A roll-out that is on, by its last entry, with its share now."""
    return {
        "policy": change.policy,
        "version": change.version,
        "digest": change.text.digest,
        "entry_id": change.id,
        "percent": Stage(rollout.share(now), now).percent,
        **rollout_shown(rollout),
        "recorded": change.recorded.isoformat(),
        "who": change.who,
        "reason": change.reason,
    }


def steps_shown(steps: Steps, policy: str) -> list[Json]:
    """All steps of a policy as they were recorded; `void` are activations that never begin. Raises UnknownPolicy."""
    check_known(steps, policy)
    return life_shown(steps.life.life(policy))


def life_shown(life: Life, version: int | None = None) -> list[Json]:
    """The steps of one policy, or of one version of it."""
    changes = [change for change in life.changes if version in (None, change.version)]
    return [step_shown(change) | {"void": change.id in life.turns.void} for change in changes]


def deciding_shown(steps: Steps, policy: str, at: dt.datetime, known: dt.datetime) -> Json:
    """Which version decides at one time, by what was on record at another, and which one is rolled out then.

    Raises UnknownPolicy, PolicyError.
    """
    check_known(steps, policy)
    turns = steps.life.turns.known(known)
    deciding, on = turns.deciding(policy, at, steps.days(policy)), turns.rolling(policy, at)
    return {
        "policy": policy,
        "at": at.isoformat(),
        "known": known.isoformat(),
        "version": None if deciding is None else deciding.version,
        "entry_id": None if deciding is None else deciding.id,
        "rollout": None if on is None or on.rollout is None else rolling_shown(on, on.rollout, at),
    }


def deciding_by_dates(catalog: Catalog, policy: str, at: dt.datetime, now: dt.datetime) -> Json:
    """The same where versions decide by the dates in their texts, as they are now. Raises UnknownPolicy."""
    if policy not in catalog.versions:
        raise UnknownPolicy(f"there is no policy `{policy[:80]}`", did_you_mean(policy, catalog.versions))
    try:
        version = catalog.by_dates(policy, at.date()).policy.version
    except NotInForce:
        version = None
    told: Json = {"policy": policy, "at": at.isoformat(), "known": now.isoformat(), "version": version}
    return {**told, "entry_id": None, "rollout": None}


def check_known(steps: Steps, policy: str) -> None:
    """Raises UnknownPolicy for a name of which there is neither a file nor anything on record."""
    if policy not in steps.texts.versions() and not steps.life.life(policy).changes:
        hint = did_you_mean(policy, steps.texts.versions()) or "see: ordain policy list"
        raise UnknownPolicy(f"there is no policy `{policy[:80]}`", hint)
