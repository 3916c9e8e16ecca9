"""The smallest change of a customer's facts after which something else is decided: found by the solver, decided again.

The fewest facts first: one, and where no one fact does it, two. Of all changes of so many facts the nearest counts: a
number by the share of itself by which it changes (a share or probability by how far it moves), a day by the year,
anything else by 1; what was missing is further away than anything that was not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from time import monotonic
from typing import Any

import z3

from ordain.engine.backends.smt.interruptible import checked
from ordain.engine.backends.smt.smt_policy import Decided, reader_of, world_of
from ordain.engine.backends.smt.terms import Term, Truth, as_bool, both, either, equal, opposite, real
from ordain.engine.backends.smt.text_codes import day_code, instant_code
from ordain.engine.backends.smt.unsupported import NotCoveredHere
from ordain.engine.backends.smt.world import NoValue, Variable, World
from ordain.engine.errors import OrdainError
from ordain.engine.evaluate import Outcome, Plan
from ordain.engine.limits import LIMITS
from ordain.engine.policy.facts import Facts, Vocabulary
from ordain.engine.policy.model import Verdict
from ordain.engine.prove.confirming import may_be_sent
from ordain.engine.prove.service_terms import decide_service
from ordain.engine.values.types import Kind, Value, plain
from ordain.engine.values.zones import SECOND, offset_of

Json = dict[str, Any]
_SHARES = ("probability", "fraction")


@dataclass(frozen=True, slots=True)
class _Found:
    """`far` is how far the change is, `values` the changed facts."""

    far: Decimal
    values: Mapping[str, Value]
    outcome: Outcome


@dataclass
class NearestChange:
    """Looks for the change. `fixed` are facts that are not changed; neither are protected ones, those that a policy
    gives, and those that are `fixed` in facts.yaml."""

    plan: Plan
    vocabulary: Vocabulary
    facts: Facts
    at: dt.datetime
    fixed: Collection[str] = ()
    seconds: float = LIMITS.change_seconds

    def __post_init__(self) -> None:
        self.before = self.plan.evaluate(self.facts, self.at)
        self.exact = True
        self._until = monotonic() + self.seconds

    def told(self) -> Json:
        """`{"changes": [{"fact", "was", "instead"}], "verdict", "outcome", "exact"}`, without changes where there is
        none of one or two facts; or `{"not_covered"}` with the reason. `exact`: no smaller change was left out."""
        try:
            found = self._smallest()
        except NotCoveredHere as error:
            return {"not_covered": f"{error.span.file}, {error.told}"}
        if found is None:
            return {"changes": [], "exact": self.exact}
        was = self.facts.values
        changes = [
            {"fact": name, "was": plain(was.get(name)), "instead": plain(value)} for name, value in found.values.items()
        ]
        verdict = None if found.outcome.verdict is None else str(found.outcome.verdict)
        return {"changes": changes, "verdict": verdict, "outcome": found.outcome.given(), "exact": self.exact}

    def _smallest(self) -> _Found | None:
        world, goal, variables = self._question()
        free = [name for name in variables if self._may_change(name)]
        pins = {name: world.pinned(each.sym, self.facts.values.get(name)) for name, each in variables.items()}
        if unpinned := [name for name, pin in pins.items() if pin is None]:
            fact = self.vocabulary[unpinned[0]]
            raise NotCoveredHere(f"this value of `{fact.name}`", fact.span or self.plan.service.span)
        always = [as_bool(each) for each in (*world.always, goal)]
        for count in range(1, LIMITS.changed_facts + 1):
            found = [each for names in combinations(free, count) for each in self._of(names, world, always, pins)]
            if found:
                return min(found, key=lambda each: each.far)
        return None

    def _of(
        self, names: tuple[str, ...], world: World, always: list[Term], pins: Mapping[str, Truth]
    ) -> Iterator[_Found]:
        """The nearest change of exactly these facts, if there is one."""
        left = self._until - monotonic()
        if left <= 0:
            self.exact = False
            return
        solver = z3.Optimize()
        solver.add(*always)
        solver.add(*(as_bool(pin) for name, pin in pins.items() if name not in names))
        variables = {name: world.variables[name, ""] for name in names}
        far: list[Term] = []
        for name, variable in variables.items():
            # Another value, not none: that somebody does not tell a fact is no change of it.
            solver.add(as_bool(opposite(pins[name])), as_bool(opposite(variable.sym.null)))
            far.append(_distance(variable, self.facts.values.get(name), solver))
        solver.minimize(z3.Sum(*far) if len(far) > 1 else far[0])
        answer = checked(solver, min(left, LIMITS.change_step))
        if answer == z3.unknown:
            self.exact = False
        if answer != z3.sat:
            return
        model = solver.model()
        try:
            values = {name: world.value(model, each.sym, each.fact.type) for name, each in variables.items()}
            size = sum((_size(model.eval(each, model_completion=True)) for each in far), Decimal(0))
        except NoValue:
            self.exact = False
            return
        outcome = self._confirmed(values)
        if outcome is None:
            self.exact = False
        else:
            yield _Found(size, values, outcome)

    def _question(self) -> tuple[World, Truth, dict[str, Variable]]:
        """All customers on this day of whom something better, or something else, is decided."""
        texts = [each for value in self.facts.values.values() for each in _texts(value)]
        words = [*texts, *(str(verdict) for verdict in Verdict)]
        world = world_of([compiled.plan for compiled in self.plan.policies], self.vocabulary, values=words)
        decided = decide_service(self.plan, self.vocabulary, world)
        world.always.append(
            both(
                world.today == day_code(self.at.date()),
                world.now == instant_code(self.at),
                world.here == _here(self.at),
            )
        )
        for name in world.zones:
            zone = self.facts.values.get(name)
            if zone is not None:
                shown = self.at.astimezone(dt.UTC) + offset_of(zone, self.at)
                world.always.append(world.clock_is(zone, self.at, instant_code(shown)))
        goal = both(decided.has_outcome, self._otherwise(world, decided))
        return world, goal, {name: each for (name, _), each in world.variables.items()}

    def _otherwise(self, world: World, decided: Decided) -> Truth:
        verdict = self.before.verdict
        if verdict is not None:
            term = decided.sym("verdict").term
            is_better = list(Verdict)[list(Verdict).index(verdict) + 1 :]
            if is_better:
                return either(*(term == world.codes.code(str(each)) for each in is_better))
        same_verdict: Truth = True
        if verdict is not None:
            same_verdict = decided.sym("verdict").term == world.codes.code(str(verdict))
        reader = reader_of(world)
        parts: list[Truth] = []
        for name in self.plan.service.gives:
            if name == "verdict":
                continue
            same = equal(decided.sym(name), reader.literal(self.before.values[name], self.plan.service.span))
            if same is None:
                raise NotCoveredHere(f"`{name}`, which is a list", self.plan.service.span)
            parts.append(opposite(same))
        return both(same_verdict, either(*parts))

    def _may_change(self, name: str) -> bool:
        fact = self.vocabulary[name]
        return not (fact.protected or fact.given_by or fact.derived or fact.fixed or name in self.fixed)

    def _confirmed(self, values: Mapping[str, Value]) -> Outcome | None:
        """What is decided with a change, if that may be sent and is what was asked for."""
        if not may_be_sent(self.vocabulary, values):
            return None
        try:
            changed = Facts({**self.facts.values, **values}, self.facts.sources)
            after = self.plan.evaluate(changed, self.at)
        except OrdainError:
            return None
        if self.before.verdict in (Verdict.DENY, Verdict.REVIEW):
            order = list(Verdict)
            return after if after.verdict and order.index(after.verdict) > order.index(self.before.verdict) else None
        return after if after.verdict == self.before.verdict and after.given() != self.before.given() else None


def _here(at: dt.datetime) -> int:
    """What the clock shows at a moment, in its own zone."""
    return instant_code(at.replace(tzinfo=dt.UTC))


def _distance(variable: Variable, was: Value, solver: Any) -> Term:
    """How far the fact is from what it was; a number without a precision keeps to two digits, or as many as it had."""
    sym, fact = variable.sym, variable.fact
    if was is None:
        return z3.RealVal(1000)
    if sym.kind in (Kind.DATE_TIME, Kind.DURATION):
        solver.add(sym.term % SECOND == 0)
    if sym.kind not in (Kind.NUMBER, Kind.DATE):
        return z3.RealVal(1)
    if sym.kind is Kind.DATE:
        days = z3.ToReal(sym.term - day_code(was)) / 365
        return z3.If(days < 0, -days, days)
    if fact.precision is None:
        exponent = was.as_tuple().exponent
        digits = max(2, -exponent if isinstance(exponent, int) else 0)
        solver.add(z3.IsInt(sym.term * real(10**digits)))
    size = Decimal(1) if fact.type.unit in _SHARES else max(abs(was), Decimal(1))
    moved = (sym.term - real(was)) / real(size)
    return z3.If(moved < 0, -moved, moved)


def _size(found: Any) -> Decimal:
    return Decimal(found.numerator_as_long()) / Decimal(found.denominator_as_long())


def _texts(value: Value) -> Iterator[str]:
    if type(value) is str:
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        yield from _texts(tuple(value.values()))
