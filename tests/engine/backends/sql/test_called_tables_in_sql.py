"""Functions of a policy, tables among them, are written out in place of their calls, with the rules that fire."""

from __future__ import annotations

from decimal import Decimal

import pytest
from one_policy import AT, ROW, both, differs, formula, said, table
from policies_for_sql import FACTS, SERVICES
from sql_reading import by_python, in_duckdb

from ordain.engine.catalog import plan_of
from ordain.engine.errors import PolicyError
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.statements.statement import statement

FUNCTIONS = """\
functions:
  twice: 'function(a: number) a * 2'
  fee:
    takes: {a: {type: number, optional: true}, t: {type: text, values: [high, low]}}
    gives: {type: number, range: 0..100}
    hit policy: unique
    rules:
      - {id: none, when: {a: "null"}, then: 5, because: 'None for {t}, it is {a}.'}
      - {id: much, when: {a: "> 2"}, if: 'a > n - 100', then: twice(a), because: '{a} for {tier}'}
      - {id: less, when: {a: "<= 2"}, then: 2}
"""
TIERS = """\
functions:
  tiers:
    takes: {a: number}
    gives: {p: number, q: text}
    hit policy: rule order
    rules:
      - {id: r, when: {a: "> 1"}, then: {p: 1, q: x}}
      - {id: s, when: {a: "> 2"}, then: {p: 2, q: '= words'}, because: 'As {a}'}
"""


@pytest.mark.parametrize(
    ("text", "gives", "fired"),
    [
        ("fee(n, tier)", "number", ["fee/much"]),
        ("fee(maybe_n, tier)", "number", ["fee/none"]),
        ("fee(t: tier, a: 1)", "number", ["fee/less"]),
        ("twice(twice(n)) + fee(twice(n), tier)", "number", ["fee/much"]),
        ("if n > 3 and fee(n, tier) > 2 then 1 else fee(n + 1, tier)", "number", ["fee/much"]),
        ("if fee(1, tier) > 2 or f then fee(2, tier) else 3", "number", ["fee/less"]),
        ("n in (fee(1, tier), 2.5, fee(3, tier))", "flag", ["fee/less"]),
        ("sum(for i in [1, 2, 3] return fee(i, tier))", "number", ["fee/less", "fee/less", "fee/much"]),
        ("some i in [2, 3, 4] satisfies fee(i, tier) > 2", "flag", ["fee/less", "fee/much"]),
        ("every i in 1..4 satisfies f or fee(i, tier) > 2", "flag", ["fee/less"]),
        ("count([1, 3][fee(item, tier) > 2])", "number", ["fee/less", "fee/much"]),
    ],
)
def test_a_call_gives_what_it_gives_in_python_and_tells_of_the_rules_that_fired(
    text: str, gives: str, fired: list[str], postgresql: str
) -> None:
    for url in ("", postgresql):
        python, sql = both(formula(text, gives), before=FUNCTIONS, url=url)
        assert python == sql
        assert list(sql.fired) == [f"sample@1/{rule}" for rule in fired]


@pytest.mark.parametrize("text", ["fee(50 * n, tier)", "fee(n, maybe_t)", "fee(n, words)", "twice(maybe_n)"])
def test_what_does_not_fit_is_an_error_of_the_row(text: str) -> None:
    python, sql = both(formula(text), before=FUNCTIONS)
    assert python == sql
    assert sql.error in ("CalculationFailed", "CustomerDataIncomplete")


@pytest.mark.parametrize(
    ("text", "gives"), [("sum(tiers(n).p)", "number"), ("tiers(n)[1].q", "text"), ("tiers(1)[1].q", "text")]
)
def test_a_called_table_may_give_a_list_of_contexts(text: str, gives: str) -> None:
    assert differs(formula(text, gives), before=TIERS) == []


def test_rules_of_a_table_may_call_and_only_those_that_are_tried_do() -> None:
    decides = table(
        "first",
        "{id: a, when: {f: 'true'}, if: 'fee(1, tier) > 0', then: 1}",
        "{id: b, when: {f: 'false'}, if: 'fee(n, tier) > 90', then: 2}",
        "{id: c, when: {}, then: 'fee(maybe_n, tier)', because: 'It is {x}, {price}.'}".replace("{x}, ", ""),
        "{id: d, when: {}, if: 'fee(2, tier) > 0', then: 4}",
    )
    python, sql = both(decides, before=FUNCTIONS)
    assert python == sql
    assert sql.fired == ("sample@1/fee/much", "sample@1/fee/none", "sample@1/x/c")


def test_the_others_of_a_rule_decide_whether_its_call_comes_to_pass() -> None:
    decides = table(
        "collect", "{id: a, when: {n: '> 2'}, if: 'whole > 2 and fee(whole, tier) > 5', then: a}", gives="text"
    )
    for whole in (2, 3):
        python, sql = both(decides, before=FUNCTIONS, row={**ROW, "whole": Decimal(whole)})
        assert python == sql
        assert len(sql.fired) == (2 if whole == 3 else 0)


LAW = """\
policy: sample
version: 1
kind: compliance
effective: 2026-01-01
owner: tests
purpose: A case.
notice: Example.
functions:
  dear:
    takes: {a: number}
    gives: flag
    hit policy: first
    rules:
      - {id: is-dear, when: {a: "> 2"}, then: 'true', because: 'It is {a}.'}
    otherwise: 'false'
rules:
  - id: r
    status: in force
    source: s
    checked on: 2026-01-01
    confidence: confirmed
    applies when: CONDITION
    permits when: f
    because: Dear at {n}.
examples:
  - given: {}
    expect: {verdict: review}
"""


def test_where_a_missing_fact_is_a_review_the_rules_of_a_call_are_not_told() -> None:
    text = LAW.replace("CONDITION", "maybe_f and dear(n)").encode()
    plan = plan_of("act", FACTS, SERVICES % b"verdict", [("sample@1", text)])
    with pytest.raises(PolicyError, match=r"`dear` of `sample@1` .* whether it is called") as refused:
        statement(plan, AT, keep=["row"])
    assert "--plain" in refused.value.issues[0].hint
    rows = [ROW, {**ROW, "maybe_f": True}, {**ROW, "maybe_f": True, "f": True}, {**ROW, "n": None}]
    plain = statement(plan, AT, keep=["row"], explained=False)
    for row, found in zip(rows, in_duckdb(plain, rows), strict=True):
        one = by_python(plan, load_vocabulary(FACTS, "facts.yaml"), row, AT, plain)
        assert (one.verdict, one.status) == (found.verdict, found.status)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("every i in [1], j in [fee(i, tier)] satisfies j > 1", "the list of a second variable"),
        ("some f in [function(a: number) a + n] satisfies f(1) > 1", "functions are no values in SQL"),
    ],
)
def test_other_calls_are_refused_with_their_place(text: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words) as refused:
        said(formula(text, "flag"), before=FUNCTIONS)
    assert refused.value.issues[0].span is not None


def test_a_statement_has_so_many_calls_at_the_most() -> None:
    calls = "functions:\n  f0: 'function(a: number) a + n'\n"
    calls += "".join(f"  f{n}: 'function(a: number) f{n - 1}(a) + f{n - 1}(a - 1)'\n" for n in range(1, 14))
    with pytest.raises(PolicyError, match="2,000 of them at the most"):
        said(formula("f13(n)"), before=calls)
