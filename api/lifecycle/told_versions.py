"""Policies and their versions as programs are told of them: states, what decides now and next, who did what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ordain.api.lifecycle.shown_steps import life_shown
from ordain.api.lifecycle.version_states import VersionState
from ordain.engine.catalog import Catalog
from ordain.engine.errors import UnknownPolicy, did_you_mean
from ordain.engine.lifecycle.change import Step
from ordain.engine.lifecycle.life import Life, State
from ordain.engine.policy.model import Effective, Policy

Json = dict[str, Any]


def policies_told(catalog: Catalog, states: Iterable[VersionState]) -> list[Json]:
    """Each policy by name: what decides now, what will next, and all versions with their states."""
    by_policy: dict[str, list[VersionState]] = {}
    for state in states:
        by_policy.setdefault(state.policy, []).append(state)
    return [
        {**_head(catalog, name, several), "versions": [_in_short(each) for each in several]}
        for name, several in by_policy.items()
    ]


def policy_told(catalog: Catalog, states: Sequence[VersionState], name: str, life: Life | None) -> Json:
    """One policy, with the steps of each version and the days in its text; `life` is None where versions decide by
    their dates. Raises UnknownPolicy."""
    own = [each for each in states if each.policy == name]
    if not own:
        known = {each.policy for each in states}
        raise UnknownPolicy(f"there is no policy `{name[:80]}`", did_you_mean(name, known))
    loaded = _loaded(catalog, name)
    services = [each.name for each in catalog.services.by_name.values() if name in each.policies]
    return {
        **_head(catalog, name, own),
        "services": services,
        "versions": [_at_length(each, loaded.get(each.version), life) for each in own],
    }


def _head(catalog: Catalog, name: str, states: Sequence[VersionState]) -> Json:
    """`next` is the version that is planned to begin first."""
    active = next((each for each in states if each.state == State.ACTIVE), None)
    planned = sorted((each.begins or "", each.version) for each in states if each.state == State.PLANNED)
    loaded = _loaded(catalog, name)
    policy = loaded.get(0 if active is None else active.version) or (loaded[max(loaded)] if loaded else None)
    return {
        "policy": name,
        "kind": None if policy is None else policy.kind,
        "owner": None if policy is None else policy.owner,
        "purpose": None if policy is None else policy.purpose,
        "in_force": None if active is None else {"version": active.version, "from": active.begins},
        "next": {"version": planned[0][1], "from": planned[0][0]} if planned else None,
    }


def _loaded(catalog: Catalog, name: str) -> Mapping[int, Policy]:
    return {each.policy.version: each.policy for each in catalog.versions.get(name, ())}


def _in_short(state: VersionState) -> Json:
    return {"version": state.version, "state": state.state, "from": state.begins}


def _at_length(state: VersionState, policy: Policy | None, life: Life | None) -> Json:
    """`edited`: its file is not what was submitted, or activated, last; null while nothing was."""
    told = {**_in_short(state), "file": state.file, "digest": state.digest, "loads": policy is not None}
    told["effective"] = None if policy is None else _days(policy.effective)
    if life is None:
        return told
    texted = [each for each in life.changes if each.version == state.version and each.step is not Step.APPROVAL]
    told["edited"] = None
    if texted:
        told["edited"] = state.file is not None and state.digest != texted[-1].text.digest
    submission = life.submission(state.version)
    approved = [] if submission is None else life.approvals(submission, state.version)
    told["approvals"] = {"needed": life.needed, "by": [each.who for each in approved]}
    told["steps"] = life_shown(life, state.version)
    return told


def _days(effective: Effective) -> Json:
    end = None if effective.end is None else effective.end.isoformat()
    return {"from": effective.start.isoformat(), "until": end, "then_back": effective.season}
