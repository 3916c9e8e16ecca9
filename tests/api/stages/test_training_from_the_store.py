"""`ordain train --from-store` and `ordain models retrain --from-store`; SYNTHETIC customers, invented."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from leavers import fill_store
from served import make_live, ordain_here, settings_in

from ordain.models.registry.card import Card
from ordain.models.store.store import FeatureStore

TRAIN = ("train", "churn", "--from-store", "--json")
COUNT = 1_000
OBJECTED = "'marketing_objection': True"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store, and version 1 of churn that learned from it."""
    folder = tmp_path_factory.mktemp("leavers")
    fill_store(folder, COUNT)
    done = ordain_here(folder, *TRAIN)
    assert done.returncode == 0, done.stderr
    make_live(settings_in(folder), 1)
    return folder


def card_of(folder: Path, version: int) -> Card:
    return Card.model_validate_json((folder / f"models/churn/{version}/card.json").read_bytes())


def test_the_card_says_where_the_rows_came_from_and_that_nobody_who_objected_is_among_them(folder: Path) -> None:
    card = card_of(folder, 1)
    with FeatureStore(f"sqlite:///{folder}/features.db") as store:
        objecting = [each for each in store.subjects() if OBJECTED in str(store.export(each)["snapshots"])]
        digest = store.definitions.digest
    assert objecting
    assert card.data.rows == COUNT - len(objecting)
    assert f"{len(objecting)} who objected are left out; feature definitions {digest}" in card.data.about
    assert card.data.digest.startswith("sha256:")
    assert card.data.synthetic
    names = {feature.name for feature in card.features}
    assert {"usage_gb", "payment_failures", "tickets"} <= names
    assert not names & {"marketing_objection", "vulnerable_customer"}  # facts.yaml protects them


def test_somebody_erased_is_not_in_the_next_training(folder: Path) -> None:
    with FeatureStore(f"sqlite:///{folder}/features.db") as store:
        gone = next(each for each in store.subjects() if OBJECTED not in str(store.export(each)))
        assert store.erase(gone).events
    done = ordain_here(folder, "models", "retrain", "churn", "--from-store", "--now", "--json")
    assert done.returncode in (0, 1), done.stderr
    assert json.loads(done.stdout)["trained"] == 2
    assert card_of(folder, 2).data.rows == card_of(folder, 1).data.rows - 1
    assert [each.name for each in card_of(folder, 2).features] == [each.name for each in card_of(folder, 1).features]
    again = ordain_here(folder, "models", "retrain", "churn", "--from-store", "--now", "--json")
    assert json.loads(again.stdout)["trained_before"] == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--data", "a.csv", "--from-store"), "a table or a mapping is named, too"),
        (("--within", "30"), "--within is about rows of the feature store"),
        (("--from-store", "--within", "90", "--days", "30"), "is not known of the last 30 days"),
    ],
)
def test_options_that_do_not_go_together_are_told(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    fill_store(tmp_path, 3)
    done = ordain_here(tmp_path, "train", "churn", *options)
    assert done.returncode == 2
    assert said in done.stderr


def test_without_a_store_it_says_what_to_do(tmp_path: Path) -> None:
    done = ordain_here(tmp_path, *TRAIN)
    assert (done.returncode, "take events in: ordain ingest FILE" in done.stderr) == (2, True)
    nothing = ordain_here(tmp_path, "models", "retrain", "churn")
    assert "name a table with --data, or add --from-store" in nothing.stderr


def test_a_live_version_that_reads_what_the_store_has_not_is_told(tmp_path: Path) -> None:
    fill_store(tmp_path, 60)
    table = ("--data", _table(tmp_path), "--mapping", "m.yaml", "--allow-leak", "height")
    assert ordain_here(tmp_path, "train", "churn", *table).returncode == 0
    make_live(settings_in(tmp_path), 1)
    done = ordain_here(tmp_path, "models", "retrain", "churn", "--from-store")
    assert (done.returncode, "the live version reads `height`" in done.stderr) == (2, True)


def _table(folder: Path) -> str:
    rows = "".join(f"{(row * 37) % 101},{'yes' if (row * 37) % 101 > 50 + row % 20 else 'no'}\n" for row in range(400))
    (folder / "t.csv").write_text(f"h,gone\n{rows}", encoding="utf-8")
    mapping = 'name: t\nlabel: {column: gone, true is: "yes", false is: "no"}\nfeatures:\n'
    (folder / "m.yaml").write_text(f"{mapping}  height: {{column: h, type: number}}\n", encoding="utf-8")
    return "t.csv"
