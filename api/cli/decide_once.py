"""`ordain decide`: one decision without a server, or one for each row of a table."""

from __future__ import annotations

from pathlib import Path

import click

from ordain.api.ask import make_ask, read_facts_file
from ordain.api.cli.decision_text import show_decision
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.decide import decide
from ordain.api.services import wire
from ordain.api.settings import load_settings
from ordain.engine.errors import MalformedRequest
from ordain.engine.late import late


@click.command("decide")
@click.argument("service")
@click.option("--subject", help="The customer or account that the decision is about.")
@click.option("--facts", type=click.Path(path_type=Path), help="A JSON or YAML file of facts.")
@click.option("--at", help="The time of the decision, such as 2026-01-31T08:00:00+05:30; now if left out.")
@click.option(
    "--table",
    type=click.Path(path_type=Path),
    help="Decide for each row of this file instead: .csv, .jsonl (a request a line) or .parquet.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Where the answers go; beside the table if left out.")
@click.option("--resume", is_flag=True, help="Go on where a run over the same table was stopped.")
@click.option("--subject-column", default="subject", show_default=True, help="The column of whom a row is about.")
@click.option("--ignore-column", multiple=True, help="A column that is no fact; may be given several times.")
@click.option("--processes", type=click.IntRange(1, 64), help="Processes that decide; else by the size of the table.")
@json_option("Print the answer as the HTTP service gives it; of a table, what came of it.")
@click.pass_obj
def decide_command(
    call: Invocation,
    /,
    service: str,
    subject: str | None,
    facts: Path | None,
    at: str | None,
    as_json: bool,
    table: Path | None,
    **of_table: object,
) -> None:
    """Decide SERVICE for one subject, or for each row of a table, and record it.

    Exit codes: 0 decided, 1 some rows of a table were refused, 2 bad input, 3 not recorded.
    """
    if table is not None:
        if subject or facts or at:
            raise MalformedRequest(
                "--table stands alone: its rows say whom and when a decision is about, and the facts"
            )
        context = click.get_current_context()
        decide_table = late("ordain.api.cli.whole_tables.decide_table:decide_table")
        context.exit(decide_table(call, service, table, as_json, **of_table))
    if subject is None or facts is None:
        missing = "--subject" if subject is None else "--facts"
        raise click.UsageError(f"Missing option '{missing}' (or '--table').")
    use = wire(load_settings(call.config), service)
    try:
        answer = decide(make_ask(service, subject, read_facts_file(facts), at), use)
    finally:
        use.close()
    if as_json:
        click.echo(answer.as_bytes().decode())
    else:
        click.echo(f"{click.style(service, bold=True)} for {subject}")
        show_decision(answer.as_json())
