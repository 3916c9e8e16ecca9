"""Gamma-gamma, checked against integration and against customers whose parameters are known."""

from __future__ import annotations

import numpy as np
import pytest

from ordain.models.methods.lifetime.gamma_gamma import GammaGamma, fit_gamma_gamma

MODEL = GammaGamma(6.25, 3.744, 15.44)


def likelihood_and_mean(model: GammaGamma, frequency: float, mean: float) -> tuple[float, float]:
    """By the trapezoid rule over the logarithm of nu: the mean of x gamma(p, nu) amounts is gamma(px, nu x)."""
    logs = np.linspace(-40.0, 12.0, 8001)
    nu = np.exp(logs)
    prior = np.exp(model.q * logs - model.v * nu)
    prior /= prior.sum()
    shape = model.p * frequency
    seen = np.exp(shape * np.log(nu * frequency) + (shape - 1) * np.log(mean) - nu * frequency * mean)
    weights = prior * seen
    of_shape = float(np.prod(np.arange(1, int(shape))))  # gamma(shape) of a whole shape
    return float(weights.sum()) / of_shape, float((weights * model.p / nu).sum() / weights.sum())


@pytest.mark.parametrize(("frequency", "mean"), [(1.0, 12.0), (2.0, 30.0), (4.0, 200.0)])
def test_likelihood_and_expected_amount_are_those_of_an_integration(frequency: float, mean: float) -> None:
    model = GammaGamma(4.0, 3.744, 15.44)
    likelihood, expected = likelihood_and_mean(model, frequency, mean)
    given = np.array([frequency]), np.array([mean])
    assert model.log_likelihood(*given)[0] == pytest.approx(np.log(likelihood), rel=1e-8)
    assert model.expected(*given)[0] == pytest.approx(expected, rel=1e-6)


def test_without_repeat_purchase_the_amount_is_everybodys_mean_whatever_is_said_of_it() -> None:
    both = MODEL.expected(np.zeros(2), np.array([np.nan, 1e9]))
    assert both == pytest.approx(MODEL.p * MODEL.v / (MODEL.q - 1.0))


def test_the_more_purchases_the_closer_to_the_customers_own_mean() -> None:
    expected = MODEL.expected(np.array([1.0, 10.0, 1000.0]), np.full(3, 100.0))
    assert (np.diff(np.abs(expected - 100.0)) < 0).all()
    assert expected[2] == pytest.approx(100.0, rel=0.01)


def test_the_fit_finds_what_amounts_were_drawn_with_in_any_currency() -> None:
    random, count = np.random.default_rng(3), 4000
    frequency = random.integers(1, 12, count).astype(np.float64)
    nu = random.gamma(MODEL.q, 1.0 / MODEL.v, count)
    mean = random.gamma(MODEL.p * frequency, 1.0 / (nu * frequency))
    fitted = fit_gamma_gamma(frequency, mean)
    found = fitted.amounts
    of_drawn = float(MODEL.log_likelihood(frequency, mean).sum())
    assert of_drawn <= fitted.log_likelihood < of_drawn + 8.0  # twice the gap is chi-squared of 3: 16 is one in 900
    assert found.q == pytest.approx(MODEL.q, rel=0.1)
    assert found.p * found.v / (found.q - 1) == pytest.approx(MODEL.p * MODEL.v / (MODEL.q - 1), rel=0.05)
    in_paise = fit_gamma_gamma(frequency, mean * 100.0).amounts
    assert (in_paise.p, in_paise.q, in_paise.v / 100.0) == pytest.approx((found.p, found.q, found.v), rel=1e-3)


def test_amounts_without_a_finite_mean_are_said_to_be_at_the_bound() -> None:
    random, count = np.random.default_rng(3), 2000
    nu = random.gamma(0.6, 1.0 / 5.0, count)
    found = fit_gamma_gamma(np.full(count, 3.0), random.gamma(15.0, 1.0 / (nu * 3.0)))
    assert found.at_bound
    assert found.amounts.q > 1
