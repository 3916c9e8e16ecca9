"""Curves of willingness to pay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordain.models.methods.elasticity.willingness import PRICES, prices, share_that_buys


def test_at_an_elasticity_of_minus_one_half_buy_at_twice_the_price() -> None:
    assert share_that_buys(np.array([100.0, 200.0, 400.0]), -1.0) == pytest.approx([1.0, 0.5, 0.25])


@given(st.floats(0.01, 1e5), st.floats(1.0, 100.0), st.floats(-20.0, -0.001))
def test_fewer_buy_the_dearer_it_is(lowest: float, times: float, elasticity: float) -> None:
    grid = prices(lowest, lowest * times)
    share = share_that_buys(grid, elasticity)
    assert len(grid) == len(share) == PRICES
    assert share[0] == 1
    assert (np.diff(share) <= 0).all()
    assert ((share >= 0) & (share <= 1)).all()
