"""Values as a request writes them: of policies' examples, and of types where no example has one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import Kind, Limits, Type, Value, plain

Raw = Any
"""JSON data with numbers as Decimal, as requests are read."""


def raw(value: Value) -> Raw:
    """A value as the JSON data that says it in a request."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, Mapping):
        return {name: raw(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [raw(part) for part in value]
    return plain(value)


def told(value: Raw) -> Any:
    """The same for a JSON writer: a number as int or as the float whose shortest text it is."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {name: told(part) for name, part in value.items()}
    if isinstance(value, list):
        return [told(part) for part in value]
    return value


def samples(fact: Fact, at: dt.datetime) -> list[Raw]:
    """Values to try for a fact, by its type, range and declared values; some of them may not be taken."""
    if fact.time_zone:
        return ["UTC"]
    return _samples(fact.type, fact.limits, at)


def _samples(type: Type, limits: Limits | None, at: dt.datetime) -> list[Raw]:
    inner = type.item
    match type.kind:
        case Kind.NUMBER:
            return _numbers(limits or type.limits or Limits())
        case Kind.TEXT:
            return list(type.values) or ["any"]
        case Kind.FLAG:
            return [False, True]
        case Kind.DATE:
            return [(at.date() + dt.timedelta(days=days)).isoformat() for days in (0, -365, 365)]
        case Kind.TIME:
            return ["12:00:00"]
        case Kind.DATE_TIME:
            return [at.isoformat()]
        case Kind.DURATION:
            return ["P1D"]
        case Kind.MONTHS:
            return ["P1M"]
        case Kind.LIST if inner is not None:
            return [[], *([part] for part in _samples(inner, None, at))]
        case Kind.CONTEXT:
            parts = {name: _samples(part, None, at) for name, part in type.fields.items()}
            return [{name: values[0] for name, values in parts.items() if values}]
    return []


def _numbers(limits: Limits) -> list[Decimal]:
    """Plain numbers first, then the ends of the range and its middle."""
    low, high = limits.low, limits.high
    ends = [end for end in (low, high) if end is not None]
    middle = [(low + high) / 2] if low is not None and high is not None else []
    return [Decimal(1), Decimal(0), *middle, *ends, *(end + 1 for end in ends), *(end - 1 for end in ends)]
