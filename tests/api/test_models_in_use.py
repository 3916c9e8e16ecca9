"""A model's files are judged before what scores sees a byte of them: by the ledger, or in a process of their own."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from answers import ADVICE, CUSTOMER, NOON, RETENTION, body, error_in
from served import install_models, settings_in

from ordain.api.http.app import app_for
from ordain.api.services import reloaded, wire
from ordain.api.settings import Settings
from ordain.engine.errors import ModelDegradationDetected
from ordain.models.registry.signing import ModelKeys
from ordain.models.scoring import trial

UNSCORED = {fact: value for fact, value in RETENTION.items() if fact != "churn_risk"} | CUSTOMER


@pytest.fixture
def installed(tmp_path: Path, models: Path) -> tuple[Settings, Path]:
    """Settings, and the folder of the one version of their model."""
    copied = install_models(models, tmp_path)
    return settings_in(tmp_path), copied / "churn/1"


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The digests of the cards of versions that a process of their own was asked about."""
    seen: list[str] = []
    ask = trial.fault_of
    monkeypatch.setattr(trial, "fault_of", lambda stored: (seen.append(stored.digest), ask(stored))[1])
    return seen


def decide(settings: Settings, service: str, facts: dict[str, Any]) -> Any:
    use = wire(settings)
    try:
        return app_for(use).test_client().post(f"/v1/decisions/{service}", data=body(facts, at=NOON))
    finally:
        use.close()


def replace(place: Path) -> str:
    """Another card in its place, with sums and a signature that fit, as one who may would; its digest."""
    card = json.loads((place / "card.json").read_bytes())
    card["seed"] += 1
    (place / "card.json").write_text(json.dumps(card))
    names = ("card.json", "model.json", "model.ubj", "reference.json")
    lines = (f"{hashlib.sha256((place / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    (place / "SHA256SUMS").write_text("".join(lines))
    signed = ModelKeys(place.parents[2] / "keys").sign((place / "SHA256SUMS").read_bytes())
    (place / "SIGNATURE").write_bytes(signed)
    return digest(place)


def digest(place: Path) -> str:
    return "sha256:" + hashlib.sha256((place / "card.json").read_bytes()).hexdigest()


def test_a_used_version_that_was_replaced_scores_no_more(installed: tuple[Settings, Path], tried: list[str]) -> None:
    settings, place = installed
    assert decide(settings, "retention", UNSCORED).status_code == 200
    was, now = digest(place), replace(place)
    tried.clear()
    refused = decide(settings, "retention", UNSCORED)
    error = error_in(refused.data)
    assert (refused.status_code, error["code"]) == (503, "ModelDegradationDetected")
    assert error["message"] == (
        f"model `churn` version 1 was replaced after decisions were made with it: used with digest `{was}`, now `{now}`"
    )
    assert decide(settings, "plan-advice", ADVICE).status_code == 200
    assert decide(settings, "retention", RETENTION).status_code == 200
    assert tried == []


def test_a_live_version_that_nobody_used_may_not_be_replaced_either(installed: tuple[Settings, Path]) -> None:
    settings, place = installed
    assert decide(settings, "plan-advice", ADVICE).status_code == 200
    was, now = digest(place), replace(place)
    error = error_in(decide(settings, "retention", UNSCORED).data)
    assert error["message"] == (
        f"model `churn` version 1 was replaced after it was promoted: on record with digest `{was}`, now `{now}`"
    )


def test_a_reload_does_not_take_a_used_version_that_was_replaced(installed: tuple[Settings, Path]) -> None:
    settings, place = installed
    assert decide(settings, "retention", UNSCORED).status_code == 200
    use = wire(settings)
    replace(place)
    with pytest.raises(ModelDegradationDetected, match="was replaced after decisions were made with it"):
        reloaded(use, use.catalog)
    use.close()


def test_what_the_ledger_knows_is_not_tried_again_and_what_it_does_not_is(
    installed: tuple[Settings, Path], tried: list[str]
) -> None:
    settings, place = installed
    assert decide(settings, "plan-advice", ADVICE).status_code == 200
    assert tried == []
    assert decide(settings, "retention", UNSCORED).status_code == 200
    assert decide(settings, "retention", UNSCORED).status_code == 200
    assert tried == [digest(place)]


def test_trees_that_end_the_process_that_reads_them_end_no_other(
    installed: tuple[Settings, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, _ = installed
    monkeypatch.setattr(trial, "_TRIED", set())
    monkeypatch.setattr(trial, "_TRIAL", (sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"))
    error = error_in(decide(settings, "retention", UNSCORED).data)
    what = "its files end the process that reads them: they are damaged"
    assert (error["code"], error["message"]) == ("ModelDegradationDetected", f"model `churn` version 1: {what}")
    assert decide(settings, "plan-advice", ADVICE).status_code == 200
