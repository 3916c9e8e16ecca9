"""What is sent and what is answered."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, Literal, TypeAlias, TypedDict, TypeVar

O = TypeVar("O")  # noqa: E741 - the outcome's type

Number: TypeAlias = int | float | Decimal | str
"""A number in a request: Decimal and text keep every digit."""


class Money(TypedDict):
    """An amount with its currency; the amount is a decimal number as text."""

    amount: str
    currency: str


@dataclass(frozen=True, slots=True)
class Answer(Generic[O]):
    """A decision. Only what `is_decided` may be acted on.

    A dry run has neither `decision_id` nor `receipt`. `is_replayed` tells that the request was decided before.
    """

    service: str
    status: Literal["decided", "refused", "in_review"]
    outcome: O
    verdict: Literal["permit", "review", "deny"] | None
    at: str
    decision_id: str | None
    receipt: Mapping[str, str] | None
    reasons: list[dict[str, Any]]
    missing: list[dict[str, Any]]
    not_known: list[dict[str, Any]]
    obligations: list[dict[str, Any]]
    models: list[dict[str, Any]]
    policies: list[dict[str, Any]]
    is_replayed: bool = False
    fallbacks: list[dict[str, Any]] = field(default_factory=list)
    """The facts that a fallback stands for, since a model failed: `fact`, `model`, `why`."""

    @property
    def is_decided(self) -> bool:
        return self.status == "decided"

    @staticmethod
    def of(data: Mapping[str, Any], is_replayed: bool = False) -> Answer[Any]:
        """The answer that JSON data is. Keys that a newer service has besides are left out."""
        lists = ("reasons", "missing", "not_known", "obligations", "models", "policies", "fallbacks")
        return Answer(
            service=data["service"],
            status=data["status"],
            outcome=data["outcome"],
            verdict=data["verdict"],
            at=data["at"],
            decision_id=data.get("decision_id"),
            receipt=data.get("receipt"),
            is_replayed=is_replayed,
            **{name: data.get(name, []) for name in lists},
        )


def request_body(
    subject: str, facts: Mapping[str, Any], at: dt.datetime | str | None, may_be_unknown: Iterable[str] = ()
) -> bytes:
    """A request as JSON. Raises ValueError for a time without an offset and for a number that is none."""
    asked: dict[str, Any] = {"subject": subject, "facts": facts}
    if at is not None:
        asked["at"] = at
    if names := list(may_be_unknown):
        asked["may_be_unknown"] = names
    return json.dumps(asked, default=_written, allow_nan=False, ensure_ascii=False).encode()


def _written(value: object) -> Any:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} is no number")
        return str(value)
    if isinstance(value, dt.datetime) and value.utcoffset() is None:
        raise ValueError(f"{value} has no offset: give it a time zone")
    if isinstance(value, dt.date | dt.time):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"a {type(value).__name__} is no fact")
