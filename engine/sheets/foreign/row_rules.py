"""The rows of a person's sheet as rules: what each asks about which fact, what it gives, and why."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ordain.engine.errors import Issue
from ordain.engine.policy.facts import Fact
from ordain.engine.sheets.foreign.columns import Column, Role
from ordain.engine.sheets.foreign.given_values import output_of
from ordain.engine.sheets.foreign.layout import Layout, Line
from ordain.engine.sheets.foreign.square_tests import Asked, Band, asked_of, border, test_of
from ordain.engine.sheets.foreign.squares import Square

Starts = Mapping[str, Collection[Decimal | dt.date | None]]
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(slots=True)
class Row:
    line: Line
    id: str
    when: dict[str, Asked]
    then: dict[str, str]
    because: str = ""
    comments: list[str] = field(default_factory=list)


def starts_of(layout: Layout, columns: Sequence[Column], facts: Mapping[str, Fact]) -> Starts:
    """What the rows begin with, of each fact that is asked about in a pair of columns."""
    return {
        name: {
            border(square, facts[name])
            for column in columns
            if column.name == name and column.role is Role.FROM
            for square in layout.column(column.index)
        }
        for name in {column.name for column in columns if column.role in (Role.FROM, Role.TO)}
    }


def row_of(
    layout: Layout,
    line: Line,
    columns: Sequence[Column],
    facts: Mapping[str, Fact],
    texts: Collection[int],
    starts: Starts,
    issues: list[Issue],
) -> Row:
    """`texts` are the columns that give texts, by index."""
    row = Row(line, f"row-{line.number}", {}, {}, comments=list(line.above))
    ends: dict[str, dict[Role, Square]] = {}
    for column in columns:
        square = line.squares[column.index]
        match column.role:
            case Role.ID if _ID.fullmatch(re.sub(r"\s+", "-", square.text)):
                row.id = re.sub(r"\s+", "-", square.text)
            case Role.WHEN:
                test = test_of(square, facts[column.name])
                if test is None:
                    issues.append(_unfit(layout, square, facts[column.name]))
                elif test.text:
                    row.when[column.name] = test
            case Role.FROM | Role.TO:
                ends.setdefault(column.name, {})[column.role] = square
            case Role.THEN:
                row.then[column.name] = output_of(square, column.index in texts)
            case Role.BECAUSE:
                row.because = square.text
            case Role.COMMENT if not square.empty:
                row.comments.append(square.text)
            case _:
                pass
    for name, pair in ends.items():
        band = _band(layout, starts[name], pair, facts[name], issues)
        if band is not None and (band.low, band.high) != (None, None):
            row.when[name] = asked_of(band, facts[name])
    return row


def _band(
    layout: Layout,
    begins: Collection[Decimal | dt.date | None],
    pair: dict[Role, Square],
    fact: Fact,
    issues: list[Issue],
) -> Band | None:
    """The range of two columns. Where a row ends at what another begins with, it ends before it."""
    low, high = (_end(layout, pair.get(role), fact, issues) for role in (Role.FROM, Role.TO))
    if isinstance(low, Decimal | dt.date) and isinstance(high, Decimal | dt.date) and low > high:  # type: ignore[operator]
        square = pair[Role.TO]
        message = f"{layout.sheet.place(square)}: it ends at {high}, before it begins at {low}"
        issues.append(Issue(message, "are they the other way round?", layout.sheet.span(square), code="sheet-cell"))
        return None
    return Band(low, high, high_in=high is None or high not in begins or high == low)


def _end(layout: Layout, square: Square | None, fact: Fact, issues: list[Issue]) -> Decimal | dt.date | None:
    if square is None or square.empty:
        return None
    test = test_of(square, fact)
    value = border(square, fact)
    if value is None and (test is None or test.text):
        issues.append(_unfit(layout, square, fact))
    return value


def _unfit(layout: Layout, square: Square, fact: Fact) -> Issue:
    values = ", ".join(fact.type.values)
    hint = f"write {values}" if values else f"write a {fact.type}, such as `> 12`" if fact.limits else ""
    message = f"{layout.sheet.place(square)}: `{square.text}` says nothing about `{fact.name}`, a {fact.type}"
    return Issue(message, hint or f"write a {fact.type}", layout.sheet.span(square), code="sheet-cell")
