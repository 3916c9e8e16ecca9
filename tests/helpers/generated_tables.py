"""Customers of a shipped service, made by chance, as tables: SYNTHETIC, with gaps and with what no fact takes."""

from __future__ import annotations

import csv
import datetime as dt
import random
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ordain.engine.catalog import Catalog
from ordain.engine.policy.facts import REQUEST, Fact
from ordain.engine.values.currencies import digits_of
from ordain.engine.values.types import Kind, plain

Row = Mapping[str, Any]
ZONES = ("Asia/Kolkata", "Europe/London", "America/New_York", "UTC", "Pacific/Kiritimati", "Mars/Base")


def some(fact: Fact, draw: random.Random, at: dt.datetime, *, faults: bool = True) -> Any:
    """A value for a fact: often at an end of its range and, with `faults`, now and then none, or one that it does not
    take."""
    kind, values = fact.type.kind, fact.type.values
    if draw.random() < (0.15 if fact.optional else 0.03 if faults else 0):
        return None
    if fact.time_zone:
        return draw.choice(ZONES if faults else ZONES[:-1])
    if kind is Kind.NUMBER:
        scale = fact.precision if fact.precision is not None else digits_of(fact.type.unit) if fact.type.is_money else 0
        low = Decimal(0) if fact.limits is None or fact.limits.low is None else fact.limits.low
        high = Decimal(1000) if fact.limits is None or fact.limits.high is None else fact.limits.high
        if faults and draw.random() < 0.02:
            return high + 1
        if draw.random() < 0.1:
            return draw.choice([low, high])
        high = min(high, Decimal(700)) if draw.random() < 0.8 else high
        return (low + (high - low) * Decimal(draw.randrange(10**6)) / 10**6).quantize(Decimal(1).scaleb(-scale))
    if kind is Kind.TEXT:
        odd = faults and draw.random() < 0.01
        return "somewhere else" if odd else draw.choice(values or ("a", "b", "Alameda"))
    if kind is Kind.FLAG:
        return draw.random() < 0.5
    if kind is Kind.DATE:
        return at.date() + dt.timedelta(draw.choice([0, -1, 1, -30, -31, 30, -365, -366, draw.randrange(-2500, 400)]))
    if kind is Kind.DATE_TIME:
        return at + dt.timedelta(minutes=draw.randrange(-90000, 90000))
    if kind is Kind.LIST:
        item = fact.type.item
        pool = list(item.values if item is not None else ()) or ["Alameda", "a", "b"]
        return tuple(draw.sample(pool, draw.randrange(0, min(3, len(pool)) + 1)))
    raise AssertionError(fact)


def facts_of(catalog: Catalog, service: str, at: dt.datetime) -> list[Fact]:
    """The facts of a service that a request may send."""
    needs = catalog.pick(service, at).needs
    return [need.fact for need in needs if REQUEST in need.fact.sources]


def customers_of(
    facts: Sequence[Fact], count: int, at: dt.datetime, seed: int = 1, *, faults: bool = True
) -> list[Row]:
    """Rows by the names of the facts, with a `customer`."""
    draw = random.Random(seed)  # noqa: S311 - generated customers
    return [
        {"customer": f"C-{number:06}", **{fact.name: some(fact, draw, at, faults=faults) for fact in facts}}
        for number in range(count)
    ]


def as_parquet(path: Path, facts: Sequence[Fact], rows: Sequence[Row]) -> Path:
    columns = {"customer": pa.array([row["customer"] for row in rows])}
    columns |= {fact.name: _column(fact, [row.get(fact.name) for row in rows]) for fact in facts}
    pq.write_table(pa.table(columns), path)
    return path


def _column(fact: Fact, values: list[Any]) -> pa.Array:
    kinds = {Kind.TEXT: pa.string(), Kind.FLAG: pa.bool_(), Kind.DATE: pa.date32(), Kind.LIST: pa.list_(pa.string())}
    kinds[Kind.DATE_TIME] = pa.timestamp("us", "UTC")
    if fact.type.kind is Kind.NUMBER:
        scale = max((-value.as_tuple().exponent for value in values if value is not None), default=0)
        return pa.array(values, pa.decimal128(20, scale))
    return pa.array([list(value) if isinstance(value, tuple) else value for value in values], kinds[fact.type.kind])


def as_csv(path: Path, facts: Sequence[Fact], rows: Sequence[Row]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["customer", *(fact.name for fact in facts)])
        for row in rows:
            writer.writerow([row["customer"], *(_cell(row.get(fact.name)) for fact in facts)])
    return path


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case Decimal():
            return format(value, "f")
        case tuple():
            return ";".join(value)
        case dt.date():
            return value.isoformat()
        case _:
            return str(value)


def as_sent(row: Row) -> dict[str, Any]:
    """The facts of a row as a request sends them: an empty list of a table stays away in CSV alone."""
    facts = {name: value for name, value in row.items() if name != "customer" and value is not None}
    return {
        name: list(v) if isinstance(v, tuple) else plain(v) if isinstance(v, dt.date) else v
        for name, v in facts.items()
    }
