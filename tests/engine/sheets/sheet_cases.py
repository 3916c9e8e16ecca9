"""Policies whose rules go out to a sheet, are edited there as a person would, and come back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from policy_cases import FILE, HEAD

from ordain.engine.errors import OrdainError
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.model import Policy
from ordain.engine.sheets.back import Returned, bring_back
from ordain.engine.sheets.book import Book, Cell, Sheet, book_of
from ordain.engine.sheets.csv import read_csv, write_csv
from ordain.engine.sheets.xlsx import read_xlsx, write_xlsx

CASES = Path(__file__).parents[2] / "cases"
EXAMPLES = "examples: [{given: {}, refused: PolicyError}]\n"
VOCABULARY = load_vocabulary(
    yaml.safe_load((CASES / "sheets.yaml").read_text(encoding="utf-8"))["vocabulary"].encode(), "policies/facts.yaml"
)
FORMS = {
    "csv": (write_csv, read_csv),
    "semicolons": (lambda book: write_csv(book, ";"), read_csv),
    "xlsx": (write_xlsx, read_xlsx),
}


def cases(part: str) -> list[Any]:
    found: list[Any] = yaml.safe_load((CASES / "sheets.yaml").read_text(encoding="utf-8"))[part]
    return found


def text_with(rules: str, kind: str = "decision") -> str:
    """A policy file with these sections; its example names nothing, so that it fits whatever is read."""
    return HEAD.format(kind=kind) + rules + EXAMPLES


def loaded(text: str | bytes) -> Policy:
    return load_policy(text.encode() if isinstance(text, str) else text, FILE, VOCABULARY)


def through(book: Book, form: str = "csv") -> Book:
    """The book written to a file of that form and read again."""
    write, read = FORMS[form]
    return read(write(book), f"rules.{form}")


def returned(policy: Policy, book: Book, form: str = "csv") -> Returned:
    return bring_back(through(book, form), policy, VOCABULARY, FILE)


def grid(sheet: Sheet) -> list[list[str]]:
    return [[cell.text for cell in row] for row in (sheet.headings, *sheet.rows)]


def with_grid(book: Book, rows: Sequence[Sequence[str]]) -> Book:
    """The book with its first sheet holding these texts."""
    cells = [
        tuple(Cell(text, row, column) for column, text in enumerate(texts, start=1))
        for row, texts in enumerate(rows, start=1)
    ]
    first = replace(book.sheets[0], headings=cells[0], rows=tuple(cells[1:]))
    return replace(book, sheets=(first, *book.sheets[1:]))


def edited(policy: Policy, steps: Sequence[Mapping[str, Any]]) -> Book:
    """The policy's book after each step: set, add, delete, move, rename column, drop column, new column."""
    book = book_of(policy)
    rows = grid(book.sheets[0])
    for step in steps:
        _apply(rows, step)
    return with_grid(book, rows)


def _apply(rows: list[list[str]], step: Mapping[str, Any]) -> None:
    headings = rows[0]

    def row(of: str) -> int:
        return next(n for n, texts in enumerate(rows) if n and texts[headings.index("id")] == of)

    match step:
        case {"set": [of, heading, text]}:
            rows[row(of)][headings.index(heading)] = text
        case {"add": texts, "below": of}:
            new = [texts.get(heading, "") for heading in headings]
            rows.insert(row(of) + 1 if of else 1, new)
        case {"delete": of}:
            del rows[row(of)]
        case {"move": of, "below": above}:
            moved = rows.pop(row(of))
            rows.insert(row(above) + 1 if above else 1, moved)
        case {"rename column": [old, new]}:
            headings[headings.index(old)] = new
        case {"new column": heading}:
            for number, texts in enumerate(rows):
                texts.insert(1, "" if number else heading)
        case {"drop column": heading}:
            at = headings.index(heading)
            for texts in rows:
                del texts[at]
        case _:
            raise AssertionError(f"no such step: {step}")


def findings(error: OrdainError) -> list[dict[str, str]]:
    """Message, hint and underlined text of each finding; empty parts are left out."""
    found = []
    for issue in error.issues:
        said = {"message": issue.message, "hint": issue.hint, "under": issue.span.text if issue.span else ""}
        found.append({key: text for key, text in said.items() if text})
    return found
