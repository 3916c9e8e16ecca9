"""What analysis says of random tables is what deciding every customer of a grid says, nulls included."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from table_texts import VOCABULARY, table

from ordain.engine.backends.plan import PlannedTable
from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.check.tables import gaps as coverage
from ordain.engine.check.tables.box_search import Box, Budget
from ordain.engine.check.tables.domains import Domains
from ordain.engine.check.tables.in_words import yaml_text
from ordain.engine.check.tables.merging import mergeable
from ordain.engine.check.tables.outputs import row
from ordain.engine.check.tables.overlaps import overlaps
from ordain.engine.check.tables.regions import Region
from ordain.engine.check.tables.regions_of import Grid, grid_of
from ordain.engine.check.tables.samples import inside
from ordain.engine.errors import CustomerDataIncomplete, NoRuleApplies, RulesDisagree
from ordain.engine.policy.model import Policy
from ordain.engine.tables.index_column import bits
from ordain.engine.values.types import Value

AT = dt.datetime(2026, 3, 15, 21, 30, tzinfo=dt.UTC)
NUMBERS = [Decimal(n) / 2 for n in range(1, 8)]
VALUES: dict[str, list[Value]] = {
    "risk": [Decimal(n) / 10 for n in (0, 1, 2, 3, 5, 7, 8, 9, 10)],
    "usage": NUMBERS,
    "tier": ["high", "medium", "low"],
    "segment": ["x", "y", "other"],
    "vip": [True, False],
    "day": [dt.date(2026, 1, 1) + dt.timedelta(days=n) for n in range(-1, 4)],
    "maybe": [*NUMBERS, None],
    "grade": ["a", "b", None],
}
"""All borders that cells name, what lies between them, and something beyond them."""
CELLS = {
    "risk": ["> 0.5", "<= 0.5", "[0.2..0.8]", "(0.2..0.3)", "0.5", "> 1", "not(0.5)", "< 0.2, > 0.8", "(0.8..1]"],
    "usage": ["> 2", "<= 2", "[1..3]", "(1..3)", "2", "not(2)", "< 1, 3", "< 1, > 1", "(3..3]", "!= 2"],
    "tier": ["high", "low", "high, medium", "not(low)", "not(high, medium)", "medium, low"],
    "segment": ['"x"', '"y"', '"x", "y"', 'not("x")', 'not("x", "y")'],
    "vip": ["true", "false"],
    "day": [f'{sign} date("2026-01-0{n}")' for sign in ("<", ">=", ">") for n in (1, 3)]
    + ['(date("2026-01-01")..date("2026-01-02"))', 'date("2026-01-02")'],
    "maybe": ["> 2", "<= 2", "null", "not(null)", "null, > 3", "[1..3]", "!= 2", "not(null, 2)"],
    "grade": ["a", "b", "null", "a, null", "not(a)", "not(null)"],
}
CONDITIONS = ["risk > 0.5", "vip", "not(vip)", "usage between 1 and 3", 'tier in ("high", "low")', "2 < usage and vip"]
COMPUTED = ["usage > risk", "usage + 1 > 2", "maybe != null and maybe > usage"]


@dataclass(frozen=True)
class Case:
    columns: tuple[str, ...]
    names: tuple[str, ...]
    rules: tuple[str, ...]
    hit_policy: str
    exact: bool
    outputs: tuple[str, ...]

    @property
    def gives(self) -> str:
        return "{type: text, values: [high, medium, low]}"

    def policy(self, hit_policy: str) -> Policy:
        return table(hit_policy, self.rules, self.gives)


@st.composite
def cases(draw: st.DrawFn, hit_policies: tuple[str, ...], *, computed: bool) -> Case:
    columns = tuple(draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=3, unique=True)))
    names, rules, outputs = set(columns), [], []
    test_pool = ["", "", draw(st.sampled_from(CONDITIONS)), *([draw(st.sampled_from(COMPUTED))] if computed else [])]
    exact = True
    for number in range(draw(st.integers(1, 6) | st.integers(16, 18))):
        asked = {name: cell for name in columns if (cell := draw(st.none() | st.sampled_from(CELLS[name])))}
        when = ", ".join(f"{name}: '{cell}'" for name, cell in asked.items())
        condition = draw(st.sampled_from(test_pool))
        exact = exact and condition not in COMPUTED
        names |= {name for name in VALUES if name in condition}
        outputs.append(draw(st.sampled_from(["high", "medium", "low"])))
        test = f", if: '{condition}'" if condition else ""
        rules.append(f"{{id: r{number}, when: {{{when}}}{test}, then: {outputs[-1]}}}")
    used = tuple(name for name in columns if any(f"{name}: '" in rule for rule in rules))
    mentioned = {name for name in names if any(re.search(rf"\b{name}\b", rule) for rule in rules)}
    order = (*used, *sorted(mentioned - set(used)))
    return Case(used, order, tuple(rules), draw(st.sampled_from(hit_policies)), exact, tuple(outputs))


def customers(case: Case) -> Iterator[dict[str, Value]]:
    for values in itertools.product(*(VALUES[name] for name in case.names)):
        yield dict(zip(case.names, values, strict=True))


def decided(compiled: CompiledPolicy, customer: Mapping[str, Value]) -> Any:
    """The positions of the rules that fired, or the class of the error."""
    steps: list[Any] = []
    try:
        compiled.run(dict(customer), AT, steps)
    except (NoRuleApplies, RulesDisagree, CustomerDataIncomplete) as error:
        return type(error)
    return steps[0][2]


def analysed(case: Case, hit_policy: str) -> tuple[Grid, CompiledPolicy]:
    policy = case.policy(hit_policy)
    compiled = compile_policy(policy)
    decision = compiled.plan.decisions[0]
    assert isinstance(decision, PlannedTable)
    return grid_of(decision, Domains(policy, VOCABULARY)), compiled


def whole(grid: Grid, case: Case, pieces: tuple[int, ...]) -> dict[str, Value]:
    """A witness, with a value for every fact."""
    return {**{name: VALUES[name][0] for name in case.names}, **grid.witness(pieces)}


def lies_in(grid: Grid, box: Box, customer: Mapping[str, Value]) -> bool:
    return all(
        any(holds(region, number, customer[region.text]) for number in numbers)
        for region, numbers in zip(grid.regions, box, strict=True)
    )


def holds(region: Region, number: int, value: Value) -> bool:
    piece = region.pieces[number]
    if piece.null or value is None:
        return piece.null and value is None
    return inside(value, piece.low, piece.high)


def budget() -> Budget:
    return Budget(10**6)


QUICK = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUICK
@given(cases(("unique", "first", "any", "priority"), computed=False))
def test_gaps_are_exactly_the_customers_that_no_rule_takes(case: Case) -> None:
    grid, compiled = analysed(case, case.hit_policy)
    found = coverage.gaps(grid, budget())
    boxes = found.boxes
    assert found.count is not None
    for box in boxes:
        assert decided(compiled, whole(grid, case, grid.customer(box))) is NoRuleApplies
    if found.complete:
        for customer in customers(case):
            falls_through = decided(compiled, customer) is NoRuleApplies
            assert falls_through == any(lies_in(grid, box, customer) for box in boxes), customer


@QUICK
@given(cases(("unique", "any"), computed=False))
def test_overlaps_are_exactly_the_pairs_that_some_customer_hits(case: Case) -> None:
    grid, compiled = analysed(case, case.hit_policy)
    together = compile_policy(case.policy("collect"))
    rows = [row(rule.gives) for rule in grid.plan.rules]
    found, count = overlaps(grid, rows, most=1000)
    assert count == len(found)
    for overlap in found:
        customer = whole(grid, case, overlap.pieces)
        assert decided(compiled, customer) is RulesDisagree, customer
        assert {overlap.first, overlap.second} <= set(decided(together, customer))
    pairs = set()
    for customer in customers(case):
        fired = decided(together, customer)
        if fired is not CustomerDataIncomplete:
            pairs.update(itertools.combinations(fired, 2))
    if case.hit_policy == "any":
        pairs = {(a, b) for a, b in pairs if case.outputs[a] != case.outputs[b]}
    assert {(overlap.first, overlap.second) for overlap in found} == pairs


@QUICK
@given(cases(("first", "unique", "collect"), computed=False))
def test_dead_and_masked_rules_are_exactly_those_that_fire_for_nobody(case: Case) -> None:
    grid, compiled = analysed(case, case.hit_policy)
    together = compile_policy(case.policy("collect"))
    matching: set[int] = set()
    firing: set[int] = set()
    for customer in customers(case):
        fired, alone = decided(together, customer), decided(compiled, customer)
        matching.update(fired if isinstance(fired, tuple) else ())
        firing.update(alone if isinstance(alone, tuple) else ())
    dead = set(bits(grid.dead))
    masked = {found.rule for found in coverage.masked(grid, budget())}
    every = set(range(len(case.rules)))
    if case.hit_policy == "first":
        assert dead | masked == every - firing
        assert not dead & masked
    else:
        assert masked == set()
        assert dead == every - matching


@QUICK
@given(cases(("priority",), computed=False))
def test_rules_masked_by_a_higher_priority_are_exactly_those_that_never_come_out(case: Case) -> None:
    grid, compiled = analysed(case, case.hit_policy)
    firing: set[int] = set()
    for customer in customers(case):
        fired = decided(compiled, customer)
        firing.update(fired if isinstance(fired, tuple) else ())
    never = {found.rule for found in coverage.masked(grid, budget())} | set(bits(grid.dead))
    assert never.isdisjoint(firing)
    if not {"maybe", "grade"} & set(case.names):
        assert never == set(range(len(case.rules))) - firing


@QUICK
@given(cases(("unique", "first", "priority", "collect"), computed=False))
def test_a_missing_value_that_stops_the_decision_is_found(case: Case) -> None:
    grid, compiled = analysed(case, case.hit_policy)
    found = list(coverage.unasked(grid, budget()))
    for _, _, box in found:
        customer = whole(grid, case, grid.customer(box))
        assert decided(compiled, customer) is CustomerDataIncomplete, customer
    stops = any(decided(compiled, customer) is CustomerDataIncomplete for customer in customers(case))
    assert bool(found) == stops


@QUICK
@given(cases(("unique", "first", "any"), computed=True))
def test_with_rules_that_compute_nothing_is_said_that_does_not_hold(case: Case) -> None:
    grid, compiled = analysed(case, case.hit_policy)
    assert case.exact == (not grid.computed)
    for box in coverage.gaps(grid, budget()).boxes:
        assert decided(compiled, whole(grid, case, grid.customer(box))) is NoRuleApplies
    never = {found.rule for found in coverage.masked(grid, budget())} | set(bits(grid.dead))
    for customer in customers(case):
        fired = decided(compiled, customer)
        assert not isinstance(fired, tuple) or never.isdisjoint(fired)
    rows = [row(rule.gives) for rule in grid.plan.rules]
    for overlap in overlaps(grid, rows)[0]:
        outcome = decided(compiled, whole(grid, case, overlap.pieces))
        assert case.hit_policy == "first" or outcome is RulesDisagree
    for _, _, box in coverage.unasked(grid, budget()):
        customer = whole(grid, case, grid.customer(box))
        assert decided(compiled, customer) is CustomerDataIncomplete, customer


@QUICK
@given(cases(("unique", "first", "any", "priority", "collect", "rule order", "output order"), computed=True))
def test_rules_joined_into_one_decide_as_before(case: Case) -> None:
    grid, compiled = analysed(case, case.hit_policy)
    rows = [row(rule.gives) for rule in grid.plan.rules]
    for found in mergeable(grid, rows):
        column, first = grid.table.columns[found.column].text, found.rules[0]
        test = "" if found.cell == "-" else f"{column}: {yaml_text(found.cell)}"
        joined = re.sub(rf"{column}: '[^']*'", test, case.rules[first], count=1)
        joined = joined.replace("{, ", "{").replace(", , ", ", ").replace(", }", "}")
        rules = [joined if n == first else rule for n, rule in enumerate(case.rules) if n not in found.rules[1:]]
        together = compile_policy(table(case.hit_policy, rules, case.gives))
        for customer in customers(case):
            before, after = value(compiled, customer), value(together, customer)
            if before is not CustomerDataIncomplete:
                assert before == after, (joined, customer)


def value(compiled: CompiledPolicy, customer: Mapping[str, Value]) -> Any:
    """What the table gives, or the class of the error."""
    steps: list[Any] = []
    try:
        compiled.run(dict(customer), AT, steps)
    except (NoRuleApplies, RulesDisagree, CustomerDataIncomplete) as error:
        return type(error)
    return steps[0][3]
