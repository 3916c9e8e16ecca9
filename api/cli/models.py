"""`ordain train` and `ordain models`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

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
from ordain.models.registry.card import Card
from ordain.models.registry.registry import Registry


@click.command()
@click.argument("model", type=click.Choice(["churn"]))
@click.option("--table", type=click.Path(path_type=Path, dir_okay=False), help="A CSV file of customers.")
@click.option("--mapping", help="A YAML file that says what its columns mean, or the name of a shipped mapping.")
@click.option(
    "--customers",
    default=10_000,
    show_default=True,
    help="How many SYNTHETIC customers to invent, without a table.",
)
@click.option("--seed", default=0, show_default=True, help="The seed of the split and of synthetic customers.")
@click.option(
    "--held-out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the rows that were kept from training to this file, as requests, one JSON object per line.",
)
@click.pass_obj
def train(
    call: Invocation,
    model: str,
    table: Path | None,
    mapping: str | None,
    customers: int,
    seed: int,
    held_out: Path | None,
) -> None:
    """Train MODEL on a table of customers, or on synthetic ones, and store it as its next version."""
    settings = load_settings(call.config)
    card = train_and_store(
        settings, table=table, mapping=mapping, customers=customers, seed=seed, held_out=held_out, name=model
    )
    OUT.print(late("ordain.models.training.report:render")(card))


def train_and_store(
    settings: Settings,
    *,
    name: str = "churn",
    table: Path | None = None,
    mapping: str | None = None,
    customers: int = 10_000,
    seed: int = 0,
    held_out: Path | None = None,
) -> Card:
    """Trains, and stores a version that is live only once the ledger has it on record.

    Raises what `train_churn` and `open_for` do, and NotRecorded; then there is no such version.
    """
    with progress_bar(f"training {name}") as (progress, task):

        def show(done: int, most: int, loss: float) -> None:
            label = f"training {name}, validation log loss {loss:.4f}"
            progress.update(task, completed=done, total=most, description=label)

        card: Card = late("ordain.models.training.train:train_churn")(
            table,
            mapping,
            Registry(settings.models),
            name=name,
            at=dt.datetime.now(dt.UTC),
            seed=seed,
            customers_count=customers,
            held_out=held_out,
            progress=show,
            confirm=lambda trained: _record(settings, trained),
        )
        # Training stops early when the validation split gains no more.
        progress.update(task, total=progress.tasks[task].completed)
    return card


def _record(settings: Settings, card: Card) -> None:
    """The ledger says when each version was trained, from what, and by whom."""
    about = {"action": "trained", "model": card.name, "version": card.version, "digest": card.model_digest}
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
    registry = Registry(load_settings(call.config).models)
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
