"""Which version of a model is described and checked, and how to train the next of one that has a name of its own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from served import install_models, ordain_here, settings_in

from ordain.api.cli.model_cards import models_on_file
from ordain.api.stages.live_versions import live_versions
from ordain.engine.errors import ModelDegradationDetected
from ordain.models.registry.registry import Registry


def _newer(folder: Path) -> None:
    """A version 2 of churn beside the live one, by its card."""
    newer = Path(shutil.copytree(folder / "models/churn/1", folder / "models/churn/2")) / "card.json"
    newer.write_text(json.dumps({**json.loads(newer.read_bytes()), "version": 2}))


def test_the_live_version_is_checked_and_the_newest_where_none_is(tmp_path: Path, models: Path) -> None:
    install_models(models, tmp_path)
    _newer(tmp_path)
    settings = settings_in(tmp_path)
    live = live_versions(settings)
    assert live == {"churn": 1}
    assert [(card.name, card.version) for card in models_on_file(settings.models, live) or ()] == [("churn", "1")]
    assert [(card.name, card.version) for card in models_on_file(settings.models) or ()] == [("churn", "2")]


def test_without_a_ledger_nothing_is_live_and_none_is_made(tmp_path: Path) -> None:
    assert live_versions(settings_in(tmp_path)) == {}
    assert list(tmp_path.iterdir()) == []


def test_a_model_of_another_name_is_trained_by_the_model_that_its_card_names(tmp_path: Path, models: Path) -> None:
    install_models(models, tmp_path)
    settings = settings_in(tmp_path)
    shutil.copytree(settings.models / "churn", settings.models / "leaving")
    registry = Registry(settings.models, settings.keys)
    with pytest.raises(ModelDegradationDetected) as caught:
        registry.stored("leaving")
    assert caught.value.issues[0].hint == "run: ordain train churn --name leaving --promote"
    (settings.models / "leaving/1/card.json").unlink()
    with pytest.raises(ModelDegradationDetected) as caught:
        registry.stored("leaving")
    assert caught.value.issues[0].hint == "run: ordain train MODEL --name leaving --promote"


def test_synthetic_customers_come_in_once(tmp_path: Path) -> None:
    done = ordain_here(tmp_path, "ingest", "--synthetic", "3", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) | {"events": 0} == {
        "customers": 3,
        "events": 0,
        "snapshots": 9,
        "first": "SYNTHETIC-00001",
    }
    again = ordain_here(tmp_path, "ingest", "--synthetic", "3")
    assert again.returncode == 2
    assert "are in the feature store already, such as `SYNTHETIC-00001`" in again.stderr
    mixed = ordain_here(tmp_path, "ingest", "--synthetic", "3", "--strict")
    assert (mixed.returncode, "--synthetic goes with --json alone" in mixed.stderr) == (2, True)
