"""`ordain models promote`, `shadow`, `rollback`, `retire`: the stage that a version is in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from ordain.api.cli.invocation import Invocation
from ordain.api.cli.models import STEPPERS
from ordain.api.cli.policy.taking_steps import person_of, step_options
from ordain.api.cli.terminal import OUT
from ordain.api.lifecycle.asked_rollouts import share_of
from ordain.api.lifecycle.who import APPROVER
from ordain.api.settings import load_settings
from ordain.api.stages.model_steps import Taken, model_steps
from ordain.engine.lifecycle.bucket import BUCKETS, percent
from ordain.models.registry.stages import Step

_VERSION = click.argument("version", type=click.IntRange(1, 999_999_999))
_BECAUSE = click.option("--because", "reason", default="", help="Why: on record.")
_OVERRIDE = click.option(
    "--override", is_flag=True, help="Go on although the policy says no; an approver may, with --because."
)
_TRIAL = click.option("--dry-run", is_flag=True, help="Ask the policy, and record and change nothing.")


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    return _BECAUSE(_OVERRIDE(_TRIAL(step_options(command))))


@click.command("promote")
@click.argument("name")
@_VERSION
@click.option(
    "--share",
    metavar="PERCENT",
    help="Only for so many per cent of the subjects, always the same ones: the live version scores for the rest.",
)
@_options
def promote_command(call: Invocation, name: str, version: int, share: str | None, **how: Any) -> None:
    """Make VERSION of model NAME live, in the place of the one that is. Servers follow within seconds.

    The policy `model-promotion` is asked with what the cards of both say, and its decision recorded.

    Exit codes: 0 live, or permitted on trial; 1 not permitted on trial; 2 not permitted, bad input or settings, 3 not
    recorded, and so not live.
    """
    # All of them is what a promotion without a share is for.
    _take(call, Step.PROMOTED, name, version, how, 0 if share is None else share_of(share) % BUCKETS)


@click.command("shadow")
@click.argument("name")
@_VERSION
@_options
def shadow_command(call: Invocation, name: str, version: int, **how: Any) -> None:
    """Make VERSION of model NAME a shadow, to be tried beside the live one.

    Exit codes: 0 done, or permitted on trial; 1 not permitted on trial; 2 not permitted, bad input or settings, 3 not
    recorded, and so not done.
    """
    _take(call, Step.SHADOWED, name, version, how)


@click.command("rollback")
@click.argument("name")
@_options
def rollback_command(call: Invocation, name: str, **how: Any) -> None:
    """Go back to the version of model NAME that was live before the one that is.

    While a version is live for a share of the subjects, that ends, and the live one scores for all.

    Exit codes: 0 done, or permitted on trial; 1 not permitted on trial; 2 not permitted, bad input or settings, 3 not
    recorded, and so not done.
    """
    _take(call, Step.ROLLED_BACK, name, None, how)


@click.command("retire")
@click.argument("name")
@_VERSION
@_options
def retire_command(call: Invocation, name: str, version: int, **how: Any) -> None:
    """Retire VERSION of model NAME: it never comes back. Its files stay, for decisions that it scored.

    Exit codes: 0 done, or permitted on trial; 1 not permitted on trial; 2 not permitted, bad input or settings, 3 not
    recorded, and so not done.
    """
    _take(call, Step.RETIRED, name, version, how)


def said(taken: Taken) -> str:
    """What was done, in a sentence or two."""
    label, left = f"{taken.model}@{taken.version}", taken.left
    same = left is not None and left.version == taken.version
    before = "" if left is None or same else f", in the place of {taken.model}@{left.version}"
    some = f"scores for {percent(taken.share)} % of the subjects{before}"
    done = {
        Step.PROMOTED: f"{label} {some}" if taken.share else f"{label} is live{before}",
        Step.SHADOWED: f"{label} is a shadow beside the live version",
        Step.ROLLED_BACK: f"{label} scores for all again" if same else f"{label} is live again{before}",
        Step.RETIRED: f"{label} is retired",
    }[taken.step]
    if taken.change is not None and taken.change.overridden:
        done += f"; {taken.change.who} went on against the policy: {taken.change.reason}"
    return done + _beside(taken)


def _beside(taken: Taken) -> str:
    if taken.step is not Step.PROMOTED or taken.left is None or taken.facts["model_compared"]:
        return ""
    return f"\nit was not compared with {taken.model}@{taken.left.version}: they were measured on different rows"


def _on_trial(taken: Taken) -> str:
    asked = f"to {taken.facts['model_step']} {taken.model}@{taken.version}"
    verdict = {"permit": "is permitted", "deny": "is denied", "review": "is left to a person"}[taken.verdict]
    lines = [f"{asked} {verdict}; nothing was recorded", *(f"  {reason}" for reason in taken.reasons)]
    return "\n".join(lines) + _beside(taken)


def _take(call: Invocation, step: Step, name: str, version: int | None, how: dict[str, Any], share: int = 0) -> None:
    settings = load_settings(call.config)
    roles = (APPROVER,) if how["override"] else STEPPERS
    with model_steps(settings) as steps:
        if how["dry_run"]:
            taken = steps.on_trial(step, name, version, share)
        else:
            person = person_of(settings, roles, how)
            taken = steps.take(step, name, version, person, how["reason"], override=how["override"], share=share)
    told = _on_trial(taken) if how["dry_run"] else said(taken)
    OUT.print(json.dumps(taken.as_json()) if how["as_json"] else told, markup=False)
    if how["dry_run"] and taken.verdict != "permit":
        click.get_current_context().exit(1)
