"""A churn table read as its mapping says: every cell becomes a fact's value by the same `Fact.accept` that reads
a request, so that what a model learns from and what it is asked with cannot be read differently.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ordain.engine.errors import DataQualityIssue, Issue, NotThatType, SettingsError, Span, did_you_mean, reason_of
from ordain.engine.policy.facts import Fact
from ordain.engine.text.regular import bytes_of
from ordain.engine.text.source import digest_of
from ordain.engine.values.decimals import number
from ordain.engine.values.types import Kind, Value
from ordain.models.data.mapping import Column
from ordain.models.data.mapping import Mapping as TableMapping
from ordain.models.limits import LIMITS


@dataclass(frozen=True, slots=True)
class Table:
    """`rows[i]` holds the features of customer `subjects[i]`; `churned[i]` is 1 or 0. `digest` is the bytes'.

    `roles` are columns that are no features, by role (`models.specs.spec.Role`): as many values as rows.
    """

    name: str
    facts: tuple[Fact, ...]
    subjects: tuple[str, ...]
    rows: tuple[dict[str, Value], ...]
    churned: NDArray[np.int64]
    digest: str
    roles: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)


def read_table(path: Path, mapping: TableMapping) -> Table:
    """The table in the file `path`. Raises SettingsError without one, and as `table_from`."""
    try:
        data = bytes_of(path, LIMITS.table_bytes)
    except FileNotFoundError:
        raise SettingsError(f"there is no table `{path.name}`", "name a file with one customer per row") from None
    except OSError as error:
        raise SettingsError(f"`{path.name}` cannot be read: {reason_of(error)}") from None
    return table_from(data, mapping, path.name)


def table_from(data: bytes, mapping: TableMapping, name: str) -> Table:
    """The table in `data`, separated text (RFC 4180) with a header line.

    Raises DataQualityIssue naming file, line, column and what stands there; the first ten findings are shown.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DataQualityIssue(Issue("the table is not UTF-8 text", "save it as UTF-8", Span(name, line, 1))) from None
    return _Reader(mapping, name).table(text, digest_of(data))


class _Reader:
    def __init__(self, mapping: TableMapping, name: str) -> None:
        self.mapping, self.name = mapping, name
        self.issues: list[Issue] = []

    def table(self, text: str, digest: str) -> Table:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self.mapping.separator, strict=True)
        subjects: dict[str, int] = {}
        rows: list[dict[str, Value]] = []
        churned: list[int] = []
        try:
            places = self.places(next(reader, []))
            numbered = ((reader.line_num, cells) for cells in reader)
            for row, (line, cells) in enumerate(self.records(numbered, len(places.header)), start=1):
                if (left := self.label(cells[places.label], line)) is None:
                    continue
                self.subject(cells[places.subject] if places.subject is not None else f"row-{row}", subjects, line)
                rows.append({column.fact.name: self.value(column, cells[at], line) for column, at in places.columns})
                churned.append(left)
        except csv.Error as error:
            place = Span(self.name, reader.line_num, 1)
            raise DataQualityIssue(Issue(f"this is not separated text: {error}", "", place)) from None
        facts = tuple(self.with_values(column.fact, rows) for column in self.mapping.columns)
        self.raise_findings()
        return Table(self.name, facts, tuple(subjects), tuple(rows), np.array(churned, dtype=np.int64), digest)

    def places(self, header: list[str]) -> _Places:
        header = [_squeezed(cell) for cell in header]
        if twice := sorted(cell for cell, count in Counter(header).items() if count > 1):
            self.wrong(f"the column `{twice[0]}` stands twice", "give each column a name of its own", 1)
        mapping = self.mapping
        wanted = [mapping.label.header, *([mapping.subject] if mapping.subject else [])]
        for column in [*wanted, *(column.header for column in mapping.columns)]:
            if _squeezed(column) not in header:
                self.wrong(f"there is no column `{column}`", did_you_mean(column, header), 1)
        self.raise_findings()
        return _Places(
            tuple(header),
            header.index(_squeezed(mapping.label.header)),
            header.index(_squeezed(mapping.subject)) if mapping.subject else None,
            tuple((column, header.index(_squeezed(column.header))) for column in mapping.columns),
        )

    def records(self, numbered: Iterator[tuple[int, list[str]]], width: int) -> Iterator[tuple[int, list[str]]]:
        """Line number and stripped cells of each row; a row of another width is a finding and left out."""
        for line, cells in numbered:
            if not cells:
                continue
            if len(cells) != width:
                self.wrong(f"the row has {len(cells)} cells, the header {width}", "is the separator right?", line)
                continue
            yield line, [cell.strip() for cell in cells]

    def subject(self, cell: str, known: dict[str, int], line: int) -> None:
        """Notes the customer; one who stands twice could be learned from and tested on."""
        if not cell:
            self.wrong(f"column `{self.mapping.subject}`: the customer has no id", "", line)
        elif cell in known:
            message = f"column `{self.mapping.subject}`: `{cell[:40]}` stands twice, first in line {known[cell]}"
            self.wrong(message, "keep one row per customer", line)
        known[cell] = line

    def label(self, cell: str, line: int) -> int | None:
        """1 or 0; None for a row that is not to be used."""
        label = self.mapping.label
        if cell in label.left_out:
            return None
        if cell not in label.churned + label.stayed:
            known = ((label.churned, "churned"), (label.stayed, "stayed"), (label.left_out, "left out"))
            hint = ", ".join(f"`{text}` ({meaning})" for texts, meaning in known for text in texts)
            self.wrong(f"column `{label.header}`: the label is {_describe(cell)}", f"the mapping knows {hint}", line)
        return int(cell in label.churned)

    def value(self, column: Column, cell: str, line: int) -> Value:
        fact = column.fact
        if not cell or cell in self.mapping.missing:
            if not fact.optional:
                hint = f"write `optional: true` at `{fact.name}` if it may be missing"
                said = f"the cell is {_describe(cell)}" + (", a missing value" if cell else "")
                self.wrong(f"column `{column.header}`: {said}", hint, line)
            return None
        try:
            return fact.accept(_raw(column, cell))
        except NotThatType as error:
            self.wrong(f"column `{column.header}`: {error}", "", line)
            return None

    def with_values(self, fact: Fact, rows: list[dict[str, Value]]) -> Fact:
        """The fact with the table's own values, for a text that the mapping does not limit."""
        if fact.type.kind is not Kind.TEXT or fact.type.values:
            return fact
        values = sorted({row[fact.name] for row in rows} - {None})
        if len(values) > LIMITS.text_values:
            counted = f"{len(values):,} different texts, {LIMITS.text_values} at most"
            message = f"`{fact.name}` has {counted} can be learned from"
            self.wrong(message, "leave it out, or read it as a number", 1)
        return replace(fact, type=replace(fact.type, values=tuple(values)))

    def wrong(self, message: str, hint: str, line: int) -> None:
        self.issues.append(Issue(message, hint, Span(self.name, line, 1)))

    def raise_findings(self) -> None:
        if len(self.issues) > LIMITS.listed:
            more = Issue(f"and {len(self.issues) - LIMITS.listed:,} more findings of this kind or another")
            raise DataQualityIssue([*self.issues[: LIMITS.listed], more])
        if self.issues:
            raise DataQualityIssue(self.issues)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the columns that matter stand in a row."""

    header: tuple[str, ...]
    label: int
    subject: int | None
    columns: tuple[tuple[Column, int], ...]


def _raw(column: Column, cell: str) -> Value:
    """The raw value that a cell says, as a request would hold it. Raises NotThatType."""
    match column.fact.type.kind:
        case Kind.NUMBER:
            return number(cell)
        case Kind.FLAG:
            if cell not in column.true_is + column.false_is:
                known = ", ".join(f"`{text}`" for text in column.true_is + column.false_is)
                raise NotThatType(f"{_describe(cell)} is none of {known}")
            return cell in column.true_is
        case _:
            return cell


def _squeezed(header: str) -> str:
    """A column's name with single spaces, so that `Call  Failure` and `Call Failure` are one."""
    return " ".join(header.split())


def _describe(cell: str) -> str:
    return f"`{cell[:40]}`" if cell else "blank"
