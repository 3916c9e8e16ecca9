"""One small model on SYNTHETIC customers, trained once and shared by the tests that only look at it."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from ordain.models.data.mapping import Mapping, read_mapping
from ordain.models.data.table import Table
from ordain.models.registry.card import Card
from ordain.models.registry.registry import Registry
from ordain.models.scoring.score_model import ScoreModel
from ordain.models.spec import Artifact
from ordain.models.specs.churn import CHURN
from ordain.models.training.referenced import with_reference
from ordain.models.training.train import train_model

AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
COUNT = 3000
SHARED = Path(os.environ.get("ORDAIN_SHARED") or Path(__file__).parents[3] / "shared")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not (SHARED / "data").is_dir():
        pytest.skip("the shared data sets are not on this machine (ORDAIN_SHARED names their folder)")
    return SHARED / "data"


@pytest.fixture(scope="session")
def mapping() -> Mapping:
    return read_mapping("synthetic")


@pytest.fixture(scope="session")
def table() -> Table:
    return CHURN.sample(COUNT, 0)


@pytest.fixture(scope="session")
def trained(table: Table) -> Artifact:
    return with_reference(CHURN, table, CHURN.train(table))


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    registry = Registry(tmp_path_factory.mktemp("models"), tmp_path_factory.mktemp("keys"))
    train_model(CHURN, None, None, registry, at=AT, rows=COUNT)
    return registry


@pytest.fixture(scope="session")
def model(registry: Registry) -> ScoreModel:
    return registry.load("churn")


@pytest.fixture(scope="session")
def card(model: ScoreModel) -> Card:
    return model.card
