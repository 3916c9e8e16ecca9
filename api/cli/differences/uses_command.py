"""`ordain uses`: everything that reads or gives a fact, a decision, a policy or something shared."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click
from rich.text import Text

from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT
from ordain.api.lsp.folder import Folder
from ordain.api.lsp.uses import EXAMPLE, Use, uses
from ordain.api.settings import load_settings
from ordain.engine.catalog import read_texts
from ordain.engine.errors import counted


@click.command("uses")
@click.argument("name")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of policies, and no models; else those of the settings.",
)
@json_option("Print the places as JSON.")
@click.pass_obj
def uses_command(call: Invocation, name: str, directory: Path | None, as_json: bool) -> None:
    """Show everything that reads or gives NAME: a fact, decision, constant, function, a policy, or something shared.

    All versions of all policies are looked at, facts.yaml, services.yaml, what policies share, and models. Files in the
    YAML form only: what `.dmn` files read is not shown.

    Exit codes: 0 shown, 2 bad input or settings; a name that nothing has is bad input, too.
    """
    settings = None if directory else load_settings(call.config)
    policies = settings.policies if settings else directory or Path()
    read_texts(policies)  # which says what is wrong with the folder itself
    found = uses(Folder(policies.resolve(), settings.models if settings else None), name)
    if as_json:
        OUT.print(json.dumps(asdict(found), ensure_ascii=False), markup=False)
        return
    OUT.print(Text(f"{found.name}: {found.what}, {counted(len(found.places), 'place')}", style="bold"))
    examples = Counter(use.file for use in found.places if use.how == EXAMPLE)
    for use in found.places:
        if use.how != EXAMPLE:
            OUT.print(Text(f"{use.file}:{use.line}: ", style="bold").append(Text(_line(use), style="not bold")))
    for file, count in examples.items():
        OUT.print(Text(f"{file}: ", style="bold").append(Text(f"in examples, {counted(count, 'time')}", "not bold")))
    for service in found.services:
        OUT.print(Text(f"service {service}"))
    for model in found.models:
        OUT.print(Text(f"model {model}: reads"))


def _line(use: Use) -> str:
    where = " > ".join(use.within)
    shown = "" if use.within and use.within[-1] == use.text else f": {use.text}"
    return f"{use.how}  {where}{shown}"
