"""`ordain models retrain`: when it trains, and what becomes of the candidate; on SYNTHETIC customers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from any_time import at_any_time
from served import SECONDS, edit, environment, install_models, ordain_here
from several import stages

from ordain.api.settings import Settings
from ordain.api.stages.measurements import measured_facts
from ordain.models.data.synthetic import customers
from ordain.models.registry.stages import Stage, Step

RETRAIN = ("models", "retrain", "churn", "--data", "now.csv", "--mapping", "synthetic")

EXAMPLE = """
examples:
  - given: {model_step: roll back, model_stage: candidate, model_compared: false}
    expect: {verdict: permit}
"""


@pytest.fixture
def settings(tmp_path: Path, models: Path) -> Settings:
    install_models(models, tmp_path)
    customers(2_000, seed=7).to_csv(tmp_path / "now.csv", index=False)
    return Settings(
        database_url=f"sqlite:///{tmp_path}/ordain.db",
        keys=tmp_path / "keys",
        models=tmp_path / "models",
        tenant="tests",
    )


def test_without_an_alarm_nothing_is_trained_and_nothing_recorded(settings: Settings, tmp_path: Path) -> None:
    done = ordain_here(tmp_path, *RETRAIN)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "no alarm: churn@1 stays as it is (--now trains all the same)\n"
    assert [change.step for change in stages(settings).changes] == [Step.PROMOTED]


def test_a_candidate_that_the_policy_would_not_promote_is_no_shadow(settings: Settings, tmp_path: Path) -> None:
    policies = Path(shutil.copytree(at_any_time(), tmp_path / "policies"))
    edit(policies / "model-promotion/v1.yaml", "auc_may_fall: {value: 0.005", "auc_may_fall: {value: -0.9")
    policy = policies / "model-promotion/v1.yaml"
    text = policy.read_text(encoding="utf-8")
    policy.write_text(text[: text.index("\nexamples:")] + EXAMPLE, encoding="utf-8")  # the others are for other limits
    done = ordain_here(tmp_path, *RETRAIN, "--now", "--json", ORDAIN_POLICIES=str(policies))
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert (told["trained"], told["verdict"], told["stage"]) == (2, "deny", "candidate")
    assert told["reasons"][0].startswith("`auc-as-good-as-live`")
    assert stages(settings).stage(2) is Stage.CANDIDATE
    assert [change.step for change in stages(settings).changes] == [Step.PROMOTED, Step.TRAINED, Step.COMPARED]


def test_a_comparison_counts_while_the_version_is_live_that_it_was_made_with(
    settings: Settings, tmp_path: Path
) -> None:
    done = ordain_here(tmp_path, *RETRAIN, "--now", "--json")
    assert done.returncode == 0, done.stdout
    found = stages(settings)
    assert [found.stage(1), found.stage(2)] == [Stage.LIVE, Stage.SHADOW]
    facts = measured_facts(found, 2)
    assert facts["model_compared"] is True
    assert {"model_auc", "model_live_auc", "model_brier", "model_live_brier"} <= facts.keys()
    promoted = ordain_here(tmp_path, "models", "promote", "churn", "2", "--override", "--because", "a test")
    assert promoted.returncode == 0, promoted.stderr
    assert measured_facts(stages(settings), 2) == {}  # it is live itself


def test_without_a_live_version_it_says_what_to_do(tmp_path: Path, models: Path) -> None:
    install_models(models, tmp_path, live=None)
    done = ordain_here(tmp_path, *RETRAIN)
    assert done.returncode == 2
    assert "no version of the model `churn` is live, so there is nothing to hold a candidate against" in done.stderr


def test_on_a_schedule_it_looks_again_and_again_until_it_is_stopped(settings: Settings, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ordain", *RETRAIN, "--every", "1", "--json"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        looks = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.terminate()
        assert process.wait(SECONDS) == 0
    assert [(each["live"], each["alarms"], each["trained"]) for each in looks] == [(1, [], None)] * 2
