"""Versions of models are promoted, taken back and retired as the policy says, and each step names its decision."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from served import edit
from several import ASHA, BELA, add_version, figure, installed_in, live, registry_of, stages, steps_in, take

from ordain.api.ledger import open_for
from ordain.api.lifecycle.who import Person
from ordain.api.settings import Settings
from ordain.api.stages.model_record import ModelRecord, stages_on_record
from ordain.audit.entry.entry import Kind
from ordain.audit.records.replay import Replayer
from ordain.audit.verifier.check import verify
from ordain.engine.errors import (
    ComplianceViolation,
    MalformedRequest,
    ModelDegradationDetected,
    NotPermitted,
    NotRecorded,
    SettingsError,
    StepRefused,
)
from ordain.models.registry.stages import Stage, Step


@pytest.fixture
def settings(tmp_path: Path, models: Path) -> Settings:
    return installed_in(tmp_path, models)


def decision_of(settings: Settings, decision_id: str) -> dict[str, Any]:
    opened = open_for(settings)
    try:
        record = opened.reader.record(UUID(decision_id))
        assert record is not None
        assert Replayer(opened.reader).replay(record)
        return record.merged()
    finally:
        opened.close()


def size(settings: Settings) -> int:
    opened = open_for(settings)
    try:
        return opened.reader.size()
    finally:
        opened.close()


def test_a_promotion_is_on_record_with_the_decision_that_it_follows_from(settings: Settings) -> None:
    taken = take(settings, Step.PROMOTED, 1, BELA, reason="it is the first")
    assert (live(settings), taken.verdict, taken.left) == (1, "permit", None)
    change = stages(settings).changes[-1]
    assert (change.step, change.who, change.role, change.reason) == (
        Step.PROMOTED,
        "bela",
        "operator",
        "it is the first",
    )
    assert change.digest == registry_of(settings).stored("churn", 1).digest
    decision = decision_of(settings, change.decision)
    assert (decision["service"], decision["subject"], decision["verdict"]) == ("model-promotion", "churn@1", "permit")
    assert decision["facts"]["model_step"]["value"] == "promote"
    assert verify(settings.models.parent / "ordain.db")


def test_a_version_that_is_worse_on_the_same_rows_is_denied_with_the_rule_and_stays_a_candidate(
    settings: Settings,
) -> None:
    take(settings, Step.PROMOTED, 1)
    auc, brier = figure(settings, "AUC"), figure(settings, "Brier score")
    worse = add_version(settings, {"AUC": auc - 0.006, "Brier score": brier * 1.06})
    with pytest.raises(ComplianceViolation) as caught:
        take(settings, Step.PROMOTED, worse)
    assert [issue.fields["rule"] for issue in caught.value.issues] == ["auc-as-good-as-live", "brier-as-good-as-live"]
    assert "more than 0.005 below that of the live version" in caught.value.issues[0].message
    assert (live(settings), stages(settings).stage(worse)) == (1, Stage.CANDIDATE)
    denied = decision_of(settings, str(caught.value.issues[0].fields["decision_id"]))
    assert denied["verdict"] == "deny"


def test_a_version_within_the_limits_takes_the_place_of_the_live_one(settings: Settings) -> None:
    take(settings, Step.PROMOTED, 1)
    auc, brier = figure(settings, "AUC"), figure(settings, "Brier score")
    other = add_version(settings, {"AUC": auc - 0.004, "Brier score": brier * 1.04})
    taken = take(settings, Step.PROMOTED, other)
    assert taken.left is not None
    assert (taken.left.version, taken.facts["model_compared"]) == (1, True)
    assert (live(settings), stages(settings).earlier) == (other, (1,))


def test_what_was_measured_on_other_rows_is_not_compared(settings: Settings) -> None:
    take(settings, Step.PROMOTED, 1)
    other = add_version(settings, {"AUC": 0.6, "Brier score": 0.3}, digest="sha256:other")
    taken = take(settings, Step.PROMOTED, other)
    assert (taken.facts["model_compared"], live(settings)) == (False, other)
    assert "model_worse_by" not in taken.facts


def test_invented_rows_do_not_replace_real_ones_until_an_approver_says_why(settings: Settings) -> None:
    real = add_version(settings, synthetic=False, digest="sha256:real")
    take(settings, Step.PROMOTED, real)
    with pytest.raises(ComplianceViolation, match="`real-data-stays` denies it"):
        take(settings, Step.PROMOTED, 1)
    with pytest.raises(NotPermitted, match="the role `operator` may not go on against the policy"):
        take(settings, Step.PROMOTED, 1, BELA, override=True, reason="it is urgent")
    with pytest.raises(MalformedRequest, match="needs a reason"):
        take(settings, Step.PROMOTED, 1, ASHA, override=True)
    taken = take(settings, Step.PROMOTED, 1, ASHA, override=True, reason="the real table was the wrong one")
    assert live(settings) == 1
    assert taken.change is not None
    assert (taken.change.overridden, taken.change.reason) == (True, "the real table was the wrong one")
    assert decision_of(settings, taken.change.decision)["verdict"] == "deny"


def test_to_override_what_is_permitted_is_on_record_as_permitted(settings: Settings) -> None:
    taken = take(settings, Step.PROMOTED, 1, ASHA, override=True, reason="to be sure")
    assert taken.change is not None
    assert not taken.change.overridden


def test_a_rollback_goes_back_to_the_version_of_before(settings: Settings) -> None:
    with pytest.raises(StepRefused, match="no version of the model `churn` was live before"):
        take(settings, Step.ROLLED_BACK, None)
    take(settings, Step.PROMOTED, 1)
    second = add_version(settings)
    take(settings, Step.PROMOTED, second)
    taken = take(settings, Step.ROLLED_BACK, None, BELA, reason="complaints")
    assert (live(settings), taken.version) == (1, 1)
    assert stages(settings).stage(second) is Stage.CANDIDATE
    assert stages(settings).earlier == ()


def test_the_live_version_is_not_retired_and_a_retired_one_is_never_live(settings: Settings) -> None:
    take(settings, Step.PROMOTED, 1)
    with pytest.raises(ComplianceViolation, match="`live-is-replaced-first` denies it"):
        take(settings, Step.RETIRED, 1)
    second = add_version(settings)
    take(settings, Step.SHADOWED, second)
    assert stages(settings).stage(second) is Stage.SHADOW
    take(settings, Step.RETIRED, second)
    assert stages(settings).stage(second) is Stage.RETIRED
    with pytest.raises(StepRefused, match="is retired, and never comes back"):
        take(settings, Step.PROMOTED, second)


def test_a_damaged_version_is_never_promoted_and_may_be_retired(settings: Settings) -> None:
    second = add_version(settings)
    take(settings, Step.SHADOWED, second)
    (settings.models / f"churn/{second}/model.ubj").write_bytes(b"{}")
    with pytest.raises(ModelDegradationDetected, match=r"`model.ubj` is damaged"):
        take(settings, Step.PROMOTED, second)
    assert take(settings, Step.RETIRED, second).facts["model_compared"] is False
    assert stages(settings).stage(second) is Stage.RETIRED


def test_a_version_that_was_replaced_after_it_was_recorded_is_not_promoted(settings: Settings) -> None:
    take(settings, Step.SHADOWED, 1)
    add_version(settings)
    shutil.rmtree(settings.models / "churn/1")
    card = registry_of(settings).stored("churn", 2)
    (settings.models / "churn/2").rename(settings.models / "churn/kept")
    registry_of(settings).save(
        "churn", card.files, lambda version: card.card.model_copy(update={"version": 1, "seed": 9})
    )
    with pytest.raises(ModelDegradationDetected, match="model `churn` version 1 was replaced after it was shadowed"):
        take(settings, Step.PROMOTED, 1)


def test_there_is_no_promotion_of_what_there_is_not(settings: Settings) -> None:
    with pytest.raises(ModelDegradationDetected, match="model `churn` has no version 7"):
        take(settings, Step.PROMOTED, 7)
    with steps_in(settings) as steps, pytest.raises(ModelDegradationDetected, match="there is no model `chrun`"):
        steps.take(Step.PROMOTED, "chrun", 1, ASHA)
    assert stages_on_record(settings) == {}


def test_on_trial_the_policy_is_asked_and_nothing_is_recorded(settings: Settings) -> None:
    take(settings, Step.PROMOTED, 1)
    worse = add_version(settings, {"AUC": 0.6})
    before = size(settings)
    with steps_in(settings) as steps:
        told = steps.on_trial(Step.PROMOTED, "churn", worse)
    assert (told.verdict, told.change) == ("deny", None)
    assert told.reasons[0].startswith("`auc-as-good-as-live`: ")
    assert size(settings) == before


def test_who_is_killed_between_the_decision_and_the_step_has_promoted_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ModelRecord, "record", killed)
        with pytest.raises(KeyboardInterrupt):
            take(settings, Step.PROMOTED, 1)
    assert (live(settings), size(settings)) == (None, 2)  # the decision is on record
    assert take(settings, Step.PROMOTED, 1).verdict == "permit"
    assert live(settings) == 1


def test_a_step_that_the_ledger_does_not_take_is_not_taken(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise NotRecorded("the disk is full")

    with monkeypatch.context() as patch, steps_in(settings) as steps:
        patch.setattr(type(steps._use.ledger), "operate", full)  # the ledger's own reason cannot be had in a test
        with pytest.raises(NotRecorded):
            steps.take(Step.PROMOTED, "churn", 1, ASHA)
    assert live(settings) is None


def test_policies_without_the_service_say_what_to_copy(settings: Settings, policies: Path) -> None:
    edit(policies / "services.yaml", "  model-promotion:", "  model-permission:")
    older = Settings(
        **{name: getattr(settings, name) for name in settings.__dataclass_fields__} | {"policies": policies}
    )
    with pytest.raises(SettingsError, match="there is no service `model-promotion`") as caught:
        take(older, Step.PROMOTED, 1)
    assert "the facts that begin with `model_`" in caught.value.issues[0].hint


def test_a_training_of_before_there_were_stages_is_live_as_it_was_then(settings: Settings) -> None:
    digest = registry_of(settings).stored("churn", 1).digest
    opened = open_for(settings)
    about = {"action": "trained", "model": "churn", "version": 1, "digest": digest}
    opened.note(Kind.MODEL, about, {"actor": "asha", "table": "t.csv", "table_digest": "sha256:0"})
    opened.finish()
    assert live(settings) == 1
    second = add_version(settings)
    take(settings, Step.PROMOTED, second)
    assert (live(settings), stages(settings).earlier) == (second, (1,))
    take(settings, Step.ROLLED_BACK, None, Person("chen", "operator"))
    assert live(settings) == 1
