"""`ordain table`: a policy's tables shown, and its rules out to a sheet and back."""

from __future__ import annotations

import datetime as dt
import difflib
import json
import re
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Table as RichTable
from rich.text import Text

from ordain.api.cli.checking.against_ledger import refuse_used, used_in
from ordain.api.cli.grids import as_data, as_html, as_markdown, grids_in
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.sheets.chosen_policy import ChosenPolicy, choose_policy, refuse_lost_work
from ordain.api.cli.sheets.import_sheet import import_sheet
from ordain.api.cli.sheets.sheet_files import read_book, write_book
from ordain.api.cli.terminal import ERR, OUT
from ordain.api.cli.whole_files import write_whole
from ordain.api.settings import load_settings
from ordain.audit.records.used_policies import PolicyVersion
from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.errors import MalformedRequest, counted
from ordain.engine.examples.run import example_issues
from ordain.engine.policy.model import Policy
from ordain.engine.sheets.back import bring_back
from ordain.engine.sheets.book import book_of, chosen_sections, text_of
from ordain.engine.tables.grid import Grid

_FILE = click.Path(path_type=Path, dir_okay=False)
_RULED, _LEAST, _MOST = 60, 24, 80
"""Up to how many rows have lines between them; how wide the first column and headings may insist to be; and
how wide any column may be."""


@click.command("table")
@click.argument("policy", required=False, default="")
@click.argument("decision", required=False, default="")
@click.option(
    "--format",
    "form",
    type=click.Choice(["terminal", "markdown", "html"]),
    default="terminal",
    show_default=True,
    help="How to show the tables.",
)
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of policies; else the setting `policies`.",
)
@click.option("--out", type=_FILE, help="Write the rules to this .csv or .xlsx file.")
@click.option("--in", "back", type=_FILE, help="Bring the rules back from this .csv or .xlsx file; show what changes.")
@click.option("--write", is_flag=True, help="With --in: write the policy's next version.")
@click.option("--replace", is_flag=True, help="With --in: replace the policy's own file.")
@click.option("--force", is_flag=True, help="With --out: replace a file that exists. With --in: see docs/sheets.md.")
@click.option(
    "--delimiter",
    type=click.Choice([",", ";"]),
    default=",",
    show_default=True,
    help="Between the cells of a CSV file.",
)
@click.option("--import", "foreign", type=_FILE, help="Make a policy of this .csv or .xlsx file that a person made.")
@click.option("--new", metavar="NAME", default="", help="With --import: the new policy's name.")
@click.option("--sheet", metavar="TITLE", default="", help="With --import: the sheet of that name; else the first.")
@click.option(
    "--layout",
    type=click.Choice(["people", "camunda"]),
    help="With --import: how the sheet is laid out, where it does not show that by itself.",
)
@click.option(
    "--column",
    "columns",
    metavar='"HEADING=WHAT"',
    multiple=True,
    help="With --import: what a column is, such as `Usage=when usage_gb`; repeatable. See docs/sheets.md.",
)
@click.option("--owner", default="unknown", show_default=True, help="With --import: who answers for the policy.")
@json_option("Print the tables, or what changes, as JSON.")
@click.pass_obj
def table_command(
    call: Invocation,
    policy: str,
    decision: str,
    form: str,
    directory: Path | None,
    out: Path | None,
    back: Path | None,
    write: bool,
    replace: bool,
    force: bool,
    delimiter: str,
    foreign: Path | None,
    new: str,
    sheet: str,
    layout: str | None,
    columns: tuple[str, ...],
    owner: str,
    as_json: bool,
) -> None:
    """Show the tables of POLICY, or of POLICY@VERSION, as grids; with --out and --in edit its rules in a spreadsheet.

    DECISION is the name of one table. Policies of other kinds are shown as tables too. With --import and --new a sheet
    that somebody made for people becomes a new policy.

    Exit codes: 0 done, 1 an example of the changed policy has another result, 2 bad input, nothing is written.
    """
    settings = None if directory else load_settings(call.config)
    folder, zone = (settings.policies, settings.zone) if settings else (directory or Path(), dt.UTC)
    if foreign is not None:
        _refuse_beside_import(policy, new, (out, back, replace, force))
        import_sheet(
            folder,
            foreign,
            new,
            sheet=sheet,
            layout=layout or "",
            told=columns,
            owner=owner,
            write=write,
            as_json=as_json,
        )
        return
    if new or sheet or layout or columns:
        what = "`--new`, `--sheet`, `--layout` and `--column` go with `--import`"
        raise MalformedRequest(what, "name the file with --import")
    if not policy:
        raise MalformedRequest("no policy is named", "write its name after `ordain table`")
    if out is not None and back is not None:
        raise MalformedRequest("`--out` and `--in` do not go together", "leave one of them out")
    if (write or replace) and back is None:
        raise MalformedRequest("there is nothing to write without `--in`", "name the sheet with --in")
    chosen = choose_policy(folder, zone, policy)
    if out is not None:
        _write_out(chosen.policy, decision, out, delimiter, force)
    elif back is not None:
        used = used_in(call.config, folder) if write or replace else frozenset()
        _bring_in(chosen, back, used, replace=replace, write=write, force=force, as_json=as_json)
    else:
        _show(grids_in(chosen.policy, decision), chosen.policy, form, as_json)


def _refuse_beside_import(policy: str, new: str, others: tuple[object, ...]) -> None:
    if policy or any(others):
        raise MalformedRequest(
            "`--import` makes a new policy", "with it go --new, --sheet, --layout, --column, --owner, --write"
        )
    if not re.fullmatch("[a-z][a-z0-9-]*", new):
        what = f"`{new}` is no name for a policy" if new else "the new policy has no name"
        raise MalformedRequest(what, "write --new NAME, in small letters, digits and hyphens")


def _show(grids: list[Grid], policy: Policy, form: str, as_json: bool) -> None:
    if as_json:
        data = {"policy": policy.name, "version": policy.version, "tables": [as_data(grid) for grid in grids]}
        OUT.print(json.dumps(data, ensure_ascii=False), markup=False)
    elif form == "markdown":
        OUT.print(as_markdown(grids, policy.label), markup=False, end="")
    elif form == "html":
        OUT.print(as_html(grids, policy.label), markup=False, end="")
    else:
        for number, grid in enumerate(grids):
            if number:
                OUT.print()
            _print_grid(grid)


def _print_grid(grid: Grid) -> None:
    """The grid as wide as the terminal; ids and words of headings are not broken where they are short."""
    OUT.print(Text(grid.name, style="bold"))
    for name, text in grid.notes:
        OUT.print(Text(f"{name}: {text}", style="dim"), soft_wrap=False)
    shown = RichTable(show_lines=len(grid.all_rows) <= _RULED)
    for heading, width in zip(grid.headings, _widths(grid, OUT.width), strict=True):
        about = f"\n[dim]{escape(heading.about)}[/]" if heading.about else ""
        shown.add_column(f"{escape(heading.text)}{about}", overflow="fold", width=width)
    for row in grid.all_rows:
        shown.add_row(*(Text(square.text) for square in row), style="dim" if row is grid.otherwise else "")
    OUT.print(shown, soft_wrap=False)


def _widths(grid: Grid, total: int) -> list[int | None]:
    """Column widths that fit: the widest gives way first, none below its id or its longest word.

    Where there is too little room for the words of all cells, only those of headings count; where for these too, all
    are None.
    """
    wide = []
    for number, heading in enumerate(grid.headings):
        wide.append(min(max(map(len, [heading.text, heading.about, *_column(grid, number)])), _MOST))
    room = total - 3 * len(wide) - 1  # a border and two spaces for each column, and the last border
    for whole in (True, False):
        least = [_least(grid, number, whole) for number in range(len(wide))]
        if sum(least) <= room:
            return [*_narrowed([max(pair) for pair in zip(least, wide, strict=True)], least, room)]
    return [None] * len(wide)


def _least(grid: Grid, number: int, whole: bool) -> int:
    """How wide a column must be so that no word of its heading is broken, and with `whole` none of its cells."""
    heading = grid.headings[number]
    texts = _column(grid, number)
    words = [*heading.text.split(), heading.about, *(texts if heading.part == "rule" else ())]
    words += [word for text in texts for word in text.split()] if whole else []
    return min(max(map(len, words), default=1), _LEAST)


def _narrowed(wide: list[int], least: list[int], room: int) -> list[int]:
    """The widest columns made narrower, one step at a time, until all fit."""
    while sum(wide) > room:
        widest = max(range(len(wide)), key=lambda n: (wide[n] > least[n], wide[n]))
        wide[widest] -= 1
    return wide


def _column(grid: Grid, number: int) -> list[str]:
    return [row[number].text for row in grid.all_rows]


def _write_out(policy: Policy, decision: str, out: Path, delimiter: str, force: bool) -> None:
    book = book_of(policy, decision)
    sections = chosen_sections(policy, decision)
    write_book(book, out, delimiter, force, sections)
    rules = sum(len(sheet.rows) for sheet in book.sheets)
    OUT.print(
        Text(f"written: {out}  {policy.label}, {counted(rules, 'rule')} of {', '.join(s.name for s in book.sheets)}")
    )


def _bring_in(
    chosen: ChosenPolicy,
    back: Path,
    used: frozenset[PolicyVersion],
    *,
    replace: bool,
    write: bool,
    force: bool,
    as_json: bool,
) -> None:
    """`used` are the versions that have decided: none is written over, and none of their numbers given again."""
    policy, file, shown = chosen.policy, chosen.file, chosen.shown
    version = None
    if write and not replace:
        version = 1 + max(chosen.newest, *(number for name, number in used if name == policy.name), 0)
        file = file.with_name(f"v{version}.yaml")
        shown = f"{shown.rpartition('/')[0]}/{file.name}"
    book = read_book(back)
    chosen_sections(policy)
    returned = bring_back(book, policy, chosen.vocabulary, shown, version=version, force=force)
    changed = returned.text != policy.text
    issues = list(returned.issues)
    if changed and returned.policy is not None:
        issues = example_issues(compile_policy(returned.policy))
    diff = _diff(text_of(policy), returned.text.decode("utf-8-sig"), chosen.shown, shown)
    written = changed and (write or replace)
    if written and version is None:
        refuse_used(used, (policy.name, policy.version), "with --write in the place of --replace it is a new version")
    if written:
        refuse_lost_work(file, None if version is not None else policy.text)
        write_whole(file, returned.text)
    if as_json:
        data: dict[str, Any] = {"changed": changed, "written": str(file) if written else None, "diff": diff}
        data["findings"] = [str(issue) for issue in issues]
        data["notes"] = [str(note) for note in returned.notes]
        OUT.print(json.dumps(data, ensure_ascii=False), markup=False)
    else:
        for line in diff.splitlines():
            style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
            OUT.print(Text(line, style=style))
        if not changed:
            OUT.print("nothing has changed")
        elif written:
            OUT.print(Text(f"written: {file}"))
            if version is not None:
                start = policy.effective.start
                OUT.print(Text(f"it decides from {start}, as {policy.label} does: set `effective` to its first day"))
        for issue in (*returned.notes, *issues):
            ERR.print(Text(str(issue)))
    click.get_current_context().exit(1 if issues else 0)


def _diff(before: str, after: str, old: str, new: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), old, new, lineterm="")
    return "\n".join(lines)
