"""`ordain table --import`: a sheet that somebody made for people becomes a policy; what it does not say is asked."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import click
from rich.text import Text

from ordain.api.cli.terminal import ERR, OUT
from ordain.api.cli.whole_files import write_whole
from ordain.api.limits import LIMITS
from ordain.engine.catalog import read_texts
from ordain.engine.errors import ExportFailed, Issue, MalformedRequest, PolicyError, counted, reason_of
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.sheets.foreign.columns import Column, Question, column_as_told, columns_of, name_of
from ordain.engine.sheets.foreign.layout import Layout, layout_of
from ordain.engine.sheets.foreign.policy_text import Made, Named, policy_of
from ordain.engine.sheets.foreign.squares import read_foreign
from ordain.engine.text.regular import opened


def import_sheet(
    folder: Path, file: Path, name: str, *, sheet: str, told: Iterable[str], owner: str, write: bool, as_json: bool
) -> None:
    """Shows the policy `name` that the sheet says; with `write`, writes it and the facts that it needs to `folder`.

    Raises MalformedRequest, PolicyError, ExportFailed; then nothing is written.
    """
    texts = read_texts(folder)
    vocabulary = load_vocabulary(texts.vocabulary, f"{texts.root}/facts.yaml")
    target = folder / name / "v1.yaml"
    if target.parent.exists():
        raise ExportFailed(f"there is a policy `{name}` already", "choose another name after --new")
    layout = layout_of(read_foreign(_data_of(file), str(file), sheet))
    columns, questions = columns_of(layout, vocabulary, _told(told))
    answered = _asked(questions, layout, file, name)
    columns = tuple(sorted((*columns, *answered), key=lambda column: column.index))
    decision = name_of(name)
    made = policy_of(layout, columns, vocabulary, Named(name, dt.date.today(), owner, decision))
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
    _tell(layout, columns, made, written, name, decision)


def _data_of(file: Path) -> bytes:
    if file.suffix.lower() not in (".xlsx", ".csv"):
        hint = "let its name end with one of them; save an .xls or .ods file as .xlsx first"
        raise MalformedRequest(f"`{file.name}` is neither a .csv nor a .xlsx file", hint)
    try:
        with opened(file) as stream:
            data = stream.read(LIMITS.sheet_bytes + 1)
    except OSError as error:
        raise MalformedRequest(f"`{file}` cannot be read: {reason_of(error)}") from None
    if len(data) > LIMITS.sheet_bytes:
        raise PolicyError(f"`{file}` is larger than {LIMITS.sheet_bytes:,} bytes")
    return data


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


def _tell(
    layout: Layout, columns: tuple[Column, ...], made: Made, written: list[Path], name: str, decision: str
) -> None:
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
    rows = counted(len(layout.lines), "row")
    if not written:
        ERR.print(Text(f"{rows} read; nothing is written without --write"))
        return
    OUT.print(Text(f"{rows} became rules of {name}@1. To let it decide, name it in services.yaml:"))
    OUT.print(Text(f"  {name}:\n    purpose: ...\n    policies: [{name}]\n    gives: [{decision}]"))
