"""`ordain table --import`: a sheet that somebody made for people becomes a policy; what it does not say is asked."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import click
from rich.text import Text

from ordain.api.cli.sheets.sheet_files import sheet_bytes
from ordain.api.cli.terminal import ERR, OUT
from ordain.api.cli.whole_files import write_whole
from ordain.engine.catalog import read_texts
from ordain.engine.errors import ExportFailed, Issue, MalformedRequest, PolicyError, counted, reason_of
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.sheets.engines.camunda_sheet import camunda_table, is_camunda
from ordain.engine.sheets.engines.table_policy import policy_of_table
from ordain.engine.sheets.foreign.columns import Column, Question, column_as_told, columns_of, name_of
from ordain.engine.sheets.foreign.layout import Layout, layout_of
from ordain.engine.sheets.foreign.policy_text import Made, Named, policy_of
from ordain.engine.sheets.foreign.squares import read_foreign


def import_sheet(
    folder: Path,
    file: Path,
    name: str,
    *,
    sheet: str,
    layout: str,
    told: Iterable[str],
    owner: str,
    write: bool,
    as_json: bool,
) -> None:
    """Shows the policy `name` that the sheet says; with `write`, writes it and the facts that it needs to `folder`.

    `layout` is `people`, `camunda`, or "" for what the sheet looks like. Raises MalformedRequest, PolicyError,
    ExportFailed; then nothing is written.
    """
    texts = read_texts(folder)
    vocabulary = load_vocabulary(texts.vocabulary, f"{texts.root}/facts.yaml")
    target = folder / name / "v1.yaml"
    if target.parent.exists():
        raise ExportFailed(f"there is a policy `{name}` already", "choose another name after --new")
    decision = name_of(name)
    named = Named(name, dt.date.today(), owner, decision)
    read, columns = _data_of(file), tuple[Column, ...]()
    squares = read_foreign(read, str(file), sheet, numbers=False)
    if layout == "camunda" or (not layout and is_camunda(squares)):
        if told:
            raise MalformedRequest("`--column` is for sheets of people", "change the headings in the sheet")
        table = camunda_table(squares)
        made, rows = policy_of_table(table, squares, vocabulary, named), len(table.rows)
    else:
        laid = layout_of(read_foreign(read, str(file), sheet))
        columns, questions = columns_of(laid, vocabulary, _told(told))
        answered = _asked(questions, laid, file, name)
        columns = tuple(sorted((*columns, *answered), key=lambda column: column.index))
        made, rows = policy_of(laid, columns, vocabulary, named), len(laid.lines)
    written = []
    if write:
        written = _written(folder, target, made, texts.vocabulary)
    if as_json:
        data = {
            "policy": made.policy,
            "facts": made.facts,
            "columns": {column.heading.text: column.said for column in columns},
            "notes": [str(note) for note in made.notes],
            "written": [str(path) for path in written],
        }
        OUT.print(json.dumps(data, ensure_ascii=False), markup=False)
        return
    _tell(rows, columns, made, written, name, decision)


def _data_of(file: Path) -> bytes:
    if file.suffix.lower() not in (".xlsx", ".csv"):
        hint = "let its name end with one of them; save an .xls or .ods file as .xlsx first"
        raise MalformedRequest(f"`{file.name}` is neither a .csv nor a .xlsx file", hint)
    return sheet_bytes(file)


def _told(words: Iterable[str]) -> dict[str, str]:
    told = {}
    for each in words:
        heading, equals, said = each.rpartition("=")
        if not equals or not heading.strip() or not said.strip():
            hint = 'such as --column "Usage (GB)=when usage_gb"'
            raise MalformedRequest(f"`--column {each}`: a heading, `=` and what it is", hint)
        told[heading.strip()] = " ".join(said.split())
    return told


def _asked(questions: tuple[Question, ...], layout: Layout, file: Path, name: str) -> list[Column]:
    """Answers from the person at the terminal. Raises MalformedRequest where there is none, with every question."""
    if questions and not sys.stdin.isatty():
        issues = []
        for question in questions:
            cells = [square.text for square in layout.column(question.index) if not square.empty]
            shown = ", ".join(f"`{cell}`" for cell in dict.fromkeys(cells[:3]))
            hint = f'--column "{question.heading.text}=..." with one of: {question.choices}'
            issues.append(Issue(f"{question.text} It holds {shown}", hint))
        raise MalformedRequest(issues)
    answers = []
    for question in questions:
        ERR.print(Text(f"{question.text} ({question.choices})"))
        while True:
            first = f"when {question.likely[0]}" if question.likely else None
            said = click.prompt(question.heading.text, default=first)
            try:
                answers.append(column_as_told(question.heading, question.index, " ".join(str(said).split())))
                break
            except PolicyError as error:
                ERR.print(Text(str(error.issues[0])))
    return answers


def _written(folder: Path, target: Path, made: Made, vocabulary: bytes) -> list[Path]:
    """The policy, and before it the facts it needs: a fact that nobody reads yet does no harm."""
    written = []
    if made.facts:
        facts = folder / "facts.yaml"
        if facts.read_bytes() != vocabulary:
            raise ExportFailed(f"`{facts}` has changed meanwhile", "try again")
        write_whole(facts, vocabulary.rstrip(b"\n") + b"\n" + made.facts.encode())
        written.append(facts)
    try:
        target.parent.mkdir(parents=True)
    except OSError as error:
        raise ExportFailed(f"`{target.parent}` cannot be made: {reason_of(error)}") from None
    write_whole(target, made.policy.encode())
    return [*written, target]


def _tell(number: int, columns: tuple[Column, ...], made: Made, written: list[Path], name: str, decision: str) -> None:
    if not written:
        OUT.print(Text(made.policy), end="")
        if made.facts:
            OUT.print(Text(f"\nand in facts.yaml:\n{made.facts}"))
    told: Mapping[str, str] = {column.heading.text: column.said for column in columns}
    for heading, said in told.items():
        ERR.print(Text(f"column `{heading}`: {said}"))
    for note in made.notes:
        ERR.print(Text(str(note)))
    for path in written:
        OUT.print(Text(f"written: {path}"))
    rows = counted(number, "row")
    if not written:
        ERR.print(Text(f"{rows} read; nothing is written without --write"))
        return
    OUT.print(Text(f"{rows} became rules of {name}@1. To let it decide, name it in services.yaml:"))
    OUT.print(Text(f"  {name}:\n    purpose: ...\n    policies: [{name}]\n    gives: [{decision}]"))
