"""Facts: the named inputs of decisions, the vocabulary that declares them, and where a value came from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Protocol

from ordain.engine.errors import Issue, NotThatType, OrdainError, PolicyError, Span
from ordain.engine.limits import LIMITS
from ordain.engine.made_often import made_often
from ordain.engine.policy.readers import Reader, number_reader, plain_reader
from ordain.engine.policy.shared import Shared
from ordain.engine.policy.visible import Visible
from ordain.engine.values.decimals import NUMBERS, step
from ordain.engine.values.types import Kind, Limits, Type, Value, format_raw, read, step_of
from ordain.engine.values.zones import is_zone_name, zone_hint

REQUEST = "request"
PERSONAL_FACTS = "personal facts"
"""The source of a flag that the engine itself gives: whether policies of other kinds than compliance read a personal
fact that was there."""
POLICY = "policy "
"""A source that begins so names the policy that gives the value: `policy price-bounds`."""
FEATURES, LEDGER, TIME = "features", "ledger", "time"
STORES = (FEATURES, LEDGER, TIME)
"""The sources that know a value already when somebody asks: the feature store, the ledger's own decisions, and the
moment that is decided for."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """What a fact counts as when the model that is to give it fails: `value`, or what `rule`, an expression, gives."""

    value: Value = None
    rule: str = ""
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Fact:
    """One declared input.

    `precision` is the number of digits after the point that a number is rounded to (half even) when it
    becomes a fact. `time_zone` says that a text names one, such as Asia/Kolkata. `sources` are tried in order:
    "request", one of STORES, and last the name of a model, with an output of it or without; or it is one that stands
    alone, see POLICY and PERSONAL_FACTS. `personal` values are to be protected in the ledger; no pricing or
    intervention policy may read a `protected` one. A `fixed` one cannot become another, such as an age: it is left out
    of what would have changed a decision. `retired` is the last day on which policies may read it.
    """

    name: str
    type: Type
    sources: tuple[str, ...] = (REQUEST,)
    limits: Limits | None = None
    precision: int | None = None
    optional: bool = False
    default: Value = None
    personal: bool = False
    protected: bool = False
    fixed: bool = False
    time_zone: bool = False
    meaning: str = ""
    retired: dt.date | None = None
    fallback: Fallback | None = None
    span: Span | None = field(default=None, compare=False)
    read: Reader = field(init=False, compare=False, repr=False)
    """`accept`, prepared for this fact: the same values and the same errors, faster."""
    model: str = field(init=False, compare=False, repr=False)
    """The name of the model that may give it, or ""."""
    output: str = field(init=False, compare=False, repr=False)
    """Which of the model's outputs it is; "" is the first."""
    stores: tuple[str, ...] = field(init=False, compare=False, repr=False)
    """Those of STORES that may know it, in their order."""

    def __post_init__(self) -> None:
        limits = self.limits or Limits()
        if self.type.kind is Kind.NUMBER:
            read = number_reader(limits.low, limits.high, self.precision, step_of(self.type), self.accept)
        else:
            read = self.accept if self.time_zone else plain_reader(self.type, self.accept)
        object.__setattr__(self, "read", read)
        model, _, output = self.sources[-1].partition(".") if is_model(self.sources[-1]) else ("", "", "")
        object.__setattr__(self, "model", model)
        object.__setattr__(self, "output", output)
        object.__setattr__(self, "stores", tuple(source for source in self.sources if source in STORES))

    @property
    def wanted(self) -> dict[str, object]:
        """What may be sent, for programs: `type`, and where they apply `unit`, `values` (a few) and `range`."""
        inner = self.type.item if self.type.kind is Kind.LIST and self.type.item is not None else self.type
        told = {
            "type": str(self.type),
            "unit": inner.unit or self.type.unit,
            "values": list(inner.values) if len(inner.values) <= LIMITS.listed_words else None,
            "range": None if self.limits is None else str(self.limits),
        }
        return {name: value for name, value in told.items() if value}

    @property
    def nullable(self) -> bool:
        return self.optional and self.default is None

    @property
    def derived(self) -> bool:
        """Whether the engine itself says it, of what the policies of the service read."""
        return self.sources == (PERSONAL_FACTS,)

    @property
    def given_by(self) -> str:
        """The policy that gives this value, or "" when it is an input."""
        return next((s.removeprefix(POLICY) for s in self.sources if s.startswith(POLICY)), "")

    def accept(self, raw: object) -> Value:
        """The fact's value for a raw JSON value: typed, in range, rounded. Raises NotThatType."""
        value = read(self.type, raw)
        if self.type.kind is Kind.NUMBER:
            rounded = value if self.precision is None else round_to(value, self.precision)
            if self.limits is not None and not (self.limits.hold(value) and self.limits.hold(rounded)):
                sent = raw["amount"] if isinstance(raw, Mapping) else raw
                raise NotThatType(f"{format_raw(sent)} is outside {self.limits}")
            return rounded
        if self.time_zone and not is_zone_name(value):
            raise NotThatType(f"{format_raw(raw)} is not a time zone{zone_hint(value)}")
        return value


def round_to(value: Decimal, digits: int) -> Decimal:
    """`value` with `digits` digits after the point, half to even (banker's rounding). Raises NotThatType."""
    try:
        return NUMBERS.plus(NUMBERS.quantize(value, step(digits)))  # never -0
    except InvalidOperation:
        message = f"{format_raw(value)} has too many digits to be rounded to {digits} after the point"
        raise NotThatType(message) from None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every fact that a policy may read, by name. `digest` is that of the text it was read from.

    `shared` is what a policy may use besides, by label: what several of them say in common.
    """

    facts: Mapping[str, Fact]
    digest: str = ""
    text: bytes = b""
    shared: Mapping[str, Shared] = field(default_factory=dict)
    inputs: frozenset[str] = field(init=False)
    """The facts that a request may send: all but those that policies or models alone give."""
    _visible: dict[bool, Visible] = field(init=False, compare=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        inputs = frozenset(name for name, fact in self.facts.items() if REQUEST in fact.sources)
        object.__setattr__(self, "inputs", inputs)

    def __getitem__(self, name: str) -> Fact:
        return self.facts[name]

    def __contains__(self, name: object) -> bool:
        return name in self.facts

    def __iter__(self) -> Iterator[str]:
        return iter(self.facts)

    def visible(self, *, may_miss: bool) -> Visible:
        """What a policy may read before it has decided anything; with `may_miss`, each input may be null."""
        kept = self._visible.get(may_miss)
        if kept is None:
            types = {}
            for fact in self.facts.values():
                optional = fact.nullable or (may_miss and not fact.given_by and not fact.derived)
                offset = True if fact.type.kind is Kind.DATE_TIME else None
                types[fact.name] = replace(fact.type, optional=optional, limits=fact.limits, offset=offset)
            kept = self._visible[may_miss] = Visible(types)
        return Visible(kept)

    def extended(self, more: Iterable[Fact], by: str) -> Vocabulary:
        """This vocabulary and the facts that a model reads beside it. A fact declared twice must agree."""
        facts = dict(self.facts)
        for fact in more:
            known = facts.setdefault(fact.name, fact)
            if not known.type.accepts(fact.type):
                message = f"{by} reads `{fact.name}` as {fact.type}, but facts.yaml declares {known.type}"
                raise PolicyError(Issue(message, "retrain the model or rename its feature", known.span, code="source"))
        return replace(self, facts=facts)


def is_model(source: str) -> bool:
    """Whether a fact's source is a model's name, with or without an output."""
    return source not in (REQUEST, PERSONAL_FACTS, *STORES) and not source.startswith(POLICY)


@made_often(frozen=True, slots=True)
class Reason:
    """What one input contributed to a score: `contribution` in the model's own additive unit (log-odds).

    `usual` is what the input is for most, where the model knows that."""

    feature: str
    value: Value
    contribution: Decimal
    usual: Value = None


@made_often(frozen=True, slots=True)
class Score:
    """A model's answer before it becomes a fact. `inputs` are the feature values it was computed from.

    `also` are the other outputs of a model that has several, by name."""

    value: Value
    reasons: tuple[Reason, ...]
    inputs: Mapping[str, Value]
    also: Mapping[str, Value] = field(default_factory=dict)


class ModelCard(Protocol):
    """What is known of a model without it: enough to check policies against, not to score."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def reads(self) -> tuple[Fact, ...]: ...


def outputs_of(card: ModelCard) -> tuple[str, ...]:
    """The names of a model's outputs, the first one first; none where its card does not tell them."""
    return tuple(getattr(card, "outputs", ()))


class FactSource(ModelCard, Protocol):
    """Anything that can compute a fact from other facts: here, a model."""

    def score(self, inputs: Mapping[str, Value]) -> Score: ...

    def score_many(self, many: Sequence[Mapping[str, Value]]) -> list[Score | OrdainError]:
        """What `score` gives, or raises, for each."""
        ...


@made_often(frozen=True, slots=True)
class FellBack:
    """That a fact is its fallback: the `model` failed, and `why` in a word or two. `inputs` are what the rule read."""

    model: str
    why: str
    inputs: Mapping[str, Value]


FALLBACK = "fallback of "
"""How the source of a fact begins that is its fallback: `fallback of churn: unreadable`."""


@made_often(frozen=True, slots=True)
class Facts:
    """The gathered facts: `values` is what the policies read, `sources` says where each came from.

    `scores` and `fallbacks` are by the name of the fact that they became; `inputs_from` says where an input of a model
    came from, unless it was the request.
    """

    values: dict[str, Value]
    sources: dict[str, str]
    scores: dict[str, tuple[FactSource, Score]] = field(default_factory=dict)
    fallbacks: dict[str, FellBack] = field(default_factory=dict)
    inputs_from: dict[str, str] = field(default_factory=dict)
