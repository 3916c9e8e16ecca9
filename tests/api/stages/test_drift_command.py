"""`ordain models drift` on SYNTHETIC customers: the same ones, others of the same kind, and some that changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from served import install_models, ordain_here

from ordain.models.data.synthetic import customers
from ordain.models.monitoring.reference import FILE


@pytest.fixture
def folder(tmp_path: Path, models: Path) -> Path:
    install_models(models, tmp_path)
    return tmp_path


def _table(folder: Path, usage: float = 1.0) -> str:
    table = customers(1_500, seed=7)
    table["usage_gb"] = (table["usage_gb"] * usage).round(1)
    table.to_csv(folder / "now.csv", index=False)
    return str(folder / "now.csv")


def test_other_customers_of_the_same_kind_have_not_drifted(folder: Path) -> None:
    done = ordain_here(folder, "models", "drift", "churn", "--data", _table(folder), "--mapping", "synthetic")
    assert (done.returncode, done.stderr) == (0, "")
    assert "none" in done.stdout


def test_customers_who_use_three_times_as_much_have_and_the_feature_is_named(folder: Path) -> None:
    asked = ("models", "drift", "churn", "1", "--data", _table(folder, 3.0), "--mapping", "synthetic", "--json")
    done = ordain_here(folder, *asked)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert (told["model"], told["version"], told["verdict"], told["rows"]) == ("churn", 1, "major", 1_500)
    assert told["findings"][0]["of"] == "usage_gb"


def test_what_is_not_there_is_said_in_a_sentence(folder: Path) -> None:
    done = ordain_here(folder, "models", "drift", "churn", "--data", "gone.csv", "--mapping", "synthetic")
    assert done.returncode == 2
    assert "there is no table `gone.csv`" in done.stderr
    (folder / "models/churn/1" / FILE).write_text("{}")
    done = ordain_here(folder, "models", "drift", "churn", "--data", _table(folder), "--mapping", "synthetic")
    assert done.returncode != 0
    assert f"`{FILE}` is damaged" in done.stderr
