"""The shipped mappings on the tables they were written for, and what can be reached there without leaking."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from ordain.models.data.mapping import read_mapping
from ordain.models.data.table import read_table
from ordain.models.registry.registry import Registry
from ordain.models.specs.churn import CHURN
from ordain.models.training.train import train_model

TABLES = {
    "iranian": ("iranian/churn.csv", 0.95),
    "telco": ("telco/Telco-Customer-Churn.csv", 0.82),
    "telecom": ("telecom/churn3333.csv", 0.88),
}

AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize("name", TABLES)
def test_customers_who_leave_are_told_from_those_who_stay(shared_data: Path, name: str) -> None:
    file, auc = TABLES[name]
    table = read_table(shared_data / file, read_mapping(name))
    told = [{each.name: each for each in CHURN.train(table, seed=seed).report.figures} for seed in range(5)]
    assert np.mean([each["AUC"].value for each in told]) > auc
    assert all(each["Brier score"].value < (each["Brier score"].baseline or 0) for each in told)


def test_a_published_f1_above_080_on_telco_is_not_reached_without_leaking(shared_data: Path) -> None:
    table = read_table(shared_data / TABLES["telco"][0], read_mapping("telco"))
    (f1,) = [each.value for each in CHURN.train(table).report.figures if each.name == "F1"]
    assert f1 < 0.75


def test_blank_total_charges_are_missing_and_can_still_be_scored(shared_data: Path, tmp_path: Path) -> None:
    file = shared_data / TABLES["telco"][0]
    table = read_table(file, read_mapping("telco"))
    blank = [row for row in table.rows if row["total_charges"] is None]
    assert len(blank) == 11
    registry = Registry(tmp_path, tmp_path / "keys")
    train_model(CHURN, file, "telco", registry, at=AT)
    model = registry.load("churn")
    assert all(0 < model.score(row).value < 1 for row in blank)


def test_held_out_customers_of_the_real_operator_are_scored_as_they_were_measured(
    shared_data: Path, tmp_path: Path
) -> None:
    file = tmp_path / "held_out.ndjson"
    registry = Registry(tmp_path, tmp_path / "keys")
    card = train_model(CHURN, shared_data / TABLES["iranian"][0], "iranian", registry, at=AT, held_out=file)
    model = registry.load("churn")
    asks = [json.loads(line, parse_float=Decimal, parse_int=Decimal) for line in file.read_text().splitlines()]
    assert len(asks) == card.data.parts["held out"]
    (brier,) = [each.value for each in card.report.figures if each.name == "Brier score"]
    left = dict(zip(*_labels(shared_data), strict=True))
    again = sum((float(model.score(ask["facts"]).value) - left[ask["subject"]]) ** 2 for ask in asks) / len(asks)
    assert again == pytest.approx(brier, abs=1e-6)


def _labels(shared_data: Path) -> tuple[tuple[str, ...], list[int]]:
    table = read_table(shared_data / TABLES["iranian"][0], read_mapping("iranian"))
    return table.subjects, table.labels.tolist()
