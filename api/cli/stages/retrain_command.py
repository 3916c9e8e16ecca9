"""`ordain models retrain`: a candidate trained on rows of now, held against the live version, and put beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ordain.api.cli.finite import Finite
from ordain.api.cli.models import STEPPERS
from ordain.api.cli.policy.taking_steps import person_of, step_options
from ordain.api.cli.regular_looks import look_regularly
from ordain.api.cli.stages.look_source import Look
from ordain.api.cli.stages.retraining import Came, Retraining
from ordain.api.cli.stages.store_options import store_options, table_or_store
from ordain.api.cli.terminal import OUT
from ordain.api.logs.begin import begin_logs
from ordain.api.settings import load_settings
from ordain.engine.errors import MalformedRequest
from ordain.models.registry.card import Card


@click.command("retrain")
@click.argument("name")
@click.option(
    "--data",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A CSV file of now, with its labels; read anew at each look.",
)
@click.option(
    "--mapping", help="What its columns mean: a YAML file, or a shipped mapping. Default: the live version's."
)
@store_options
@click.option("--now", "always", is_flag=True, help="Train also without an alarm.")
@click.option("--every", "seconds", type=Finite(min=1), help="Look again after so many seconds, until stopped.")
@click.option("--seed", default=0, show_default=True, help="The seed of the split.")
@step_options
def retrain_command(
    call: Any,
    name: str,
    data: Path | None,
    mapping: str | None,
    from_store: bool,
    outcome: str | None,
    within: int | None,
    days: int | None,
    always: bool,
    seconds: float | None,
    seed: int,
    **who: Any,
) -> None:
    """Watch the live version of model NAME on rows of now and, at an alarm, train a candidate to take its place.

    With --from-store the rows are those of the feature store, with the features that the live version reads, made anew
    at each look. Candidate and live version are measured on the same held-out rows, and the policy `model-promotion` is
    asked. If it permits, the candidate becomes a shadow; it is made live by `ordain models promote` alone. Each step is
    on record. A table that a version learned from already is not trained on again.

    Exit codes: 0 nothing to do, or a shadow; 1 trained, and not good enough to be tried; 2 bad input or settings,
    3 not recorded.
    """
    settings = load_settings(call.config)
    person = person_of(settings, STEPPERS, who)
    if data is None and not from_store:
        raise MalformedRequest("there is nothing to look at", "name a table with --data, or add --from-store")
    asked: dict[str, Any] = {"from_store": from_store, "outcome": outcome, "within": within, "days": days}

    def look(live: Card) -> Look:
        rows = table_or_store(settings, live.spec, data, mapping, wanted=live.facts, **asked)
        return Look(rows["data"], rows["mapping"], (), 1, None, 1)

    retraining = Retraining(settings, name, look, person, always, seed)

    def once() -> Came:
        came = retraining.once()
        OUT.print(json.dumps(came.as_json()) if who["as_json"] else said(came), markup=False)
        return came

    if seconds is not None:
        begin_logs(settings)
        look_regularly(once, seconds)
        return
    came = once()
    if came.trained is not None and came.shadowed is None:
        click.get_current_context().exit(1)


def said(came: Came) -> str:
    """What one look came to, a line for each step."""
    lines = [f"ALARM: {each.sentence}" for each in came.alarms]
    if came.before is not None:
        lines.append(f"{came.model}@{came.before} has learned from this table already: nothing to do")
    elif came.trained is None:
        lines.append(f"no alarm: {came.model}@{came.live} stays as it is (--now trains all the same)")
    else:
        lines.append(f"{came.model}@{came.trained} is trained, a candidate")
    if came.same is not None:
        told = (f"{name} {newer:.3f} against {live:.3f}" for name, (newer, live) in came.same.figures.items())
        lines.append(f"on the same {came.same.rows:,} held-out rows as {came.model}@{came.live}: {', '.join(told)}")
    if came.asked is not None:
        verdict = {"permit": "permits", "deny": "denies", "review": "leaves to a person"}[came.asked.verdict]
        lines.append(f"the policy {verdict} its promotion (decision {came.asked.decision})")
        lines += [f"  {reason}" for reason in came.asked.reasons]
    if came.shadowed is not None:
        lines.append(f"{came.model}@{came.trained} is a shadow beside {came.model}@{came.live}")
        lines.append(f"then: ordain models compare {came.model}, and ordain models promote {came.model} {came.trained}")
    return "\n".join(lines)
