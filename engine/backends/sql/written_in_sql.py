"""Values that are known beforehand, as they are written in a statement."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ordain.engine.backends.sql import numbers_in_sql as numbers
from ordain.engine.backends.sql.choices_in_sql import single
from ordain.engine.backends.sql.dialects import Dialect
from ordain.engine.backends.sql.not_in_sql import Unsupported
from ordain.engine.backends.sql.sql_terms import FALSE, NULL, TRUE, Fields, Items, Sql, Value, cast, text, whole
from ordain.engine.values.temporal import Months
from ordain.engine.values.types import Type

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICRO = dt.timedelta(microseconds=1)


def written(value: Any, of: Type, dialect: Dialect) -> Value:
    """The term of a value. Raises Unsupported for one that has none, such as a range."""
    match value:
        case None:
            return Sql(NULL)
        case bool():
            return Sql(TRUE if value else FALSE)
        case Decimal():
            return numbers.literal(value, dialect)
        case str():
            return Sql(text(value))
        case dt.datetime() if value.tzinfo is not None and value.utcoffset() is not None:
            return Sql(whole((value - EPOCH) // _MICRO))
        case dt.date() if not isinstance(value, dt.datetime):
            return Sql(cast(text(value.isoformat()), "DATE"))
        case dt.time() if value.tzinfo is None:
            clock = ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond
            return Sql(whole(clock))
        case dt.timedelta():
            return Sql(whole(value // _MICRO))
        case Months():
            return Sql(whole(value.count))
        case tuple():
            item = of.item or of
            return Items(tuple(single(written(part, item, dialect)) for part in value))
        case Mapping():
            return Fields({name: written(part, of.fields.get(name, of), dialect) for name, part in value.items()})
        case _:
            raise Unsupported(f"a {of} of this sort is no value in SQL")
