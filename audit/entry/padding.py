"""Deflated private parts made equally long: the length of a sealed one is public, and would tell of what is in it.

Zero bytes follow the stream, which says itself where it ends, up to a multiple of `STEP`. What is shorter than a usual
record under its plan is made as long as that: so most decisions under one plan have one length. A usual record has
every fact without which the plan decides nothing, with values of many digits and the longest texts, whatever anybody
was decided on. One with many more facts is a step or two longer, and that is to be seen.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from ordain.audit.entry.canonical import canonical
from ordain.engine.evaluate import Plan
from ordain.engine.policy.model import Table
from ordain.engine.values.types import Kind, Type

Json = dict[str, Any]

STEP = 256
"""Bytes, of which a padded private part has a whole number."""
_FIRED = 2  # rules of a table, where it may have several
_SUBJECT, _TEXT, _ASKER = 24, 12, 16  # characters


def padded(deflated: bytes, least: int) -> bytes:
    """With zeros behind it, at least so long."""
    return deflated.ljust(max(least, whole(len(deflated))), b"\0")


def whole(length: int) -> int:
    """The length that so many bytes are padded to."""
    return -(-length // STEP) * STEP


def usual_length(plan: Plan, form: int, deflate: Callable[[bytes], bytes]) -> int:
    """How long the private part of a usual decision under a plan is, padded."""
    made = _Made()
    facts = [need.fact for need in plan.needs if not need.may_be_null]
    usual = {
        "answer": made.text(64),
        "at": f"2026-{made.digits(2)}-{made.digits(2)}T{made.digits(2)}:{made.digits(2)}:{made.digits(2)}+00:00",
        "caller": {"key": made.text(_TEXT), "name": made.text(_ASKER)},
        "facts": {fact.name: made.value(fact.type) for fact in facts},
        "form": form,
        "jurisdiction": "EU",
        "outcome": {name: made.value(type) for name, type in plan.gives.items()},
        "scores": [],
        "sources": {},
        "steps": [
            [number, made.value(decision.type), *(made.fired(decision) if isinstance(decision, Table) else ())]
            for number, decision in enumerate(plan.by_number)
        ],
        "subject": made.text(_SUBJECT),
        "verdict": "permit",
    }
    return whole(len(deflate(canonical(usual))))


class _Made:
    """Values that no compressor makes smaller, the same each time."""

    def __init__(self) -> None:
        self._number = 0

    def text(self, length: int) -> str:
        self._number += 1
        return sha256(str(self._number).encode()).hexdigest()[:length]

    def digits(self, count: int) -> str:
        self._number += 1
        return str(int(sha256(str(self._number).encode()).hexdigest(), 16))[:count]

    def fired(self, table: Table) -> list[Any]:
        """How many rules were looked at, and the positions of those that fired."""
        count = _FIRED if table.hit_policy.gives_list else 1
        return [len(table.rules), list(range(len(table.rules)))[-count:]]

    def value(self, type: Type) -> Any:
        if type.is_money and type.kind is Kind.NUMBER:
            return {"amount": f"{self.digits(3)}.{self.digits(2)}", "currency": type.unit}
        if type.kind is Kind.CONTEXT:
            return {name: self.value(part) for name, part in type.fields.items()}
        if type.kind is Kind.LIST:
            return [] if type.item is None else [self.value(type.item) for _ in range(_FIRED)]
        if type.kind is Kind.FLAG:
            return False
        if type.kind is Kind.NUMBER:
            return f"0.{self.digits(4)}"
        if type.kind is Kind.DATE:
            return f"20{self.digits(2)}-{self.digits(2)}-{self.digits(2)}"
        return max(type.values, key=len) if type.values else self.text(_TEXT)
