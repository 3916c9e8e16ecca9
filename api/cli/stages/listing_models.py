"""`ordain models list`, `show`: which versions there are, in which stage, and how good they are."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT, print_whole
from ordain.api.settings import load_settings
from ordain.api.stages.model_record import stages_on_record
from ordain.api.stages.shown_models import card_shown, models_shown
from ordain.models.registry.card import Card
from ordain.models.registry.registry import Registry
from ordain.models.registry.stages import ModelStages
from ordain.models.training.report import render


@click.command("list")
@json_option("Print the models as the HTTP service gives them.")
@click.pass_obj
def list_command(call: Invocation, as_json: bool) -> None:
    """The models on file, their versions, and the stage of each; the live one scores.

    Exit codes: 0 done, 2 bad settings, 3 the ledger cannot be read.
    """
    settings = load_settings(call.config)
    registry = Registry(settings.models, settings.keys)

    def read(name: str, version: int) -> Card:
        return registry.stored(name, version).card  # all of its files are looked at

    found = models_shown(registry, stages_on_record(settings), read)
    if as_json:
        OUT.print(json.dumps({"models": found}), markup=False)
    elif found:
        table = Table("model", "version", "stage", "since", "by", "first figure", "state")
        for model in found:
            for each in model["versions"]:
                table.add_row(model["model"], str(each["version"]), *map(Text, _cells(each)))
        print_whole(table)
    else:
        OUT.print("no model is trained yet; run: ordain train churn")


@click.command("show")
@click.argument("name")
@click.argument("version", type=click.IntRange(1, 999_999_999), required=False)
@json_option("Print the card, and what was done to the version, as the HTTP service gives them.")
@click.pass_obj
def show_command(call: Invocation, name: str, version: int | None, as_json: bool) -> None:
    """The card of VERSION of model NAME: of the live one, or else the newest, if it is left out.

    Exit codes: 0 done, 2 no such version, or bad settings, 3 the ledger cannot be read.
    """
    settings = load_settings(call.config)
    stages = stages_on_record(settings).get(name) or ModelStages(name)
    if version is None and stages.live is not None:
        version = stages.live.version
    card = Registry(settings.models, settings.keys).stored(name, version).card
    shown = card_shown(stages, card)
    if as_json:
        OUT.print(json.dumps(shown), markup=False)
        return
    OUT.print(render(card))
    OUT.print(f"stage: {_stage(shown)}", markup=False)
    for each in shown["history"]:
        because = f": {each['reason']}" if each["reason"] else ""
        by = f" by decision {each['decision_id']}" if each["decision_id"] else ""
        against = ", against the policy" if each["overridden"] else ""
        step = f"{each['step']} for {each['share_percent']} %" if each["share_percent"] else each["step"]
        OUT.print(f"  {_second(each['recorded'])} {step}, {each['who']}{by}{against}{because}", markup=False)


def _cells(version: dict[str, Any]) -> tuple[str, ...]:
    figure = version["figure"]
    told = "" if figure is None else f"{figure['name']} {figure['value']:.3f}"
    told += " (SYNTHETIC)" if version["synthetic"] else ""
    return _stage(version), _second(version["since"]), version["by"] or "", told, version["fault"] or "ok"


def _stage(version: dict[str, Any]) -> str:
    told = str(version["stage"])
    if version["share_percent"]:
        told += f", {version['share_percent']} % of the subjects"
    return f"{told}, live before" if version["live_before"] else told


def _second(moment: str | None) -> str:
    return "" if moment is None else f"{moment[:19]}Z"
