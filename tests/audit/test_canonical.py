"""Canonical bytes are RFC 8785's, and whatever has none is refused with its place."""

import json
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from ordain.audit.entry.canonical import LARGEST_INT, canonical, canonical_of_values, digest
from ordain.engine.values.types import plain

# Where code points and UTF-16 code units sort differently: U+E000..U+FFFF against the astral planes.
TRICKY = st.text(st.sampled_from('a"\\/\x00\x1f\n\x7fé€\u2028\ud7ff\ue000\uffff\U00010000\U0001f600'), max_size=4)
TEXTS = st.text(max_size=8) | TRICKY
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST_INT, LARGEST_INT) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=6),
    max_leaves=30,
)


@given(VALUES)
@example({"\ue000": 1, "\U00010000": 2})
@example({"": {}, "a": []})
def test_every_value_has_the_bytes_of_the_reference_library_and_reads_back(value: Any) -> None:
    data = canonical(value)
    assert data == rfc8785.dumps(value)
    assert json.loads(data) == value


def test_keys_sort_by_utf_16_code_unit_as_in_the_example_of_rfc_8785_section_3_2_3() -> None:
    value = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    assert list(json.loads(canonical(value))) == ["\r", "1", "\x80", "ö", "€", "\U0001f600", "\ufb33"]


def test_the_order_of_keys_and_a_text_subclass_leave_no_mark() -> None:
    class Verdict(StrEnum):
        PERMIT = "permit"

    assert canonical({"b": Verdict.PERMIT, "a": 1}) == b'{"a":1,"b":"permit"}' == canonical({"a": 1, "b": "permit"})


HOLDS_ITSELF: list[Any] = []
HOLDS_ITSELF.append(HOLDS_ITSELF)
DEEP: list[Any] = []
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("value", "fault", "says"),
    [
        ({"price": {"amount": 525.0}}, TypeError, "`price.amount` is a float"),
        ({"scores": ["0.1", float("nan")]}, TypeError, "`scores[1]` is a float"),
        ({"price": Decimal("525")}, TypeError, "`price` is a Decimal"),
        ({"pair": ("a", "b")}, TypeError, "`pair` is a tuple"),
        ({"tags": {"a"}}, TypeError, "`tags` is a set"),
        (b"bytes", TypeError, "the value is a bytes"),
        ({"years": {2026: "x"}}, TypeError, "`years.2026` is a key that is not text"),
        ({None: "x"}, TypeError, "`None` is a key that is not text"),
        ({True: "x"}, TypeError, "`True` is a key that is not text"),
        ({"count": [2**53]}, ValueError, "`count[0]` is an integer beyond 2^53 - 1"),
        ({"count": -(2**53)}, ValueError, "`count` is an integer beyond 2^53 - 1"),
        ({"count": 10**5000}, ValueError, "`count` is an integer beyond 2^53 - 1"),
        ({"name": "Zo\ud83d"}, ValueError, 'lone surrogate U+D83D after `{"name":"Zo`'),
        ({"\udc00": "x"}, ValueError, "lone surrogate U+DC00"),
        (HOLDS_ITSELF, ValueError, "nested too deeply, or holds itself"),
        (DEEP, ValueError, "nested too deeply, or holds itself"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_what_has_no_canonical_form_is_refused_with_its_place(value: object, fault: type[Exception], says: str) -> None:
    with pytest.raises(fault) as caught:
        canonical(value)
    assert says in str(caught.value)


def test_a_digest_names_its_function() -> None:
    assert digest(b"abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.text(st.characters(exclude_categories=("Cs",)))
        | st.dates()
        | st.datetimes()
        | st.decimals(allow_nan=False, allow_infinity=False, places=3)
        | st.timedeltas(),
        lambda inner: (
            st.lists(inner, max_size=3).map(tuple)
            | st.dictionaries(st.text(st.characters(exclude_categories=("Cs",)), max_size=4), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_values_are_written_as_their_plain_form_is(value: Any) -> None:
    assert canonical_of_values(value) == rfc8785.dumps(plain(value))


def test_a_lone_surrogate_among_values_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogate"):
        canonical_of_values({"a": (Decimal(1), "\ud800")})
