"""`ordain cases`: a policy's test cases out to a sheet, decided row by row, and new ones into the policy's file."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from ordain.api.cli.checking.against_ledger import refuse_used, used_in
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.sheets.chosen_policy import ChosenPolicy, choose_policy, refuse_lost_work
from ordain.api.cli.sheets.sheet_files import read_book, write_book
from ordain.api.cli.terminal import ERR, OUT
from ordain.api.cli.whole_files import write_whole
from ordain.api.limits import LIMITS
from ordain.api.settings import load_settings
from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.errors import Issue, MalformedRequest, counted
from ordain.engine.examples.run import Decided, decided
from ordain.engine.policy.model import Policy
from ordain.engine.sheets.book import Book, letters
from ordain.engine.sheets.cases.adding import new_rows, with_examples
from ordain.engine.sheets.cases.case_rows import CaseRow, rows_of
from ordain.engine.sheets.cases.case_sheet import (
    EXPECT,
    REFUSED,
    SHEET,
    Case,
    Difference,
    case_book,
    cases_of,
    differences,
)

_FILE = click.Path(path_type=Path, dir_okay=False)


@dataclass(frozen=True, slots=True)
class _Tried:
    """A case, and what the policy decides. `row` is that of a sheet, or the number of an example."""

    row: int
    case: Case
    decided: Decided

    @property
    def differences(self) -> tuple[Difference, ...]:
        return tuple(differences(self.case, self.decided))


@click.command("cases")
@click.argument("policy")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of policies; else the setting `policies`.",
)
@click.option("--out", type=_FILE, help="Write the cases, with what is decided, to this .csv or .xlsx file.")
@click.option("--in", "back", type=_FILE, help="Decide the cases of this .csv or .xlsx file.")
@click.option("--add", is_flag=True, help="With --in: put the new cases that hold into the policy's examples.")
@click.option(
    "--force", is_flag=True, help="With --out: replace a file that exists. With --add: add cases that differ too."
)
@click.option(
    "--delimiter",
    type=click.Choice([",", ";"]),
    default=",",
    show_default=True,
    help="Between the cells of a CSV file.",
)
@json_option("Print each case, and what differs, as JSON.")
@click.pass_obj
def cases_command(
    call: Invocation,
    policy: str,
    directory: Path | None,
    out: Path | None,
    back: Path | None,
    add: bool,
    force: bool,
    delimiter: str,
    as_json: bool,
) -> None:
    """The test cases of POLICY, or of POLICY@VERSION, as a sheet: given, expected, actual.

    With --out its examples become rows; add rows in a spreadsheet, and --in decides them all. With both, the file of
    --out has the rows of --in and what was decided.

    Exit codes: 0 all as expected, 1 a case has another result, 2 bad input, nothing is written.
    """
    if add and back is None:
        raise MalformedRequest("there are no cases to add without `--in`", "name the sheet with --in")
    settings = None if directory else load_settings(call.config)
    folder, zone = (settings.policies, settings.zone) if settings else (directory or Path(), dt.UTC)
    chosen = choose_policy(folder, zone, policy)
    book = read_book(back, percents=True) if back is not None else None
    rows, notes = rows_of(book, chosen.policy, chosen.vocabulary) if book is not None else ((), ())
    tried = _tried(chosen.policy, rows if book is not None else None)
    added: Sequence[CaseRow] = ()
    if add:
        added = _to_add(rows, tried, chosen.policy, force)
        text = with_examples(chosen.policy, added, chosen.shown, chosen.vocabulary)
    if added:
        refuse_used(
            used_in(call.config, folder),
            (chosen.policy.name, chosen.policy.version),
            "copy it to the next version's file, and add the cases to that",
        )
        refuse_lost_work(chosen.file, chosen.policy.text)
    if out is not None:
        write_book(case_book(chosen.policy, [(each.case, each.decided) for each in tried]), out, delimiter, force)
    if added:
        write_whole(chosen.file, text)
    if as_json:
        data = _data(chosen, tried, book)
        data["added"] = [row.row for row in added]
        data["written"] = [str(file) for file in (out, chosen.file if added else None) if file is not None]
        data["notes"] = [str(note) for note in notes]
        OUT.print(json.dumps(data, ensure_ascii=False), markup=False)
    else:
        _tell(chosen, tried, book, notes)
        if out is not None:
            OUT.print(Text(f"written: {out}"))
        if add:
            _tell_added(chosen, added, tried, rows)
    click.get_current_context().exit(1 if any(each.differences for each in tried) else 0)


def _tried(policy: Policy, rows: Sequence[CaseRow] | None) -> list[_Tried]:
    """The rows of a sheet, or without one the policy's own examples, decided."""
    compiled = compile_policy(policy)
    if rows is not None:
        return [_Tried(row.row, row.case, row.decided(compiled)) for row in rows]
    cases = enumerate(zip(cases_of(policy), policy.examples, strict=True), start=1)
    return [_Tried(number, case, decided(compiled, example)) for number, (case, example) in cases]


def _to_add(rows: Sequence[CaseRow], tried: Sequence[_Tried], policy: Policy, force: bool) -> list[CaseRow]:
    differing = {each.row for each in tried if each.differences}
    return [row for row in new_rows(rows, policy) if force or row.row not in differing]


def _place(tried: _Tried, difference: Difference, book: Book | None) -> str:
    """`row 4, column F`, as the spreadsheet counts; without one, the number of the example."""
    if book is None:
        return f"example {tried.row}"
    wanted = REFUSED if difference.path == REFUSED else f"{EXPECT}: {difference.path}"
    headings = next(sheet.headings for sheet in book.sheets if sheet.name == SHEET)
    column = next((cell.column for cell in headings if " ".join(cell.text.split()) == wanted), 0)
    return f"row {tried.row}, column {letters(column)}" if column else f"row {tried.row}"


def _tell(chosen: ChosenPolicy, tried: Sequence[_Tried], book: Book | None, notes: Sequence[Issue]) -> None:
    for each in tried:
        for difference in each.differences:
            expected, actual = difference.expected, difference.actual
            place = _place(each, difference, book)
            OUT.print(Text(f"{place}: {difference.path}: expected {expected}, actual {actual}"))
    for note in notes:
        ERR.print(Text(str(note)))
    differing = sum(bool(each.differences) for each in tried)
    open_cases = sum(not (each.case.expect or each.case.refused) for each in tried)
    said = f"{chosen.policy.label}: {counted(len(tried), 'case')}, "
    said += f"{differing} with another result" if differing else "all as expected"
    OUT.print(Text(f"{said}, {open_cases} in which nothing is expected" if open_cases else said))


def _tell_added(
    chosen: ChosenPolicy, added: Sequence[CaseRow], tried: Sequence[_Tried], rows: Sequence[CaseRow]
) -> None:
    if added:
        OUT.print(Text(f"{counted(len(added), 'case')} added to {chosen.file}"))
    else:
        OUT.print("no new case to add")
    taken = {row.row for row in added}
    differing = {each.row for each in tried if each.differences}
    lacking = [row for row in rows if row.lacks]
    asking = [row for row in rows if not row.lacks and not (row.case.expect or row.case.refused)]
    others = [row for row in rows if row.row not in taken and row not in lacking and row not in asking]
    left = [row for row in others if row.row in differing]
    if left:
        OUT.print(Text(f"not added, as the result is another: {_rows(left)}; --force adds them too"))
    if lacking:
        OUT.print(Text(f"not added, as an example gives all facts that the policy needs: {_rows(lacking)}"))
    if asking:
        OUT.print(Text(f"not added, as nothing is expected: {_rows(asking)}"))
    if known := len(others) - len(left):
        OUT.print(Text(f"examples already: {counted(known, 'row')}"))


def _rows(rows: Sequence[CaseRow]) -> str:
    """`2 rows (4, 7)`, by their numbers in the sheet; of many the first."""
    most = LIMITS.listed_examples
    shown = ", ".join(str(row.row) for row in rows[:most]) + (", ..." if len(rows) > most else "")
    return f"{counted(len(rows), 'row')} ({shown})"


def _data(chosen: ChosenPolicy, tried: Sequence[_Tried], book: Book | None) -> dict[str, Any]:
    cases = [
        {
            ("row" if book is not None else "example"): each.row,
            "ok": not each.differences,
            "differs": [
                {"output": one.path, "expected": one.expected, "actual": one.actual, "place": _place(each, one, book)}
                for one in each.differences
            ],
        }
        for each in tried
    ]
    return {"policy": chosen.policy.name, "version": chosen.policy.version, "cases": cases}
