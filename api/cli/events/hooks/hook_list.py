"""`ordain hooks list`: who may send events, and what is asked for them."""

from __future__ import annotations

import json
from typing import Any

import click

from ordain.api.cli.events.hooks.hook_rules import hook_rules
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT
from ordain.api.hooks.source import Source
from ordain.audit.explain.plain_words import one_line
from ordain.engine.errors import counted


@click.command("list")
@json_option("Print JSON.")
@click.pass_obj
def list_command(call: Invocation, as_json: bool) -> None:
    """Show the sources of events: how each signs, and which service is asked for which types.

    Exit codes: 0 done, 2 bad settings, policies or hooks.
    """
    _, hooks = hook_rules(call.config)
    rows = [_row(source) for source in hooks.sources.values()]
    if as_json:
        OUT.print(json.dumps({"sources": rows}), markup=False)
        return
    for row in rows:
        rate = f", {row['rate']}" if row["rate"] else ""
        head = (
            f"{row['name']}  {row['scheme']}, {counted(row['secrets'], 'secret')}, {row['tolerance_seconds']} s{rate}"
        )
        OUT.print(f"{head}  POST {row['path']}", markup=False)
        for each in row["events"]:
            when = f" when {each['when']}" if each["when"] else ""
            OUT.print(one_line(f"  {', '.join(each['types'])}{when} -> {each['service']}"), markup=False)


def _row(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "path": f"/v1/hooks/{source.name}",
        "scheme": source.scheme_name,
        "secrets": len(source.secrets),
        "tolerance_seconds": source.tolerance,
        "rate": None if source.caller.rate is None else str(source.caller.rate),
        "events": [
            {
                "types": list(each.types),
                "when": None if each.when is None else each.when.text,
                "service": each.service,
                "subject": each.subject.text,
                "facts": {name: formula.text for name, formula in each.facts.items()},
            }
            for each in source.mapped
        ],
    }
