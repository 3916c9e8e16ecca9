"""The facts of a part's rows gathered as for requests: what a row leaves out comes from stores and models, and each row
is decided by the versions that are its subject's while one is rolled out.

Models are asked for all rows of a part at once. It takes Python a while, so it is done only where it is needed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa

from ordain.api.ask import ask_of_text
from ordain.api.batch import asked_together
from ordain.api.batch_runs.table_cells import customer, raw_value
from ordain.api.decide import Gathered, gathered
from ordain.api.problems import unforeseen_in
from ordain.api.services import Rules
from ordain.engine.backends.digits import Digits
from ordain.engine.errors import DataQualityIssue, OrdainError, ServiceStopped
from ordain.engine.evaluate import Plan
from ordain.engine.policy.facts import REQUEST, Fact
from ordain.engine.statements.facts_in_sql import digits_of_fact
from ordain.engine.values.types import Kind, Value

_WIDEST = 38
"""Digits of a decimal in DuckDB."""


@dataclass(frozen=True, slots=True)
class Known:
    """Of each row the number of its plan, or the error that it has instead; the values of its facts, by name."""

    plans: Sequence[int]
    errors: Sequence[OrdainError | None]
    values: Mapping[str, Sequence[Value]]


def is_gathered(plan: Plan, given: Mapping[str, bool]) -> bool:
    """Whether a plan needs what a table does not have: `given` are its columns, and whether every row has a value."""
    return any(need.fact.sources != (REQUEST,) and not given.get(need.fact.name, False) for need in plan.needs)


def known_facts(
    cells: Mapping[str, Sequence[object]],
    facts: Mapping[str, str],
    subjects: Sequence[object],
    service: str,
    use: Rules,
    at: dt.datetime,
    plans: Sequence[Plan],
    column: str,
) -> Known:
    """`cells` are the columns of a part, `facts` the names of the facts by those of their columns, `subjects` the cells
    of the column that says whose a row is. Raises nothing for a row."""
    types = {name: use.vocabulary[fact].type for name, fact in facts.items()}
    numbers = {id(plan): number for number, plan in enumerate(plans)}

    def of_row(place: int, using: Rules) -> Gathered | OrdainError:
        try:
            raw = {
                facts[name]: value
                for name, of in types.items()
                if (value := raw_value(cells[name][place], of)) is not None
            }
            ask = ask_of_text(service, customer(subjects[place], column), raw, None)
            return gathered(ask, using, at)
        except ServiceStopped:
            raise
        except OrdainError as error:
            return error
        except RecursionError as error:
            return unforeseen_in("a row", error)

    rows = asked_together(len(subjects), use, of_row)
    names = list(dict.fromkeys(need.fact.name for plan in plans for need in plan.needs))
    values: dict[str, list[Value]] = {name: [None] * len(rows) for name in names}
    errors: list[OrdainError | None] = [None] * len(rows)
    chosen = [0] * len(rows)
    for place, row in enumerate(rows):
        if isinstance(row, OrdainError):
            errors[place] = row
            continue
        if row.facts.fallbacks:
            use.fallen_back.tell(row.facts)
        chosen[place] = numbers[id(row.plan)]
        for name, value in row.facts.values.items():
            values[name][place] = value
    return Known(chosen, errors, values)


def column_of(fact: Fact, values: Sequence[Value], errors: list[OrdainError | None]) -> pa.Array:
    """The values as a column of Arrow; one that has more digits than there is room for becomes its row's error."""
    kind = arrow_type(fact)
    if fact.type.kind is Kind.NUMBER:
        digits = fact_digits(fact)
        kept: list[Value] = []
        for place, value in enumerate(values):
            if isinstance(value, Decimal) and not _fits(value, digits):
                message = f"`{fact.name}` is {value}, and there is room for {digits.whole} and {digits.scale} digits"
                errors[place] = DataQualityIssue(message, "give the fact a `range` and a `precision` in facts.yaml")
                kept.append(None)
            else:
                kept.append(value)
        return pa.array(kept, kind)
    if fact.type.kind is Kind.LIST:
        return pa.array([None if value is None else list(value) for value in values], kind)
    return pa.array(values, kind)


def _fits(value: Decimal, digits: Digits) -> bool:
    _, _, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        return False
    return abs(value) < Decimal(10) ** (digits.whole or 0) and (
        -exponent <= digits.scale or value == round(value, digits.scale)
    )


def fact_digits(fact: Fact) -> Digits:
    """The digits that its column has once it is gathered."""
    found = digits_of_fact(fact)
    return Digits(min(found.whole or 1, _WIDEST - found.scale), found.scale)


def arrow_type(fact: Fact) -> pa.DataType:
    """The type of its column."""
    match fact.type.kind:
        case Kind.NUMBER:
            digits = fact_digits(fact)
            return pa.decimal128(max((digits.whole or 0) + digits.scale, 1), digits.scale)
        case Kind.FLAG:
            return pa.bool_()
        case Kind.DATE:
            return pa.date32()
        case Kind.DATE_TIME:
            return pa.timestamp("us", "UTC")
        case Kind.LIST:
            return pa.list_(pa.string())
        case _:
            return pa.string()
