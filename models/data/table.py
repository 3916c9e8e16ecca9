"""A table to learn from, read as its mapping says: every cell becomes a fact's value by the same `Fact.accept` that
reads a request, so that what a model learns from and what it is asked with cannot be read differently.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ordain.engine.errors import DataQualityIssue, Issue, NotThatType, SettingsError, Span, did_you_mean, reason_of
from ordain.engine.policy.facts import Fact
from ordain.engine.text.regular import bytes_of
from ordain.engine.text.source import digest_of
from ordain.engine.values.decimals import number
from ordain.engine.values.types import FLAG, Kind, Value
from ordain.models.data.mapping import SPACES, Column
from ordain.models.data.mapping import Mapping as TableMapping
from ordain.models.limits import LIMITS

LABEL = "label"
TIMES = ("at", "period")
"""Roles of which a subject has many rows."""
LABELLED = Fact(LABEL, FLAG, meaning="the column that says what is to be predicted")
_ZONED = re.compile(r"(Z|[+-]\d\d:?\d\d)$")


@dataclass(frozen=True, slots=True)
class Table:
    """`rows[i]` holds the features of `subjects[i]`. `digest` is that of the bytes it was read from.

    `roles` are columns that are no features, by role (`models.spec.Role`): as many values as rows.
    """

    name: str
    facts: tuple[Fact, ...]
    subjects: tuple[str, ...]
    rows: tuple[dict[str, Value], ...]
    digest: str
    roles: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def labels(self) -> NDArray[np.int64]:
        """The role `label`, shape (n,), 1 for true and 0 for false."""
        return np.array([int(value is True) for value in self.roles[LABEL]], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class TableText:
    """A table that lies in no file: separated text, and what it is called."""

    name: str
    data: bytes


def read_table(path: Path | TableText, mapping: TableMapping, roles: Iterable[Fact] = (LABELLED,)) -> Table:
    """The table in the file `path`, gzip or not. Raises SettingsError without one, and as `table_from`."""
    if isinstance(path, TableText):
        return table_from(path.data, mapping, path.name, roles)
    try:
        data = bytes_of(path, LIMITS.table_bytes)
        data = gzip.decompress(data) if path.suffix == ".gz" else data
    except FileNotFoundError:
        raise SettingsError(f"there is no table `{path.name}`", "name a file with one customer per row") from None
    except (OSError, EOFError, zlib.error) as error:
        why = reason_of(error) if isinstance(error, OSError) else "it is cut off"
        raise SettingsError(f"`{path.name}` cannot be read: {why}") from None
    return table_from(data, mapping, path.name, roles)


def table_from(data: bytes, mapping: TableMapping, name: str, roles: Iterable[Fact] = (LABELLED,)) -> Table:
    """The table in `data`, separated text (RFC 4180) with a header line, unless the mapping says the columns.

    `roles` are those that a model learns from, each with its type; one that is not optional must be in the mapping.
    Raises DataQualityIssue naming file, line, column and what stands there; the first ten findings are shown.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DataQualityIssue(Issue("the table is not UTF-8 text", "save it as UTF-8", Span(name, line, 1))) from None
    return _Reader(mapping, name, tuple(roles)).table(text, digest_of(data))


class _Reader:
    def __init__(self, mapping: TableMapping, name: str, roles: tuple[Fact, ...]) -> None:
        self.mapping, self.name = mapping, name
        self.issues: list[Issue] = []
        self.line = 0
        self.played = {each.role: each for each in mapping.roles}
        self.asked = {role.name: role for role in roles if role.name in self.played}
        self.labelled = LABEL in {role.name for role in roles} and mapping.label is not None
        # Where rows have a time, one customer has several of them.
        self.repeats = any(role.name in self.played for role in roles if role.name in TIMES)
        self.fitting(roles)

    def fitting(self, roles: tuple[Fact, ...]) -> None:
        """Whether the mapping has the roles that the model needs."""
        names = [role.name for role in roles if role.name != LABEL]
        for role in roles:
            if role.name == LABEL and self.mapping.label is None and not role.optional:
                self.wrong(f"the mapping `{self.mapping.name}` has no `label`", role.meaning, 1)
            elif role.name not in (LABEL, *self.played) and not role.optional:
                hint = f"write `columns: {{{role.name}: {{column: ...}}}}`: {role.meaning}"
                self.wrong(f"the mapping `{self.mapping.name}` has no column for `{role.name}`", hint, 1)
        for unknown in self.played.keys() - set(names):
            self.wrong(f"the model learns from no `{unknown}`", did_you_mean(unknown, names), 1)
        self.raise_findings()

    def table(self, text: str, digest: str) -> Table:
        first: dict[str, int] = {}
        subjects: list[str] = []
        rows: list[dict[str, Value]] = []
        roles: dict[str, list[Value]] = {name: [] for name in (*self.asked, *([LABEL] if self.labelled else []))}
        reader = self.reader(text)
        try:
            header = list(self.mapping.header) or next(reader, (1, []))[1]
            if not header:
                self.wrong("the first line is empty, or there is none", "it names the columns", 1)
                self.raise_findings()
            places = self.places(header)
            for row, (line, cells) in enumerate(self.records(reader, len(places.header)), start=1):
                if places.label is not None:
                    if (label := self.label(cells[places.label], line)) is None:
                        continue
                    roles[LABEL].append(label)
                subjects.append(cells[places.subject] if places.subject is not None else f"row-{row}")
                self.subject(subjects[-1], first, line)
                rows.append({column.fact.name: self.value(column, cells[at], line) for column, at in places.columns})
                for name, at in places.roles:
                    roles[name].append(self.role(self.asked[name], [cells[each] for each in at], line))
        except csv.Error as error:
            place = Span(self.name, self.line + 1, 1)
            raise DataQualityIssue(Issue(f"this is not separated text: {error}", "", place)) from None
        facts = tuple(self.with_values(column.fact, rows) for column in self.mapping.columns)
        self.raise_findings()
        kept = {name: tuple(values) for name, values in roles.items()}
        return Table(self.name, facts, tuple(subjects), tuple(rows), digest, kept)

    def reader(self, text: str) -> Iterator[tuple[int, list[str]]]:
        """Line number and cells of each row."""
        if self.mapping.separator == SPACES:
            yield from ((number, line.split()) for number, line in enumerate(text.splitlines(), start=1))
            return
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self.mapping.separator, strict=True)
        for cells in reader:
            self.line = reader.line_num
            yield reader.line_num, cells

    def places(self, header: list[str]) -> _Places:
        header = [_squeezed(cell) for cell in header]
        if twice := sorted(cell for cell, count in Counter(header).items() if count > 1):
            self.wrong(f"the column `{twice[0]}` stands twice", "give each column a name of its own", 1)
        mapping = self.mapping
        label = mapping.label.header if self.labelled and mapping.label is not None else None
        playing = [header for name in self.asked for header in self.played[name].headers]
        wanted = [each for each in (label, mapping.subject) if each]
        for column in [*wanted, *playing, *(column.header for column in mapping.columns)]:
            if _squeezed(column) not in header:
                self.wrong(f"there is no column `{column}`", did_you_mean(column, header), 1)
        self.raise_findings()
        return _Places(
            tuple(header),
            None if label is None else header.index(_squeezed(label)),
            header.index(_squeezed(mapping.subject)) if mapping.subject else None,
            tuple((column, header.index(_squeezed(column.header))) for column in mapping.columns),
            tuple(
                (name, tuple(header.index(_squeezed(each)) for each in self.played[name].headers))
                for name in self.asked
            ),
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
        elif cell in known and not self.repeats:
            message = f"column `{self.mapping.subject}`: `{cell[:40]}` stands twice, first in line {known[cell]}"
            self.wrong(message, "keep one row per customer", line)
        known[cell] = line

    def label(self, cell: str, line: int) -> bool | None:
        """None for a row that is not to be used."""
        label = self.mapping.label
        assert label is not None  # noqa: S101 - there is a place for it in the row
        if cell in label.left_out:
            return None
        if cell not in label.true_is + label.false_is:
            known = ((label.true_is, "true"), (label.false_is, "false"), (label.left_out, "left out"))
            hint = ", ".join(f"`{text}` ({meaning})" for texts, meaning in known for text in texts)
            self.wrong(f"column `{label.header}`: the label is {_describe(cell)}", f"the mapping knows {hint}", line)
        return cell in label.true_is

    def role(self, fact: Fact, cells: list[str], line: int) -> Value:
        """What the columns of a role say together."""
        played, cell = self.played[fact.name], " ".join(cells).strip()
        if not cell or cell in self.mapping.missing:
            if not fact.optional:
                self.wrong(f"column `{' '.join(played.headers)}`: the cell is {_describe(cell)}", fact.meaning, line)
            return None
        try:
            return fact.accept(_dated(fact, cell, played.format))
        except NotThatType as error:
            self.wrong(f"column `{' '.join(played.headers)}`: {error}", "", line)
            return None

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
    label: int | None
    subject: int | None
    columns: tuple[tuple[Column, int], ...]
    roles: tuple[tuple[str, tuple[int, ...]], ...]


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


def _dated(fact: Fact, cell: str, form: str) -> object:
    """The raw value of a cell that plays a role. A time without a zone is taken as UTC. Raises NotThatType."""
    kind = fact.type.kind
    if kind is Kind.NUMBER:
        return number(cell)
    if kind not in (Kind.DATE, Kind.DATE_TIME):
        return cell
    if not form and kind is Kind.DATE:
        return cell
    if not form:
        timed = cell.replace(" ", "T", 1) if ":" in cell else f"{cell}T00:00:00"
        return timed if _ZONED.search(timed) else f"{timed}Z"
    try:
        read = dt.datetime.strptime(cell, form)
    except ValueError:
        raise NotThatType(f"{_describe(cell)} is not written as `{form}`") from None
    if kind is Kind.DATE:
        return read.date().isoformat()
    return (read if read.tzinfo else read.replace(tzinfo=dt.UTC)).isoformat()


def _squeezed(header: str) -> str:
    """A column's name with single spaces, so that `Call  Failure` and `Call Failure` are one."""
    return " ".join(header.split())


def _describe(cell: str) -> str:
    return f"`{cell[:40]}`" if cell else "blank"
