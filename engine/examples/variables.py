"""Inputs that can be changed: facts and fields of facts, their smallest steps, and whether a value may be theirs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from ordain.engine.errors import NotThatType
from ordain.engine.policy.facts import Fact, round_to
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.temporal import Months
from ordain.engine.values.types import Kind, Type, Value, kind_of
from ordain.engine.values.zones import is_zone_name

Path = tuple[str, ...]
"""What an input is changed at: a fact, or a field of a fact that is a context. AT stands for the decision's time."""
AT: Path = ()


@dataclass(frozen=True, slots=True)
class Variable:
    """One thing that may be changed; `digits` are those after the point of a number, for its smallest step."""

    path: Path
    fact: Fact
    type: Type
    digits: int = 0

    def beside(self, value: Value, steps: int) -> Value:
        """The value so many smallest steps above (below when negative); None where there is none."""
        try:
            return self._beside(value, steps)
        except (ArithmeticError, ValueError, NotThatType):
            return None

    def steps(self, start: Value, end: Value) -> int | None:
        """How many smallest steps lie between two numbers or dates; None when they are not counted so."""
        if isinstance(start, Decimal) and isinstance(end, Decimal):
            apart = NUMBERS.scaleb(NUMBERS.subtract(end, start), self.digits)
            return int(apart) if abs(apart) < 10**12 else None
        if type(start) is dt.date and type(end) is dt.date:
            return (end - start).days
        return None

    def _beside(self, value: Value, steps: int) -> Value:
        match kind_of(value):
            case Kind.NUMBER:
                step = NUMBERS.scaleb(Decimal(steps), -self.digits)
                return short(NUMBERS.add(value, step)) if self.fact.precision is None else self._rounded(value, step)
            case Kind.DATE:
                return value + dt.timedelta(days=steps)
            case Kind.DATE_TIME:
                return value + dt.timedelta(seconds=steps)
            case Kind.DURATION:
                whole = value % dt.timedelta(days=1) == dt.timedelta()
                return value + (dt.timedelta(days=steps) if whole else dt.timedelta(seconds=steps))
            case Kind.MONTHS:
                return Months(value.count + steps)
        return None if steps else value

    def _rounded(self, value: Decimal, step: Decimal) -> Decimal:
        return round_to(NUMBERS.add(round_to(value, self.digits), step), self.digits)

    def holds(self, value: Value) -> bool:
        """Whether the fact may have this value."""
        if value is None:
            return False
        if self.type.values and isinstance(value, str):
            return value in self.type.values
        if len(self.path) == 1 and isinstance(value, Decimal) and self.fact.limits is not None:
            return self.fact.limits.hold(value)
        return not self.fact.time_zone or is_zone_name(value)


def value_at(values: Mapping[str, Value], path: Path) -> Value:
    """The value that a variable has among facts."""
    value = values.get(path[0])
    for part in path[1:]:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def changed_at(values: Mapping[str, Value], path: Path, value: Value) -> dict[str, Value]:
    """The facts with one variable changed. A field of a context that is missing stays missing."""
    if len(path) == 1:
        return {**values, path[0]: value}
    whole = values.get(path[0])
    return {**values, path[0]: {**whole, path[1]: value}} if isinstance(whole, Mapping) else dict(values)


def short(value: Decimal) -> Decimal:
    """The number as a person writes it, without zeros at the end."""
    return Decimal(format(value.normalize(NUMBERS), "f"))
