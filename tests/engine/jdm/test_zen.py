"""ZEN's texts: what they are read as, and that no text makes the reader stumble."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordain.engine.jdm.zen.zen_parser import cell, expression
from ordain.engine.jdm.zen.zen_tree import Binary, Flag, Interval, Logic, Name, Number, Text, Unary
from ordain.engine.jdm.zen.zen_words import NotZen

_PIECES = st.sampled_from(
    [
        *"+-*/%^()[]{}<>?:,.#$!",
        "..",
        "==",
        "??",
        "and",
        "or",
        "not",
        "in",
        " ",
        "a",
        "b.c",
        "'t'",
        '"',
        "`${x}`",
        "1_0",
        "map(",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=40), st.lists(_PIECES, max_size=30).map("".join)))
def test_any_text_is_read_or_refused_with_a_reason(text: str) -> None:
    for read in (expression, cell):
        with suppress(NotZen):
            assert read(text) is not None


@pytest.mark.parametrize(
    "text", ["(" * 5000, "not " * 5000, "-" * 5000, "a" + " + a" * 4000, "a ? " * 3000, "x[" * 4000, "`${" * 3000]
)
def test_deep_texts_are_refused(text: str) -> None:
    for read in (expression, cell):
        with pytest.raises(NotZen):
            read(text)


def test_a_long_list_of_values_is_no_deep_tree() -> None:
    tree = cell(", ".join(f"'v{number}'" for number in range(400)))
    assert isinstance(tree, Logic)
    assert len(tree.operands) == 400


def test_operators_bind_as_in_zen() -> None:
    a, one, two = Name("a"), Number(1), Number(2)  # type: ignore[arg-type]
    assert expression("a + 1 * 2") == Binary("+", a, Binary("*", one, two))
    assert expression("not a == 1") == Binary("==", Unary("not", a), one)
    assert expression("a ?? 1 + 2") == Binary("+", Binary("??", a, one), two)
    assert expression("a or a and true") == Logic("or", (a, Logic("and", (a, Flag(True)))))


def test_in_a_cell_and_or_and_commas_bind_alike() -> None:
    dollar, one, two = Name("$"), Number(1), Number(2)  # type: ignore[arg-type]
    first, second = Binary(">", dollar, one), Binary("<", dollar, two)
    assert cell("> 1 and < 2, 1") == Logic("or", (Logic("and", (first, second)), Binary("==", dollar, one)))
    assert cell("'x' or > 1 and < 2") == Logic("and", (Logic("or", (Binary("==", dollar, Text("x")), first)), second))


@pytest.mark.parametrize(
    ("text", "low_open", "high_open", "outside"),
    [
        ("[1..2]", False, False, False),
        ("(1..2)", True, True, False),
        (")1..2(", False, False, True),
        ("]1..2[", True, True, True),
    ],
)
def test_brackets_turned_to_the_outside_mean_what_lies_there(
    text: str, low_open: bool, high_open: bool, outside: bool
) -> None:
    interval = Interval(Number(1), Number(2), low_open, high_open, outside)  # type: ignore[arg-type]
    assert cell(text) == Binary("in", Name("$"), interval)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a +", "it ends too early"),
        ("'open", "a text has no closing quote"),
        ("a && b", "`&` means nothing in ZEN"),
        ("[1..2(", "a range does not begin with `[` and end with `(`"),
        ("f(1", "`,` is missing before its end"),
        ("{[a]: 1}", "a key that is calculated cannot be said"),
    ],
)
def test_what_is_wrong_is_said(text: str, reason: str) -> None:
    with pytest.raises(NotZen) as caught:
        expression(text)
    assert str(caught.value) == reason
