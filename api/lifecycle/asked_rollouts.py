"""How people write a roll-out: shares in per cent, how long each lasts, and to whom. Raises MalformedRequest."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from decimal import Decimal

from ordain.engine.errors import MalformedRequest
from ordain.engine.lifecycle.bucket import BUCKETS

_EVERY = re.compile(r"([1-9][0-9]{0,4})([hd])")


def share_of(percent: object) -> int:
    """Per cent, as text or a number, with or without its sign, in buckets of 10,000."""
    share = Decimal("NaN")
    if isinstance(percent, str | int | Decimal) and not isinstance(percent, bool) and str(percent).isascii():
        with suppress(ArithmeticError):
            share = Decimal(str(percent).strip().removesuffix("%").strip()) * BUCKETS / 100
    if not share.is_finite() or not 0 < share <= BUCKETS or share != share.to_integral_value():
        raise MalformedRequest(f"`{str(percent)[:40]}` is no share of customers", "per cent, from 0.01 to 100: 5")
    return int(share)


def period_of(text: object) -> dt.timedelta | None:
    """`7d`, `12h`."""
    if text is None:
        return None
    match = _EVERY.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise MalformedRequest(f"`{str(text)[:40]}` is no period", "days or hours, for example: 7d, 12h")
    return int(match[1]) * (dt.timedelta(days=1) if match[2] == "d" else dt.timedelta(hours=1))


def where_of(data: object) -> dict[str, tuple[str, ...]]:
    """By fact the values with which customers take part: `{"region": ["north", "south"]}`."""
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise MalformedRequest("`where` is no object", 'for example: {"region": ["north", "south"]}')
    told = {}
    for name, values in data.items():
        if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
            raise MalformedRequest(f"`where` has no values of `{str(name)[:80]}`", 'for example: ["north", "south"]')
        told[str(name)] = tuple(dict.fromkeys(values))
    return told


def where_in(given: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The same as written in a command: `region=north,south`."""
    told: dict[str, list[str]] = {}
    for each in given:
        fact, _, values = each.partition("=")
        name, chosen = fact.strip(), [value.strip() for value in values.split(",") if value.strip()]
        if not name or not chosen:
            raise MalformedRequest(f"`{each[:80]}` names no fact and values", "for example: region=north,south")
        if name in told:
            raise MalformedRequest(f"`{name[:40]}` is named twice", f"all values at once: {name[:40]}=A,B")
        told[name] = chosen
    return where_of(told)
