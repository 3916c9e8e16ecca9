"""A row of a table as what a request sends: whose it is, which columns are facts, and the JSON value of each cell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path

from ordain.engine.errors import Issue, MalformedRequest, counted, near_word
from ordain.engine.limits import LIMITS
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.values.types import Kind, Type


def check_columns(
    path: Path | str, names: Iterable[str], subject: str, others: Iterable[str], vocabulary: Vocabulary
) -> None:
    """Raises MalformedRequest for a table without the column `subject`, and for columns that are no facts a request
    may send, nor among `others`."""
    names = set(names)
    if subject not in names:
        near = near_word(subject, names)
        which = f"'{near}'" if near else "NAME"
        raise MalformedRequest(
            f"`{path}` has no column `{subject}`, which is to say whom a row is about",
            f"say which column does: --subject-column {which}",
        )
    strangers = sorted(names - {subject} - {*others} - vocabulary.inputs)
    more = len(strangers) - LIMITS.unknown_facts
    if strangers:
        raise MalformedRequest(
            [
                Issue(
                    f"the column `{name}` of `{path}` is no fact that a request may send",
                    _hint(name, near_word(name, vocabulary.inputs)),
                )
                for name in strangers[: LIMITS.unknown_facts]
            ]
            + ([Issue(f"and {counted(more, 'more such column')}")] if more > 0 else [])
        )


def _hint(name: str, near: str) -> str:
    meant = f"did you mean `{near}`? If so, rename it; else leave" if near else "rename it, or leave"
    return f"{meant} it out: --ignore-column '{name}'"


def customer(cell: object, column: str) -> object:
    """Customers are often numbered. Raises MalformedRequest for a number that may not be as it was written."""
    if isinstance(cell, float) and cell == cell:
        raise MalformedRequest(
            f"the column `{column}` has {cell!r}, a floating-point number, which may be no customer's own",
            "write the column as text or as whole numbers; in pandas: .astype('Int64')",
        )
    return str(cell) if isinstance(cell, int) and not isinstance(cell, bool) else cell


def raw_value(cell: object, type: Type) -> object:
    """The JSON value of a cell; None when it is empty. What does not fit stays, and is refused with its fact."""
    if isinstance(cell, str):
        return _of_text(cell, type)
    if isinstance(cell, bool | Decimal):
        return cell
    if isinstance(cell, float):
        return None if cell != cell else Decimal(repr(cell))  # a number that is none is how tables write a gap
    if isinstance(cell, dt.datetime) and type.kind is Kind.DATE and cell.tzinfo is None and cell.time() == dt.time():
        return cell.date().isoformat()  # tables often have no dates but as midnights
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return cell.isoformat()
    if isinstance(cell, list | tuple):
        return [raw_value(item, type.item or type) for item in cell]
    if isinstance(cell, Mapping):
        return {
            name: raw_value(part, type.fields.get(name, type) if type.fields else type) for name, part in cell.items()
        }
    return Decimal(cell) if isinstance(cell, int) and not isinstance(cell, bool) else cell


def _of_text(cell: str, type: Type) -> object:
    if not cell:
        return None
    if type.kind is Kind.NUMBER:
        if "_" in cell or not cell.isascii():  # which Decimal takes, and nobody means
            return cell
        try:
            return Decimal(cell.strip())
        except InvalidOperation:
            return cell
    if type.kind is Kind.FLAG:
        return {"true": True, "false": False}.get(cell.strip().lower(), cell)
    if type.kind is Kind.LIST and type.item is not None:
        return [_of_text(item.strip(), type.item) for item in cell.split(";") if item.strip()]
    return cell
