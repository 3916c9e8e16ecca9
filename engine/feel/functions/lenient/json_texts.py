"""JSON in a text, read and written as values."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

from ordain.engine.feel.functions.conversion import text_of
from ordain.engine.feel.runtime.work import limited
from ordain.engine.values import temporal
from ordain.engine.values.decimals import number
from ordain.engine.values.types import FunctionValue, Interval, plain
from ordain.engine.values.wide import WideDateTime, make_duration, offset
from ordain.engine.values.zones import Zone


def read(text: str) -> Any:
    """The value that a JSON text says. Raises ValueError."""
    try:
        return _value(json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number))
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON: {error.msg} at character {error.pos + 1}") from None


def _no_number(word: str) -> Any:
    raise ValueError(f"`{word}` is no number of JSON")


def _value(raw: Any) -> Any:
    if isinstance(raw, Decimal):
        return number(str(raw))
    if isinstance(raw, list):
        return tuple(map(_value, raw))
    if isinstance(raw, dict):
        return {name: _value(part) for name, part in raw.items()}
    return raw


def written(value: Any) -> str:
    """A value as JSON without spaces. Raises ValueError for a function or a range, which JSON does not have."""
    return limited(_written(value))


def _written(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(plain(value))
    if value is None or isinstance(value, str | bool):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple):
        return f"[{','.join(map(_written, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_written(key)}:{_written(part)}" for key, part in value.items()) + "}"
    if isinstance(value, FunctionValue | Interval):
        raise ValueError(f"JSON has no {'function' if isinstance(value, FunctionValue) else 'range'}")
    return json.dumps(_moment(value), ensure_ascii=False)


def _moment(value: Any) -> str:
    """A temporal value as text; a date and time with a zone says its offset too, as Java writes it."""
    if isinstance(value, dt.datetime | WideDateTime) and isinstance(value.tzinfo, Zone):
        ahead = make_duration(offset(value))
        fixed = dt.timezone(ahead) if isinstance(ahead, dt.timedelta) else value.tzinfo
        local = temporal.text(value).removesuffix(f"@{value.tzinfo.name}")
        return f"{local}{temporal.place_text(fixed)}[{value.tzinfo.name}]"
    return text_of(value)
