"""The published fits to the CDNOW sample, 39 weeks to fit and 39 to check (Fader and Hardie; shared data)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from ordain.models.methods.lifetime.amount_figures import measures
from ordain.models.methods.lifetime.bg_nbd import fit_bg_nbd
from ordain.models.methods.lifetime.gamma_gamma import fit_gamma_gamma
from ordain.models.methods.lifetime.pareto_nbd import fit_pareto_nbd
from ordain.models.methods.lifetime.purchases import Histories, Purchases, bought, histories, purchases_of

FITTED, CHECKED = dt.date(1997, 9, 30).toordinal(), dt.date(1998, 6, 30).toordinal()


@pytest.fixture(scope="module")
def purchases(shared_data: Path) -> Purchases:
    lines = (shared_data / "cdnow" / "CDNOW_sample.txt").read_text(encoding="ascii").splitlines()
    cells = [line.split() for line in lines]
    days = [dt.date.fromisoformat(row[2]).toordinal() for row in cells]
    return purchases_of([row[0] for row in cells], days, [float(row[4]) for row in cells])


@pytest.fixture(scope="module")
def known(purchases: Purchases) -> Histories:
    return histories(purchases, FITTED)


def test_bg_nbd_is_the_published_one(known: Histories) -> None:
    """Fader, Hardie and Lee 2005, table 2."""
    found = fit_bg_nbd(known.frequency, known.recency, known.age)
    given = found.process.parameters
    assert (round(given["r"], 3), round(given["alpha"], 3)) == (0.243, 4.414)
    assert (round(given["a"], 3), round(given["b"], 3)) == (0.793, 2.426)
    assert round(found.log_likelihood, 1) == -9582.4


def test_pareto_nbd_is_the_published_one_and_so_is_what_it_foresees(purchases: Purchases, known: Histories) -> None:
    """Fader, Hardie and Lee 2005, table 2; the errors as measured for this project's other peers."""
    found = fit_pareto_nbd(known.frequency, known.recency, known.age)
    given = found.process.parameters
    assert (round(given["r"], 3), round(given["alpha"], 2)) == (0.553, 10.58)
    assert (round(given["s"], 3), round(given["beta"], 2)) == (0.606, 11.67)
    assert round(found.log_likelihood, 1) == -9595.0
    count, _ = bought(purchases, known.customer, FITTED, CHECKED)
    weeks = np.full(len(known), (CHECKED - FITTED) / 7.0)
    of = measures(found.process.expected(weeks, known.frequency, known.recency, known.age), count)
    assert (round(of["rmse"], 3), round(of["correlation"], 3)) == (1.603, 0.630)
    assert of["sum_ratio"] == pytest.approx(0.885, abs=0.001)


def test_gamma_gamma_is_the_published_one(known: Histories) -> None:
    """Fader and Hardie 2013, section 5."""
    found = fit_gamma_gamma(known.frequency, known.mean_amount).amounts
    assert (round(found.p, 2), round(found.q, 3), round(found.v, 2)) == (6.25, 3.744, 15.44)
