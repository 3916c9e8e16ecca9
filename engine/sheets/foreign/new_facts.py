"""Facts that a person's sheet asks about and facts.yaml does not know: their types as the squares say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ordain.engine.policy.facts import Fact
from ordain.engine.sheets.foreign.columns import Column, Role
from ordain.engine.sheets.foreign.layout import Layout
from ordain.engine.sheets.foreign.square_tests import Asked, test_of
from ordain.engine.text.scalars import scalar
from ordain.engine.values.types import DATE, FLAG, NUMBER, TEXT

_CONDITIONS = (Role.WHEN, Role.FROM, Role.TO)


def new_fact(name: str, layout: Layout, columns: Sequence[Column]) -> Fact:
    """A number, flag or day where all squares of its columns are, otherwise a text with their values."""
    its = [column for column in columns if column.name == name and column.role in _CONDITIONS]
    squares = [square for column in its for square in layout.column(column.index) if not square.empty]
    plain = Fact(name, TEXT, meaning=its[0].heading.text)
    for type in (NUMBER, FLAG, DATE):
        fact = replace(plain, type=type)
        tests = [test_of(square, fact) for square in squares]
        if all(test is not None for test in tests) and any(test and test.text for test in tests):
            return fact
    values = dict.fromkeys(square.written or square.text for square in squares if test_of(square, plain) != Asked())
    return replace(plain, type=replace(TEXT, values=tuple(values)))


def fact_entry(fact: Fact) -> str:
    lines = [f"  {fact.name}:", f"    type: {fact.type.kind}"]
    if fact.type.values:
        lines.append(f"    values: [{', '.join(scalar(value, words_only=True) for value in fact.type.values)}]")
    return "\n".join([*lines, f"    meaning: {scalar(fact.meaning, flow=False)}", ""])
