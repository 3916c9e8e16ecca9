"""Facts to the row of numbers that a model reads."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordain.engine.errors import CustomerDataIncomplete, DataQualityIssue
from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import FLAG, NUMBER, Kind, Type, Value
from ordain.models.features.encoder import Encoder

PLAN = Type(Kind.TEXT, values=("gold", "silver", "tin"))
ENCODER = Encoder(
    (
        Fact("calls", NUMBER),
        Fact("plan", PLAN, optional=True),
        Fact("active", FLAG),
        Fact("spend", NUMBER, optional=True),
    )
)
INPUTS: dict[str, Value] = {"calls": Decimal("2.5"), "plan": "silver", "active": True, "spend": Decimal(7)}


def test_numbers_flags_and_texts_take_their_cells() -> None:
    assert ENCODER.row(INPUTS).tolist() == [[2.5, 0, 1, 0, 1, 7]]
    assert ENCODER.starts == [0, 1, 4, 5]


def test_a_missing_optional_value_is_nan_in_all_its_cells() -> None:
    row = ENCODER.row({"calls": Decimal(1), "active": False})
    assert np.isnan(row[0]).tolist() == [False, True, True, True, False, True]


def test_a_missing_value_that_is_needed_is_named() -> None:
    with pytest.raises(CustomerDataIncomplete, match="the model needs `calls`") as caught:
        ENCODER.row({"active": True})
    assert caught.value.issues[0].fact == "calls"


def test_an_unknown_text_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(DataQualityIssue, match="`plan`: the model does not know `golden`") as caught:
        ENCODER.row({**INPUTS, "plan": "golden"})
    assert caught.value.issues[0].hint == "did you mean `gold`?"


@pytest.mark.parametrize("huge", ["1e39", "-1e39", "1e400"])
def test_a_number_beyond_what_the_model_can_hold_is_refused(huge: str) -> None:
    with pytest.raises(DataQualityIssue, match="`calls` is too large for the model"):
        ENCODER.row({**INPUTS, "calls": Decimal(huge)})


_INPUTS = st.fixed_dictionaries(
    {
        "calls": st.decimals(-(10**9), 10**9, places=3),
        "plan": st.sampled_from([*PLAN.values, None]),
        "active": st.booleans(),
        "spend": st.none() | st.decimals(-(10**9), 10**9, places=3),
    }
)


@given(many=st.lists(_INPUTS, max_size=5))
def test_rows_for_training_are_the_rows_for_serving(many: list[dict[str, Value]]) -> None:
    together = ENCODER.rows(many)
    assert together.shape == (len(many), ENCODER.width)
    for inputs, row in zip(many, together, strict=True):
        np.testing.assert_array_equal(ENCODER.row(inputs)[0], row)
