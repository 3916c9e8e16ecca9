"""`/v1/policies/<policy>/rollout`: a version for a part of the customers, begun, paused and ended, and on record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response

from ordain.api.access.rights import Right
from ordain.api.http.routes.policies.policy_asking import (
    PREFIX,
    at_once,
    bench,
    labelled,
    person_in,
    reason_of,
    refuse_some_services,
)
from ordain.api.http.routes.policies.policy_steps import day_sent
from ordain.api.http.routes.reading import fields_sent, in_use, shown_json
from ordain.api.lifecycle.asked_rollouts import period_of, share_of, where_of
from ordain.api.lifecycle.rolling import Asked, Rolling
from ordain.api.lifecycle.shown_steps import check_known, rolling_shown, step_shown
from ordain.api.lifecycle.who import APPROVER, OPERATOR, Person
from ordain.api.lifecycle.workbench import by_record, known_of, life_of
from ordain.engine.errors import MalformedRequest
from ordain.engine.lifecycle.bucket import BUCKETS
from ordain.engine.lifecycle.change import Change
from ordain.engine.sequential.guardrail import Plan
from ordain.engine.sequential.plan_text import plan_of
from ordain.engine.values.types import format_raw

ROUTES = Blueprint("policy_rollouts", __name__, url_prefix=PREFIX)
ROUTES.before_request(refuse_some_services)

Json = dict[str, Any]


@ROUTES.get("/<policy>/rollout")
def rollout(policy: str) -> Response:
    """What is rolled out or tried beside now; null if nothing is."""
    steps = known_of(in_use())
    check_known(steps, policy)
    on, now = steps.life.turns.rolling(policy, steps.now()), steps.now()
    told = None if on is None or on.rollout is None else rolling_shown(on, on.rollout, now)
    return shown_json({"policy": policy, "rollout": told})


@ROUTES.post("/<policy>/versions/<version>/rollout")
def start(policy: str, version: str) -> Response:
    """An approved version decides for a share of the customers or, as a shadow, beside the one that answers."""
    label, _ = labelled(policy, version)
    check_known(known_of(in_use()), policy)
    data = fields_sent("steps", "share", "every", "from", "where", "guardrails", "shadow", "reason", "role")
    person = person_in(data, Right.ACTIVATE_POLICIES, (APPROVER, OPERATOR))
    shadow = data.get("shadow", False)
    if not isinstance(shadow, bool):
        raise MalformedRequest(f"`shadow` is {format_raw(shadow)}", "it is true or false")
    asked = Asked(
        _shares(data, shadow=shadow),
        period_of(data.get("every")),
        day_sent(data),
        where_of(data.get("where")),
        _guardrails(data),
        shadow,
    )
    with at_once(), bench().taking(in_use(), label) as steps:
        rolling = Rolling(steps)
        made = rolling.start(label, person, asked, reason_of(data))
        return shown_json({**step_shown(made), "newly_needed": rolling.newly_needed(label)})


@ROUTES.post("/<policy>/rollout/share")
def share(policy: str) -> Response:
    """A larger share, now."""
    return _stepped(
        policy,
        lambda rolling, data, who: rolling.share(policy, share_of(data.get("percent")), who, reason_of(data)),
        "percent",
    )


@ROUTES.post("/<policy>/rollout/pause")
def pause(policy: str) -> Response:
    """The share stays as it is."""
    return _ended(policy, lambda rolling, data, who: rolling.pause(policy, who, reason_of(data)))


@ROUTES.post("/<policy>/rollout/resume")
def resume(policy: str) -> Response:
    """It goes on."""
    return _stepped(policy, lambda rolling, data, who: rolling.resume(policy, who, reason_of(data)))


@ROUTES.post("/<policy>/rollout/revert")
def revert(policy: str) -> Response:
    """It is over: the version of before decides for everybody."""
    return _ended(policy, lambda rolling, data, who: rolling.revert(policy, who, reason_of(data)))


def _ended(policy: str, step: Callable[[Rolling, Json, Person], Change]) -> Response:
    """By the record alone: no state of the files, and no compilation, keeps anybody from it."""
    check_known(by_record(in_use(), life_of(in_use())), policy)
    data = fields_sent("reason", "role")
    person = person_in(data, Right.ACTIVATE_POLICIES, (APPROVER, OPERATOR))
    with bench().ending(in_use()) as steps:
        return shown_json(step_shown(step(Rolling(steps), data, person)))


def _stepped(policy: str, step: Callable[[Rolling, Json, Person], Change], *more: str) -> Response:
    check_known(known_of(in_use()), policy)
    data = fields_sent("reason", "role", *more)
    person = person_in(data, Right.ACTIVATE_POLICIES, (APPROVER, OPERATOR))
    with at_once(), bench().taking(in_use()) as steps:
        return shown_json(step_shown(step(Rolling(steps), data, person)))


def _guardrails(data: Json) -> Plan | None:
    """As in the file of the command, or the list alone."""
    given = data.get("guardrails")
    if given is None:
        return None
    return plan_of(given if isinstance(given, dict) else {"guardrails": given})


def _shares(data: Json, *, shadow: bool) -> tuple[int, ...]:
    """Those of `steps`, which has to be said; of what is tried beside `share`, and for everybody if it is left out."""
    steps, share = data.get("steps"), data.get("share")
    if shadow and steps is None:
        return (BUCKETS,) if share is None else (share_of(share),)
    if share is not None or not isinstance(steps, list):
        told = "`steps` is not said" if steps is None else f"`steps` is {format_raw(steps)}"
        raise MalformedRequest(told, "a list of shares in per cent, one after the other: [1, 5, 25]")
    return tuple(map(share_of, steps))
