"""`ordain models compare`: what shadows made of the rows that the live version scored, in the decisions on record."""

from __future__ import annotations

import json
from collections import Counter

import click

from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.stages.look_source import Look, record_options
from ordain.api.cli.terminal import OUT
from ordain.api.settings import load_settings
from ordain.api.stages.looked_at import measures_of
from ordain.api.stages.model_record import stages_on_record
from ordain.api.stages.recorded_scores import Missing, Scored
from ordain.engine.errors import StepRefused, counted
from ordain.models.monitoring.beside import Beside, beside
from ordain.models.registry.registry import Registry
from ordain.models.registry.stages import ModelStages


@click.command("compare")
@click.argument("name")
@record_options[0]
@record_options[1]
@record_options[2]
@json_option("Print the comparison as JSON.")
@click.pass_obj
def compare_command(call: Invocation, name: str, days: int, outcome: str | None, within: int, as_json: bool) -> None:
    """Compare the shadows of model NAME with its live version, over decisions that both scored.

    With --outcome their AUC and Brier score, too, by what came true after the decisions.

    Exit codes: 0 compared, 2 no live version, or bad input, 3 the ledger cannot be read.
    """
    settings = load_settings(call.config)
    live = (stages_on_record(settings).get(name) or ModelStages(name)).live
    if live is None:
        raise StepRefused(f"no version of the model `{name}` is live, so there is nothing to compare with", _LIST)
    model = Registry(settings.models, settings.keys).load(name, live.version)
    look = Look(None, None, (), days, outcome, within)
    scored = [each for each in look.scored(settings, model) if each.version == live.version]
    happened, chances = look.happened(settings), bool(measures_of(model).chance)
    told = []
    for version in sorted({version for each in scored for version in each.beside}):
        rows = [each for each in scored if version in each.beside]
        both = [(each, score) for each in rows if not isinstance(score := each.beside[version], Missing)]
        whys = Counter(score.why for each in rows if isinstance(score := each.beside[version], Missing))
        pairs = [(each.score, score) for each, score in both]
        found = beside(pairs, [happened(each) for each, _ in both], chances=chances)
        told.append({"version": version, "asked": len(rows), "not_scored": dict(sorted(whys.items())), **found.told()})
        if not as_json:
            OUT.print(_said(name, live.version, version, rows, whys, found), markup=False)
    if as_json:
        OUT.print(json.dumps({"model": name, "live": live.version, "days": days, "beside": told}), markup=False)
    elif not told:
        OUT.print(f"no version was tried beside {name}@{live.version} in {counted(days, 'day')}", markup=False)


def _said(name: str, live: int, version: int, rows: list[Scored], whys: Counter[str], found: Beside) -> str:
    lines = [f"{name}@{version} beside {name}@{live}: asked in {counted(len(rows), 'decision')}, scored {found.rows:,}"]
    lines += [f"  not scored, {why}: {count:,}" for why, count in sorted(whys.items())]
    if found.mean is not None and found.live_mean is not None:
        means = f"mean {found.mean:.3f}, the live version's {found.live_mean:.3f}"
        lines.append(f"  {means}; apart by {found.apart:.3f} in the mean, by {found.farthest:.3f} at most")
    elif found.rows:
        lines.append(f"  {found.differ:,} of {found.rows:,} differ")
    for measure, (of_live, of_other) in found.figures.items():
        lines.append(f"  {measure} {of_other:.3f}, the live version's {of_live:.3f} ({found.outcomes:,} outcomes)")
    if not found.figures:
        lines.append("  outcomes are not known, or too few to say which is better")
    return "\n".join(lines)


_LIST = "see: ordain models list"
