"""`ordain models watch` and `compare` over decisions on record, of SYNTHETIC customers of whom some left later."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from answers import RETENTION
from served import make_live, ordain_here
from several import add_version, installed_in, stages, take

from ordain.api.ask import make_ask
from ordain.api.batch import decide_many, record_many
from ordain.api.decide import Answer
from ordain.api.facts.late_store import LateStore
from ordain.api.services import wire
from ordain.api.settings import Settings
from ordain.audit.entry.entry import new_id
from ordain.models.data.synthetic import customers
from ordain.models.registry.stages import Step
from ordain.models.store.records import Event

FEATURES = ("usage_gb", "usage_decline_percent", "days_since_login", "payment_failures", "tickets", "contract_months")
COUNT = 300
THEN = dt.datetime.now(dt.UTC) - dt.timedelta(days=10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Path:
    """Decisions of ten days ago, scored by version 1 and, beside it, by version 2, which has the same trees; those who
    left did so the day after."""
    folder = tmp_path_factory.mktemp("watched")
    settings = installed_in(folder, models)
    make_live(settings, 1)
    take(settings, Step.SHADOWED, add_version(settings))
    table = customers(COUNT, seed=7)
    _decide(settings, table)
    with LateStore(settings) as store:
        left = table[table["churned"] == "yes"]["subject"]
        day = dt.timedelta(days=1)
        store.opened().add([Event(f"left-{each}", each, "left", THEN + day, THEN + day, {}) for each in left])
    return folder


def _decide(settings: Settings, table: Any) -> None:
    use = wire(settings)
    try:
        for shadow in use.shadows["churn"]:
            shadow.model.read()
        facts = {name: value for name, value in RETENTION.items() if name != "churn_risk"}
        asks = []
        for row in table.to_dict("records"):
            known = {name: Decimal(str(row[name])) for name in FEATURES}
            asks.append(make_ask("retention", row["subject"], {**facts, **known}, None))
        made = decide_many(asks, use, [new_id(THEN) for _ in asks])
        assert all(isinstance(each, Answer) for each in record_many(made, use))
    finally:
        use.close()


def _told(folder: Path, *command: str) -> Any:
    done = ordain_here(folder, "models", *command, "--json")
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def test_decisions_on_record_are_held_against_what_came_true_after_them(folder: Path) -> None:
    told = _told(folder, "watch", "churn", "--outcome", "left", "--within", "5", "--dry-run")
    assert (told["version"], told["of"], told["drift"]["rows"]) == (1, "decisions of 30 days", COUNT)
    assert (told["outcomes"], told["entry_id"]) == (COUNT, None)
    assert [each["measure"] for each in told["performance"]] == ["drop", "calibration"]
    assert {each["of"] for each in told["drift"]["findings"]} == {*FEATURES, "probability"}


def test_outcomes_are_not_known_before_their_days_are_over(folder: Path) -> None:
    told = _told(folder, "watch", "churn", "--outcome", "left", "--within", "20", "--dry-run")
    assert (told["outcomes"], told["performance"]) == (0, [])
    assert _told(folder, "watch", "churn", "--dry-run")["outcomes"] == 0


def test_a_shadow_is_watched_by_what_it_said_beside(folder: Path) -> None:
    told = _told(folder, "watch", "churn", "2", "--outcome", "left", "--within", "5", "--dry-run")
    live = _told(folder, "watch", "churn", "--outcome", "left", "--within", "5", "--dry-run")
    assert (told["version"], told["performance"]) == (2, live["performance"])  # its trees are the same


def test_groups_are_compared_by_facts_of_the_decisions(folder: Path) -> None:
    told = _told(folder, "watch", "churn", "--by", "clv_tier", "--dry-run")
    assert [(each["attribute"], each["rows"]) for each in told["fairness"]] == [("clv_tier", COUNT)]
    done = ordain_here(folder, "models", "watch", "churn", "--by", "clv_teir", "--dry-run")
    assert done.returncode == 2
    assert "has the fact `clv_teir`" in done.stderr
    assert "did you mean `clv_tier`?" in done.stderr


def test_a_shadow_with_the_same_trees_is_apart_by_nothing(folder: Path) -> None:
    told = _told(folder, "compare", "churn", "--outcome", "left", "--within", "5")
    (beside,) = told["beside"]
    assert (told["live"], beside["version"], beside["asked"]) == (1, 2, COUNT)
    assert (beside["rows"], beside["differ"], beside["farthest"], beside["not_scored"]) == (COUNT, 0, 0, {})
    live, other = beside["figures"]["AUC"]
    assert live == other > 0.5
    in_words = ordain_here(folder, "models", "compare", "churn", "--outcome", "left", "--within", "5").stdout
    assert f"churn@2 beside churn@1: asked in {COUNT} decisions, scored {COUNT}" in in_words


def test_a_look_is_on_record_unless_it_is_a_trial(folder: Path) -> None:
    settings = Settings(  # as `ordain_here` has them
        database_url=f"sqlite:///{folder}/ordain.db", keys=folder / "keys", models=folder / "models", tenant="tests"
    )
    before = len(stages(settings).changes)
    told = _told(folder, "watch", "churn", "--as", "asha")
    last = stages(settings).changes[-1]
    assert (len(stages(settings).changes), last.id, last.step) == (before + 1, told["entry_id"], Step.WATCHED)
    assert (last.who, last.found["rows"], last.found["of"]) == ("asha", COUNT, "decisions of 30 days")


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("watch", "churn", "--mapping", "synthetic"), "a mapping says what the columns of a table mean"),
        (("watch", "churn", "--data", "gone.csv"), "it learned from SYNTHETIC rows"),
        (("watch", "churn", "--data", "gone.csv", "--mapping", "synthetic"), "there is no table `gone.csv`"),
        (("watch", "churn", "--days", "1"), "has scored no decision that is on record for this time"),
        (("watch", "lapse"), "there is no model `lapse`"),
        (("compare", "lapse"), "no version of the model `lapse` is live"),
    ],
)
def test_what_cannot_be_looked_at_is_said_in_a_sentence(folder: Path, command: tuple[str, ...], says: str) -> None:
    done = ordain_here(folder, "models", *command)
    assert done.returncode == 2
    assert says in done.stderr
