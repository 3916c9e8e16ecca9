"""Times without the fraction of their second, which is how the conformance cases of DMN compare them.

DMN 1.5 says that a time is the number of its seconds since midnight (10.3.2.3.4) and compares by that number; it leaves
open whether the second has a fraction. The cases (0068: time_005, datetime_003_a) have two times within one second
equal, so a `.dmn` file compares by whole seconds. A policy compares exactly.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ordain.engine.values.types import Interval
from ordain.engine.values.wide import WideDateTime, WideTime, clock, local, make_date_time, make_time
from ordain.engine.values.zones import SECOND

_PLAIN = frozenset({Decimal, str, bool, dt.date, type(None)})


def to_second(value: Any) -> Any:
    """The value with every time in it cut to the second; a value without times is the same object."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is dt.time or kind is dt.datetime:
        return value if not value.microsecond else value.replace(microsecond=0)
    if kind is WideTime:
        return make_time(clock(value) // SECOND * SECOND, value.tzinfo)
    if kind is WideDateTime:
        return make_date_time(local(value) // SECOND * SECOND, value.tzinfo)
    if kind is tuple:
        return _same(value, tuple(map(to_second, value)))
    if kind is dict:
        cut = tuple(map(to_second, value.values()))
        return value if _same(tuple(value.values()), cut) is not cut else dict(zip(value, cut, strict=True))
    if kind is Interval:
        return replace(value, low=to_second(value.low), high=to_second(value.high))
    return value


def _same(before: tuple[Any, ...], after: tuple[Any, ...]) -> tuple[Any, ...]:
    return before if all(one is other for one, other in zip(before, after, strict=True)) else after
