"""`ordain schema`: the shape of policies, for editors."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ordain.api.cli.terminal import OUT
from ordain.api.cli.whole_files import write_page
from ordain.engine.policy.schema import ANY_KIND, NAMES, editor_schema


@click.command()
@click.argument("what", required=False, type=click.Choice(NAMES))
@click.option(
    "--all",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write all schemas into this folder, as <name>.json.",
)
def schema(what: str | None, folder: Path | None) -> None:
    """Print the JSON Schema of WHAT, for editors; without WHAT, that of a policy of any kind.

    WHAT is a kind of policy, `policy` for all kinds in one, `facts` or `services`.

    Exit codes: 0 done, 2 bad input, or a file that cannot be written.
    """
    if folder is None:
        OUT.out(_schema_text(what or ANY_KIND), end="", highlight=False)
        return
    for name in [what] if what else NAMES:
        file = folder / f"{name}.json"
        write_page(file, _schema_text(name))
        OUT.print(str(file), markup=False)


def _schema_text(name: str) -> str:
    return json.dumps(editor_schema(name), indent=2, ensure_ascii=False) + "\n"
