"""Texts with `{...}`, and outputs that read others of their row: what they say, on record, in grids and once more."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from feel_cases import cases
from hypothesis import given
from hypothesis import strategies as st
from policy_cases import HEAD, catalog, loaded, vocabulary

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.errors import CustomerDataIncomplete, PolicyError, PricingConstraintViolation
from ordain.engine.gather import gather
from ordain.engine.policy.model import Policy, Table
from ordain.engine.policy.templates import without_braces
from ordain.engine.step import Step
from ordain.engine.tables.grid import grid_of
from ordain.engine.text.scalars import scalar
from ordain.engine.text.source import parse
from ordain.engine.values.types import Value, plain

AT = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
ALL: dict[str, Any] = cases("templates.yaml")
FACTS: str = ALL["facts"]
NOTHING = "examples:\n  - given: {GIVEN}\n    expect: {fired: [r]}\n"


def policy_of(gives: str, then: str) -> Policy:
    """A policy of one table with one rule, tried with an example of the facts that it reads."""
    text = HEAD.format(kind="decision") + (
        f"decides:\n  say:\n    gives: {gives}\n    hit policy: first\n    rules:\n"
        f"      - id: r\n        then: {then}\n"
    )
    every = {name: shown for name, shown in GIVEN.items() if f"{name}" in then}
    given = ", ".join(f"{name}: {shown}" for name, shown in every.items())
    return loaded(text + NOTHING.replace("GIVEN", given), FACTS)


def said(policy: Policy, **given: Value) -> Any:
    values = {name: VALUES[name] for name in policy.reads} | given
    compile_policy(policy).run(values, AT, [])
    return values["say"]


GIVEN = {
    name: "[gold, early]" if isinstance(raw, list) else str(raw).lower() if isinstance(raw, bool) else str(raw)
    for name, raw in ALL["given"].items()
}
VALUES = {
    name: vocabulary(FACTS)[name].accept(node.data())
    for name, node in parse(
        str("\n".join(f"{name}: {shown}" for name, shown in GIVEN.items())).encode(), "given"
    ).items()
}


@pytest.mark.parametrize("case", ALL["texts"], ids=lambda case: case["text"])
def test_a_text_says_values_as_a_person_reads_them(case: dict[str, str]) -> None:
    policy = policy_of("text", scalar(case["text"], words_only=True))
    assert said(policy) == case["says"]


@pytest.mark.parametrize("case", ALL["rows"], ids=lambda case: case["case"])
def test_an_output_reads_those_before_it(case: dict[str, Any]) -> None:
    policy = policy_of(case["gives"], case["then"])
    told = {name: value if isinstance(value, Decimal) else plain(value) for name, value in said(policy).items()}
    assert told == {name: str(want) if isinstance(want, dt.date) else want for name, want in case["outcome"].items()}
    assert [issue.message for issue in policy.warnings] == ([case["warning"]] if "warning" in case else [])


def test_a_grid_shows_what_is_written() -> None:
    policy = policy_of("{base: number, total: number, say: text}", '{base: 10, total: base * 2, say: "{{}} {total}"}')
    (table,) = policy.decisions
    assert isinstance(table, Table)
    assert [square.text for square in grid_of(table).rows[0]] == ["r", "10", "base * 2", "{{}} {total}"]


def test_a_missing_value_in_a_text_is_an_error_that_names_it() -> None:
    facts = "facts:\n  gone: {type: number, optional: true, meaning: may be missing}\n"
    text = HEAD.format(kind="decision") + (
        "decides:\n  say:\n    gives: text\n    rules: [{id: r, then: 'it is {gone}'}]\n"
        "examples:\n  - {given: {}, refused: CustomerDataIncomplete}\n"
    )
    with pytest.raises(CustomerDataIncomplete, match="rule `r` needs `gone`, which is missing"):
        compile_policy(loaded(text, facts)).run({"gone": None}, AT, [])


REASONS = (
    HEAD.format(kind="decision")
    + """\
decides:
  say:
    gives: {fee: {type: number, unit: INR}, note: text}
    hit policy: HIT
    rules:
      - {id: far, if: plain > 100, then: {fee: 1, note: x}, because: "never {plain}"}
      - {id: near, then: {fee: 5, note: y}, because: "{fee} for {name}, {gone}: {{note}} is {note}"}
  twice: {gives: {type: number, unit: INR}, formula: price * 2, because: "twice {price} is {twice}"}
examples:
  - given: {plain: 3, name: Asha, price: 10}
    expect: {twice: 20}
"""
)
GONE = FACTS + "  gone: {type: number, optional: true, meaning: may be missing}\n"


@pytest.mark.parametrize("hit", ["first", "unique", "collect", "rule order"])
def test_a_reason_says_what_its_rule_read_and_gave(hit: str) -> None:
    services = "services:\n  s: {purpose: A case., policies: [sample], gives: [say, twice]}\n"
    held = catalog({"sample/v1": REASONS.replace("HIT", hit)}, services, GONE)
    plan = held.pick("s", AT)
    facts = gather({"plain": 3, "name": "Asha", "price": 10}, plan.needs, held.vocabulary, {})
    assert [reason["because"] for reason in plan.evaluate(facts, AT).reasons()] == [
        "5.00 INR for Asha, not known: {note} is y",
        "twice 10.00 INR is 20.00 INR",
    ]


def test_of_many_rules_the_reason_of_the_one_that_fired_is_told() -> None:
    rules = "".join(
        f"      - {{id: r{n}, when: {{plain: '{n}'}}, then: {n}, because: 'it is {{plain}}, rule {n}'}}\n"
        for n in range(40)
    )
    text = "decides:\n  say:\n    gives: number\n    hit policy: first\n    rules:\n" + rules
    text += "examples:\n  - {given: {plain: 7}, expect: {say: 7}}\n"
    steps: list[Step] = []
    compile_policy(loaded(HEAD.format(kind="decision") + text, FACTS)).run({"plain": Decimal(30)}, AT, steps)
    assert [step.said for step in steps] == [((30, "it is 30, rule 30"),)]


def held(because: str) -> str:
    return HEAD.format(kind="decision") + (
        "decides:\n  double: {gives: number, formula: plain * 2}\n"
        f"must hold: [{{id: low, that: double < 9, because: {because}}}]\n"
        "examples:\n  - {given: {plain: 3, price: 1}, expect: {double: 6}}\n"
    )


def test_what_does_not_hold_is_told_with_its_values() -> None:
    policy = compile_policy(loaded(held("'{double} for {price} is more than {gone}: {{low}}'"), GONE))
    values = {"plain": Decimal("12.5"), "price": Decimal(1600), "gone": None}
    with pytest.raises(PricingConstraintViolation) as refused:
        policy.run(values, AT, [])
    assert refused.value.message == "`low` does not hold: 25 for 1600.00 INR is more than not known: {low}"
    policy.run({**values, "plain": Decimal(4)}, AT, [])


@pytest.mark.parametrize(
    ("because", "message"),
    [
        ("'it is {double'", "this `{` is never closed"),
        ("'it is {dubble}'", "unknown fact `dubble`"),
        ("'it is {double + 1}'", "a reason takes names, and `double + 1` is to be worked out"),
    ],
)
def test_a_must_hold_whose_reason_cannot_be_filled_does_not_load(because: str, message: str) -> None:
    with pytest.raises(PolicyError) as refused:
        loaded(held(because), FACTS)
    assert [issue.message for issue in refused.value.issues] == [message]


def test_braces_where_no_value_is_put_in_are_warned_of() -> None:
    text = HEAD.format(kind="compliance") + (
        "rules:\n  - {id: told, status: in force, source: a law, checked on: 2026-01-01, confidence: confirmed,\n"
        "     requires: {disclose: 'it is {plain}'}}\n"
        "examples:\n  - {given: {}, expect: {verdict: permit, fired: [told]}}\n"
    )
    assert [issue.message for issue in loaded(text, FACTS).warnings] == ["the braces are printed as they stand here"]


AMOUNT = policy_of("text", "'{price}|{plain}|{risk}'")


@given(
    st.decimals(min_value=0, max_value=10_000_000, places=4),
    st.decimals(min_value=-(10**9), max_value=10**9, places=3),
    st.decimals(min_value=0, max_value=1, places=4),
)
def test_no_number_is_changed_by_being_told(price: Decimal, number: Decimal, risk: Decimal) -> None:
    money, written, share = said(AMOUNT, price=price, plain=number, risk=risk).split("|")
    amount, currency = money.split()
    assert (Decimal(amount), currency) == (price, "INR")
    assert len(amount.partition(".")[2]) >= 2
    assert Decimal(written) == number
    assert Decimal(share.removesuffix(" %")) == 100 * risk
    assert not any(text.endswith("0") for text in (written, share.removesuffix(" %")) if "." in text)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1))
def test_doubled_braces_give_the_text_itself(text: str) -> None:
    if text[0] in '="':
        text = "x" + text
    written = scalar(without_braces(text), words_only=True)
    assert said(policy_of("text", written)) == text
