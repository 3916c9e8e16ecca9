"""`ordain test`: the examples of policies, what they reach, and inputs for what they do not."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT
from ordain.api.cli.testing.coverage_page import coverage_page
from ordain.api.cli.testing.coverage_text import show, show_suggestions, show_totals
from ordain.api.cli.whole_files import write_page
from ordain.api.settings import load_settings
from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.catalog import Catalog, load_catalog, read_texts
from ordain.engine.errors import MalformedRequest, did_you_mean
from ordain.engine.examples.coverage import ConditionSeen, Coverage, TriedExample, measure
from ordain.engine.examples.example_text import example_text
from ordain.engine.examples.suggestions import Suggestions, suggest
from ordain.engine.values.types import plain


@click.command()
@click.argument("directory", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--policy", "name", metavar="NAME", help="Only this policy: its name, or name@version.")
@click.option(
    "--min-coverage",
    type=click.IntRange(0, 100),
    metavar="PERCENT",
    help="Exit with 1 when the examples of a policy fire fewer of its rules than this.",
)
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="Write the report as a web page.")
@click.option("--suggest", "suggesting", is_flag=True, help="Write examples for what is not reached, to paste in.")
@json_option("Print JSON.")
@click.pass_obj
def test(
    call: Invocation,
    directory: Path | None,
    name: str | None,
    min_coverage: int | None,
    page: Path | None,
    suggesting: bool,
    as_json: bool,
) -> None:
    """Run the examples of all policies; show the rules that fired and what no example reaches.

    Exit codes: 0 all as written, 1 an example has another result or the coverage is too low, 2 bad input or settings.
    """
    settings = None if directory else load_settings(call.config)
    folder, zone = (settings.policies, settings.zone) if settings else (directory or Path(), dt.UTC)
    catalog = load_catalog(read_texts(folder, zone), run_examples=False)
    picked = _picked(catalog, name)
    coverages = [measure(compiled) for compiled in picked]
    suggestions = [
        suggest(compiled, catalog.vocabulary, coverage) if suggesting else None
        for compiled, coverage in zip(picked, coverages, strict=True)
    ]
    low = [each for each in coverages if min_coverage is not None and each.rules_percent < min_coverage]
    if page is not None:
        write_page(page, coverage_page(coverages), folders=False)
    if as_json:
        measured = [_as_json(catalog, each, more) for each, more in zip(coverages, suggestions, strict=True)]
        OUT.print(json.dumps({"policies": measured}, indent=2, ensure_ascii=False), markup=False)
    else:
        for each, more in zip(coverages, suggestions, strict=True):
            show(each)
            if more is not None:
                show_suggestions(catalog.vocabulary, more)
        show_totals(coverages)
        for each in low:
            OUT.print(Text(f"{each.policy.label}: {each.rules_percent} % of its rules fired, {min_coverage} % asked"))
    failed = any(each.failed for each in coverages)
    click.get_current_context().exit(1 if failed or low else 0)


def _picked(catalog: Catalog, name: str | None) -> list[CompiledPolicy]:
    everything = [compiled for several in catalog.versions.values() for compiled in several]
    everything.sort(key=lambda compiled: (compiled.policy.name, compiled.policy.version))
    if name is None:
        return everything
    chosen = [each for each in everything if name in (each.policy.name, each.policy.label)]
    if not chosen:
        known = {each.policy.label if "@" in name else each.policy.name for each in everything}
        raise MalformedRequest(f"there is no policy `{name}`", did_you_mean(name, known))
    return chosen


def _as_json(catalog: Catalog, coverage: Coverage, suggestions: Suggestions | None) -> dict[str, Any]:
    seen, outcomes = coverage.outcomes
    data: dict[str, Any] = {
        "policy": coverage.policy.label,
        "file": coverage.policy.span.file,
        "has_examples": not coverage.policy.lenient,
        "rules": len(coverage.rules),
        "rules_fired": len(coverage.rules) - len(coverage.never_fired),
        "coverage_percent": coverage.rules_percent,
        "outcomes": outcomes,
        "outcomes_seen": seen,
        "examples": [_example_json(coverage, tried) for tried in coverage.examples],
        "coverage": [
            {
                "decision": each.table.name,
                "rule": each.rule.id,
                "at": str(each.rule.span),
                "fired_by": list(each.fired),
                "conditions": [_condition_json(condition) for condition in each.conditions],
            }
            for each in coverage.rules
        ],
    }
    if suggestions is not None:
        policy, vocabulary = coverage.policy, catalog.vocabulary
        data["suggestions"] = [
            {
                "reaches": each.reaches,
                "fired": sorted(each.run.fired),
                "yaml": example_text(policy, vocabulary, each.given, each.run, each.reaches),
            }
            for each in suggestions.inputs
        ]
        data["not_reached"] = [
            {"what": each.what, "at": str(each.span), "why": each.why} for each in suggestions.unreached
        ]
        data["left_out"] = suggestions.left_out
    return data


def _example_json(coverage: Coverage, tried: TriedExample) -> dict[str, Any]:
    gave = {name: plain(tried.run.values[name]) for name in coverage.policy.gives} if tried.run.error is None else {}
    return {
        "number": tried.number,
        "line": tried.example.span.line,
        "ok": not tried.issues,
        "given": {name: plain(value) for name, value in tried.example.given.items() if value is not None},
        "gives": gave,
        "error": tried.run.error.code if tried.run.error is not None else None,
        "fired": list(tried.run.fired_in_order),
        "differs": [issue.message for issue in tried.issues],
    }


def _condition_json(seen: ConditionSeen) -> dict[str, Any]:
    condition = seen.condition
    return {
        "on": condition.on,
        "is": condition.text,
        "at": str(condition.span),
        "true": list(seen.true),
        "false": list(seen.false),
    }
