"""`ordain schema`: the shape of policies, for editors."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.text import Text

from ordain.api.cli.invocation import Invocation
from ordain.api.cli.terminal import ERR, OUT
from ordain.api.cli.whole_files import write_page
from ordain.api.settings import load_settings
from ordain.engine.errors import OrdainError
from ordain.engine.late import late
from ordain.engine.policy.known_names import KnownNames
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.schema import ANY_KIND, NAMES, editor_schema
from ordain.engine.text.source import read_file


@click.command()
@click.argument("what", required=False, type=click.Choice(NAMES))
@click.option(
    "--policies",
    type=click.Path(path_type=Path, file_okay=False),
    help="With --all: the folder of policies whose names are written in; else that of the settings.",
)
@click.option(
    "--all",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write all schemas into this folder, as <name>.json.",
)
@click.pass_obj
def schema(call: Invocation, what: str | None, folder: Path | None, policies: Path | None) -> None:
    """Print the JSON Schema of WHAT, for editors; without WHAT, that of a policy of any kind.

    WHAT is a kind of policy, `policy` for all kinds in one, `shared`, `facts` or `services`. With --all the
    schemas suggest the facts with their meaning and values, the policies and the decisions of the folder of policies;
    where that cannot be read they are the general ones.

    Exit codes: 0 done, 2 bad input, or a file that cannot be written.
    """
    if folder is None:
        OUT.out(_schema_text(what or ANY_KIND), end="", highlight=False)
        return
    known = _known_names(call, policies)
    for name in [what] if what else NAMES:
        file = folder / f"{name}.json"
        write_page(file, _schema_text(name, known))
        OUT.print(str(file), markup=False)


def _known_names(call: Invocation, policies: Path | None) -> KnownNames | None:
    """The names of the policies directory; None, and a line that says so, when its facts cannot be read."""
    try:
        path = policies if policies is not None else load_settings(call.config).policies
        load_vocabulary(read_file(path / "facts.yaml", "facts.yaml"), "facts.yaml")
    except OrdainError as error:
        ERR.print(Text(f"without names of facts and policies: {error.message}"))
        return None
    known: KnownNames = late("ordain.api.lsp.folder:known_names")(path)
    return known


def _schema_text(name: str, known: KnownNames | None = None) -> str:
    return json.dumps(editor_schema(name, known), indent=2, ensure_ascii=False) + "\n"
