"""BG/NBD and Pareto/NBD, checked against integration over what customers are like, which knows none of the formulas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from ordain.models.data.synthetic_purchases import Truth, synthetic_purchases
from ordain.models.methods.lifetime.bg_nbd import BgNbd, fit_bg_nbd
from ordain.models.methods.lifetime.maximum_likelihood import Floats
from ordain.models.methods.lifetime.pareto_nbd import ParetoNbd, fit_pareto_nbd, hyp2f1_of_one
from ordain.models.methods.lifetime.purchase_process import PurchaseProcess
from ordain.models.methods.lifetime.purchase_table import read_purchases
from ordain.models.methods.lifetime.purchases import histories

CUSTOMERS = [(0, 0.0, 5.0), (0, 0.0, 60.0), (1, 3.0, 40.0), (2, 30.0, 38.9), (7, 12.0, 30.0), (26, 38.0, 38.0)]
"""Frequency, recency and age in weeks."""
BG = [BgNbd(0.243, 4.414, 0.793, 2.426), BgNbd(2.0, 9.0, 1.7, 0.6), BgNbd(0.8, 6.0, 1.0, 3.0)]
PARETO = [ParetoNbd(0.553, 10.577, 0.606, 11.67), ParetoNbd(2.0, 3.0, 1.5, 40.0), ParetoNbd(0.9, 30.0, 1.0, 4.0)]
WEEKS = 39.0


@dataclass(frozen=True, slots=True)
class Integrated:
    """The same three answers, from sums over fine grids of rates and of what makes customers leave."""

    log_likelihood: float
    alive: float
    expected: float


def gamma_over(shape: float, rate: float) -> tuple[Floats, Floats]:
    """Points and weights of a gamma distribution: the trapezoid rule in the logarithm, exact to many digits."""
    logs = np.arange(-36.0 / min(shape, 1.0), 8.0, 0.1)
    points = np.exp(logs)
    weights = np.exp(shape * logs - rate * points)
    return points, weights / weights.sum()


def beta_over(a: float, b: float) -> tuple[Floats, Floats]:
    odds = np.arange(-60.0, 60.0, 0.15)
    points = 1.0 / (1.0 + np.exp(-odds))
    weights = np.exp(-a * np.log1p(np.exp(-odds)) - b * np.log1p(np.exp(odds)))
    return points, weights / weights.sum()


def integrated(process: PurchaseProcess, frequency: int, recency: float, age: float) -> Integrated:
    if isinstance(process, BgNbd):
        rates, of_rates = gamma_over(process.r, process.alpha)
        leaving, of_leaving = beta_over(process.a, process.b)
        rate, p = rates[:, None], leaving[None, :]
        bought = np.exp(frequency * np.log(rate))
        alive = (1 - p) ** frequency * bought * np.exp(-rate * age)
        left = p * (1 - p) ** max(frequency - 1, 0) * bought * np.exp(-rate * recency) if frequency else 0.0 * alive
        ahead = -np.expm1(-rate * p * WEEKS) / p
    else:
        assert isinstance(process, ParetoNbd)
        rates, of_rates = gamma_over(process.r, process.alpha)
        leaving, of_leaving = gamma_over(process.s, process.beta)
        rate, mu = rates[:, None], leaving[None, :]
        both = rate + mu
        bought = np.exp(frequency * np.log(rate))
        alive = bought * np.exp(-both * age)
        left = bought * mu / both * (np.exp(-both * recency) - np.exp(-both * age))
        ahead = rate * -np.expm1(-mu * WEEKS) / mu
    weights = of_rates[:, None] * of_leaving[None, :]
    still, all_of = float((weights * alive).sum()), float((weights * (alive + left)).sum())
    return Integrated(float(np.log(all_of)), still / all_of, float((weights * alive * ahead).sum()) / all_of)


@pytest.mark.parametrize("process", [*BG, *PARETO], ids=repr)
def test_likelihood_life_and_purchases_ahead_are_those_of_an_integration(process: PurchaseProcess) -> None:
    columns = np.array(CUSTOMERS).T.astype(np.float64)
    likelihood, alive = process.log_likelihood(*columns), process.alive(*columns)
    expected = process.expected(np.float64(WEEKS), *columns)
    for at, customer in enumerate(CUSTOMERS):
        by_sums = integrated(process, *customer)
        assert likelihood[at] == pytest.approx(by_sums.log_likelihood, rel=1e-6)
        assert alive[at] == pytest.approx(by_sums.alive, rel=1e-5)
        assert expected[at] == pytest.approx(by_sums.expected, rel=1e-4)


def test_bg_nbd_holds_everybody_without_repeat_purchase_for_alive_and_pareto_nbd_does_not() -> None:
    none = np.array([0.0]), np.array([0.0]), np.array([100.0])
    assert BG[0].alive(*none)[0] == 1.0
    assert PARETO[0].alive(*none)[0] < 0.5


@pytest.mark.parametrize("process", [*BG, *PARETO], ids=repr)
def test_a_thousand_purchases_in_thirty_years_give_finite_answers(process: PurchaseProcess) -> None:
    rows = np.array([(1000.0, 1500.0, 1560.0), (1000.0, 1.0, 1560.0), (0.0, 0.0, 0.0)]).T
    answers = [process.log_likelihood(*rows), process.alive(*rows), process.expected(np.float64(52.0), *rows)]
    assert np.isfinite(answers).all()
    assert ((answers[1] >= 0) & (answers[1] <= 1)).all()
    assert (answers[2] >= 0).all()


def test_more_weeks_never_bring_fewer_purchases() -> None:
    weeks = np.arange(1.0, 60.0)[None, :]
    rows = [column[:, None] for column in np.array(CUSTOMERS).T.astype(np.float64)]
    for process in (*BG, *PARETO):
        assert (np.diff(process.expected(weeks, *rows), axis=1) >= 0).all()


@pytest.mark.parametrize(("b", "c", "rest"), [(1.5, 2.0, 0.9), (300.3, 301.0, 0.01), (1.6, 900.0, 0.001), (0.5, 3, 1)])
def test_the_continued_fraction_is_the_series(b: float, c: float, rest: float) -> None:
    steps = np.arange(200_000)
    series = 1.0 + np.exp(np.cumsum(np.log((b + steps) / (c + steps) * (1.0 - rest + 1e-300)))).sum()
    assert float(hyp2f1_of_one(np.array(b), np.array(c), np.array(rest))) == pytest.approx(float(series), rel=1e-11)


def test_pareto_nbd_finds_what_synthetic_customers_were_drawn_with() -> None:
    truth = Truth()
    purchases = read_purchases(synthetic_purchases(1500, 4)).purchases
    known = histories(purchases, int(purchases.day.max()))
    found = fit_pareto_nbd(known.frequency, known.recency, known.age)
    process = found.process
    assert isinstance(process, ParetoNbd)
    assert not found.at_bound
    assert process.r == pytest.approx(truth.r, rel=0.15)
    assert process.r / process.alpha == pytest.approx(truth.r / truth.alpha, rel=0.1)
    assert process.s == pytest.approx(truth.s, rel=0.3)
    drawn = ParetoNbd(truth.r, truth.alpha, truth.s, truth.beta)
    of_drawn = float(drawn.log_likelihood(known.frequency, known.recency, known.age).sum())
    assert of_drawn <= found.log_likelihood < of_drawn + 10.0


def test_bg_nbd_finds_what_customers_were_drawn_with() -> None:
    truth, random, count = BgNbd(0.9, 5.0, 0.8, 2.5), np.random.default_rng(2), 2500
    ages = random.uniform(40.0, 100.0, count)
    rates, leaving = random.gamma(truth.r, 1 / truth.alpha, count), random.beta(truth.a, truth.b, count)
    frequency, recency = np.zeros(count), np.zeros(count)
    for at in range(count):
        week = random.exponential(1 / rates[at])
        while week <= ages[at]:
            frequency[at] += 1
            recency[at] = week
            if random.random() < leaving[at]:
                break
            week += random.exponential(1 / rates[at])
    found = fit_bg_nbd(frequency, recency, ages).process
    assert isinstance(found, BgNbd)
    assert found.r == pytest.approx(truth.r, rel=0.15)
    assert found.alpha == pytest.approx(truth.alpha, rel=0.2)
    assert found.a / (found.a + found.b) == pytest.approx(truth.a / (truth.a + truth.b), rel=0.15)
