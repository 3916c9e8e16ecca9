"""`ordain decide`: one decision without a server, or one for each row of a table."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import orjson

from ordain.api.ask import day_or_time, make_ask, read_facts_file
from ordain.api.cli.decision_text import show_decision
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.decide import decide, make_decision
from ordain.api.services import wire, wire_rules
from ordain.api.settings import load_settings
from ordain.engine.errors import MalformedRequest, reason_of
from ordain.engine.late import late


@click.command("decide")
@click.argument("service")
@click.option("--subject", help="The customer or account that the decision is about.")
@click.option(
    "--facts",
    type=click.Path(path_type=Path),
    help="A JSON or YAML file of facts; stores and models may know the others.",
)
@click.option("--at", help="A day (its noon), or a time such as 2026-01-31T08:00:00+05:30; now if left out.")
@click.option(
    "--table",
    type=click.Path(path_type=Path),
    help="Decide for each row of this file instead: .csv, .jsonl or .ndjson (a request a line), or .parquet.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Where the answers go; beside the table if left out.")
@click.option("--resume", is_flag=True, help="Go on where a run over the same table was stopped.")
@click.option("--subject-column", default="subject", show_default=True, help="The column of whom a row is about.")
@click.option("--ignore-column", multiple=True, help="A column that is no fact; may be given several times.")
@click.option("--processes", type=click.IntRange(1, 64), help="Processes that decide; else by the size of the table.")
@click.option("--dry-run", is_flag=True, help="Decide and record nothing; no ledger is opened.")
@click.option(
    "--try",
    "tried",
    multiple=True,
    metavar="NAME@N",
    help="Of a dry run: decide by this version, and show where it differs from the others tried or, if it is the only "
    "one, from what is in force. Repeatable; commas join versions that are to decide together.",
)
@json_option("Print the answer as the HTTP service gives it; of a table, what came of it.")
@click.pass_obj
def decide_command(
    call: Invocation,
    /,
    service: str,
    subject: str | None,
    facts: Path | None,
    at: str | None,
    dry_run: bool,
    tried: tuple[str, ...],
    as_json: bool,
    table: Path | None,
    **of_table: object,
) -> None:
    """Decide SERVICE for one subject, or for each row of a table, and record it, unless it is a dry run.

    Exit codes: 0 decided, 1 some rows of a table were refused, 2 bad input, 3 not recorded, 5 decided and on record,
    and the answer could not be written; of a table that is to be gone on with, 5 a process was killed or the answers
    cannot be written, 130 interrupted, 143 terminated.
    """
    if tried and not dry_run:
        raise click.UsageError("--try is for trials: it goes with --dry-run")
    if table is not None:
        if dry_run:
            raise MalformedRequest("a table is decided on record alone", "try one of its rows with --facts")
        if subject or facts or at:
            raise MalformedRequest(
                "--table stands alone: its rows say whom and when a decision is about, and the facts"
            )
        context = click.get_current_context()
        decide_table = late("ordain.api.cli.whole_tables.decide_table:decide_table")
        context.exit(decide_table(call, service, table, as_json, **of_table))
    if subject is None:
        raise click.UsageError("Missing option '--subject' (or '--table').")
    settings = load_settings(call.config)
    at = day_or_time(at, settings.zone)
    if dry_run:
        ask = replace(make_ask(service, subject, _given(facts), at), on_trial=True)
        if tried:
            late("ordain.api.cli.differences.tried:show_tried")(ask, settings, tried, as_json=as_json)
            return
        rules = wire_rules(settings, service)
        _show(service, subject, make_decision(ask, rules).on_trial(), as_json)
        return
    use = wire(settings, service)
    try:
        answer = decide(make_ask(service, subject, _given(facts), at), use)
    finally:
        use.close()
    try:
        _show(service, subject, answer.as_bytes(), as_json)
    except OSError as error:
        tell_unseen(answer.receipt.entry_id, error)
        click.get_current_context().exit(UNSEEN)


def _given(file: Path | None) -> dict[str, Any]:
    """The facts of a file; none without one. Read once the policies are right, whose findings come first."""
    return {} if file is None else read_facts_file(file)


def _show(service: str, subject: str, answer: bytes, as_json: bool) -> None:
    if as_json:
        click.echo(answer.decode())
    else:
        click.echo(f"{click.style(service, bold=True)} for {subject}")
        show_decision(orjson.loads(answer))


UNSEEN = 5


def tell_unseen(entry_id: str, error: OSError) -> None:
    """An answer that nobody saw is on record all the same, and asking again would make another decision."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)  # what is left in the buffer goes nowhere, instead of raising once more at the end
    os.close(quiet)
    with suppress(OSError):
        click.echo(
            f"decided and on record as {entry_id}; the answer could not be written: {reason_of(error)}\n"
            f"    hint: ordain audit show {entry_id}",
            err=True,
        )
