"""A customer in a region whom both versions, really decided, decide as it says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, product

from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.check.across.conjuncts import TODAY, Computed, Variable, value_of
from ordain.engine.check.tables.box_search import Box
from ordain.engine.check.tables.domains import Domains
from ordain.engine.check.tables.regions import Region
from ordain.engine.check.tables.samples import has_samples, inside, sample
from ordain.engine.compare.deciding import Difference, compared, decide
from ordain.engine.compare.dimensions import Space
from ordain.engine.compare.restated import Term
from ordain.engine.errors import NotThatType
from ordain.engine.examples.borders import Borders
from ordain.engine.examples.variables import AT
from ordain.engine.feel.syntax.tree import Name
from ordain.engine.limits import LIMITS
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.model import Policy
from ordain.engine.values.temporal import noon
from ordain.engine.values.types import Kind, Value

MOST_TRIED = LIMITS.compared_customers


@dataclass(frozen=True, slots=True)
class Customer:
    """Someone to decide about: the facts that the versions read, and when. `difference` is what came out otherwise."""

    facts: Mapping[str, Value]
    at: dt.datetime
    difference: Difference


@dataclass
class Pair:
    """Two versions of a policy as they are written, and the values that are worth trying for what they read."""

    old: CompiledPolicy
    new: CompiledPolicy
    vocabulary: Vocabulary
    names: tuple[str, ...]
    """The decisions that both give."""
    choices: dict[str, list[Value]] = field(init=False)
    times: list[dt.datetime] = field(init=False)

    def __post_init__(self) -> None:
        self.choices, self.times = {}, []
        start = max(each.policy.effective.start for each in (self.old, self.new))
        if start > dt.date.min:
            self.times.append(noon(start, self.new.policy.zone))
        for compiled in (self.new, self.old):
            values = Borders(compiled.plan, self.vocabulary).values
            self.times.extend(at for at in values[AT] if at not in self.times)
            for name in compiled.policy.reads:
                known = self.choices.setdefault(name, [])
                natural = _natural(name, compiled.policy, self.vocabulary)
                for value in (*values.get((name,), ()), *natural):
                    if value not in known and self._fits(name, value):
                        known.append(value)
        if not self.times:
            self.times.append(dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC))

    def _fits(self, name: str, value: Value) -> bool:
        fact = self.vocabulary[name]
        if value is None or fact.type.kind not in (Kind.NUMBER, Kind.TEXT):
            return True
        try:
            return bool(fact.accept(value) == value)
        except NotThatType:
            return False

    def difference(self, facts: Mapping[str, Value], at: dt.datetime) -> Difference:
        """What the versions decide otherwise for someone."""
        old, new = (decide(each, each.policy, self.vocabulary, facts, at) for each in (self.old, self.new))
        return compared(old, new, self.names, ({}, {}))

    def base(self) -> dict[str, Value]:
        """A value for every fact."""
        return {name: values[0] if values else None for name, values in self.choices.items()}


def _natural(name: str, policy: Policy, vocabulary: Vocabulary) -> Iterator[Value]:
    domain = Domains(policy, vocabulary).of(Name(policy.span, name), vocabulary[name].type)
    if domain.listed is not None:
        yield from (value for value in domain.listed[:1] if value is not None)
    elif domain.family is not None and has_samples(domain.family):
        yield sample(domain.family, domain.low, domain.high, domain.precision)
    if domain.nullable:
        yield None


@dataclass
class Finder:
    """Looks for customers in boxes of a space. `terms` are the computed parts that stand in it for facts."""

    pair: Pair
    space: Space
    terms: Mapping[str, tuple[Term, Policy]]
    computed: dict[str, Computed | None] = field(default_factory=dict)

    def find(self, box: Box, wanted: Difference) -> Customer | None:
        """A customer of the box for whom the versions differ as `wanted`; None when none of those tried is one."""
        asked = [
            (region, pieces)
            for region, pieces in zip(self.space.regions, box, strict=True)
            if region.text in self.terms and len(pieces) < len(region.pieces)
        ]
        choices = {name: list(values) for name, values in self.pair.choices.items()}
        for region, pieces in zip(self.space.regions, box, strict=True):
            if region.text in choices:
                choices[region.text] = _in_pieces(region, pieces, choices[region.text])
        free = self._free(asked, wanted)
        for facts, at in islice(self._customers(choices, free), MOST_TRIED):
            if not all(self._lies_in(region, pieces, facts, at) for region, pieces in asked):
                continue
            found = self.pair.difference(facts, at)
            if _as_wanted(found, wanted):
                return Customer(facts, at, found)
        return None

    def _free(self, asked: Sequence[tuple[Region, tuple[int, ...]]], wanted: Difference) -> list[str]:
        """The facts of which more than one value is tried first: those that computed parts read."""
        read: dict[str, None] = {}
        for region, _ in asked:
            term = self._compute(region.text)
            read.update(dict.fromkeys(_fact(variable) for variable in (term[0] if term else ())))
        if any(not each.sure for each in wanted) or not asked:
            read.update(dict.fromkeys([*self.pair.choices, ""]))
        return list(read)

    def _customers(
        self, choices: Mapping[str, list[Value]], free: Sequence[str]
    ) -> Iterator[tuple[dict[str, Value], dt.datetime]]:
        """The most natural customer first, then each value of one free fact, then of several."""
        base = {name: values[0] if values else None for name, values in choices.items()}
        at = self.pair.times[0]
        yield base, at
        lines = [(name, self.pair.times if name == "" else choices[name]) for name in free]
        for name, values in lines:
            for value in values[1:]:
                yield (base, value) if name == "" else ({**base, name: value}, at)
        for several in product(*(values for _, values in lines)):
            chosen = dict(zip(free, several, strict=True))
            when = chosen.pop("", at)
            yield {**base, **chosen}, when

    def _lies_in(self, region: Region, pieces: Sequence[int], facts: Mapping[str, Value], at: dt.datetime) -> bool:
        term = self._compute(region.text)
        if term is None:
            return False
        value = term[1](facts, at)
        if region.domain.listed == (True, False):
            value = value is True  # what cannot be calculated holds no more than what is false
        return any(_holds(region, number, value) for number in pieces)

    def _compute(self, text: str) -> Computed | None:
        if text not in self.computed:
            term, policy = self.terms[text]
            self.computed[text] = value_of(term.expression, policy, self.pair.vocabulary)
        return self.computed[text]


def _fact(variable: Variable) -> str:
    return "" if variable == TODAY else variable[0]


def _holds(region: Region, number: int, value: Value) -> bool:
    piece = region.pieces[number]
    if piece.null or value is None:
        return piece.null and value is None
    if region.domain.listed is not None:
        return bool(piece.sample == value)
    return inside(value, piece.low, piece.high)


def _in_pieces(region: Region, pieces: Sequence[int], tried: Sequence[Value]) -> list[Value]:
    """Values that lie in these pieces, the most natural first."""
    first = region.natural(pieces)
    samples = [region.pieces[number].sample for number in (first, *(each for each in pieces if each != first))]
    more = (value for value in tried if any(_holds(region, number, value) for number in pieces))
    return list(chain(samples, (value for value in more if value not in samples)))


def _as_wanted(found: Difference, wanted: Difference) -> bool:
    """Whether each output that is to differ does, and where its value is known has that value."""
    by_output = {each.output: each for each in found}
    for each in wanted:
        real = by_output.get(each.output)
        if real is None:
            return False
        for known, shown in ((each.old, real.old), (each.new, real.new)):
            if not known.text and (known.refused, known.value) != (shown.refused, shown.value):
                return False
    return bool(wanted)
