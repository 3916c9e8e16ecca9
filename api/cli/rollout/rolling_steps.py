"""`ordain rollout start`, `shadow`, `share`, `pause`, `resume`, `revert`: which version decides for whom."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ordain.api.cli.invocation import Invocation
from ordain.api.cli.policy.at_hand import day_of, steps_of
from ordain.api.cli.policy.taking_steps import REASON, WHY, person_of, step_options
from ordain.api.cli.terminal import ERR, OUT
from ordain.api.lifecycle.asked_rollouts import period_of, share_of, where_in
from ordain.api.lifecycle.rolling import Asked, Rolling
from ordain.api.lifecycle.shown_steps import step_shown
from ordain.api.lifecycle.who import APPROVER, OPERATOR, Person
from ordain.api.settings import Settings, load_settings
from ordain.engine.lifecycle.change import Change
from ordain.engine.lifecycle.rollout import Action
from ordain.engine.sequential.guardrail import Plan
from ordain.engine.sequential.plan_text import plan_of
from ordain.engine.text.source import parse, read_file

_WHERE = click.option(
    "--where",
    multiple=True,
    metavar="FACT=VALUE,...",
    help="Only customers of whom a request says this; several times: all of it.",
)


@click.command("start")
@click.argument("version", metavar="NAME@N")
@click.option("--steps", "shares", default="1,5,25,50,100", show_default=True, help="Per cent of the customers.")
@click.option("--every", metavar="PERIOD", help="How long each share lasts: 7d, 12h.")
@click.option("--from", "day", metavar="DAY", help="The day on which it begins; now if left out.")
@_WHERE
@click.option(
    "--guardrails",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="What may not become worse (YAML or JSON): it is paused or ended by itself while `ordain rollout watch` runs.",
)
@REASON
@step_options
def start_command(
    call: Invocation,
    version: str,
    shares: str,
    every: str | None,
    day: str | None,
    where: tuple[str, ...],
    guardrails: Path | None,
    reason: str,
    **who: Any,
) -> None:
    """Roll approved version NAME@N out: it decides for the first share of the customers, then for each larger one.

    Who is among them depends on nothing but the version and the customer, so nobody flips back and forth.

    Exit codes: 0 begun, 2 bad input, policies or settings, 3 not recorded, and so not begun.
    """
    settings = load_settings(call.config)
    asked = Asked(
        *(tuple(map(share_of, shares.split(","))), period_of(every), _begins(day, settings)),
        *(where_in(where), _plan(guardrails)),
    )
    _begin(settings, version, asked, reason, who)


@click.command("shadow")
@click.argument("version", metavar="NAME@N")
@click.option("--share", default="100", show_default=True, help="For how many per cent of the customers.")
@click.option("--from", "day", metavar="DAY", help="The day on which it begins; now if left out.")
@_WHERE
@REASON
@step_options
def shadow_command(
    call: Invocation, version: str, share: str, day: str | None, where: tuple[str, ...], reason: str, **who: Any
) -> None:
    """Have submitted version NAME@N decide beside the one that answers: what it would say is kept, and told nobody.

    It takes no approval. Each decision costs about twice as long meanwhile.

    Exit codes: 0 begun, 2 bad input, policies or settings, 3 not recorded, and so not begun.
    """
    settings = load_settings(call.config)
    asked = Asked((share_of(share),), begins=_begins(day, settings), where=where_in(where), shadow=True)
    _begin(settings, version, asked, reason, who)


@click.command("share")
@click.argument("name")
@click.argument("percent")
@REASON
@step_options
def share_command(call: Invocation, name: str, percent: str, reason: str, **who: Any) -> None:
    """Let the version of policy NAME that is rolled out decide for PERCENT of the customers, now. It only grows.

    Exit codes: 0 done, 2 bad input, policies or settings, 3 not recorded, and so not done.
    """
    share = share_of(percent)
    _go_on(call, (APPROVER, OPERATOR), who, lambda rolling, person: rolling.share(name, share, person, reason))


@click.command("pause")
@click.argument("name")
@WHY
@step_options
def pause_command(call: Invocation, name: str, reason: str, **who: Any) -> None:
    """Keep the share of the version of policy NAME that is rolled out as it is.

    Exit codes: 0 done, 2 bad input, policies or settings, 3 not recorded, and so not done.
    """
    _go_on(call, (OPERATOR, APPROVER), who, lambda rolling, person: rolling.pause(name, person, reason), by_record=True)


@click.command("resume")
@click.argument("name")
@WHY
@step_options
def resume_command(call: Invocation, name: str, reason: str, **who: Any) -> None:
    """Go on with the roll-out of policy NAME: what was yet to begin begins later, by as long as the pause was.

    Exit codes: 0 done, 2 bad input, policies or settings, 3 not recorded, and so not done.
    """
    _go_on(call, (APPROVER, OPERATOR), who, lambda rolling, person: rolling.resume(name, person, reason))


@click.command("revert")
@click.argument("name")
@WHY
@step_options
def revert_command(call: Invocation, name: str, reason: str, **who: Any) -> None:
    """End the roll-out, or the shadow, of policy NAME: the version of before decides for everybody, at once.

    Exit codes: 0 done, 2 bad input, policies or settings, 3 not recorded, and so not done.
    """
    _go_on(
        call, (OPERATOR, APPROVER), who, lambda rolling, person: rolling.revert(name, person, reason), by_record=True
    )


def _go_on(
    call: Invocation,
    roles: tuple[str, ...],
    who: dict[str, Any],
    step: Callable[[Rolling, Person], Change],
    *,
    by_record: bool = False,
) -> None:
    """A step of a roll-out that is on; `by_record`: whatever state the files are in."""
    settings = load_settings(call.config)
    with steps_of(settings, taken=True, by_record=by_record) as steps:
        made = step(Rolling(steps), person_of(settings, roles, who))
    _told(made, who)


def _begin(settings: Settings, version: str, asked: Asked, reason: str, who: dict[str, Any]) -> None:
    with steps_of(settings, taken=True, first=version) as steps:
        rolling = Rolling(steps)
        made = rolling.start(version, person_of(settings, (APPROVER, OPERATOR), who), asked, reason)
        needed = rolling.newly_needed(version)
    _told(made, who)
    if asked.guards is not None:
        ERR.print("note: guardrails are judged while `ordain rollout watch` runs", markup=False)
    if needed:
        facts = ", ".join(f"`{fact}`" for fact in needed)
        without = "without, it says nothing" if asked.shadow else "without, who is decided about by it gets an error"
        ERR.print(f"note: {version} needs {facts}, which no request had to bring before: {without}", markup=False)


def _begins(day: str | None, settings: Settings) -> dt.datetime | None:
    first = day_of(day)
    return None if first is None else dt.datetime.combine(first, dt.time(), settings.zone)


def _plan(file: Path | None) -> Plan | None:
    return None if file is None else plan_of(parse(read_file(file, str(file)), str(file)).data())


def _told(made: Change, who: dict[str, Any]) -> None:
    OUT.print(json.dumps(step_shown(made)) if who["as_json"] else said(made), markup=False)


def said(made: Change) -> str:
    """What was done, in a sentence."""
    rollout, label = made.rollout, made.text.label
    if rollout is None or rollout.action is Action.REVERT:
        was = "tried beside no more" if rollout is not None and rollout.shadow else "rolled out no more"
        return f"{label} is {was}; the version of before decides for everybody"
    what = "decides beside, told to nobody, for" if rollout.shadow else "decides for"
    shares = [f"{stage.percent} % of the customers from {_time(stage.begins)} on" for stage in rollout.stages]
    told = f"{label} {what} {', '.join(shares)}" if shares else f"{label} decides for nobody yet"
    return (
        told if rollout.action is not Action.PAUSE else f"{told}; that stays until: ordain rollout resume {made.policy}"
    )


def _time(when: dt.datetime) -> str:
    return when.isoformat(timespec="minutes")
