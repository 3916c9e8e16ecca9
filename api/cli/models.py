"""`ordain train` and `ordain models`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from ordain.api.cli.actor import actor
from ordain.api.cli.invocation import Invocation
from ordain.api.cli.progress import progress_bar
from ordain.api.cli.terminal import OUT, print_whole
from ordain.api.ledger import open_for
from ordain.api.settings import Settings, load_settings
from ordain.audit.entry.entry import Kind
from ordain.engine.errors import ModelDegradationDetected
from ordain.engine.late import late
from ordain.engine.text.source import digest_of
from ordain.models.registry.card import Card
from ordain.models.registry.registry import Registry
from ordain.models.specs.catalogue import SPECS, spec_of


@click.command()
@click.argument("model", type=click.Choice(list(SPECS)))
@click.option(
    "--data", "--table", "data", type=click.Path(path_type=Path, dir_okay=False), help="A CSV file to learn from."
)
@click.option("--mapping", help="A YAML file that says what its columns mean, or the name of a shipped mapping.")
@click.option("--name", default="", help="What policies call it; the model's own name, if left out.")
@click.option(
    "--customers",
    "--rows",
    "rows",
    default=10_000,
    show_default=True,
    help="How many SYNTHETIC rows to invent, without a table.",
)
@click.option("--seed", default=0, show_default=True, help="The seed of the split and of synthetic rows.")
@click.option(
    "--held-out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the rows that were kept from training to this file, as requests, one JSON object per line.",
)
@click.pass_obj
def train(
    call: Invocation,
    model: str,
    data: Path | None,
    mapping: str | None,
    name: str,
    rows: int,
    seed: int,
    held_out: Path | None,
) -> None:
    """Train MODEL on a table, or on synthetic rows, and store it as its next version."""
    settings = load_settings(call.config)
    card = train_and_store(
        settings, model, data=data, mapping=mapping, name=name, rows=rows, seed=seed, held_out=held_out
    )
    OUT.print(late("ordain.models.training.report:render")(card))


def train_and_store(settings: Settings, model: str, *, name: str = "", **how: Any) -> Card:
    """Trains, and stores a version that is live only once the ledger has it on record. `how` is `train_model`'s.

    Raises what `train_model` and `open_for` do, and NotRecorded; then there is no such version.
    """
    called = name or model
    with progress_bar(f"training {called}") as (progress, task):

        def show(done: int, most: int, seen: str) -> None:
            label = f"training {called}, {seen}" if seen else f"training {called}"
            progress.update(task, completed=done, total=most, description=label)

        card: Card = late("ordain.models.training.train:train_model")(
            spec_of(model),
            how.pop("data", None),
            how.pop("mapping", None),
            Registry(settings.models, settings.keys),
            name=called,
            at=dt.datetime.now(dt.UTC),
            progress=show,
            confirm=lambda trained: _record(settings, trained),
            **how,
        )
        # Training may stop early, when the validation rows gain no more.
        progress.update(task, total=progress.tasks[task].completed)
    return card


def _record(settings: Settings, card: Card) -> None:
    """The ledger says when each version was trained, from what, and by whom."""
    digest = digest_of(card.to_bytes())
    about = {"action": "trained", "model": card.name, "version": card.version, "digest": digest}
    private = {"actor": actor(None), "table": card.data.table, "table_digest": card.data.digest}
    ledger = open_for(settings)
    try:
        ledger.note(Kind.MODEL, about, private)
    finally:
        ledger.finish()


@click.group()
def models() -> None:
    """Trained models."""


@models.command("list")
@click.pass_obj
def list_command(call: Invocation) -> None:
    """The models on file and their versions; the newest one scores."""
    settings = load_settings(call.config)
    registry = Registry(settings.models, settings.keys)
    table = Table("model", "version", "state")
    for name in registry.names():
        for version in registry.versions(name):
            try:
                registry.tried(name, version)
                state = "ok"
            except ModelDegradationDetected as error:
                state = error.message
            table.add_row(name, str(version), Text(state))
        for version in registry.unfinished(name):
            table.add_row(name, str(version), "not live: being trained, or its training was interrupted")
    if table.row_count:
        print_whole(table)
    else:
        OUT.print("no model is trained yet; run: ordain train churn")
