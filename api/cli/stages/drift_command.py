"""`ordain models drift`: whether what a model is asked now is still like what it learned from."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT
from ordain.api.settings import load_settings
from ordain.api.stages.model_record import stages_on_record
from ordain.engine.errors import ModelDegradationDetected
from ordain.engine.policy.facts import Fact, Score
from ordain.engine.values.types import FLAG, Value
from ordain.models.data.mapping import read_mapping
from ordain.models.data.table import LABEL, Table, read_table
from ordain.models.monitoring.drift import Drift, drift
from ordain.models.monitoring.finding import Verdict
from ordain.models.monitoring.reference import FILE, reference_from
from ordain.models.monitoring.terminal import drift_view
from ordain.models.registry.registry import Registry
from ordain.models.registry.stages import ModelStages
from ordain.models.scoring.score_model import ScoreModel


@click.command("drift")
@click.argument("name")
@click.argument("version", type=click.IntRange(1, 999_999_999), required=False)
@click.option("--data", type=click.Path(path_type=Path, dir_okay=False), required=True, help="A CSV file of now.")
@click.option("--mapping", required=True, help="What its columns mean: a YAML file, or the name of a shipped mapping.")
@click.option("--all", "every", is_flag=True, help="Tell what has not drifted, too.")
@json_option("Print the findings as JSON.")
@click.pass_obj
def drift_command(
    call: Invocation, name: str, version: int | None, data: Path, mapping: str, every: bool, as_json: bool
) -> None:
    """Compare rows of now with what VERSION of model NAME learned from: its features, and what it makes of them.

    VERSION is the live one, or else the newest, if it is left out.

    Exit codes: 0 done, 1 a feature or a score has drifted far, 2 no such version or table, 3 the ledger cannot be read.
    """
    settings = load_settings(call.config)
    live = (stages_on_record(settings).get(name) or ModelStages(name)).live
    model = Registry(settings.models, settings.keys).load(name, live.version if version is None and live else version)
    table = read_table(data, read_mapping(mapping), [Fact(LABEL, FLAG, optional=True)])
    found = _drift(model, table, settings.models / name / model.version / FILE)
    if as_json:
        OUT.print(json.dumps({"model": name, "version": int(model.version), **found.told()}), markup=False)
    else:
        OUT.print(drift_view(found, every=every))
    if found.verdict is Verdict.MAJOR:
        sys.exit(1)


def _drift(model: ScoreModel, table: Table, reference: Path) -> Drift:
    """Raises ModelDegradationDetected where the version has no summary of what it learned from."""
    if FILE not in model.card.files:
        what = f"model `{model.name}` version {model.version} has no `{FILE}`: it does not learn from such rows"
        raise ModelDegradationDetected(what, "a model that reads the columns of a table has one")
    given = [score for score in model.score_many(table.rows) if isinstance(score, Score)]
    first, *others = model.outputs
    scores: dict[str, list[Value]] = {first: [score.value for score in given]}
    scores |= {output: [score.also.get(output) for score in given] for output in others}
    return drift(reference_from(reference.read_bytes(), model.name), table.rows, scores)
