"""A version that is live for a share of the subjects scores for always the same ones, and the live one for the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from answers import CUSTOMER, NOON, RETENTION, body
from served import make_live, ordain_here
from several import BELA, add_version, installed_in, live, stages, take

from ordain.api.ask import Ask, make_ask
from ordain.api.batch import decide_many, record_many
from ordain.api.decide import Answer, decide
from ordain.api.http.app import app_for
from ordain.api.lifecycle.taking_over import promoted
from ordain.api.services import Services, wire
from ordain.api.settings import Settings
from ordain.api.stages.partly_live import PartlyLive
from ordain.audit.records.replay import Replayer
from ordain.audit.verifier.check import verify
from ordain.engine.lifecycle.bucket import bucket
from ordain.models.registry.stages import Stage, Step

UNSCORED = {fact: value for fact, value in {**RETENTION, **CUSTOMER}.items() if fact != "churn_risk"}
SUBJECTS = [f"C-{number}" for number in range(60)]
FIFTH = 2_000


@pytest.fixture
def settings(tmp_path: Path, models: Path) -> Settings:
    """Version 1 is live, and version 2, which has the same trees, for a fifth of the subjects."""
    settings = installed_in(tmp_path, models)
    make_live(settings, 1)
    take(settings, Step.PROMOTED, add_version(settings), BELA, share=FIFTH)
    return settings


@pytest.fixture
def use(settings: Settings) -> Iterator[Services]:
    wired = wire(settings)
    yield wired
    wired.close()


def an_ask(subject: str) -> Ask:
    return make_ask("retention", subject, UNSCORED, NOON)


def scored_by(answer: Answer) -> int:
    (model,) = answer.as_json()["models"]
    return int(model["version"])


def expected(subject: str, share: int = FIFTH) -> int:
    return 2 if bucket("model churn@2", subject) < share else 1


def test_each_subject_is_scored_by_the_version_of_its_bucket_alone_and_in_a_batch(use: Services) -> None:
    wanted = [expected(subject) for subject in SUBJECTS]
    assert set(wanted) == {1, 2}
    assert [scored_by(decide(an_ask(subject), use)) for subject in SUBJECTS] == wanted
    together = record_many(decide_many([an_ask(subject) for subject in SUBJECTS], use), use)
    assert [scored_by(each) for each in together if isinstance(each, Answer)] == wanted


def test_each_record_names_the_version_that_scored_replays_and_verifies(settings: Settings, use: Services) -> None:
    for subject in SUBJECTS[:12]:
        answer = decide(an_ask(subject), use)
        record = use.ledger.reader.record(UUID(answer.receipt.entry_id))
        assert record is not None
        assert Replayer(use.ledger.reader).replay(record)
        (named,) = record.merged()["models"]
        assert (named["model"], named["version"]) == ("churn", str(expected(subject)))
    assert verify(settings.models.parent / "ordain.db")


def test_over_http_too_and_health_and_metrics_name_both_versions(use: Services) -> None:
    told = app_for(use).test_client()
    for subject in SUBJECTS[:12]:
        answer = told.post("/v1/decisions/retention", data=body(UNSCORED, at=NOON, subject=subject)).get_json()
        assert answer["models"][0]["version"] == expected(subject)
    shown = told.get("/healthz").get_json()["models"]
    assert [(each["model"], each["version"]) for each in shown] == [("churn", 1), ("churn", 2)]


def test_a_running_server_takes_up_another_share_all_and_a_rollback(settings: Settings, use: Services) -> None:
    read = use.partly["churn"].model
    take(settings, Step.PROMOTED, 2, share=5_000)
    use = promoted(use)
    assert use.partly["churn"] == PartlyLive(read, 5_000, read)  # it is not read again
    assert [scored_by(decide(an_ask(subject), use)) for subject in SUBJECTS] == [
        expected(subject, 5_000) for subject in SUBJECTS
    ]
    take(settings, Step.ROLLED_BACK, None)
    use = promoted(use)
    assert {scored_by(decide(an_ask(subject), use)) for subject in SUBJECTS} == {1}
    assert (live(settings), stages(settings).stage(2)) == (1, Stage.CANDIDATE)
    take(settings, Step.PROMOTED, 2, share=FIFTH)
    take(settings, Step.PROMOTED, 2)
    use = promoted(use)
    assert {scored_by(decide(an_ask(subject), use)) for subject in SUBJECTS} == {2}
    assert (live(settings), stages(settings).earlier, use.partly) == (2, (1,), {})


@pytest.mark.parametrize("when", ["before the server starts", "before it is read"])
def test_one_that_is_damaged_scores_for_nobody_and_the_live_version_for_all(settings: Settings, when: str) -> None:
    if when == "before the server starts":
        (settings.models / "churn/2/model.ubj").write_bytes(b"{}")
    use = wire(settings)
    try:
        if use.partly:
            (settings.models / "churn/2/model.ubj").unlink()
            use.partly["churn"].model.read()
        assert {scored_by(decide(an_ask(subject), use)) for subject in SUBJECTS} == {1}
    finally:
        use.close()


def test_the_commands_say_for_whom_it_scores(tmp_path: Path, models: Path) -> None:
    settings = installed_in(tmp_path, models)
    make_live(settings, 1)
    second = str(add_version(settings))

    def said(*command: str) -> str:
        done = ordain_here(tmp_path, "models", *command)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert said("promote", "churn", second, "--share", "20 %", "--as", "asha") == (
        "churn@2 scores for 20 % of the subjects, in the place of churn@1\n"
    )
    assert "partly live, 20 % of the subjects" in said("list")
    shown = said("show", "churn", second)
    assert "stage: partly live, 20 % of the subjects" in shown
    assert "promoted for 20 %, asha by decision " in shown
    told = json.loads(said("list", "--json"))["models"][0]
    assert (told["live"], [each["share_percent"] for each in told["versions"]]) == (1, [None, "20"])
    assert said("promote", "churn", second, "--share", "100") == "churn@2 is live, in the place of churn@1\n"
    assert said("promote", "churn", "1", "--share", "0.5").startswith("churn@1 scores for 0.5 % of the subjects")
    assert said("rollback", "churn") == "churn@2 scores for all again\n"
    refused = ordain_here(tmp_path, "models", "promote", "churn", "1", "--share", "half")
    assert (refused.returncode, "`half` is no share of customers" in refused.stderr) == (2, True)


def test_the_two_are_compared_over_the_decisions_of_their_own_subjects(use: Services, tmp_path: Path) -> None:
    for subject in (*SUBJECTS, *SUBJECTS[:5]):
        decide(make_ask("retention", subject, UNSCORED, None), use)
    done = ordain_here(tmp_path, "models", "compare", "churn", "--json")
    assert done.returncode == 0, done.stderr
    arms: list[dict[str, Any]] = json.loads(done.stdout)["arms"]
    seconds = [subject for subject in SUBJECTS if expected(subject) == 2]
    assert [(each["version"], each["share_percent"]) for each in arms] == [(1, "80"), (2, "20")]
    assert [each["subjects"] for each in arms] == [len(SUBJECTS) - len(seconds), len(seconds)]
    assert sum(each["rows"] for each in arms) == len(SUBJECTS) + 5
    assert arms[0]["mean"] == arms[1]["mean"]  # the trees and the rows are the same
    in_words = ordain_here(tmp_path, "models", "compare", "churn").stdout
    assert "churn@2, 20 % of the subjects: " in in_words
    assert "outcomes are not known, or too few to say how good it is" in in_words
