"""The digits that a number is said to have at most are never fewer than those it comes to have."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordain.engine.backends.digits import Digits, digits_of, numbers_of, of_fact
from ordain.engine.backends.plan import plan_policy
from ordain.engine.backends.python.expressions import function_of
from ordain.engine.catalog import load_catalog, read_texts
from ordain.engine.errors import Span
from ordain.engine.feel.runtime.calls import STRICT
from ordain.engine.feel.syntax import parse
from ordain.engine.feel.typing.checker import check
from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import NUMBER, Limits, kind_of

ROOT = Path(__file__).parents[3]
AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
HERE = Span("case", 1, 1)
FACTS = {
    "share": Fact("share", NUMBER, precision=4, limits=Limits(Decimal(0), Decimal(1))),
    "price": Fact("price", NUMBER, precision=2, limits=Limits(Decimal(-1000), Decimal("99999.99"))),
    "count": Fact("count", NUMBER, precision=0, limits=Limits(Decimal(0), Decimal(250))),
}
KNOWN = {name: of for name, fact in FACTS.items() if (of := of_fact(fact)) is not None}


def digits(text: str) -> Digits | None:
    checked = check(parse.expression(text, HERE, FACTS, set()), dict.fromkeys(FACTS, NUMBER))
    assert checked.issues == ()
    return digits_of(checked.tree, KNOWN)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("share", Digits(1, 4)),
        ("price", Digits(5, 2)),
        ("12.50", Digits(2, 2)),
        ("price * share", Digits(6, 6)),
        ("price + 0.125", Digits(6, 3)),
        ("price / 100", Digits(5, 4)),
        ("price / 8", Digits(5, 5)),
        ("price / 3", None),
        ("price / share", None),
        ("round half up(price * share, 2)", Digits(7, 2)),
        ("floor(price / 3)", Digits(None, 0)),
        ("decimal(price, -2)", Digits(6, 0)),
        ("if count > 2 then share else 1000", Digits(4, 4)),
        ("min(price, share)", Digits(5, 4)),
        ("max([count, 0.5])", Digits(3, 1)),
        ("abs(-price)", Digits(5, 2)),
        ("price ** 2", None),
        ('"text"', None),
    ],
)
def test_the_digits_of_an_expression(text: str, expected: Digits | None) -> None:
    assert digits(text) == expected


def test_a_number_of_more_digits_than_there_are_has_no_precision() -> None:
    assert Digits(5, 2).precision == 7
    assert Digits(None, 2).precision is None
    assert Digits(20, 20).precision is None


def test_the_shipped_prices_are_known_to_the_paisa() -> None:
    catalog = load_catalog(read_texts(ROOT / "policies"))
    scales = {
        name: of.scale
        for policy in catalog.policies()
        for name, of in numbers_of(plan_policy(policy), catalog.vocabulary).items()
    }
    assert scales["proposed_price"] == 2
    assert scales["offer.discount_percent"] == 0


NUMBERS_WRITTEN = st.decimals(min_value=-200, max_value=200, places=3).map(lambda n: f"({n:f})")
LEAVES = st.one_of(st.sampled_from(sorted(FACTS)), NUMBERS_WRITTEN)


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    both = st.tuples(inner, inner)
    return st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda parts: f"({' '.join(parts)})"),
        st.tuples(inner, st.sampled_from(["2", "8", "100", "0.5", "3", "0.25"])).map(lambda p: f"({p[0]} / {p[1]})"),
        st.tuples(inner, st.integers(-2, 4)).map(lambda p: f"round half up({p[0]}, {p[1]})"),
        inner.map(lambda text: f"-({text})"),
        inner.map(lambda text: f"abs({text})"),
        both.map(lambda p: f"min({p[0]}, {p[1]})"),
        both.map(lambda p: f"(if count > 100 then {p[0]} else {p[1]})"),
    )


@settings(max_examples=400, deadline=None)
@given(
    text=st.recursive(LEAVES, grown, max_leaves=6),
    share=st.decimals(0, 1, places=4),
    price=st.decimals(-1000, Decimal("99999.99"), places=2),
    count=st.integers(0, 250),
)
def test_no_number_has_more_digits_than_it_is_said_to_have(
    text: str, share: Decimal, price: Decimal, count: int
) -> None:
    checked = check(parse.expression(text, HERE, FACTS, set()), dict.fromkeys(FACTS, NUMBER))
    assert checked.issues == ()
    values = {"share": share, "price": price, "count": Decimal(count)}
    value = function_of(checked, tuple(values))(None, values, AT, STRICT)
    bound = digits_of(checked.tree, KNOWN)
    assert kind_of(value) == "number"
    assert bound is None or bound.hold(value), f"{text} is {value}, and is said to have {bound}"
