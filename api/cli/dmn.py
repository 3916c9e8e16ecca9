"""`ordain dmn`: runs models in DMN's own form, converts them to policies, and runs the conformance cases."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.table import Table as Grid
from rich.text import Text

from ordain.api.ask import read_facts_file
from ordain.api.cli.invocation import json_option
from ordain.api.cli.progress import progress_bar
from ordain.api.cli.terminal import ERR, OUT
from ordain.api.cli.whole_files import write_page
from ordain.api.limits import LIMITS
from ordain.engine.dmn.converting.convert import converted
from ordain.engine.dmn.reading.bundled import bundle
from ordain.engine.dmn.reading.run_model import Ran, Reason, Runnable, beside, facts_of, load_model, read_bytes
from ordain.engine.dmn.tck.limited import run_all
from ordain.engine.dmn.tck.results import result_files, rows_text
from ordain.engine.dmn.tck.tck import Row, Tests, Verdict, find_tests
from ordain.engine.errors import ExportFailed, MalformedRequest, did_you_mean
from ordain.engine.feel.runtime.describe import describe_value
from ordain.engine.policy.model import Table
from ordain.engine.step import Step
from ordain.engine.values.types import plain

_MODEL = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)
_imports_option = click.option(
    "--imports",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="FOLDER",
    help="Look for imported models in this folder too, and in those below it; repeatable.",
)


@click.group()
def dmn() -> None:
    """Models in DMN's own form: run, convert, test."""


@dmn.command("run")
@click.argument("model", type=_MODEL)
@click.option("--facts", required=True, type=click.Path(path_type=Path), help="A JSON or YAML file of inputs by name.")
@click.option(
    "--decision",
    "decisions",
    multiple=True,
    metavar="NAME",
    help="Show only this decision; repeatable.",
)
@click.option("--service", metavar="NAME", help="Call this decision service or business knowledge model instead.")
@_imports_option
@json_option("Print decisions, reasons and trace as JSON.", "as_data")
@click.option("--trace", is_flag=True, help="Show which rules fired.")
def run_command(
    model: Path,
    facts: Path,
    decisions: tuple[str, ...],
    service: str | None,
    folders: tuple[Path, ...],
    as_data: bool,
    trace: bool,
) -> None:
    """Decide a .dmn MODEL for one set of inputs; nothing goes on record.

    A fault gives null, as DMN asks, and its reason is shown. Texts are read as dates and times where the model
    declares them.

    Exit codes: 0 decided, 2 bad input or a model that cannot be read.
    """
    runnable = load_model(model, folders)
    names = _chosen(runnable, decisions, service)
    ran = _run(runnable, read_facts_file(facts), service)
    reasons = (*map(Reason, runnable.model.issues), *ran.reasons)
    steps = [step for step in ran.steps if step.decision.name in names]
    if as_data:
        answer: dict[str, Any] = {"decisions": {name: plain(ran.values[name]) for name in names}}
        answer["reasons"] = [_data_of(reason) for reason in reasons]
        answer["trace"] = [_step_data(step) for step in steps] if trace else []
        OUT.print(json.dumps(answer, ensure_ascii=False), markup=False)
        return
    OUT.print(_decisions_grid(names, ran.values))
    if trace:
        for step in steps:
            OUT.print(Text(_step_line(step)))
    for issue in dict.fromkeys(reason.issue for reason in reasons):
        ERR.print(Text(str(issue)))


def _chosen(runnable: Runnable, decisions: Sequence[str], service: str | None) -> list[str]:
    if service is not None:
        if decisions:
            raise MalformedRequest("`--service` and `--decision` do not go together", "leave one of them out")
        return [service]
    known = runnable.model.decisions
    for name in decisions:
        if name not in known:
            raise MalformedRequest(f"the model has no decision `{name}`", did_you_mean(name, known))
    return list(decisions or known)


def _run(runnable: Runnable, data: Mapping[str, object], service: str | None) -> Ran:
    at = dt.datetime.now(dt.UTC)
    if service is None:
        return runnable.run(facts_of(runnable.model, data), at)
    parameters = tuple(runnable.model.services.get(service, ())) or tuple(data)
    return runnable.call(service, facts_of(runnable.model, data, parameters), at)


def _data_of(reason: Reason) -> dict[str, str]:
    issue = reason.issue
    place, text = (str(issue.span), issue.span.text) if issue.span else ("", "")
    said = {"message": issue.message, "hint": issue.hint, "decision": reason.decision, "place": place, "text": text}
    return {key: value for key, value in said.items() if value}


def _fired(step: Step) -> list[tuple[str, str]]:
    """The rules that fired in a step, with what their authors noted."""
    decision = step.decision
    return (
        [(decision.rules[n].id, decision.rules[n].because) for n in step.fired] if isinstance(decision, Table) else []
    )


def _step_data(step: Step) -> dict[str, Any]:
    fired = [{"rule": rule, "because": because} for rule, because in _fired(step)]
    return {"decision": step.decision.name, "fired": fired, "value": plain(step.value)}


def _step_line(step: Step) -> str:
    fired = ", ".join(f"{rule} ({because})" if because else rule for rule, because in _fired(step))
    by = f", by {fired}" if fired else ", by no rule" if isinstance(step.decision, Table) else ""
    return f"{step.decision.name} = {describe_value(step.value)}{by}"


def _decisions_grid(names: Sequence[str], values: Mapping[str, Any]) -> Grid:
    grid = Grid(box=None, padding=(0, 2, 0, 0))
    grid.add_column("decision", style="dim", overflow="fold")
    grid.add_column("value", overflow="fold")
    for name in names:
        grid.add_row(Text(name), Text(describe_value(values[name], longest=LIMITS.value_characters)))
    return grid


@dmn.command("convert")
@click.argument("model", type=_MODEL)
@click.option(
    "--to",
    "folder",
    type=_FOLDER,
    default=Path("."),
    show_default="here",
    help="The folder to write to.",
)
@_imports_option
@click.option("--force", is_flag=True, help="Replace files that exist.")
def convert_command(model: Path, folder: Path, folders: tuple[Path, ...], force: bool) -> None:
    """Convert a .dmn MODEL into a YAML policy and its facts, and list what changes by that.

    Exit codes: 0 written, 2 the model cannot be read, or a file exists already.
    """
    conversion = converted(load_model(model, folders).model)
    there = [name for name in conversion.files if (folder / name).exists()]
    if there and not force:
        raise ExportFailed(f"`{folder / there[0]}` exists already", "choose another folder with --to, or --force")
    for name, text in conversion.files.items():
        write_page(folder / name, text)
        OUT.print(Text(f"written: {folder / name}"))
    for note in conversion.notes:
        ERR.print(Text(str(note)))


@dmn.command("bundle")
@click.argument("model", type=_MODEL)
@click.option("--to", "file", type=_MODEL, required=True, help="The file to write, such as policies/fares/v1.dmn.")
@_imports_option
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def bundle_command(model: Path, file: Path, folders: tuple[Path, ...], force: bool) -> None:
    """Put a .dmn MODEL and all models that it imports into one file, which can be a policy.

    Exit codes: 0 written, 2 the model or an import cannot be read, or the file exists already.
    """
    if file.exists() and not force:
        raise ExportFailed(f"`{file}` exists already", "choose another file with --to, or --force")
    write_page(file, bundle(read_bytes(model), model.name, beside(model, folders)).decode())
    OUT.print(Text(f"written: {file}"))


@dmn.command("tck")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--out", type=_MODEL, help="Write one line per case to this CSV file, as vendors submit results.")
@click.option(
    "--results",
    type=_FOLDER,
    help="Write TestResults/Ordain/<version> below this folder, as vendors hand in their results to the kit.",
)
@click.option("--only", multiple=True, metavar="FOLDER", help="Only this folder of cases, or names such as 11*.")
@click.option("--verbose", is_flag=True, help="Show each case that did not pass, with its cause.")
def tck_command(directory: Path, out: Path | None, results: Path | None, only: tuple[str, ...], verbose: bool) -> None:
    """Run the cases of the DMN Technology Compatibility Kit in DIRECTORY.

    DIRECTORY is a folder of cases, or any folder above one. The last line is `N of M passed`.

    Exit codes: 0 all passed, 1 some did not, 2 bad input, such as no cases.
    """
    suite = find_tests(directory, only)
    rows = _rows_of(suite)
    if out is not None:
        write_page(out, rows_text(rows))
    if results is not None:
        for name, text in result_files(rows, dt.datetime.now(dt.UTC).date()).items():
            write_page(results / name, text)
            OUT.print(Text(f"written: {results / name}"))
    if verbose:
        for row in rows:
            if row.verdict is not Verdict.SUCCESS:
                OUT.print(Text(f"{row.verdict} {row.folder} {row.file} {row.case}: {row.message}"))
    OUT.print(_summary(rows))
    passed = sum(row.verdict is Verdict.SUCCESS for row in rows)
    OUT.print(f"{passed} of {len(rows)} passed")
    # The progress bar's thread and the worker are over here, so the code is all that is left to give.
    click.get_current_context().exit(0 if passed == len(rows) else 1)


def _rows_of(suite: Sequence[Tests]) -> list[Row]:
    rows = []
    with progress_bar("cases") as (bar, task):
        bar.update(task, total=sum(len(tests.cases) for tests in suite))
        for row in run_all(suite):
            rows.append(row)
            bar.update(task, completed=len(rows), description=os.path.basename(row.folder)[:40])
    return rows


def _summary(rows: Sequence[Row]) -> Grid:
    """Cases and passes, a line a level."""
    grid = Grid(box=None, padding=(0, 2, 0, 0))
    for heading in ("level", "folders", "cases", "passed", "not passed"):
        grid.add_column(heading, justify="left" if heading == "level" else "right")
    cases = Counter(row.level for row in rows)
    passed = Counter(row.level for row in rows if row.verdict is Verdict.SUCCESS)
    for level in sorted(cases):
        folders = len({row.folder for row in rows if row.level == level})
        missed = cases[level] - passed[level]
        grid.add_row(level, *(f"{count:,}" for count in (folders, cases[level], passed[level], missed)))
    return grid
