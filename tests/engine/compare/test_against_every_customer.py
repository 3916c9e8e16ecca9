"""Two random policies compared: the regions are exactly those of all customers for whom deciding differs."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from table_texts import VOCABULARY, policy

from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.check.tables.regions import Region
from ordain.engine.check.tables.samples import inside
from ordain.engine.compare.difference import DifferentRegion, Regions, differences
from ordain.engine.errors import CustomerDataIncomplete, DecisionError
from ordain.engine.values.types import Value

AT = dt.datetime(2026, 3, 15, 21, 30, tzinfo=dt.UTC)
HALVES = [Decimal(n) / 2 for n in range(1, 8)]
VALUES: dict[str, list[Value]] = {
    "risk": [Decimal(n) / 10 for n in (0, 1, 2, 3, 5, 7, 8, 9, 10)],
    "usage": HALVES,
    "tier": ["high", "medium", "low"],
    "segment": ["x", "y", "other"],
    "vip": [True, False],
    "day": [dt.date(2026, 1, 1) + dt.timedelta(days=n) for n in range(-1, 4)],
    "maybe": [*HALVES, None],
    "grade": ["a", "b", None],
}
"""All borders that cells name, what lies between them, and something beyond them."""
CELLS = {
    "risk": ["> 0.5", "<= 0.5", "[0.2..0.8]", "(0.2..0.3)", "0.5", "> 1", "not(0.5)", "< 0.2, > 0.8", "(0.8..1]"],
    "usage": ["> 2", "<= 2", "[1..3]", "2", "not(2)", "< 1, 3", "< 1, > 1", "(3..3]", "!= 2"],
    "tier": ["high", "low", "high, medium", "not(low)", "not(high, medium)", "medium, low"],
    "segment": ['"x"', '"x", "y"', 'not("x")', 'not("x", "y")'],
    "vip": ["true", "false"],
    "day": ['< date("2026-01-01")', '>= date("2026-01-03")', 'date("2026-01-02")'],
    "maybe": ["> 2", "<= 2", "null", "not(null)", "null, > 3", "[1..3]", "!= 2", "not(null, 2)"],
    "grade": ["a", "b", "null", "a, null", "not(a)", "not(null)"],
}
CONDITIONS = [
    "risk > 0.5",
    "vip",
    "not(vip)",
    "usage between 1 and 3",
    'tier in ("high", "low")',
    "2 < usage and vip",
    "usage > 2 or vip",
    "maybe != null and maybe > 2",
    "not(vip and risk > 0.5)",
]
HIT_POLICIES = ["unique", "first", "any", "priority", "collect", "rule order", "output order"]
GIVES = "{type: text, values: [high, medium, low]}"
LAST = ["risk", "vip"]
"""The facts that the table after the first one asks about, beside what that gives."""


@dataclass(frozen=True)
class Versions:
    old: str
    new: str

    @property
    def names(self) -> list[str]:
        return [name for name in VALUES if re.search(rf"\b{name}\b", self.old + self.new)]


def table(name: str, hit_policy: str, rules: list[str], otherwise: str) -> str:
    lines = "".join(f"      - {rule}\n" for rule in rules)
    last = f"    otherwise: {otherwise}\n" if otherwise and hit_policy not in HIT_POLICIES[4:] else ""
    return f"  {name}:\n    gives: {GIVES}\n    hit policy: {hit_policy}\n    rules:\n{lines}{last}"


@st.composite
def rules(draw: st.DrawFn, columns: list[str], cells: Mapping[str, list[str]], conditions: list[str]) -> list[str]:
    made = []
    for number in range(draw(st.integers(1, 4))):
        asked = {name: cell for name in columns if (cell := draw(st.none() | st.sampled_from(cells[name])))}
        when = ", ".join(f"{name}: '{cell}'" for name, cell in asked.items())
        condition = draw(st.sampled_from(["", "", *conditions]))
        test = f", if: '{condition}'" if condition else ""
        gives = draw(st.sampled_from(["high", "medium", "low"]))
        made.append(f"{{id: r{number}, when: {{{when}}}{test}, then: {gives}}}")
    return made


@st.composite
def versions(draw: st.DrawFn) -> Versions:
    columns = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=3, unique=True))
    conditions = [draw(st.sampled_from(CONDITIONS))]
    hit_policy = draw(st.sampled_from(HIT_POLICIES))
    chained = hit_policy in HIT_POLICIES[:4] and draw(st.booleans())
    texts = []
    first = draw(rules(columns, CELLS, conditions))
    for number in range(2):
        some = first
        if number:
            # The other version keeps some rules, has others, and perhaps another hit policy of the same kind.
            some = [rule for rule in first if draw(st.booleans())] + draw(rules(columns, CELLS, conditions))
            order = enumerate(draw(st.permutations(some)))
            some = [re.sub(r"id: r\d+", f"id: r{place}", rule) for place, rule in order]
            if hit_policy in HIT_POLICIES[:4]:
                hit_policy = draw(st.sampled_from(HIT_POLICIES[:4]))
        text = table("offer", hit_policy, some, draw(st.sampled_from(["", "low"])))
        if chained:
            cells = {**CELLS, "offer": ["high", "low", "not(low)"]}
            more = draw(rules(["offer", *LAST], cells, []))
            text += table("last", "first", more, "medium")
        texts.append(text)
    return Versions(*texts)


def customers(case: Versions) -> Iterator[dict[str, Value]]:
    for values in itertools.product(*(VALUES[name] for name in case.names)):
        yield dict(zip(case.names, values, strict=True))


def decided(compiled: CompiledPolicy, customer: Mapping[str, Value], names: tuple[str, ...]) -> object:
    values = dict(customer)
    try:
        compiled.run(values, AT, [])
    except (DecisionError, CustomerDataIncomplete) as error:
        return error.code
    return [values[name] for name in names]


def lies_in(regions: Regions, found: DifferentRegion, customer: Mapping[str, Value]) -> bool:
    return all(
        any(holds(region, number, customer[region.text]) for number in pieces)
        for region, pieces in zip(regions.space, found.box, strict=True)
    )


def holds(region: Region, number: int, value: Value) -> bool:
    piece = region.pieces[number]
    if piece.null or value is None:
        return piece.null and value is None
    return inside(value, piece.low, piece.high)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(versions())
def test_the_regions_are_exactly_the_customers_who_are_decided_otherwise(case: Versions) -> None:
    old, new = compile_policy(policy(case.old)), compile_policy(policy(case.new))
    compared = differences(old, new, VOCABULARY)
    assert compared.uncovered == ()
    regions = compared.regions
    assert regions is not None
    assert all(found.customer is not None for found in regions.found)
    assert regions.count == len(regions.found)
    for customer in customers(case):
        inside_of = [found for found in regions.found if lies_in(regions, found, customer)]
        before, after = (decided(compiled, customer, compared.names) for compiled in (old, new))
        assert len(inside_of) == (before != after), customer
        for found in inside_of:
            for each in found.difference:
                for result, value in ((each.old, before), (each.new, after)):
                    if result.refused:
                        assert value == result.refused
                    elif isinstance(value, list):
                        assert result.value == value[compared.names.index(each.output)]
