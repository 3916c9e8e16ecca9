"""The shipped generator of SYNTHETIC customers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ordain.models.data.synthetic import DRIVERS, SEGMENTS, Segment, customers

COUNT = 20_000


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return customers(COUNT, seed=7)


@pytest.mark.parametrize("segment", SEGMENTS, ids=lambda segment: segment.name)
def test_each_segment_has_its_share_usage_and_elasticity(table: pd.DataFrame, segment: Segment) -> None:
    of_segment = table[table.segment == segment.name]
    assert len(of_segment) / COUNT == pytest.approx(segment.share, abs=0.015)
    low, high = segment.usage_gb
    assert of_segment.usage_gb.min() >= low
    assert high is None or of_segment.usage_gb.max() <= high
    assert set(of_segment.elasticity) == {segment.elasticity}


def test_the_segments_are_those_of_the_operator() -> None:
    assert {each.name: (each.share, each.elasticity) for each in SEGMENTS} == {
        "premium power": (0.15, -0.3),
        "price-conscious power": (0.25, -1.8),
        "value seekers": (0.30, -1.2),
        "budget": (0.20, -2.0),
        "casual premium": (0.10, -0.5),
    }


@pytest.mark.parametrize("driver", DRIVERS)
def test_churn_moves_with_each_driver_in_its_direction(table: pd.DataFrame, driver: str) -> None:
    churned = table.churned == "yes"
    gap = table[driver][churned].mean() - table[driver][~churned].mean()
    assert np.sign(gap) == np.sign(DRIVERS[driver])
    assert abs(gap) > 0.1 * table[driver].std()


def test_what_does_not_drive_churn_does_not_move_with_it(table: pd.DataFrame) -> None:
    rates = table.groupby("segment").churned.apply(lambda labels: (labels == "yes").mean())
    assert rates.max() - rates.min() < 0.03


def test_the_churn_rate_is_plausible(table: pd.DataFrame) -> None:
    assert 0.15 <= (table.churned == "yes").mean() <= 0.25


def test_the_same_seed_gives_the_same_table_and_another_seed_another() -> None:
    pd.testing.assert_frame_equal(customers(200, seed=3), customers(200, seed=3))
    assert not customers(200, seed=3).equals(customers(200, seed=4))


def test_subjects_are_unique_ids(table: pd.DataFrame) -> None:
    assert table.subject.iloc[0] == "S-00001"
    assert table.subject.is_unique
