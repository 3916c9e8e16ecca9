"""`ordain models watch`: whether a version is still what its card says, by rows of now and by what came true."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ordain.api.cli.actor import actor
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.stages.look_source import Look, look_options
from ordain.api.cli.terminal import OUT
from ordain.api.settings import load_settings
from ordain.api.stages.looked_at import measures_of, reference_for
from ordain.api.stages.measurements import found_by_watching
from ordain.api.stages.model_measures import record_measure
from ordain.api.stages.model_record import stages_on_record
from ordain.models.monitoring.terminal import watched_view
from ordain.models.monitoring.watching import watched
from ordain.models.registry.registry import Registry
from ordain.models.registry.stages import ModelStages, Step


@click.command("watch")
@click.argument("name")
@click.argument("version", type=click.IntRange(1, 999_999_999), required=False)
@look_options
@click.option("--all", "every", is_flag=True, help="Tell what has not drifted, too.")
@click.option("--dry-run", is_flag=True, help="Look, and record nothing.")
@click.option("--as", "actor_name", help="Who you are; the user of this machine if left out.")
@json_option("Print what was found as JSON.")
@click.pass_obj
def watch_command(
    call: Invocation,
    name: str,
    version: int | None,
    data: Path | None,
    mapping: str | None,
    groups: tuple[str, ...],
    days: int,
    outcome: str | None,
    within: int,
    every: bool,
    dry_run: bool,
    actor_name: str | None,
    as_json: bool,
) -> None:
    """Watch VERSION of model NAME: drift, missing values and scores; AUC and calibration by what came true; groups.

    It is looked at in the decisions on record or, with --data, in a table. VERSION is the live one, or else the newest,
    if it is left out. What is found goes on record, and the policy `model-promotion` is told of it.

    Exit codes: 0 no alarm; 1 alarm: something has changed far, or the AUC is 5 percent worse; 2 no such version or
    table, 3 not recorded.
    """
    settings = load_settings(call.config)
    live = (stages_on_record(settings).get(name) or ModelStages(name)).live
    registry = Registry(settings.models, settings.keys)
    model = registry.load(name, live.version if version is None and live else version)
    seen, where = Look(data, mapping, groups, days, outcome, within).seen(settings, model)
    found = watched(reference_for(registry, model), seen, measures_of(model))
    told = {"model": name, "version": int(model.version), "of": where, **found.told(), "entry_id": None}
    if not dry_run:
        noted = found_by_watching(found, where)
        sentences = [each.sentence for each in found.alarms]
        who = actor(actor_name)
        parts = (Step.WATCHED, name, int(model.version), model.digest, who, noted, sentences)
        told["entry_id"] = record_measure(settings, *parts).id
    if as_json:
        OUT.print(json.dumps(told), markup=False)
    else:
        OUT.print(f"{name}@{model.version} in {where}", markup=False)
        OUT.print(watched_view(found, every=every))
    if found.alarms:
        click.get_current_context().exit(1)
