"""What a table gives for each hit policy, nulls and missing facts included; random tables against a plain reading."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from feel_cases import AT
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_cases import FILE, HEAD, vocabulary

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.errors import CustomerDataIncomplete, NoRuleApplies, OrdainError, RulesDisagree
from ordain.engine.examples.run import fired_rules
from ordain.engine.policy.load import load_policy
from ordain.engine.values.types import Value

FACTS = """\
facts:
  risk: {type: number, meaning: r}
  tier: {type: text, values: [high, medium, low], meaning: t}
  maybe: {type: number, optional: true, meaning: m}
"""
OVERLAPPING = """\
    rules:
      - {id: some, when: {risk: "> 0.2"}, then: low}
      - {id: more, when: {risk: "> 0.5"}, then: high}
      - {id: most, when: {risk: "> 0.8"}, then: medium}
"""


def decide(table: str, **facts: Value) -> tuple[Value, list[str]]:
    """The value of the table `found` and the rules that fired, in order. Raises DecisionError."""
    head = HEAD.format(kind="decision").encode()
    read = [f"{fact}: {value}" for fact, value in (("risk", 1), ("tier", "high")) if fact in table]
    example = f"examples:\n  - given: {{{', '.join(read)}}}\n    refused: NotTried\n"
    body = f"decides:\n  found:\n{table}{example}"
    policy = load_policy(head + body.encode(), FILE, vocabulary(FACTS))
    values: dict[str, Value] = {"risk": Decimal(0), "tier": "low", "maybe": None, **facts}
    steps: list[Any] = []
    compile_policy(policy).run(values, AT, steps)
    return values["found"], [steps[0][0].rules[number].id for number in steps[0][2]]


def simple(hit_policy: str, more: str = "", gives: str = "{type: text, values: [high, medium, low]}") -> str:
    return f"    gives: {gives}\n    hit policy: {hit_policy}\n{more}{OVERLAPPING}"


def numbers(more: str) -> str:
    """The same table with numbers for outputs, collected."""
    table = simple("collect", more, "number")
    return table.replace("then: low", "then: 3").replace("then: high", "then: 1").replace("then: medium", "then: 2")


RISK = Decimal("0.9")


@pytest.mark.parametrize(
    ("hit_policy", "value", "fired"),
    [
        ("first", "low", ["some"]),
        ("priority", "high", ["more"]),
        ("collect", ("low", "high", "medium"), ["some", "more", "most"]),
        ("rule order", ("low", "high", "medium"), ["some", "more", "most"]),
        ("output order", ("high", "medium", "low"), ["more", "most", "some"]),
    ],
)
def test_of_overlapping_rules_those_count_that_the_hit_policy_says(
    hit_policy: str, value: Value, fired: list[str]
) -> None:
    assert decide(simple(hit_policy), risk=RISK) == (value, fired)


def test_unique_names_all_rules_that_overlap() -> None:
    with pytest.raises(RulesDisagree, match="`some` and `more` of `found` apply at once") as caught:
        decide(simple("unique"), risk=Decimal("0.6"))
    issue = caught.value.issues[0]
    assert issue.hint == "narrow one of them, or choose another hit policy"
    assert issue.span is not None
    assert issue.span.text == "more"


def test_unique_is_what_a_table_has_that_names_no_hit_policy() -> None:
    with pytest.raises(RulesDisagree):
        decide(simple("unique").replace("    hit policy: unique\n", ""), risk=RISK)


def test_any_takes_equal_outputs_and_refuses_different_ones() -> None:
    equal = simple("any").replace("then: high", "then: low")
    assert decide(equal, risk=Decimal("0.6")) == ("low", ["some", "more"])
    with pytest.raises(
        RulesDisagree, match="`some` and `more` and `most` of `found` apply at once with different outputs"
    ):
        decide(equal, risk=RISK)


@pytest.mark.parametrize(("aggregation", "value"), [("sum", "6"), ("min", "1"), ("max", "3"), ("count", "3")])
def test_collect_aggregates_what_the_rules_give(aggregation: str, value: str) -> None:
    assert decide(numbers(f"    aggregation: {aggregation}\n"), risk=RISK) == (Decimal(value), ["some", "more", "most"])


@pytest.mark.parametrize("hit_policy", ["unique", "first", "priority", "any"])
def test_a_table_without_a_rule_for_the_case_gives_no_outcome_or_its_otherwise(hit_policy: str) -> None:
    with pytest.raises(NoRuleApplies, match="no rule of `found` applies"):
        decide(simple(hit_policy))
    assert decide(simple(hit_policy, "    otherwise: medium\n")) == ("medium", [])


@pytest.mark.parametrize("hit_policy", ["collect", "rule order", "output order"])
def test_a_list_of_no_rule_is_empty_or_the_otherwise(hit_policy: str) -> None:
    assert decide(simple(hit_policy)) == ((), [])
    assert decide(simple(hit_policy, "    otherwise: medium\n")) == (("medium",), [])


@pytest.mark.parametrize(("aggregation", "value"), [("sum", Decimal(0)), ("count", Decimal(0))])
def test_the_sum_and_count_of_no_rule_is_nought(aggregation: str, value: Decimal) -> None:
    assert decide(numbers(f"    aggregation: {aggregation}\n")) == (value, [])


@pytest.mark.parametrize("aggregation", ["sum", "min", "max"])
def test_an_otherwise_stands_for_the_aggregate_of_no_rule(aggregation: str) -> None:
    assert decide(numbers(f"    aggregation: {aggregation}\n    otherwise: 7\n"))[0] == 7


def test_priority_orders_by_the_first_output_with_values_and_keeps_rule_order_among_equals() -> None:
    table = """\
    gives: {level: {type: text, values: [high, low]}, code: number}
    hit policy: output order
    rules:
      - {id: a, then: {level: low, code: 1}}
      - {id: b, then: {level: high, code: 2}}
      - {id: c, then: {level: low, code: 3}}
      - {id: d, then: {level: high, code: 4}}
"""
    value, fired = decide(table)
    assert [row["code"] for row in value] == [2, 4, 1, 3]
    assert fired == ["b", "d", "a", "c"]


NULLS = """\
    gives: number
    hit policy: first
    rules:
      - {id: large, when: {maybe: "> 5"}, then: 1}
      - {id: none, when: {maybe: null}, then: 2}
      - {id: small, when: {maybe: "<= 5"}, then: 3}
"""


def test_a_table_that_asks_for_null_decides_a_missing_optional_fact() -> None:
    assert decide(NULLS)[1] == ["none"]
    assert decide(NULLS, maybe=Decimal(6))[1] == ["large"]
    assert decide(NULLS, maybe=Decimal(5))[1] == ["small"]


def test_a_missing_optional_fact_that_no_rule_asks_null_of_is_an_error_naming_fact_and_rule() -> None:
    with pytest.raises(CustomerDataIncomplete) as caught:
        decide(NULLS.replace("      - {id: none, when: {maybe: null}, then: 2}\n", ""))
    issue = caught.value.issues[0]
    assert issue.message == "rule `large` needs `maybe`, which is missing"
    assert issue.hint == "send it, or add a rule for a missing `maybe`"
    assert issue.fact == "maybe"
    assert issue.span is not None
    assert (issue.span.line, issue.span.text) == (12, "large")


def test_a_rule_whose_other_cells_already_fail_does_not_need_the_missing_fact() -> None:
    table = """\
    gives: number
    hit policy: first
    rules:
      - {id: a, when: {risk: "> 0.5", maybe: "> 5"}, then: 1}
      - {id: b, then: 2}
"""
    assert decide(table)[1] == ["b"]


@pytest.mark.parametrize("hit_policy", ["first", "unique", "collect"])
def test_a_table_of_3000_rules_compiles_and_decides(hit_policy: str) -> None:
    rules = "".join(f'      - {{id: r{n}, when: {{risk: "[{n}..{n + 1})"}}, then: {n}}}\n' for n in range(3000))
    value, fired = decide(
        f"    gives: number\n    hit policy: {hit_policy}\n    rules:\n{rules}", risk=Decimal("2999.5")
    )
    assert fired == ["r2999"]
    assert value in (2999, (2999,))


VALUES = ["high", "medium", "low"]
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["-", "< 3", ">= 3", "[2..4]", "]2..4[", "not(3)", "1, 5", "(0..5]"]),
        st.sampled_from(["-", *VALUES, "high, low", "not(medium)"]),
        st.sampled_from(VALUES),
    ),
    min_size=1,
    max_size=6,
)


def matches(risk: Decimal, tier: str, row: tuple[str, str, str]) -> bool:
    number = {
        "-": True,
        "< 3": risk < 3,
        ">= 3": risk >= 3,
        "[2..4]": 2 <= risk <= 4,
        "]2..4[": 2 < risk < 4,
        "not(3)": risk != 3,
        "1, 5": risk in (1, 5),
        "(0..5]": 0 < risk <= 5,
    }[row[0]]
    text = {"-": True, "high, low": tier != "medium", "not(medium)": tier != "medium"}.get(row[1], tier == row[1])
    return number and text


def plainly(hit_policy: str, rows: list[tuple[str, str, str]], risk: Decimal, tier: str) -> object:
    """DMN 1.5, section 8.2.10, read by brute force; an error by its name."""
    hits = [number for number, row in enumerate(rows) if matches(risk, tier, row)]
    gives = [rows[number][2] for number in hits]
    ordered = sorted(hits, key=lambda number: VALUES.index(rows[number][2]))
    if hit_policy in ("collect", "rule order"):
        return tuple(gives), hits
    if hit_policy == "output order":
        return tuple(rows[number][2] for number in ordered), ordered
    if not hits:
        return "NoRuleApplies"
    if (hit_policy == "unique" and len(hits) > 1) or (hit_policy == "any" and len(set(gives)) > 1):
        return "RulesDisagree"
    chosen = {"first": hits[:1], "priority": ordered[:1]}.get(hit_policy, hits)
    return rows[chosen[0]][2], chosen


@given(
    st.sampled_from(["unique", "first", "priority", "any", "collect", "rule order", "output order"]),
    ROWS,
    st.sampled_from([Decimal(number) / 2 for number in range(12)]),
    st.sampled_from(VALUES),
)
@settings(max_examples=150, deadline=dt.timedelta(seconds=5))
def test_random_tables_decide_as_a_brute_force_reading_of_the_hit_policies(
    hit_policy: str, rows: list[tuple[str, str, str]], risk: Decimal, tier: str
) -> None:
    rules = "".join(
        f'      - {{id: r{n}, when: {{risk: "{row[0]}", tier: "{row[1]}"}}, then: {row[2]}}}\n'
        for n, row in enumerate(rows)
    )
    table = f"    gives: {{type: text, values: [high, medium, low]}}\n    hit policy: {hit_policy}\n    rules:\n{rules}"
    try:
        value, fired = decide(table, risk=risk, tier=tier)
        found: object = (value, [int(name[1:]) for name in fired])
    except OrdainError as error:
        found = error.code
    assert found == plainly(hit_policy, rows, risk, tier)


def test_the_rules_of_a_trace_are_named_once_each() -> None:
    policy = load_policy(
        (HEAD.format(kind="decision") + "decides:\n  found:\n" + simple("collect")).encode()
        + b"examples:\n  - given: {risk: 0.6}\n    expect: {fired: [some, more]}\n",
        FILE,
        vocabulary(FACTS),
    )
    steps: list[Any] = []
    compile_policy(policy).run({"risk": Decimal("0.6")}, AT, steps)
    assert fired_rules(steps) == {"some", "more"}


@pytest.mark.parametrize("risk", ["0", "0.5", "1", "1.5", "9", "9.5", "10", "12"])
@pytest.mark.parametrize("tier", ["high", "medium", "low"])
def test_a_table_that_is_looked_up_decides_as_rule_by_rule(risk: str, tier: str) -> None:
    """20 rules are looked up by the index, ten are tried one by one."""
    rules = [
        f'{{id: r{n}, when: {{risk: "({n}..{n + 1}]", tier: {"high" if n % 2 else "-"}}}, then: {n}}}'
        for n in range(10)
    ]
    head = "    gives: number\n    hit policy: first\n    rules:\n"
    last = "      - {id: none, then: -1}\n"
    few = head + "".join(f"      - {rule}\n" for rule in rules) + last
    many = (
        head
        + "".join(f"      - {rule}\n" for rule in [*rules, *(rule.replace("id: r", "id: s") for rule in rules)])
        + last
    )
    assert decide(few, risk=Decimal(risk), tier=tier) == decide(many, risk=Decimal(risk), tier=tier)
