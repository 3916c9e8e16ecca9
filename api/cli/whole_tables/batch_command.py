"""`ordain batch`: every row of a table decided, on record as one run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import click

from ordain.api.ask import asked_time
from ordain.api.cli.actor import actor
from ordain.api.cli.ending import ending_interrupts
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.progress import progress_bar
from ordain.api.cli.report import report
from ordain.api.cli.terminal import ERR, OUT
from ordain.api.limits import LIMITS
from ordain.api.services import wire
from ordain.api.settings import load_settings
from ordain.engine.errors import ExportFailed, MalformedRequest, counted
from ordain.engine.late import late

Json = dict[str, Any]
EXIT_HALF_WAY = 5
"""The output cannot be written: `--resume` goes on."""


@click.command("batch")
@click.argument("service")
@click.argument("given", metavar="INPUT")
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--table", default="", help="Where INPUT is a database postgresql://...: the table of it.")
@click.option("--subject-column", default="subject", show_default=True, help="The column of whom a row is about.")
@click.option("--keep", multiple=True, metavar="COLUMN", help="A further column that is handed on; repeatable.")
@click.option("--ignore-column", multiple=True, help="A column that is no fact; may be given several times.")
@click.option("--at", help="A day (its noon), or a time such as 2026-01-31T08:00:00+05:30; now if left out.")
@click.option("--plain", is_flag=True, help="The outcome alone, without rules that fired, reasons and versions.")
@click.option(
    "--engine", type=click.Choice(("duckdb", "spark")), default="duckdb", show_default=True, help="What decides."
)
@click.option("--master", default="local[*]", show_default=True, help="Of Spark: cores here, or spark://host:7077.")
@click.option("--resume", is_flag=True, help="Go on where a run into OUTPUT was stopped.")
@click.option("--synthetic", is_flag=True, help="Say in the summary that the customers are invented.")
@click.option("--as", "name", help="Who asks for it, for the record; your user name if left out.")
@json_option("Print what came of it as JSON.")
@click.pass_obj
def batch_command(
    call: Invocation,
    service: str,
    given: str,
    output: Path,
    table: str,
    subject_column: str,
    keep: tuple[str, ...],
    ignore_column: tuple[str, ...],
    at: str | None,
    plain: bool,
    engine: str,
    master: str,
    resume: bool,
    synthetic: bool,
    name: str | None,
    as_json: bool,
) -> None:
    """Decide SERVICE for every row of INPUT into OUTPUT, and put the run on record as one entry.

    INPUT is a file .parquet or .csv, a folder of such, or a database with --table. OUTPUT is a file .parquet or .csv,
    or a folder for the parts. Facts that the table lacks come from models and stores, as for requests. Rows with bad
    facts go to a file of rejects. OUTPUT appears only once the run is on record; each of its rows can be proved, and
    erased, with `ordain audit rows`. It needs pip install 'ordain[sql]', and --engine spark 'ordain[spark]'.

    Exit codes: 0 decided, 1 some rows were rejected, 2 bad input, policies or settings, 3 not recorded, 5 the output
    cannot be written, 130 interrupted, 143 terminated; after the last three `--resume` goes on.
    """
    settings = load_settings(call.config)
    asked = late("ordain.api.batch_runs.part_facts:Asked")(
        service,
        None if at is None else asked_time(at, settings.zone),
        subject_column,
        keep,
        ignore_column,
        not plain,
    )
    files = late("ordain.api.batch_runs.output_files:OutputFiles")(output)
    spark = late("ordain.api.batch_runs.on_spark:Spark")(master) if engine == "spark" else None
    folder = late("ordain.api.batch_runs.run_folder:RunFolder")(files.run)
    _check_resume(folder, resume, output)
    if "entry" not in folder.manifest:  # some of the files of a run that is on record may have their names
        files.check_free()
    began = perf_counter()
    with ending_interrupts() as look, folder.held():
        settings = replace(settings, busy_seconds=max(settings.busy_seconds, LIMITS.table_waits))
        try:
            rows = late("ordain.api.batch_runs.staging:given_rows")(given, table, folder.path / "input", look)
            use = wire(settings, service)
            try:
                with _progress(service, rows.rows, look) as told:
                    run = late("ordain.api.batch_runs.run:Run")
                    summary = run(asked, rows, files, folder, use, actor(name), synthetic, spark).go(
                        told, resume=resume
                    )
            finally:
                use.close()
        except BaseException as error:
            if not folder.exists:
                folder.remove()
                raise
            ERR.print("stopped; go on with --resume", markup=False)
            if not isinstance(error, ExportFailed):
                raise
            report(error, as_json=as_json)
            click.get_current_context().exit(EXIT_HALF_WAY)
    _show(summary, perf_counter() - began, as_json)
    click.get_current_context().exit(1 if summary["rejected"] else 0)


def _check_resume(folder: Any, resume: bool, output: Path) -> None:
    if resume and not folder.exists:
        raise MalformedRequest(
            f"no run into `{output}` was stopped",
            "a run that has ended leaves nothing to go on with: leave --resume out",
        )
    if not resume and folder.exists:
        raise MalformedRequest(
            f"a run into `{output}` was stopped, and can be gone on with",
            f"add --resume; or delete the folder `{folder.path}` to begin anew",
        )
    if resume:
        folder.read()


@contextmanager
def _progress(service: str, rows: int, look: Any) -> Iterator[Any]:
    with progress_bar(service) as (bar, task):
        bar.update(task, total=rows)

        def told(done: int) -> None:
            bar.update(task, completed=done)
            look()

        yield told


def _show(summary: Json, seconds: float, as_json: bool) -> None:
    rate = summary["rows"] / seconds if seconds else 0.0
    if as_json:
        OUT.print(json.dumps({**summary, "seconds": round(seconds, 3)}, ensure_ascii=False), markup=False)
        return
    OUT.print(
        f"{counted(summary['decided'], 'row')} decided, {rate:,.0f} a second: `{summary['output']}`", markup=False
    )
    for name, told in summary["outcomes"].items():
        if not name.startswith("fact."):
            OUT.print(f"  {name}: {_in_words(told)}", markup=False)
    if summary["rejected"]:
        OUT.print(f"{counted(summary['rejected'], 'row')} rejected: `{summary['rejects']}`", markup=False)
        for each in summary["rejects_told"]:
            OUT.print(f"  {each['rows']:,} × {each['value']}", markup=False)
    OUT.print(f"on record as {summary['entry_id']}", markup=False)


def _in_words(told: Json) -> str:
    match told["kind"]:
        case "words":
            said = ", ".join(f"{each['value']} {each['rows']:,}" for each in told["values"])
        case "texts":
            said = f"some {told['different']:,} different texts"
        case _:
            said = f"{told['least']} to {told['greatest']}, middle {told['middle']}" if "least" in told else ""
    null = f"{told['null']:,} without one" if told["null"] else ""
    return ", ".join(part for part in (said, null) if part) or "no row"
