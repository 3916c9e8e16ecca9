"""What segments are made of: scaling, distances, names, and the choice of how many."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import skew

from ordain.engine.errors import PolicyError
from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import FLAG, NUMBER, TEXT, Type
from ordain.models.methods.segment_assignment import Centres, means
from ordain.models.methods.segment_clustering import dbscan, kmeans
from ordain.models.methods.segment_model import usual_of
from ordain.models.methods.segment_names import LEVELS, Profile, named, read_profiles
from ordain.models.methods.segment_scaling import CLIP, scaling_of, skewness
from ordain.models.methods.segment_stability import Tried, agreement, bootstrap, choose

AMOUNT, FLAGGED = Fact("amount", NUMBER), Fact("paperless", FLAG)
PLAN = Fact("plan", Type(TEXT.kind, values=("big", "small")))


def test_a_skewed_amount_is_taken_as_its_logarithm_and_an_even_one_is_not() -> None:
    random = np.random.default_rng(0)
    amounts, even = np.exp(random.normal(5, 1, 500)), random.normal(50, 5, 500)
    scaling = scaling_of([AMOUNT, AMOUNT], np.column_stack([amounts, even]))
    assert scaling.log.tolist() == [True, False]
    assert skewness(amounts) == pytest.approx(skew(amounts))
    places = scaling.places(np.array([[np.median(amounts), np.median(even)], [1e12, 1e12]]))
    assert places[0] == pytest.approx([0, 0], abs=0.01)
    assert places[1].tolist() == [CLIP, CLIP]


def test_one_huge_customer_does_not_set_the_scale() -> None:
    values = np.concatenate([np.linspace(-1, 1, 101), [1e9]])[:, None]
    assert scaling_of([AMOUNT], values).spread[0] < 2


def test_two_texts_are_one_unit_apart_and_what_is_missing_stands_at_the_usual() -> None:
    cells = np.array([[1.0, 1.0, 0.0, 1.0]] * 3 + [[5.0, 0.0, 1.0, 0.0]])
    scaling = scaling_of([AMOUNT, PLAN, FLAGGED], cells)
    big, small = scaling.places(cells[[0, 3]])[:, 1:3]
    assert math.dist(big, small) == pytest.approx(1)
    missing = scaling.places(np.full((1, 4), np.nan))
    assert missing.tolist() == scaling.places(cells[:1]).tolist()
    usual = usual_of([AMOUNT, PLAN, FLAGGED], scaling.usual.tolist())
    assert usual == {"amount": Decimal(1), "plan": "big", "paperless": True}


def test_the_parts_of_an_answer_sum_to_the_log_odds_of_the_first_segment_over_the_second() -> None:
    centres = Centres(np.array([[0.0, 0.0], [2.0, 1.0]]), np.array([0, 1]), 0.5)
    [answer] = centres.nearest(np.array([[0.5, 0.25]]), [0, 1])
    odds = answer.confidence / (1 - answer.confidence)
    # By hand: squared distances 0.3125 and 2.8125, their difference over twice the variance is 2.5.
    assert (answer.segment, answer.second) == (0, 1)
    assert sum(answer.parts) == pytest.approx(2.5)
    assert math.log(odds) == pytest.approx(2.5)
    [middle] = centres.nearest(np.array([[1.0, 0.5]]), [0, 1])
    assert middle.confidence == pytest.approx(0.5)


def test_of_several_points_of_a_segment_the_nearest_counts() -> None:
    centres = Centres(np.array([[0.0], [10.0], [6.0]]), np.array([0, 0, 1]), 1.0)
    assert centres.segments(np.array([[9.0], [7.0], [1.0]])).tolist() == [0, 1, 0]


def test_kmeans_finds_clouds_that_are_apart_and_numbers_them_by_size() -> None:
    random = np.random.default_rng(1)
    places = np.concatenate([random.normal(0, 0.1, (30, 2)), random.normal(5, 0.1, (70, 2))])
    centres = kmeans(places, 2, 0)
    assert centres.points == pytest.approx(np.array([[5, 5], [0, 0]]), abs=0.1)
    found = bootstrap(places, centres, lambda drawn, seed: kmeans(drawn, 2, seed, 1), 5, 0)
    assert found.agreements == (1.0,) * 5
    assert found.kept == (1.0, 1.0)


def test_dbscan_finds_rings_that_means_cannot_tell_apart() -> None:
    angles = np.linspace(0, 2 * np.pi, 150, endpoint=False)
    ring = np.column_stack([np.cos(angles), np.sin(angles)])
    places = np.concatenate([ring, 3 * ring])
    centres = dbscan(places, 0, radius=0.6).centres
    assert agreement([centres.segments(places), np.repeat([0, 1], 150)]) == 1.0
    assert agreement([kmeans(places, 2, 0).segments(places), np.repeat([0, 1], 150)]) < 0.2


def test_the_smallest_stable_number_near_the_best_silhouette_is_chosen() -> None:
    tried = [Tried(2, 0.50, 0.99), Tried(3, 0.58, 0.85), Tried(4, 0.60, 0.9), Tried(5, 0.70, 0.5)]
    assert choose(tried).count == 3
    assert choose([Tried(2, 0.5, 0.3), Tried(3, 0.9, 0.2)]).count == 2


def test_names_come_from_near_profiles_and_else_from_what_marks_a_segment() -> None:
    places = np.array([[-2.0, 1.0]] * 20 + [[0.0, -2.0]] * 20 + [[2.0, 1.0]] * 20)
    labels = np.repeat([0, 1, 2], 20)
    facts = [Fact("usage_gb", NUMBER), Fact("price", NUMBER)]
    budget = Profile("budget", {"usage_gb": LEVELS["low"]})
    elsewhere = Profile("elsewhere", {"income": LEVELS["low"]})
    names = named(facts, [0, 1], places, labels, [budget, elsewhere])
    assert names == ("budget", "low price", "high usage_gb, high price")


def test_no_two_segments_share_a_name() -> None:
    places = np.array([[1.0]] * 10 + [[1.1]] * 10 + [[-9.0]] * 10)
    names = named([AMOUNT], [0], places, np.repeat([0, 1, 2], 10), [])
    assert names == ("high amount", "high amount (2)", "low amount")


def test_every_fault_in_a_file_of_names_is_told(tmp_path: Path) -> None:
    path = tmp_path / "names.yaml"
    path.write_text("profiles:\n  budget: {usage_gb: lo}\n  other: {}\n", encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        read_profiles(path)
    assert "did you mean `low`?" in str(caught.value)
    assert "`other` has no features" in str(caught.value)


def test_means_of_labels_have_the_variance_within_segments() -> None:
    places = np.array([[0.0], [2.0], [10.0], [12.0]])
    centres = means(places, np.array([0, 0, 1, 1]))
    assert centres.points.tolist() == [[1.0], [11.0]]
    assert centres.variance == 1.0
