"""What is looked for in the log: conditions, as they are asked, put on record, and read from there again."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ordain.audit.entry.entry import utc
from ordain.engine.errors import MalformedRequest, NotThatType
from ordain.engine.values.decimals import number

Json = dict[str, Any]
_PATH = re.compile(r"[^\s.=]+(\.[^\s.=]+)*")


@dataclass(frozen=True, slots=True)
class Condition:
    """What the outcome has at a path: `offer.action` is `e-mail`.

    Numbers are compared as numbers, amounts of money by the amount (or as `.currency`), flags as true or false,
    nothing as null; a list has a value when one of its items is it.
    """

    path: str
    value: str

    @classmethod
    def parse(cls, text: str) -> Condition:
        """From `path=value`. Raises MalformedRequest."""
        path, equals, value = text.partition("=")
        if not equals or not _PATH.fullmatch(path.strip()):
            raise MalformedRequest(f"`{text}` is not a condition on the outcome", "write it `offer.action=e-mail`")
        return cls(path.strip(), value.strip())

    def holds(self, outcome: object) -> bool:
        """Whether the JSON of an outcome has this value there."""
        return says(at_path(outcome, self.path), self.value)


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for; all that is set must hold.

    `policy` is a name or name@version, `rule` a rule that fired, by its id or as policy@version/rule; `decision` says
    in which table it fired, where several have a rule of that id, and which no envelope says. `denied_by` is a rule
    that itself said deny. `model` is one that scored, by name or name@version. `verdict` is permit, deny, review or
    decided (no verdict), `status` decided, refused or in_review, as answers had it; `review` is open or settled: what a
    person was to look at, and did not yet, or did. `since` and `until` are moments of recording, `at_since` and
    `at_until` such that were decided for; each with an offset, the second of two without itself. `where` are conditions
    in FEEL (`audit.records.where`). `as_of_differs` ("true") asks for what a caller chose another time for than the
    clock's, as the envelope marks it, `fell_back` ("true") for what a fallback decided in the place of a score.
    `opened` asks for the private part of what is found, whatever the conditions are.

    The newest come first if `newest`, else the oldest; `limit` is the most that are wanted. `services` are the only
    ones that whoever asks may see, if not all; `places` the leaf indices that are looked at, the second without itself.
    """

    subject: str | None = None
    service: str | None = None
    policy: str | None = None
    rule: str | None = None
    decision: str | None = None
    denied_by: str | None = None
    model: str | None = None
    jurisdiction: str | None = None
    review: str | None = None
    verdict: str | None = None
    status: str | None = None
    as_of_differs: str | None = None
    fell_back: str | None = None
    kind: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    at_since: dt.datetime | None = None
    at_until: dt.datetime | None = None
    outcome: tuple[Condition, ...] = ()
    where: tuple[str, ...] = ()
    opened: bool = False
    newest: bool = False
    limit: int | None = None
    services: frozenset[str] | None = None
    places: tuple[int, int] | None = None

    @property
    def asks_of_decisions(self) -> bool:
        """Whether only the private part of a decision can say if it fits."""
        more = (self.decision, self.denied_by, self.review, self.fell_back, self.at_since, self.at_until)
        return bool(self.outcome or self.where) or any(each is not None for each in more)

    @property
    def is_personal(self) -> bool:
        """Whether finding it takes more than envelopes."""
        return self.subject is not None or self.opened or self.asks_of_decisions

    def as_json(self) -> Json:
        """What is asked for, as JSON, from which `read_query` makes it again."""
        asked: Json = {name: getattr(self, name) for name in NAMES}
        asked |= {name: None if (at := getattr(self, name)) is None else utc(at) for name in MOMENTS}
        asked["outcome"] = [f"{condition.path}={condition.value}" for condition in self.outcome]
        asked["where"] = list(self.where)
        asked["services"] = sorted(self.services or ())
        asked["places"] = list(self.places or ())
        return {name: value for name, value in asked.items() if value}


NAMES = (
    *("subject", "service", "policy", "rule", "decision", "denied_by", "model", "jurisdiction", "review", "verdict"),
    *("status", "as_of_differs", "fell_back", "kind"),
)
"""The conditions that are one text each."""
MOMENTS = ("since", "until", "at_since", "at_until")


OPEN, SETTLED = "open", "settled"
"""A review, as `Query.review` has it."""


def read_query(asked: Mapping[str, Any]) -> Query:
    """The query that `Query.as_json` wrote; what else stands there is passed over.

    Raises MalformedRequest, ValueError, TypeError for what it did not write.
    """
    moments: dict[str, Any] = {name: dt.datetime.fromisoformat(asked[name]) for name in MOMENTS if name in asked}
    start_end = asked.get("places")
    return Query(
        **{name: asked[name] for name in NAMES if name in asked},
        **moments,
        outcome=tuple(map(Condition.parse, asked.get("outcome", ()))),
        where=tuple(asked.get("where", ())),
        services=frozenset(asked["services"]) if "services" in asked else None,
        places=None if start_end is None else (int(start_end[0]), int(start_end[1])),
    )


def at_path(value: object, path: str) -> object:
    """The part of a JSON value at `offer.action`; None when there is none."""
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return None
        value = value[name]
    return value


def says(recorded: object, value: str) -> bool:
    """Whether a recorded JSON value is what `value` writes."""
    if isinstance(recorded, list):
        return any(says(item, value) for item in recorded)
    if isinstance(recorded, Mapping):
        return set(recorded) == {"amount", "currency"} and says(recorded["amount"], value)
    if recorded is None:
        return value == "null"
    if isinstance(recorded, bool):
        return value.lower() == str(recorded).lower()
    if str(recorded) == value:
        return True
    numbers = _number(recorded), _number(value)
    return None not in numbers and numbers[0] == numbers[1]


def _number(value: object) -> Decimal | None:
    try:
        return number(str(value))
    except NotThatType:
        return None
