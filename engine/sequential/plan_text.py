"""A plan of guardrails as JSON: how people write it, and how it is kept on record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from ordain.engine.errors import MalformedRequest, did_you_mean
from ordain.engine.sequential.guardrail import Direction, Guardrail, Margin, Plan

_CHANCES, _COUNTS = ("alpha", "ratio_alpha"), ("tight_at", "least")
_MARGINS = ("pause", "revert")
_TOO_LARGE = 1e15
_PLAIN = re.compile(r"\d{1,15}(?:\.\d{1,30})?")
_PERCENT = re.compile(r"\s*(\d{1,6}(?:\.\d{1,30})?) ?(?:percent|%)\s*")


def plan_of(data: object) -> Plan:
    """`{"guardrails": [{"metric": "denied", "may not": "rise", "pause": 0.01, "revert": "50 percent"}, ...]}`, perhaps
    with `alpha`, `ratio_alpha`, `tight_at` and `least`. Raises MalformedRequest."""
    written = _object("the plan of guardrails", data, ("guardrails", *_CHANCES, *_COUNTS), ("guardrails",))
    guardrails = written["guardrails"]
    if not isinstance(guardrails, list | tuple):
        raise MalformedRequest("`guardrails` is no list", 'write [{"metric": ..., "may not": "rise", ...}]')
    usual = Plan(tuple(_guardrail(each) for each in guardrails))
    alpha, ratio_alpha = (_number(f"`{name}`", written.get(name, getattr(usual, name))) for name in _CHANCES)
    tight_at, least = (_count(f"`{name}`", written.get(name, getattr(usual, name))) for name in _COUNTS)
    return Plan(usual.guardrails, alpha, ratio_alpha, tight_at, least)


def plan_json(plan: Plan) -> dict[str, Any]:
    """What `plan_of` reads as the same plan; nothing is left to defaults, which may change. Fractions are texts, as in
    all that goes on record."""
    guardrails = [
        {
            "metric": each.metric,
            "may not": str(each.direction),
            **{
                name: f"{_written(margin.amount * 100)} percent" if margin.relative else _written(margin.amount)
                for name, margin in zip(_MARGINS, (each.pause, each.revert), strict=True)
            },
        }
        for each in plan.guardrails
    ]
    chances = {name: _written(getattr(plan, name)) for name in _CHANCES}
    return {"guardrails": guardrails, **chances, **{name: getattr(plan, name) for name in _COUNTS}}


def _written(number: float) -> str:
    """Without an exponent."""
    return format(Decimal(f"{number:.12g}"), "f")


def _guardrail(data: object) -> Guardrail:
    parts = ("metric", "may not", *_MARGINS)
    written = _object("a guardrail", data, parts, parts)
    metric, direction = written["metric"], written["may not"]
    if not isinstance(metric, str) or not metric.strip():
        raise MalformedRequest("`metric` of a guardrail is no name", "name what is measured, such as `denied`")
    if direction not in tuple(Direction):
        raise MalformedRequest(f"`{metric}` may not `{direction}`", "write `rise` or `fall`")
    return Guardrail(
        metric, Direction(direction), *(_margin(f"`{name}` of `{metric}`", written[name]) for name in _MARGINS)
    )


def _margin(what: str, value: object) -> Margin:
    if isinstance(value, str) and (match := _PERCENT.fullmatch(value)):
        return Margin(float(match[1]) / 100, relative=True)
    return Margin(_number(what, value, ', or a part of the present mean, such as "10 percent"'))


def _object(what: str, data: object, known: Iterable[str], needed: Iterable[str]) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise MalformedRequest(f"{what} is no JSON object", f"it has {', '.join(f'`{name}`' for name in known)}")
    for name in data:
        if name not in known:
            raise MalformedRequest(f"{what} has no part `{name}`", did_you_mean(str(name), known))
    for name in needed:
        if name not in data:
            raise MalformedRequest(f"{what} lacks `{name}`", f"it has {', '.join(f'`{each}`' for each in needed)}")
    return data


def _number(what: str, value: object, or_else: str = "") -> float:
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return _number(what, Decimal(value), or_else)
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if not is_number or not abs(number := float(str(value))) < _TOO_LARGE:
        raise MalformedRequest(f"{what} is `{str(value)[:40]}`", f"it is a number{or_else}")
    return number


def _count(what: str, value: object) -> int:
    number = _number(what, value)
    if not number.is_integer():
        raise MalformedRequest(f"{what} is `{value}`", "it is a whole number")
    return int(number)
