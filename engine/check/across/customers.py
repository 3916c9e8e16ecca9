"""A customer for whom several conditions hold at once, found by trying the values at the borders of the conditions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

from ordain.engine.check.across.conjuncts import TODAY, Condition, Variable, type_of
from ordain.engine.errors import NotThatType
from ordain.engine.limits import LIMITS
from ordain.engine.policy.facts import Fact, Vocabulary
from ordain.engine.policy.model import Effective
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.types import Kind, Value


@dataclass(frozen=True, slots=True)
class Answer:
    """`customer` by variable, or None. `exact`: None means that there is none, not that none was found."""

    customer: Mapping[Variable, Value] | None
    exact: bool


def find(wanted: Sequence[Condition], vocabulary: Vocabulary, days: Effective) -> Answer:
    """A customer, on one of these days, for whom all conditions hold."""
    answer = _tried(wanted, vocabulary, days)
    plain = [condition for condition in wanted if condition.plain]
    if answer.customer is None and not answer.exact and plain:
        # Where some of the conditions can be tried in full and nobody meets even those, nobody meets all.
        return Answer(None, _tried(plain, vocabulary, days) == Answer(None, exact=True))
    return answer


def _tried(wanted: Sequence[Condition], vocabulary: Vocabulary, days: Effective) -> Answer:
    variables = sorted({variable for condition in wanted for variable in condition.variables})
    order = sorted(variables, key=lambda variable: _first_asked(variable, wanted))
    choices = {variable: _choices(variable, wanted, vocabulary, days) for variable in order}
    search = _Search(order, choices, wanted, days)
    customer = search.run(0)
    exact = all(condition.plain for condition in wanted) and search.left > 0
    return Answer(customer, exact)


def _first_asked(variable: Variable, wanted: Sequence[Condition]) -> tuple[int, int]:
    """Variables that stand alone in a condition come first: their conditions are decided soonest."""
    return min((len(each.variables), n) for n, each in enumerate(wanted) if variable in each.variables)


@dataclass(slots=True)
class _Search:
    order: Sequence[Variable]
    choices: Mapping[Variable, Sequence[Value]]
    wanted: Sequence[Condition]
    days: Effective
    left: int = LIMITS.search_conditions
    chosen: dict[Variable, Value] = field(default_factory=dict)

    def run(self, depth: int) -> Mapping[Variable, Value] | None:
        """The first assignment, in the order of the choices, that nothing speaks against."""
        if not self.holds_so_far(depth):
            return None
        if depth == len(self.order):
            return dict(self.chosen)
        variable = self.order[depth]
        for value in self.choices[variable]:
            if self.left <= 0:
                break
            self.chosen[variable] = value
            customer = self.run(depth + 1)
            if customer is not None:
                return customer
        self.chosen.pop(variable, None)
        return None

    def holds_so_far(self, depth: int) -> bool:
        newest = self.order[depth - 1] if depth else None
        assigned = set(self.order[:depth])
        values, at = values_of(self.chosen), time_of(self.chosen, self.days)
        for condition in self.wanted:
            ready = condition.variables <= assigned and (newest in condition.variables or not condition.variables)
            if not ready:
                continue
            self.left -= 1
            if not condition.holds(values, at):
                return False
        return True


def values_of(chosen: Mapping[Variable, Value]) -> dict[str, Value]:
    """Values by fact name, contexts put together of their fields."""
    values: dict[str, Value] = {}
    for (name, part), value in chosen.items():
        if not name:
            continue
        values[name] = {**values.get(name, {}), part: value} if part else value
    return values


def time_of(chosen: Mapping[Variable, Value], days: Effective) -> dt.datetime:
    """Noon UTC of the chosen day; of the first day when none is chosen."""
    return dt.datetime.combine(chosen.get(TODAY, _first(days)), dt.time(12), dt.UTC)


def _first(days: Effective) -> dt.date:
    return days.start if days.start > dt.date.min else dt.date(2026, 1, 1)


def _choices(variable: Variable, wanted: Iterable[Condition], vocabulary: Vocabulary, days: Effective) -> list[Value]:
    """The values to try: those written beside the variable, one in each stretch between them, and natural ones."""
    of = type_of(variable, vocabulary)
    near = [value for each in wanted if variable in each.variables for value in each.values]
    fact = vocabulary[variable[0]] if variable[0] and not variable[1] else None
    match of.kind:
        case Kind.FLAG:
            values: list[Value] = [True, False]
        case Kind.NUMBER:
            values = _numbers([value for value in near if isinstance(value, Decimal)], fact)
        case Kind.DATE:
            values = _dates(near, days)
        case Kind.TEXT:
            written = [value for value in near if isinstance(value, str)]
            values = [text for text in of.values if text in written]
            values += [text for text in of.values if text not in written][:1] if of.values else [*written, "other"]
        case Kind.LIST:
            texts = [value for value in near if isinstance(value, str)][: LIMITS.search_texts]
            values = [(), *((text,) for text in dict.fromkeys(texts)), tuple(dict.fromkeys(texts))]
        case _:
            values = [value for value in near if not isinstance(value, str | bool | Decimal)]
    if variable == TODAY:
        values = [day for day in values if days.holds_on(day)]
    elif fact is not None:
        values = [value for value in values if _accepted(fact, value)]
    missing = [None] if of.optional or (fact is not None and fact.nullable) else []
    return [*_unique(values), *missing]


def _unique(values: Iterable[Value]) -> list[Value]:
    kept: list[Value] = []
    for value in values:
        if value not in kept:
            kept.append(value)
    return kept


def _accepted(fact: Fact, value: Value) -> bool:
    if fact.type.kind not in (Kind.NUMBER, Kind.TEXT):
        return True
    try:
        return bool(fact.accept(value) == value)
    except NotThatType:
        return False


def _numbers(written: Sequence[Decimal], fact: Fact | None) -> list[Value]:
    """The written numbers, just beside them within the fact's precision, and one in each stretch between."""
    limits = fact.limits if fact is not None else None
    ends = [end for end in (limits.low, limits.high) if end is not None] if limits is not None else []
    line = sorted({*written, *ends}) or [Decimal(0), Decimal(100), Decimal(1000)]
    scales = [-int(value.as_tuple().exponent) for value in written]
    scale = fact.precision if fact is not None and fact.precision is not None else max([0, *scales])
    step = Decimal(1).scaleb(-scale)
    middles = [NUMBERS.divide(NUMBERS.add(low, high), Decimal(2)) for low, high in pairwise(line)]
    beside = [side for value in line for side in (NUMBERS.subtract(value, step), NUMBERS.add(value, step))]
    return [*sorted(set(written)), *beside, *middles, *ends, *line]


def _dates(near: Sequence[Value], days: Effective) -> list[Value]:
    start = _first(days)
    written = sorted({value for value in near if type(value) is dt.date})
    counted = [int(value) for value in near if isinstance(value, Decimal) and abs(value) < 4000]
    moments = [start, *written]
    for low, high in pairwise(written):
        moments.append(low + (high - low) // 2)
    for day in written:
        moments.extend(_moved(day, move) for move in (-1, 1))
    for count in (*counted, 1, 400):
        moments.extend(_moved(start, move) for move in (count, -count))
    return [*moments]


def _moved(day: dt.date, by: int) -> dt.date:
    try:
        return day + dt.timedelta(days=by)
    except OverflowError:
        return day
