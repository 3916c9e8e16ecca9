"""Types as JSON Schema (draft 2020-12): as a request may write their values, and as an answer writes them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import Kind, Limits, Type, plain

Schema = dict[str, Any]

DECIMAL = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
"""A number as answers write it."""
_SENT: Schema = {"type": "string", "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,18})?$"}
"""A number that is sent as a text, such as one out of an answer or a record."""

_FORMATS = {Kind.DATE: "date", Kind.DATE_TIME: "date-time", Kind.DURATION: "duration", Kind.MONTHS: "duration"}
_TIMES = {Kind.DATE: "2026-01-31", Kind.TIME: "08:00:00", Kind.DATE_TIME: "2026-01-31T08:00:00+05:30"}


def fact_schema(fact: Fact, *, may_be_null: bool) -> Schema:
    """What a request may send for a fact."""
    schema = _sent(fact.type, fact.limits)
    notes = [fact.meaning]
    if fact.type.unit:
        notes.append(f"in {fact.type.unit}")
    if fact.precision is not None:
        notes.append(f"rounded to {fact.precision} digits after the point")
    if fact.time_zone:
        notes.append("the name of a time zone, such as Asia/Kolkata")
    if fact.personal:
        notes.append("personal")
    schema = _or_null(schema) if may_be_null else schema
    schema["description"] = "; ".join(note for note in notes if note)
    if fact.default is not None:
        schema["default"] = plain(fact.default) if fact.type.kind is not Kind.NUMBER else float(fact.default)
    return schema


def outcome_schema(type: Type, *, lenient: bool = False) -> Schema:
    """What an answer holds for a value of that type; those of a `lenient` policy may always be null."""
    schema = _told(type, lenient)
    return _or_null(schema) if type.optional or lenient else schema


def _sent(type: Type, limits: Limits | None = None) -> Schema:
    limits = limits or type.limits
    match type.kind:
        case Kind.NUMBER:
            number: Schema = {"type": "number", **_bounds(limits)}
            amount = {"anyOf": [_SENT, {"type": "number"}]}
            return {"anyOf": [number, _SENT, *([_amount(type.unit, amount)] if type.is_money else [])]}
        case Kind.TEXT:
            return {"type": "string", "enum": list(type.values)} if type.values else {"type": "string"}
        case Kind.LIST:
            return {"type": "array", "items": _sent(type.item) if type.item is not None else {}}
        case Kind.CONTEXT:
            fields = {name: _field(part) for name, part in type.fields.items()}
            required = [name for name, part in type.fields.items() if not part.optional]
            return {"type": "object", "properties": fields, "required": required, "additionalProperties": False}
    return _plain_kind(type)


def _field(type: Type) -> Schema:
    return _or_null(_sent(type)) if type.optional else _sent(type)


def _told(type: Type, lenient: bool) -> Schema:
    match type.kind:
        case Kind.NUMBER:
            return money(type.unit) if type.is_money else {"type": "string", "pattern": DECIMAL}
        case Kind.TEXT:
            return {"type": "string", "enum": list(type.values)} if type.values and not lenient else {"type": "string"}
        case Kind.LIST:
            items = {} if type.item is None else outcome_schema(type.item, lenient=lenient)
            return {"type": "array", "items": items}
        case Kind.CONTEXT if type.fields:
            fields = {name: outcome_schema(part, lenient=lenient) for name, part in type.fields.items()}
            return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
        case Kind.CONTEXT:
            return {"type": "object"}
    return _plain_kind(type)


def _plain_kind(type: Type) -> Schema:
    """Kinds that are written alike in requests and answers; of others nothing is said."""
    if type.kind is Kind.FLAG:
        return {"type": "boolean"}
    schema: Schema = {}
    if type.kind in _FORMATS:
        schema = {"type": "string", "format": _FORMATS[type.kind]}
    if type.kind in _TIMES:
        schema = {"type": "string", **schema, "examples": [_TIMES[type.kind]]}
    return schema


def money(currency: str) -> Schema:
    """An amount with its currency, as answers write it."""
    return _amount(currency, {"type": "string", "pattern": DECIMAL})


def _amount(currency: str, amount: Schema) -> Schema:
    parts = {"amount": amount, "currency": {"const": currency}}
    return {"type": "object", "properties": parts, "required": ["amount", "currency"], "additionalProperties": False}


def _bounds(limits: Limits | None) -> Schema:
    bounds: Schema = {}
    if limits is not None and limits.low is not None:
        bounds["exclusiveMinimum" if limits.low_open else "minimum"] = _number(limits.low)
    if limits is not None and limits.high is not None:
        bounds["exclusiveMaximum" if limits.high_open else "maximum"] = _number(limits.high)
    return bounds


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _or_null(schema: Schema) -> Schema:
    if "enum" in schema:
        return {**schema, "type": [schema["type"], "null"], "enum": [*schema["enum"], None]}
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [*schema["anyOf"], {"type": "null"}]} if "anyOf" in schema else schema
