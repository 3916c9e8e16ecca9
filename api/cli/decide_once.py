"""`ordain decide`: one decision without a server."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ordain.api.ask import make_ask, read_facts_file
from ordain.api.cli.decision_text import show_decision
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.decide import decide
from ordain.api.services import wire
from ordain.api.settings import load_settings


@click.command("decide")
@click.argument("service")
@click.option("--subject", required=True, help="The customer or account that the decision is about.")
@click.option(
    "--facts",
    required=True,
    type=click.Path(path_type=Path),
    help="A JSON or YAML file of facts.",
)
@click.option("--at", help="The time of the decision, such as 2026-01-31T08:00:00+05:30; now if left out.")
@json_option("Print the answer as the HTTP service gives it.")
@click.pass_obj
def decide_command(call: Invocation, service: str, subject: str, facts: Path, at: str | None, as_json: bool) -> None:
    """Decide SERVICE for one subject, and record it.

    Exit codes: 0 decided, 2 bad input, 3 not recorded.
    """
    use = wire(load_settings(call.config), service)
    try:
        answer = decide(make_ask(service, subject, read_facts_file(facts), at), use).as_json()
    finally:
        use.close()
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
    else:
        click.echo(f"{click.style(service, bold=True)} for {subject}")
        show_decision(answer)
