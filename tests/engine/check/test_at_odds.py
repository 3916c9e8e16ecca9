"""Whether two rules can meet, on random conditions: as trying every case says, and each customer is decided again."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.check.across.customers import find, time_of, values_of
from ordain.engine.check.across.demands import demands
from ordain.engine.examples.run import fired_rules
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.model import Policy
from ordain.engine.step import Step
from ordain.engine.values.types import Value

VOCABULARY = load_vocabulary(
    b"""\
facts:
  amount: {type: number, range: 0..6, meaning: a}
  state: {type: text, values: [NY, CA, TX], meaning: s}
  member: {type: flag, meaning: m}
  since: {type: date, meaning: s}
""",
    "facts.yaml",
)
DAYS = [dt.date(2026, 1, day) for day in range(1, 11)]
AMOUNTS = [Decimal(half) / 2 for half in range(13)]
GRID: list[dict[str, Value]] = [
    {"amount": amount, "state": state, "member": member, "since": since}
    for amount, state, member, since in product(AMOUNTS, ("NY", "CA", "TX"), (True, False), DAYS[::2])
]
ORDER = st.sampled_from(("<", "<=", ">", ">=", "=", "!="))
ATOMS = st.one_of(
    st.builds("amount {} {}".format, ORDER, st.integers(1, 5)),
    st.builds("amount in [{}..{})".format, st.integers(1, 3), st.integers(4, 5)),
    st.builds('state {} "{}"'.format, st.sampled_from(("=", "!=")), st.sampled_from(("NY", "CA", "TX"))),
    st.builds('state in ("{}", "{}")'.format, st.sampled_from(("NY", "CA")), st.sampled_from(("CA", "TX"))),
    st.sampled_from(("member", "not(member)")),
    st.builds('since {} date("2026-01-0{}")'.format, st.sampled_from(("<", ">=")), st.sampled_from((3, 5, 7))),
)
CONDITIONS = st.one_of(
    st.lists(ATOMS, min_size=1, max_size=4).map(" and ".join),
    st.lists(ATOMS, min_size=2, max_size=3).map(" or ".join),
)


def policy(one: str, other: str) -> Policy:
    rules = "".join(
        f"  - {{id: {name}, status: in force, source: s, checked on: 2026-01-01, applies when: '{condition}',"
        " requires: {told: true}}\n"
        for name, condition in (("one", one), ("two", other))
    )
    head = "policy: law\nversion: 1\nkind: compliance\neffective: 2026-01-01\nowner: t\npurpose: t.\n"
    text = f"{head}rules:\n{rules}examples: [{{given: {{}}, expect: {{verdict: review}}}}]\n"
    return load_policy(text.encode(), "law/v1.yaml", VOCABULARY)


def both_fire(compiled: CompiledPolicy, customer: dict[str, Value], at: dt.datetime) -> bool:
    steps: list[Step] = []
    compiled.run({**dict.fromkeys(compiled.policy.reads), **customer}, at, steps)
    return fired_rules(steps) == {"one", "two"}


@settings(max_examples=60, deadline=None)
@given(CONDITIONS, CONDITIONS)
def test_two_rules_can_meet_exactly_where_some_case_of_a_grid_meets_both(one: str, other: str) -> None:
    law = policy(one, other)
    compiled = compile_policy(law)
    first, second = demands(law, VOCABULARY)
    answer = find((*(first.applies or ()), *(second.applies or ())), VOCABULARY, law.effective)
    at = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
    assert answer.exact
    assert (answer.customer is not None) == any(both_fire(compiled, case, at) for case in GRID)
    if answer.customer is not None:
        decided = values_of(answer.customer), time_of(answer.customer, law.effective)
        assert both_fire(compiled, *decided)
