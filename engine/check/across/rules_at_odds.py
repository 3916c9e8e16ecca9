"""Two compliance rules of a service that can apply to one customer and demand opposite things."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, product

from ordain.engine.check.across.conjuncts import TODAY, Condition, Variable
from ordain.engine.check.across.customers import Answer, find
from ordain.engine.check.across.demands import Demand, clashing_obligations, demands, not_applying, opposed_bounds
from ordain.engine.check.across.held import Held, Parts
from ordain.engine.errors import Issue, Level
from ordain.engine.limits import LIMITS
from ordain.engine.policy.model import Effective
from ordain.engine.values.types import Value, plain

_CODE = "rules-at-odds"
_MOST_NAMED = LIMITS.named_values


def rules_at_odds(parts: Parts) -> Iterator[Issue]:
    """`rules-at-odds`, with a customer that meets both rules.

    Where the conditions are too rich to be tried in full and no such customer was found, a note says that there may be.

    Of several versions of one policy the newest that shows a finding is named.
    """
    told: set[tuple[frozenset[tuple[str, str]], str]] = set()
    read: dict[str, list[Demand]] = {}  # each policy stands in many pairs
    for one, other, days in _together(parts):
        for held in (one, other):
            if held.policy.label not in read:
                read[held.policy.label] = demands(held.policy, parts.vocabulary)
        mine, theirs = read[one.policy.label], read[other.policy.label]
        for first, second in combinations(mine, 2) if one is other else product(mine, theirs):
            pair = frozenset({(one.policy.name, first.rule.id), (other.policy.name, second.rule.id)})
            for what, message, level in _Pair(first, second, days, parts).findings():
                if (pair, what) in told:
                    continue
                told.add((pair, what))
                place = f" ({first.rule.span})"
                hint = (
                    f"keep the two from applying together, or make one rule of them; see also `{first.rule.id}`{place}"
                )
                yield Issue(message, hint, second.rule.span, code=_CODE, level=level)


def _together(parts: Parts) -> Iterator[tuple[Held, Held, Effective]]:
    """Versions of compliance policies that decide for one service on the same days, the newest first."""
    seen: set[tuple[str, str]] = set()
    for service in parts.services.values():
        law = [held for held in parts.of(service) if held.policy.kind == "compliance" and held.days is not None]
        law.sort(key=lambda held: held.policy.effective.start, reverse=True)
        pairs = [*((held, held) for held in law), *combinations(law, 2)]
        for one, other in pairs:
            labels = (one.policy.label, other.policy.label)
            days = _shared(one, other) if one is other or one.policy.name != other.policy.name else None
            if days is not None and labels not in seen and labels[::-1] not in seen:
                seen.add(labels)
                yield one, other, days


def _shared(one: Held, other: Held) -> Effective | None:
    if one.days is None or other.days is None:
        return None
    ends = [days.end for days in (one.days, other.days) if days.end is not None]
    shared = Effective(max(one.days.start, other.days.start), min(ends) if ends else None)
    return shared if shared.end is None or shared.start <= shared.end else None


Finding = tuple[str, str, Level]
"""What it is about, the message, and the level."""


class _Pair:
    """Two rules and the days on which both may apply."""

    def __init__(self, one: Demand, other: Demand, days: Effective, parts: Parts) -> None:
        self.one, self.other, self.days, self.vocabulary = one, other, days, parts.vocabulary
        self.names = f"`{one.rule.id}` and `{other.rule.id}`"

    def findings(self) -> Iterator[Finding]:
        clashes = list(clashing_obligations(self.one, self.other))
        mine, theirs = self.one.permitted, self.other.permitted
        either = bool(mine and theirs and _variables(mine) & _variables(theirs))
        refused = self.one.refuses != self.other.refuses
        if not (clashes or either or refused):
            return
        known = self.one.applies is not None and self.other.applies is not None
        meet = self.solve() if known else Answer(None, exact=False)
        for clash in clashes:
            level = clash.level
            demand = f"{self.names} ask for {clash.one} and for {clash.other}"
            yield from self.describe(clash.one, demand, level, meet)
        if meet.customer is None:
            return
        if either:
            yield from self.permits(meet)
        if refused:
            yield from self.refusal(meet)

    def solve(self, *more: Condition) -> Answer:
        conditions = (*(self.one.applies or ()), *(self.other.applies or ()), *more)
        return find(conditions, self.vocabulary, self.days)

    def describe(self, what: str, demand: str, level: Level, meet: Answer) -> Iterator[Finding]:
        if meet.customer is not None:
            yield what, f"{demand} of one customer: {customer(meet.customer)}", level
        elif not meet.exact:
            yield what, f"perhaps {demand} of one customer; their conditions are too complex to tell", Level.NOTE

    def permits(self, meet: Answer) -> Iterator[Finding]:
        """Both permit under a condition: whether some customer can never meet both."""
        mine, theirs = self.one.permitted or (), self.other.permitted or ()
        whats = [_text(demand) for demand in (self.one, self.other)]
        demand = f"{self.names} permit only {whats[0]} and only {whats[1]}, which cannot both hold"
        crossed = opposed_bounds(self.one, self.other, self.vocabulary)
        if crossed is not None:
            yield from self.describe("permits", demand, Level.WARNING, self.solve(crossed))
            return
        both = self.solve(*mine, *theirs)
        if both.customer is None and both.exact and self.solve(*mine).customer and self.solve(*theirs).customer:
            yield from self.describe("permits", demand, Level.WARNING, meet)

    def refusal(self, meet: Answer) -> Iterator[Finding]:
        """One denies all that the other applies to, so that what this permits or requires never matters.

        Where a denial takes only some of the other's cases nothing is said: the worst verdict is meant to count.
        """
        denies, asks = (self.one, self.other) if self.one.refuses else (self.other, self.one)
        if asks.permits is None and not asks.obligations:
            return
        escape = not_applying(denies, self.vocabulary)
        free = find((*(asks.applies or ()), escape), self.vocabulary, self.days) if escape is not None else None
        if free is None or (free.customer is None and free.exact):
            keys = ", ".join(f"`{key}`" for key in asks.obligations)
            what = f"permits {_text(asks)}" if asks.permits is not None else f"requires ({keys})"
            message = f"`{denies.rule.id}` denies every case to which `{asks.rule.id}` applies"
            never = f"so that what this {what} never counts; such a customer"
            yield "refusal", f"{message}, {never}: {customer(meet.customer or {})}", Level.WARNING


def _variables(conditions: tuple[Condition, ...]) -> frozenset[Variable]:
    return frozenset(variable for condition in conditions for variable in condition.variables)


def _text(demand: Demand) -> str:
    text = demand.permits.tree.span.text if demand.permits is not None else ""
    return f"when `{' '.join(text.split())}`" if text else "under a condition"


def customer(values: Mapping[Variable, Value]) -> str:
    """The values of a customer as people read them, most of them when there are many."""
    known = [
        f"{name}{'.' + part if part else ''} {_format_value(value)}" for (name, part), value in values.items() if name
    ]
    more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
    day = f", on {values[TODAY]}" if TODAY in values else ""
    return (", ".join(known[:_MOST_NAMED]) + more + day).removeprefix(", ") or "any"


def _format_value(value: Value) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_format_value, value))}]"
    return str(plain(value))
