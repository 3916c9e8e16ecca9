"""Prepared readers do exactly what `Fact.accept` does."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ordain.engine.errors import NotThatType
from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import DATE, FLAG, NUMBER, TEXT, Kind, Limits, Type, list_of

_ONE, _ZERO = Decimal(1), Decimal(0)
FACTS = [
    Fact("share", NUMBER, limits=Limits(_ZERO, _ONE), precision=4),
    Fact("open", NUMBER, limits=Limits(_ZERO, _ONE, low_open=True, high_open=True), precision=2),
    Fact("count", NUMBER, limits=Limits(_ZERO, None)),
    Fact("any", NUMBER),
    Fact("price", Type(Kind.NUMBER, unit="INR"), limits=Limits(_ZERO, None)),
    Fact("usage", Type(Kind.NUMBER, unit="GB")),
    Fact("money", Type(Kind.NUMBER, unit="INR"), precision=2),
    Fact("tier", Type(Kind.TEXT, values=("high", "low"))),
    Fact("word", TEXT),
    Fact("zone", TEXT, time_zone=True),
    Fact("flag", FLAG),
    Fact("day", DATE),
    Fact("words", list_of(TEXT)),
    Fact("tiers", list_of(Type(Kind.TEXT, values=("high", "low")))),
]
RAW = st.one_of(
    st.decimals(),
    st.decimals(min_value=-2, max_value=2, places=6),
    st.integers(),
    st.booleans(),
    st.none(),
    st.floats(),
    st.text(max_size=6),
    st.lists(st.sampled_from(["high", "low", "none", None, True, 1, []]), max_size=3),
    st.sampled_from(["high", "low", "2026-01-31", "Asia/Kolkata", {"amount": "5.005", "currency": "INR"}, []]),
    st.sampled_from(["5", "5.00", "-0", "007", "1e2", "+1", {"amount": 5, "currency": "INR"}]),
    st.sampled_from(list(map(Decimal, ("499", "499.0", "499.000", "5E+2", "-0", "0.850", "1E+40")))),
)


def _said(read: Any, raw: Any) -> tuple[str, str]:
    try:
        value = read(raw)
    except NotThatType as error:
        return "refused", str(error)
    return type(value).__name__, str(value)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
@given(raw=RAW)
@example(raw=Decimal("0.00004"))
@example(raw=Decimal("0.99996"))
@example(raw=Decimal("1E+6144"))
@example(raw=Decimal("1E-6176"))
@example(raw=Decimal("1." + "0" * 40 + "1"))
@example(raw=Decimal("NaN"))
@example(raw=Decimal("sNaN"))
def test_a_reader_gives_or_refuses_what_accept_does(fact: Fact, raw: Any) -> None:
    assert _said(fact.read, raw) == _said(fact.accept, raw)
