"""What may be meant otherwise than it was taken: said, so that no guess goes by without a word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from ordain.engine.errors import Issue, counted
from ordain.engine.policy.facts import Fact
from ordain.engine.sheets.book import letters
from ordain.engine.sheets.foreign.columns import Column, Role
from ordain.engine.sheets.foreign.layout import Layout
from ordain.engine.sheets.foreign.squares import Square
from ordain.engine.values.types import Kind

_DAY = re.compile(r"\d{1,2}[./-]\d{1,2}[./-](\d{2}|\d{4})")
_SEVERAL = re.compile(r".+[,;/].+|[<>≤≥=].*|not .+|.*\d.*[+–]|.*\d.* (-|–|to) .*\d.*|\d+\s*[-–]\s*\d+", re.IGNORECASE)
"""Texts that read as more than one value, or as a comparison."""


def doubts_of(layout: Layout, columns: Sequence[Column], facts: Mapping[str, Fact]) -> list[Issue]:
    """One for each column and kind of doubt, at the first square where it arises."""
    found = list(_apart(layout, columns))
    for column in columns:
        if column.role is Role.THEN:
            found += _given(layout, column)
        elif column.role in (Role.WHEN, Role.FROM, Role.TO):
            found += _asked(layout, column, facts[column.name])
    found += [Issue(f"the line `{text}` below the rows is left out") for text in layout.below]
    for line in layout.totals:
        said = next(square.text for square in line.squares if square.written)
        message = f"row {line.number}, `{said}`, sums up the others and is left out"
        found.append(Issue(message, "call it otherwise if it is a rule", layout.sheet.span(line.squares[0])))
    return found


def _apart(layout: Layout, columns: Sequence[Column]) -> Iterator[Issue]:
    """Columns with an empty one between them may be two tables."""
    used = {column.heading.number for column in columns if column.role is not Role.LEFT_OUT}
    for gap in layout.gaps:
        if min(used) < gap < max(used):
            message = f"what stands left and right of the empty column {letters(gap)} is taken as one table"
            yield Issue(message, 'of two tables leave one out: --column "HEADING=leave out"')


def _asked(layout: Layout, column: Column, fact: Fact) -> Iterator[Issue]:
    squares = layout.column(column.index)
    empty = [square for square in squares if square.empty]
    what = f"column {column.heading.letter}, `{column.heading.text}`"
    if column.role is Role.WHEN and empty and len(empty) < len(squares):
        message = f"{what}: empty in {counted(len(empty), 'row')}, which are taken for any `{column.name}`"
        yield Issue(message, "if what stands above is meant, write it in each row", layout.sheet.span(empty[0]))
    plain = [square for square in squares if isinstance(square.content, Decimal) and not square.percent]
    if plain and "%" in column.heading.text and fact.type.unit not in ("percent", "%"):
        message = f"{what}: {plain[0].text} is taken as {plain[0].text} of `{column.name}`, not as percent"
        yield Issue(message, "write `5 %` where percent is meant", layout.sheet.span(plain[0]))
    if fact.type.kind is Kind.TEXT:
        odd = next((square for square in squares if _SEVERAL.fullmatch(square.written)), None)
        if odd is not None and (not fact.type.values or odd.written in fact.type.values):
            yield _as_text(layout, odd)


def _as_text(layout: Layout, square: Square) -> Issue:
    message = f"{layout.sheet.place(square)}: `{square.written}` is taken as one text, as it stands"
    hint = "write a day as 2026-12-31" if _DAY.fullmatch(square.written) else "look at the rule if more is meant"
    return Issue(message, hint, layout.sheet.span(square))


def _given(layout: Layout, column: Column) -> Iterator[Issue]:
    squares = [square for square in layout.column(column.index) if not square.empty]
    numbers = [square for square in squares if isinstance(square.content, Decimal)]
    amounts = [square.content for square in numbers if isinstance(square.content, Decimal)]
    percents = [square for square in numbers if square.percent]
    span = layout.sheet.span
    what = f"column {column.heading.letter}, `{column.heading.text}`"
    if percents and len(percents) < len(squares):
        first = next(square for square in squares if square.percent != squares[0].percent)
        message = f"{layout.sheet.place(first)}: some of this column are percent and some are not"
        yield Issue(message, "5 % is taken as 5", span(first))
    elif amounts and not percents and "%" in column.heading.text and max(map(abs, amounts)) <= 1:
        message = f"{what}: {numbers[0].text} is taken as {numbers[0].text} percent"
        yield Issue(message, "write 5, or format the cell as percent, where 5 % is meant", span(numbers[0]))
    if len({square.currency for square in squares if square.currency}) > 1:
        yield Issue(f"{what}: it has several currencies", "give each its own column")
    if numbers and len(numbers) < len(squares):
        first = next(square for square in squares if not isinstance(square.content, Decimal))
        message = f"{layout.sheet.place(first)}: `{first.text}` is no number as others of this column are"
        yield Issue(message, "all of the column are taken as texts", span(first))
    elif day := next((square for square in squares if _DAY.fullmatch(square.written)), None):
        yield _as_text(layout, day)
