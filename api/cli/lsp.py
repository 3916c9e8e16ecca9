"""`ordain lsp`: the language server that editors start."""

from __future__ import annotations

from pathlib import Path

import click

from ordain.api.cli.invocation import Invocation
from ordain.api.lsp.session import Session
from ordain.engine.late import late


@click.command("lsp")
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--stdio", is_flag=True, help="Talk over standard input and output: what it does in any case.")
@click.pass_obj
def lsp(call: Invocation, folder: Path | None, stdio: bool) -> None:
    """Answer an editor about policies: the language server (LSP), over standard input and output.

    Without FOLDER each open file belongs to the policies directory that it lies in: the one with facts.yaml. What is
    typed and not saved yet counts. Nothing is written but what the editor asks for, by itself. Log lines go to standard
    error.

    Exit codes: 0 the editor said that it is done, 1 it left without saying so, 2 bad input or settings.
    """
    late("ordain.api.lsp.language_server:serve")(Session(folder, call.config))
