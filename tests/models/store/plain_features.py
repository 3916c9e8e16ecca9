"""Features in a few lines of plain Python, in fractions and by definition: what the store's two ways are held to."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ordain.engine.values.types import Kind
from ordain.models.features.definition import Definition
from ordain.models.store.records import Event, Snapshot

DAY = dt.timedelta(days=1)
NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,9})?", re.ASCII)


def value_at(definition: Definition, records: Iterable[Event | Snapshot], at: dt.datetime) -> Any:
    """The value for one subject, of whom `records` are all there are; None before anything of them is known."""
    everything = list(records)
    if not any(record.known <= at for record in everything):
        return None
    there = [r for r in everything if source_of(r) == definition.source and r.happened <= at and r.known <= at]
    there.sort(key=lambda r: (r.happened, r.known, getattr(r, "id", "")))
    counted = [r for r in there if definition.window is None or r.happened > at - definition.window * DAY]
    if definition.of_snapshot:
        counted = counted[-1:]
    counted = [r for r in counted if fits(definition, r)]
    return figure(definition, counted, [r for r in there if fits(definition, r)], at)


def figure(definition: Definition, counted: list[Any], there: list[Any], at: dt.datetime) -> Any:
    held = [form(r.fields.get(definition.field)) for r in counted]
    held = [raw for raw in held if raw is not None]
    numbers = [number for raw in held if (number := number_of(raw)) is not None]
    match str(definition.aggregation):
        case "count":
            return len(counted)
        case "exists":
            return bool(counted)
        case "distinct":
            return len({(type(raw), raw) for raw in held})
        case "sum":
            return sum(numbers, Fraction(0))
        case "mean":
            return round(sum(numbers) / len(numbers), definition.digits) if numbers else definition.default
        case "change in percent" | "fall in percent":
            return compared(definition, numbers, there, at)
        case "min" | "max":
            values = [value for raw in held if (value := typed(definition, raw)) is not None]
            pick = min if definition.aggregation == "min" else max
            return pick(values) if values else definition.default
        case "last" | "first":
            value = typed(definition, held[-1 if definition.aggregation == "last" else 0]) if held else None
            return definition.default if value is None else value
    since = moment_of(held[-1] if held else None) if definition.field else counted[-1].happened if counted else None
    if since is None:
        return definition.default
    return (at - since) // DAY if definition.aggregation == "days since last" else months(since, at)


def compared(definition: Definition, now: list[Fraction], there: list[Any], at: dt.datetime) -> Any:
    assert definition.window is not None
    assert definition.against is not None
    start = at - definition.window * DAY
    earlier = [r for r in there if start - definition.against * DAY < r.happened <= start]
    before = [number_of(form(r.fields.get(definition.field))) for r in earlier]
    then = sum((number for number in before if number is not None), Fraction(0)) / definition.against
    if then == 0:
        return definition.default
    change = 100 * (sum(now, Fraction(0)) / definition.window - then) / then
    return round(change if definition.aggregation == "change in percent" else -change, definition.digits)


def months(start: dt.datetime, end: dt.datetime) -> int:
    """Counted one by one: how often the day of the month and the time of `start` have come round by `end`."""
    if end < start:
        return -months(end, start)
    count = 0
    while after(start, count + 1) <= (end.year, end.month, end.day, end.time()):
        count += 1
    return count


def after(start: dt.datetime, count: int) -> tuple[int, int, int, dt.time]:
    years, month = divmod(start.month - 1 + count, 12)
    return start.year + years, month + 1, start.day, start.time()


def source_of(record: Event | Snapshot) -> str:
    return record.kind if isinstance(record, Event) else f"snapshot {record.source}"


def form(raw: Any) -> Any:
    """A field as the store's JSON says it: numbers are texts there."""
    if isinstance(raw, Decimal):
        text = f"{raw.normalize():f}"
        return "0" if text == "-0" else text
    return raw.isoformat() if isinstance(raw, dt.date) else raw


def number_of(raw: Any) -> Fraction | None:
    return Fraction(raw) if isinstance(raw, str) and NUMBER.fullmatch(raw) else None


def typed(definition: Definition, raw: Any) -> Any:
    kind = definition.type.kind
    if kind is Kind.NUMBER:
        return number_of(raw)
    if kind is Kind.FLAG:
        return raw if isinstance(raw, bool) else None
    if not isinstance(raw, str):
        return None
    if kind is Kind.TEXT:
        return raw
    try:
        if kind is Kind.DATE:
            return dt.date.fromisoformat(raw) if re.fullmatch(r"\d{4}-\d\d-\d\d", raw) else None
        return dt.datetime.fromisoformat(raw) if "T" in raw else None
    except ValueError:
        return None


def moment_of(raw: Any) -> dt.datetime | None:
    if not isinstance(raw, str) or not re.match(r"\d{4}-\d\d-\d\d", raw):
        return None
    try:
        moment = dt.datetime.fromisoformat(raw)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def fits(definition: Definition, record: Event | Snapshot) -> bool:
    return all(
        any(equal(form(record.fields.get(condition.field)), value) for value in condition.values)
        for condition in definition.where
    )


def equal(raw: Any, value: Any) -> bool:
    if isinstance(value, Decimal):
        return number_of(raw) == Fraction(value)
    return type(raw) is type(value) and raw == value
