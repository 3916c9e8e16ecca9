"""What a service needs to know, and what becomes of a fact that is there, or that nobody gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from ordain.engine.errors import Issue, NotThatType, Span
from ordain.engine.policy.facts import REQUEST, Fact, Facts
from ordain.engine.policy.readers import Reader
from ordain.engine.score_fallback import FallbackRule
from ordain.engine.score_gate import ScoreGate
from ordain.engine.values.types import Value


@dataclass(frozen=True, slots=True)
class Need:
    """A fact that a service reads. `reader` is the first rule that does; `may_miss` leaves null to the rules."""

    fact: Fact
    reader: str
    span: Span
    may_miss: bool
    may_withhold: bool = False
    """Whether all that read it can decide without it when the service's gate withholds it."""
    fallback: FallbackRule | None = None
    """What it counts as when its model fails."""
    may_be_null: bool = field(init=False)
    """Whether a request may leave it out, and nothing else gives it then."""

    def __post_init__(self) -> None:
        fact = self.fact
        quiet = (fact.optional or self.may_miss) and fact.default is None and fact.sources == (REQUEST,)
        object.__setattr__(self, "may_be_null", quiet)


class Needs(tuple[Need, ...]):
    """The facts that a service reads, with what is the same each time they are gathered.

    `readers` has those that a request may send. `values` and `sources` are what comes out when nothing is sent and
    nothing has to be: null, and missing. `others` have something else to say then.
    """

    readers: Mapping[str, Reader]
    values: Mapping[str, Value]
    sources: Mapping[str, str]
    others: tuple[tuple[str, Need], ...]
    gate: ScoreGate | None
    """What is looked at before any model is asked, if the service has it."""
    behind: Mapping[str, Need]
    """Every fact that a model may give, by name: a model may need one that no policy reads."""

    def __new__(cls, needs: Iterable[Need], gate: ScoreGate | None = None, behind: Iterable[Need] = ()) -> Self:
        return super().__new__(cls, needs)

    def __init__(self, needs: Iterable[Need], gate: ScoreGate | None = None, behind: Iterable[Need] = ()) -> None:
        self.gate = gate
        self.behind = {need.fact.name: need for need in behind}
        self.readers = {need.fact.name: need.fact.read for need in self if REQUEST in need.fact.sources}
        self.values = dict.fromkeys(need.fact.name for need in self)
        self.sources = dict.fromkeys(self.values, "missing")
        self.others = tuple((need.fact.name, need) for need in self if not need.may_be_null)


def accept(fact: Fact, raw: object, into: dict[str, Value], faults: list[Issue], source: str = "") -> None:
    """Reads a raw value, or says what is wrong with it; `source` is where it comes from, if from no request."""
    try:
        into[fact.name] = fact.read(raw)
    except NotThatType as error:
        whence = f" ({source})" if source else ""
        faults.append(Issue(f"`{fact.name}`{whence}: {error}", fact.meaning, None, fact.name, fields=fact.wanted))


def absent(need: Need, facts: Facts, missing: list[Issue], hint: str = "", *, null: bool = False) -> None:
    """A fact without a value: its default, null where the rules see to that, or missing. A null is no default."""
    fact = need.fact
    if fact.default is not None and not null:
        facts.values[fact.name], facts.sources[fact.name] = fact.default, "default"
    elif fact.optional or need.may_miss:
        facts.values[fact.name], facts.sources[fact.name] = None, "missing"
    else:
        message = f"{need.reader} needs `{fact.name}`, which is missing"
        hint = hint or f"{fact.name}: {fact.meaning}"
        missing.append(Issue(message, hint, need.span, fact.name, fields=fact.wanted))
