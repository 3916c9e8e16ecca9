"""A running server takes up which version is live: nobody restarts it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from answers import CUSTOMER, NOON, RETENTION, body, error_in
from served import SECONDS, Server, make_live, ordain_here
from several import ASHA, add_version, installed_in, take

from ordain.api.http.app import app_for
from ordain.api.lifecycle.taking_over import promoted
from ordain.api.services import Services, reloaded, wire
from ordain.api.settings import Settings
from ordain.engine.errors import ModelDegradationDetected
from ordain.models.registry.stages import Step

UNSCORED = {fact: value for fact, value in {**RETENTION, **CUSTOMER}.items() if fact != "churn_risk"}


def scored_by(use: Services) -> object:
    """The version that scores, or why none does."""
    answer = app_for(use).test_client().post("/v1/decisions/retention", data=body(UNSCORED, at=NOON))
    return answer.get_json()["models"][0]["version"] if answer.status_code == 200 else error_in(answer.data)["message"]


@pytest.fixture
def settings(tmp_path: Path, models: Path) -> Settings:
    return installed_in(tmp_path, models)


@pytest.fixture
def use(settings: Settings) -> Iterator[Services]:
    wired = wire(settings)
    yield wired
    wired.close()


def test_a_version_that_is_only_trained_scores_nothing_and_the_answer_says_what_to_do(use: Services) -> None:
    answer = app_for(use).test_client().post("/v1/decisions/retention", data=body(UNSCORED, at=NOON))
    error = error_in(answer.data)
    assert (answer.status_code, error["code"]) == (503, "ModelDegradationDetected")
    assert error["message"] == "no version of the model `churn` is live"
    assert error["details"][0]["hint"] == "make one live: ordain models promote churn 1"


def test_a_promotion_a_rollback_and_a_retirement_are_taken_up(settings: Settings, use: Services) -> None:
    assert promoted(use) is use
    make_live(settings, 1)
    second = add_version(settings)
    use = promoted(use)
    assert scored_by(use) == 1
    assert promoted(use) is use
    take(settings, Step.PROMOTED, second)
    use = promoted(use)
    assert scored_by(use) == second
    take(settings, Step.ROLLED_BACK, None)
    use = promoted(use)
    assert scored_by(use) == 1
    take(settings, Step.RETIRED, 1, override=True, reason="it harms")
    use = promoted(use)
    assert scored_by(use) == "no version of the model `churn` is live"


def test_a_live_version_that_cannot_be_read_leaves_the_one_of_before_until_another_is_live(
    settings: Settings, use: Services
) -> None:
    make_live(settings, 1)
    use = promoted(use)
    second = add_version(settings)
    take(settings, Step.PROMOTED, second)
    (settings.models / f"churn/{second}/model.ubj").write_bytes(b"{}")
    use = promoted(use)
    assert scored_by(use) == 1
    (fault,) = use.not_reloaded
    assert "could not take over which models are live" in fault
    assert "`model.ubj` is damaged" in fault
    assert promoted(use) is use  # it is said once
    take(settings, Step.ROLLED_BACK, None)
    after = promoted(use)
    assert (scored_by(after), after.not_reloaded) == (1, ())


def test_a_damaged_candidate_disturbs_nobody(settings: Settings, use: Services) -> None:
    make_live(settings, 1)
    second = add_version(settings)
    (settings.models / f"churn/{second}/card.json").write_bytes(b"{}")
    use = promoted(use)
    assert (scored_by(use), use.not_reloaded) == (1, ())


def test_a_server_takes_up_a_promotion_by_a_command(settings: Settings, tmp_path: Path) -> None:
    def scores(server: Server) -> Callable[[], object]:
        def asked() -> object:
            answer = server.decide("retention", "C-1", UNSCORED)
            return answer.json()["models"][0]["version"] if answer.status == 200 else answer.status

        return asked

    with Server(tmp_path) as server:
        assert scores(server)() == 503
        done = ordain_here(tmp_path, "models", "promote", "churn", "1", "--because", "it is the first")
        assert done.returncode == 0, done.stderr
        assert done.stdout == "churn@1 is live\n"
        _until(scores(server), 1)
        second = add_version(settings)
        done = ordain_here(tmp_path, "models", "promote", "churn", str(second))
        assert done.stdout == f"churn@{second} is live, in the place of churn@1\n"
        _until(scores(server), second)
        shown = server.get("/v1/models").json()["models"]
        assert [(each["model"], each["live"]) for each in shown] == [("churn", second)]
        assert ordain_here(tmp_path, "models", "rollback", "churn", "--because", "complaints").returncode == 0
        _until(scores(server), 1)


def _until(asked: Callable[[], object], wanted: object) -> None:
    deadline = time.monotonic() + SECONDS
    while (seen := asked()) != wanted:
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)


def test_a_reload_refuses_a_live_version_that_is_damaged(settings: Settings) -> None:
    make_live(settings, 1)
    use = wire(settings)
    try:
        second = add_version(settings)
        take(settings, Step.PROMOTED, second, ASHA)
        (settings.models / f"churn/{second}/SIGNATURE").unlink()
        with pytest.raises(ModelDegradationDetected, match="`SIGNATURE` cannot be read"):
            reloaded(use, use.catalog)
    finally:
        use.close()
