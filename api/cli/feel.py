"""`ordain feel`: the language of expressions, looked up and tried out."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from ordain.api.ask import read_facts_file
from ordain.api.cli.terminal import ERR, OUT
from ordain.api.cli.whole_files import write_page
from ordain.api.limits import LIMITS
from ordain.engine.errors import ExportFailed, MalformedRequest, NotThatType, reason_of
from ordain.engine.explain.trial import tried
from ordain.engine.feel.functions import reference
from ordain.engine.feel.runtime.describe import describe_value


@click.group()
def feel() -> None:
    """The language of expressions: its reference, and expressions tried out."""


# So `-1` is an expression and no option.
@feel.command("eval", context_settings={"ignore_unknown_options": True})
@click.argument("expression")
@click.option("--facts", type=click.Path(path_type=Path), help="A JSON or YAML file with the values of its names.")
@click.option("--lenient", is_flag=True, help="As in a .dmn file: a fault gives null, and its reason is shown.")
def eval_command(expression: str, facts: Path | None, lenient: bool) -> None:
    """Show the value and type of a FEEL EXPRESSION, or what is wrong with it.

    Exit codes: 0 it has a value, 2 it has none.
    """
    given = {} if facts is None else read_facts_file(facts)
    try:
        trial = tried(expression, given, dt.datetime.now(dt.UTC), lenient=lenient)
    except NotThatType as error:
        raise MalformedRequest(str(error)) from None
    OUT.print(
        Text.assemble(
            (describe_value(trial.value, longest=LIMITS.result_characters), "bold"), (f"  {trial.type}", "dim")
        )
    )
    for reason in trial.reasons:
        ERR.print(Text(str(reason)))


@feel.command("functions")
@click.argument("word", required=False, default="")
def functions_command(word: str) -> None:
    """List the functions that have WORD in their name or meaning; all without it."""
    entries = reference.about(word)
    if not entries:
        raise MalformedRequest(f"no function matches `{word}`", reference.near(word))
    grid = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, each in entries.items():
        grid.add_row(Text(f"{name} *" if each.own else name, style="bold"), Text(each.meaning))
        grid.add_row("", Text(f"{each.example} gives {each.result}", style="dim"))
    OUT.print(grid)
    if any(each.own for each in entries.values()):
        OUT.print(Text("* Ordain's own, not DMN's", style="dim"))
    if len(entries) == 1:
        for name, each in entries.items():
            for line in reference.signatures(name, each):
                OUT.print(Text(line))


@feel.command("reference")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("docs"),
    show_default=True,
    help="The folder of the pages.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when a page is out of date.")
def reference_command(folder: Path, check: bool) -> None:
    """Write the reference of the language: feel.md and feel-cheat-sheet.md.

    Exit codes: 0 written, or up to date; 1 a page is out of date, 2 a page cannot be written.
    """
    stale = []
    for name, text in reference.pages().items():
        file = folder / name
        if not check:
            write_page(file, text)
        elif not _holds(file, text):
            stale.append(file)
    for file in stale:
        ERR.print(Text(f"`{file}` is out of date: run `ordain feel reference`"))
    click.get_current_context().exit(1 if stale else 0)


def _holds(file: Path, text: str) -> bool:
    """Whether a page is as it would be written. Raises ExportFailed when it cannot be read."""
    try:
        return file.is_file() and file.read_text(encoding="utf-8") == text
    except OSError as error:
        raise ExportFailed(f"`{file}` cannot be read: {reason_of(error)}") from None
