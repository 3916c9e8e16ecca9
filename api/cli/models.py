"""`ordain train` and `ordain models`."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ordain.api.cli.actor import actor
from ordain.api.cli.invocation import Invocation
from ordain.api.cli.lazy import LazyGroup
from ordain.api.cli.policy.taking_steps import person_of, step_options
from ordain.api.cli.progress import progress_bar
from ordain.api.cli.stages.store_options import store_options, table_or_store
from ordain.api.cli.terminal import OUT
from ordain.api.ledger import open_for
from ordain.api.lifecycle.who import APPROVER, OPERATOR, Person
from ordain.api.settings import Settings, load_settings
from ordain.api.stages.model_record import ModelRecord, stages_on_record
from ordain.engine.late import late
from ordain.engine.text.source import digest_of
from ordain.models.limits import LIMITS
from ordain.models.registry.card import Card
from ordain.models.registry.registry import Registry
from ordain.models.registry.stages import ModelStages, Stage, Step
from ordain.models.specs.catalogue import SPECS, spec_of

STEPPERS = (APPROVER, OPERATOR)
"""The roles that may make a version live, try it, take it back or retire it."""


@click.command()
@click.argument("model", type=click.Choice(list(SPECS)))
@click.option(
    "--data", "--table", "data", type=click.Path(path_type=Path, dir_okay=False), help="A CSV file to learn from."
)
@click.option("--mapping", help="A YAML file that says what its columns mean, or the name of a shipped mapping.")
@store_options
@click.option("--name", default="", help="What policies call it; the model's own name, if left out.")
@click.option(
    "--customers",
    "--rows",
    "rows",
    default=10_000,
    show_default=True,
    help="How many SYNTHETIC rows to invent, without a table.",
)
@click.option(
    "--with",
    "told",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the model, such as segments=5. May be repeated; a wrong name lists those that it takes.",
)
@click.option("--seed", default=0, show_default=True, help="The seed of the split and of synthetic rows.")
@click.option(
    "--held-out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the rows that were kept from training to this file, as requests, one JSON object per line.",
)
@click.option(
    "--seeds",
    default=1,
    show_default=True,
    type=click.IntRange(1, LIMITS.seeds),
    help="Train with so many seeds, and tell how the figures spread; the first one's version is stored.",
)
@click.option(
    "--allow-leak",
    "allow_leaks",
    multiple=True,
    metavar="FEATURE",
    help="Train though this feature seems to give the label away; the card says so. May be repeated.",
)
@click.option(
    "--card",
    "card_page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the card to this file, as an HTML page that stands alone.",
)
@click.option("--promote", is_flag=True, help="Make it live right away, if the policy `model-promotion` permits that.")
@step_options
def train(
    call: Invocation,
    model: str,
    data: Path | None,
    mapping: str | None,
    from_store: bool,
    outcome: str | None,
    within: int | None,
    days: int | None,
    name: str,
    rows: int,
    told: tuple[str, ...],
    seed: int,
    seeds: int,
    allow_leaks: tuple[str, ...],
    held_out: Path | None,
    card_page: Path | None,
    promote: bool,
    **who: Any,
) -> None:
    """Train MODEL on a table, on the feature store, or on synthetic rows, and store it as its next version.

    It is a candidate, not live yet.

    Exit codes: 0 trained and, with --promote, live; 2 bad input or settings, or not permitted to be live; 3 not
    recorded.
    """
    settings = load_settings(call.config)
    read = [each for each in (data, Path(mapping) if mapping else None) if each is not None]
    written = [each for each in (held_out, card_page) if each is not None]
    late("ordain.models.training.before_training:check_before")(name or model, rows, seed, read, written)
    person = person_of(settings, STEPPERS, who) if promote else None
    asked: dict[str, Any] = {"from_store": from_store, "outcome": outcome, "within": within, "days": days}
    how: dict[str, Any] = table_or_store(settings, model, data, mapping, **asked)
    how |= {"rows": rows, "seed": seed, "held_out": held_out}
    how |= {"seeds": seeds, "allow_leaks": allow_leaks, "card_page": card_page, "told": told}
    if not who["as_json"]:
        how["tell"] = _told
    card = train_and_store(settings, model, name=name, who=actor(who["actor_name"]), **how)
    if not who["as_json"]:
        OUT.print(late("ordain.models.training.report:render")(card))
    if person is not None:
        promote_trained(settings, card, person, as_json=who["as_json"])
    elif who["as_json"]:
        OUT.print(json.dumps({"model": card.name, "version": card.version, "stage": "candidate"}), markup=False)
    else:
        OUT.print(
            f"{card.name}@{card.version} is a candidate; to make it live: "
            f"ordain models promote {card.name} {card.version}",
            markup=False,
        )


def promote_trained(settings: Settings, card: Card, person: Person, *, as_json: bool = False) -> None:
    """Asks for a version to be made live that was trained just now; raises what `ModelSteps.take` does."""
    with late("ordain.api.stages.model_steps:model_steps")(settings) as steps:
        taken = steps.take(Step.PROMOTED, card.name, card.version, person, "trained just now")
    OUT.print(
        json.dumps(taken.as_json()) if as_json else late("ordain.api.cli.stages.stepping_models:said")(taken),
        markup=False,
    )


def train_and_store(settings: Settings, model: str, *, name: str = "", who: str = "", **how: Any) -> Card:
    """Trains, and stores a candidate, which is there only once the ledger has it on record. `how` is `train_model`'s;
    `told` are parameters of the model as they are written.

    Raises what `train_model` and `open_for` do, and NotRecorded; then there is no such version.
    """
    called = name or model
    on_record = stages_on_record(settings).get(called) or ModelStages(called)
    with progress_bar(f"training {called}") as (progress, task):

        def show(done: int, most: int, seen: str) -> None:
            label = f"training {called}, {seen}" if seen else f"training {called}"
            progress.update(task, completed=done, total=most, description=label)

        told = late("ordain.models.training.given_parameters:adjusted_by")(spec_of(model), how.pop("told", ()))
        card: Card = late("ordain.models.training.train:train_model")(
            told,
            how.pop("data", None),
            how.pop("mapping", None),
            Registry(settings.models, settings.keys),
            name=called,
            at=dt.datetime.now(dt.UTC),
            progress=show,
            confirm=lambda trained: _record(settings, trained, who or actor(None)),
            above=max(on_record.of, default=0),
            **how,
        )
        # Training may stop early, when the validation rows gain no more.
        progress.update(task, total=progress.tasks[task].completed)
    return card


def _told(lines: Sequence[str]) -> None:
    OUT.print("\n".join(lines), markup=False)


def _record(settings: Settings, card: Card, who: str) -> None:
    """The ledger says when each version was trained, from what, and by whom."""
    ledger = open_for(settings)
    try:
        record = ModelRecord(ledger)
        record.look()
        private = {"actor": who, "table": card.data.table, "table_digest": card.data.digest}
        about = {"stage": str(Stage.CANDIDATE)}
        record.record(Step.TRAINED, card.name, card.version, digest_of(card.to_bytes()), about, private)
    finally:
        ledger.finish()


_LISTING, _STEPPING = "ordain.api.cli.stages.listing_models", "ordain.api.cli.stages.stepping_models"
_COMMANDS = {
    "list": (f"{_LISTING}:list_command", "List all versions of all models with their stages."),
    "show": (f"{_LISTING}:show_command", "Show the card of a version, and what was done to it."),
    "drift": (
        "ordain.api.cli.stages.drift_command:drift_command",
        "Compare rows of now with those learned from.",
    ),
    "watch": ("ordain.api.cli.stages.watch_command:watch_command", "Whether a version is still what its card says."),
    "retrain": (
        "ordain.api.cli.stages.retrain_command:retrain_command",
        "Train a candidate on rows of now, at an alarm.",
    ),
    "at-risk": (
        "ordain.api.cli.stages.at_risk_command:at_risk_command",
        "Who may leave, why, and the value at risk.",
    ),
    "compare": ("ordain.api.cli.stages.compare_command:compare_command", "Compare shadows with the live version."),
    "promote": (f"{_STEPPING}:promote_command", "Make a version live, if the policy permits it."),
    "shadow": (f"{_STEPPING}:shadow_command", "Try a version beside the live one."),
    "rollback": (f"{_STEPPING}:rollback_command", "Go back to the version that was live before."),
    "retire": (f"{_STEPPING}:retire_command", "Retire a version: it never comes back."),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS)
def models() -> None:
    """Versions of trained models: candidates, shadows, the live one, retired ones."""
