"""The same faults in the shared tables, and no alarm on any of them as they are, whatever the seed."""

from __future__ import annotations

from pathlib import Path

import injected
import numpy as np
import pytest
from long_runs import LONG

from ordain.models.data.mapping import read_mapping
from ordain.models.data.table import Table, read_table
from ordain.models.training.leaks import leaks_in
from ordain.models.training.validation import validation

TABLES = {
    "iranian": "iranian/churn.csv",
    "telco": "telco/Telco-Customer-Churn.csv",
    "telecom": "telecom/churn3333.csv",
}


@pytest.fixture(scope="module", params=TABLES)
def known(request: pytest.FixtureRequest, shared_data: Path) -> Table:
    name: str = request.param
    return read_table(shared_data / TABLES[name], read_mapping(name))


@pytest.mark.parametrize("seed", [pytest.param(seed, marks=LONG if seed else ()) for seed in range(10)])
def test_no_seed_raises_an_alarm_on_the_table_as_it_is(known: Table, seed: int) -> None:
    assert leaks_in(known, seed) == ()


@pytest.mark.parametrize("fault", injected.FEATURES)
def test_a_feature_that_gives_the_label_away_is_named(known: Table, fault: str) -> None:
    found = leaks_in(injected.FEATURES[fault](known, np.random.default_rng(1)))
    assert [leak.feature for leak in found] == [injected.LEAK]


def test_oversampling_before_the_split_is_found(known: Table) -> None:
    found = leaks_in(injected.oversampled(known, np.random.default_rng(1)))
    assert [leak.feature for leak in found] == [""]


def test_copies_of_rows_across_the_split_are_counted(known: Table) -> None:
    told = "\n".join(validation(injected.copied(known, np.random.default_rng(1))))
    (line,) = [line for line in told.splitlines() if "the same features as an earlier one" in line]
    assert int(line.split()[0].replace(",", "")) >= len(known) // 3
