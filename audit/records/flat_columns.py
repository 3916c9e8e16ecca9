"""Columns of their own for the parts of outcomes and facts: `outcome.price.amount`, `facts.plan`, each with its type.

Which there are follows from the plans that the ledger keeps, so it is known before the first row is written. A part
that has different types in different plans is text. What a role may not see, and a part that a decision does not have,
is empty.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from ordain.audit.ledger.reader import Reader
from ordain.engine.errors import OrdainError
from ordain.engine.values.types import Kind, Type

Json = dict[str, Any]
Cell = Decimal | str | bool | dt.date | dt.datetime | None


class Column(StrEnum):
    """What the values of a column are."""

    NUMBER = "number"
    TEXT = "text"
    FLAG = "flag"
    DATE = "date"
    MOMENT = "moment"


_KINDS = {
    Kind.NUMBER: Column.NUMBER,
    Kind.FLAG: Column.FLAG,
    Kind.DATE: Column.DATE,
}


@dataclass(frozen=True, slots=True)
class FlatColumns:
    """`kinds` by the names of the columns, in their order."""

    kinds: Mapping[str, Column]

    @classmethod
    def of(cls, reader: Reader) -> FlatColumns:
        """Those of the decisions of a ledger. A plan whose texts do not load any more adds none."""
        kinds: dict[str, Column] = {}
        for envelope in reader.plans():
            try:
                plan = reader.past.plan(envelope)
            except OrdainError:
                continue
            parts = {f"outcome.{name}": type for name, type in plan.gives.items()}
            parts |= {f"facts.{need.fact.name}": need.fact.type for need in plan.needs}
            for name, kind in (pair for path, type in parts.items() for pair in _parts(path, type)):
                kinds[name] = kind if kinds.get(name, kind) is kind else Column.TEXT
        return cls(dict(sorted(kinds.items(), key=lambda pair: (not pair[0].startswith("outcome."), pair[0]))))

    def cells(self, row: Json) -> dict[str, Cell]:
        """The cells of a merged record, one for each column."""
        found = dict.fromkeys(self.kinds, None) | dict(self._found(row))
        return {name: found[name] for name in self.kinds}

    def _found(self, row: Json) -> Iterator[tuple[str, Cell]]:
        facts = {name: fact.get("value") for name, fact in (row.get("facts") or {}).items()}
        for start, values in (("outcome", row.get("outcome")), ("facts", facts)):
            for path, value in _leaves(start, values):
                if path in self.kinds:
                    yield path, _READ[self.kinds[path]](value)
                elif f"{path}.amount" in self.kinds:  # of a record of form 2, which kept amounts alone
                    yield f"{path}.amount", _number(value)


def _parts(path: str, type: Type) -> Iterator[tuple[str, Column]]:
    if type.is_money and type.kind is Kind.NUMBER:
        yield f"{path}.amount", Column.NUMBER
        yield f"{path}.currency", Column.TEXT
    elif type.kind is Kind.CONTEXT and type.fields:
        for name, part in type.fields.items():
            yield from _parts(f"{path}.{name}", part)
    elif type.kind is Kind.DATE_TIME and type.offset:
        yield path, Column.MOMENT
    else:
        yield path, _KINDS.get(type.kind, Column.TEXT)


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and "masked" not in value:
        for name, part in value.items():
            yield from _leaves(f"{path}.{name}", part)
    elif value is not None and not isinstance(value, Mapping):
        yield path, value


def _number(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _date(value: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:  # of a year that only FEEL has
        return None


def _moment(value: Any) -> dt.datetime | None:
    try:
        at = dt.datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return at.astimezone(dt.UTC) if at.tzinfo else None


_READ: Mapping[Column, Callable[[Any], Cell]] = {
    Column.NUMBER: _number,
    Column.TEXT: _text,
    Column.FLAG: lambda value: value if isinstance(value, bool) else None,
    Column.DATE: _date,
    Column.MOMENT: _moment,
}
