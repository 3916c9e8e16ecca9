"""`ordain models` and `ordain train --promote`, and what the HTTP service shows of models."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from answers import error_in
from flask.testing import FlaskClient
from served import make_live, ordain_here, settings_in
from several import add_version, figure, installed_in, live, stages

from ordain.api.http.app import app_for
from ordain.api.services import wire
from ordain.api.settings import Settings
from ordain.audit.verifier.check import verify


@pytest.fixture
def settings(tmp_path: Path, models: Path) -> Settings:
    return installed_in(tmp_path, models)


@pytest.fixture
def told(settings: Settings) -> Iterator[FlaskClient]:
    make_live(settings, 1)
    use = wire(settings)
    yield app_for(use).test_client()
    use.close()


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if line.startswith("│")]


def test_training_says_how_to_make_the_version_live_and_with_promote_it_is(tmp_path: Path) -> None:
    done = ordain_here(tmp_path, "train", "churn", "--customers", "300")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("churn@1 is a candidate; to make it live: ordain models promote churn 1\n")
    settings = settings_in(tmp_path)
    assert live(settings) is None
    done = ordain_here(tmp_path, "train", "churn", "--customers", "4000", "--promote", "--as", "asha", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["version"], told["verdict"], told["facts"]["model_synthetic"]) == (2, "permit", True)
    assert live(settings) == 2
    assert [change.who for change in stages(settings).changes if change.version == 2] == ["asha", "asha"]
    assert verify(tmp_path / "ordain.db")


def test_a_training_does_not_take_the_number_of_a_version_on_record_whose_files_are_gone(
    settings: Settings, tmp_path: Path
) -> None:
    make_live(settings, 1)
    shutil.rmtree(settings.models)
    done = ordain_here(tmp_path, "train", "churn", "--customers", "300", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["version"] == 2
    assert live(settings) == 1
    assert [(each.version, str(each.step)) for each in stages(settings).changes] == [(1, "promoted"), (2, "trained")]


def test_what_is_not_permitted_is_told_with_the_rule_and_the_version_stays(settings: Settings, tmp_path: Path) -> None:
    make_live(settings, 1)
    worse = add_version(settings, {"calibration error": 0.06})
    tried = ordain_here(tmp_path, "models", "promote", "churn", str(worse), "--dry-run")
    assert tried.returncode == 1
    assert tried.stdout.startswith(
        f"to promote churn@{worse} is denied; nothing was recorded\n  `calibrated`: Policies"
    )
    done = ordain_here(tmp_path, "models", "promote", "churn", str(worse))
    assert done.returncode == 2
    assert done.stderr.startswith("ComplianceViolation\n`calibrated` denies it: Policies compare its probabilities")
    assert live(settings) == 1
    over = ("--override", "--because", "the limit is for large tables")
    refused = ordain_here(tmp_path, "models", "promote", "churn", str(worse), *over, "--role", "operator")
    assert refused.stderr.startswith("NotPermitted\nthe role `operator` may not do this")
    done = ordain_here(tmp_path, "models", "promote", "churn", str(worse), *over, "--as", "bela")
    against = "bela went on against the policy: the limit is for large tables"
    assert done.stdout == f"churn@{worse} is live, in the place of churn@1; {against}\n"


def test_a_promotion_without_a_comparison_says_so(settings: Settings, tmp_path: Path) -> None:
    make_live(settings, 1)
    other = add_version(settings, digest="sha256:other")
    done = ordain_here(tmp_path, "models", "promote", "churn", str(other))
    assert "it was not compared with churn@1: they were measured on different rows" in done.stdout


def test_the_list_has_stages_figures_and_who(settings: Settings, tmp_path: Path) -> None:
    second, third = add_version(settings), add_version(settings)
    for command in (("promote", "1"), ("promote", str(second)), ("retire", str(third))):
        done = ordain_here(tmp_path, "models", command[0], "churn", command[1], "--as", "asha")
        assert done.returncode == 0, done.stderr
    listed = ordain_here(tmp_path, "models", "list")
    auc = f"AUC {figure(settings, 'AUC'):.3f} (SYNTHETIC)"
    cells = [[*row[:3], *row[4:]] for row in rows(listed.stdout)]
    assert cells == [
        ["churn", "1", "candidate, live before", "asha", auc, "ok"],
        ["churn", str(second), "live", "asha", auc, "ok"],
        ["churn", str(third), "retired", "asha", auc, "ok"],
    ]
    as_json = json.loads(ordain_here(tmp_path, "models", "list", "--json").stdout)
    assert [each["stage"] for each in as_json["models"][0]["versions"]] == ["candidate", "live", "retired"]


def test_a_card_is_shown_with_what_was_done_to_its_version(settings: Settings, tmp_path: Path) -> None:
    second = add_version(settings)
    ordain_here(tmp_path, "models", "shadow", "churn", str(second), "--because", "to see", "--as", "asha")
    shown = ordain_here(tmp_path, "models", "show", "churn")
    assert f"churn version {second}" in shown.stdout  # none is live, so the newest
    assert "stage: shadow" in shown.stdout
    assert "shadowed, asha by decision " in shown.stdout
    assert shown.stdout.endswith(": to see\n")
    ordain_here(tmp_path, "models", "promote", "churn", "1")
    told = json.loads(ordain_here(tmp_path, "models", "show", "churn", "--json").stdout)
    assert (told["version"], told["stage"], told["card"]["spec"]) == (1, "live", "churn")
    missing = ordain_here(tmp_path, "models", "show", "churn", "9")
    assert (missing.returncode, "model `churn` has no version 9" in missing.stderr) == (2, True)


def test_the_service_lists_models_and_shows_cards(told: FlaskClient) -> None:
    (model,) = told.get("/v1/models").get_json()["models"]
    assert (model["model"], model["live"], len(model["versions"])) == ("churn", 1, 1)
    version = model["versions"][0]
    assert (version["stage"], version["by"], version["figure"]["name"]) == ("live", "tests", "AUC")
    card = told.get("/v1/models/churn/1").get_json()
    assert [each["step"] for each in card["history"]] == ["promoted"]
    assert card["card"]["data"]["synthetic"] is True


@pytest.mark.parametrize(
    ("path", "says", "hint"),
    [
        ("/v1/models/chrun/1", "there is no model `chrun`", "did you mean `churn`?"),
        ("/v1/models/churn/2", "the model `churn` has no version `2`", "known: 1"),
        ("/v1/models/churn/x", "the model `churn` has no version `x`", "known: 1"),
    ],
)
def test_a_version_that_there_is_not_is_not_found(told: FlaskClient, path: str, says: str, hint: str) -> None:
    answer = told.get(path)
    error = error_in(answer.data)
    assert (answer.status_code, error["code"], error["message"]) == (404, "UnknownModel", says)
    assert error["details"][0]["hint"] == hint
