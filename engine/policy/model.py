"""What a policy is once read: plain decisions, whatever kind it was written as.

A kind's own sections (`bounds`, `promises` ...) are gone here: kinds lower them to these tables and formulas.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ordain.engine.errors import Issue, Span
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.claims import Claim
from ordain.engine.policy.shared import Shared
from ordain.engine.values.types import ANY, NUMBER, Limits, Type, Value, context_of, list_of


class HitPolicy(StrEnum):
    """Which of the matching rules count (DMN 1.5, section 8.2.10)."""

    UNIQUE = "unique"
    FIRST = "first"
    PRIORITY = "priority"
    ANY = "any"
    COLLECT = "collect"
    RULE_ORDER = "rule order"
    OUTPUT_ORDER = "output order"

    @property
    def gives_list(self) -> bool:
        return self in (HitPolicy.COLLECT, HitPolicy.RULE_ORDER, HitPolicy.OUTPUT_ORDER)


class Verdict(StrEnum):
    """What compliance says, worst first."""

    DENY = "deny"
    REVIEW = "review"
    PERMIT = "permit"


class Status(StrEnum):
    """What an answer says first: only what is `decided` may be acted on."""

    DECIDED = "decided"
    REFUSED = "refused"
    IN_REVIEW = "in_review"


STATUS = {
    None: Status.DECIDED,
    Verdict.PERMIT: Status.DECIDED,
    Verdict.REVIEW: Status.IN_REVIEW,
    Verdict.DENY: Status.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Output:
    """`order` are its values from the highest priority to the lowest; for a text they are its declared values."""

    name: str
    type: Type
    order: tuple[Value, ...] = ()

    @property
    def priorities(self) -> tuple[Value, ...]:
        return self.order or self.type.values


@dataclass(frozen=True, slots=True)
class Column:
    """What the cells of a column are asked about; `text` is the column's heading."""

    text: str
    expression: Checked


@dataclass(frozen=True, slots=True)
class Because:
    """A reason as the policy has it; `told` gives its text where `{...}` in it are to be filled."""

    text: str = ""
    told: Checked | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: it matches when every cell and the condition hold. None in `cells` asks nothing.

    `obligations` are what the caller must do or show once the rule has fired; `source` is its citation.
    `missing` is the row it gives when a fact it needs is missing; without it that is an error. `derived`: nobody wrote
    it, it follows from others of the policy. `confidence` says how sure its source is, "" where the policy does not.
    `told` gives the text of a `because` with `{...}` in it. `limit` is the entry of `limits` that the rule stands for,
    such as `cooldown: 30 days`; "" for one that somebody wrote.
    """

    id: str
    cells: tuple[Checked | None, ...]
    condition: Checked | None
    gives: tuple[Checked, ...]
    because: str
    span: Span
    obligations: Mapping[str, Value] = field(default_factory=dict)
    source: str = ""
    missing: tuple[Value, ...] | None = None
    derived: bool = False
    confidence: str = ""
    told: Checked | None = None
    limit: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A decision table. With one unnamed output it gives that value, otherwise a context of its outputs.

    `into` is the declared type that a lenient table's value is converted to; `total_range` is what the number made by
    `aggregation` must be within.
    """

    name: str
    columns: tuple[Column, ...]
    outputs: tuple[Output, ...]
    hit_policy: HitPolicy
    rules: tuple[Rule, ...]
    span: Span
    otherwise: tuple[Checked, ...] | None = None
    aggregation: str = ""
    into: Type = ANY
    total_range: Limits | None = None

    @property
    def single(self) -> bool:
        return len(self.outputs) == 1 and not self.outputs[0].name

    @property
    def row_type(self) -> Type:
        from_outputs = {output.name: output.type for output in self.outputs}
        return self.outputs[0].type if self.single else context_of(from_outputs)

    @property
    def type(self) -> Type:
        if self.aggregation:
            return replace(NUMBER if self.aggregation == "count" else self.row_type, limits=self.total_range)
        return list_of(self.row_type) if self.hit_policy.gives_list else self.row_type


@dataclass(frozen=True, slots=True)
class Formula:
    """A decision by one expression. DMN: literal expression.

    `fault` is why the text of a lenient formula could not be read; it then gives null with this reason. `told` is as of
    a rule.
    """

    name: str
    expression: Checked
    type: Type
    span: Span
    because: str = ""
    fault: Issue | None = None
    told: Checked | None = None


Decision = Table | Formula


@dataclass(frozen=True, slots=True)
class TableFunction:
    """A decision table that stands inside an expression; it is called by its name with its parameters.

    A lenient one has all that it reads as parameters. Of one that a policy calls by its own name, `takes` are the
    types of the parameters, and `reads` what it reads besides.
    """

    name: str
    parameters: tuple[str, ...]
    table: Table
    takes: Mapping[str, Type] = field(default_factory=dict)
    reads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Requirement:
    """What must hold once the policy has decided; otherwise there is no outcome. `derived` and `told` as of a rule."""

    id: str
    expression: Checked
    because: str
    span: Span
    derived: bool = False
    told: Checked | None = None


BACK = "back"
"""What `effective` says comes after a season: the version before it."""


@dataclass(frozen=True, slots=True)
class Effective:
    """The days a version is in force: from the first, until and including the last (None: open).

    A `season` has a last day, and what would decide without it decides again from the next day on.
    """

    start: dt.date
    end: dt.date | None = None
    season: bool = False

    def holds_on(self, day: dt.date) -> bool:
        return self.start <= day and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class Example:
    """A case that must come out as written: `given` are fact values, `expect` are outputs by path."""

    at: dt.datetime
    given: Mapping[str, Value]
    expect: Mapping[str, Value]
    refused: str
    span: Span


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of one policy, checked and lowered; `text` is the file it was read from, byte for byte.

    `lenient`: a fault gives null and its reason is kept, as DMN says of `.dmn` files; otherwise it is an error.
    `types` are the item definitions by name, `functions` the tables that stand inside expressions. `warnings` are
    findings that did not keep it from being loaded. `without` are scores that it can decide without.
    """

    name: str
    version: int
    kind: str
    effective: Effective
    owner: str
    purpose: str
    constants: Mapping[str, tuple[Type, Value]]
    decisions: tuple[Decision, ...]
    must_hold: tuple[Requirement, ...]
    gives: Mapping[str, Type]
    reads: tuple[str, ...]
    may_miss: bool
    examples: tuple[Example, ...]
    digest: str
    text: bytes
    span: Span
    lenient: bool = False
    types: Mapping[str, Type] = field(default_factory=dict)
    functions: tuple[TableFunction, ...] = ()
    warnings: tuple[Issue, ...] = field(default=(), compare=False)
    without: frozenset[str] = frozenset()
    shared: tuple[Shared, ...] = ()
    """What it uses of what policies say in common."""
    claims: tuple[Claim, ...] = ()
    """What is to be proved of every customer: its own `prove:`, and what its kind promises."""
    zone: dt.tzinfo = dt.UTC
    """Whose calendar says what day it is in its examples."""

    @property
    def label(self) -> str:
        return f"{self.name}@{self.version}"
