"""A version in the stage `shadow` is asked beside the live one: its scores are on record, and never decide."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from answers import CUSTOMER, NOON, RETENTION, body
from served import make_live
from several import add_version, installed_in, take

from ordain.api.ask import Ask, make_ask
from ordain.api.batch import decide_many, record_many
from ordain.api.decide import Answer, decide
from ordain.api.http.app import app_for
from ordain.api.late_model import LateModel
from ordain.api.lifecycle.taking_over import promoted
from ordain.api.services import Services, wire
from ordain.api.settings import Settings
from ordain.api.stages.shadow_model import BUSY, LOADING, ShadowModel
from ordain.audit.ledger.reader import Record
from ordain.audit.records.masking import Mask, Role
from ordain.audit.records.replay import Replayer
from ordain.audit.verifier.check import verify
from ordain.engine.errors import ModelDegradationDetected, OrdainError, StepRefused
from ordain.engine.policy.facts import Fact, FactSource, Score
from ordain.engine.score_fallback import FAILING, NO_INPUTS, SLOW, UNREADABLE
from ordain.engine.values.types import NUMBER, Value
from ordain.models.registry.stages import Step

UNSCORED = {fact: value for fact, value in {**RETENTION, **CUSTOMER}.items() if fact != "churn_risk"}


class Other:
    """A model with the card of `like` that says what it is told to, or what it is told to do instead."""

    def __init__(self, like: FactSource, does: Any, reads: tuple[Fact, ...] | None = None) -> None:
        self.name, self.version, self.digest = like.name, "2", "sha256:other"
        self.reads = tuple(like.reads) if reads is None else reads
        self.outputs = ("probability",)
        self._does = does

    def score(self, inputs: Mapping[str, Value]) -> Score:
        raise AssertionError("a shadow is asked for many")

    def score_many(self, many: Sequence[Mapping[str, Value]]) -> list[Score | OrdainError]:
        return [Score(self._does(inputs), (), inputs) for inputs in many]


@pytest.fixture
def settings(tmp_path: Path, models: Path) -> Settings:
    settings = installed_in(tmp_path, models)
    make_live(settings, 1)
    return settings


@pytest.fixture
def use(settings: Settings) -> Iterator[Services]:
    wired = wire(settings)
    yield wired
    wired.close()


def beside(use: Services, does: Any, *, read: bool = True, reads: tuple[Fact, ...] | None = None) -> Services:
    """With a shadow that does so."""
    live = use.models["churn"]
    assert not isinstance(live, ModelDegradationDetected)
    other = Other(live, does, reads)
    model = LateModel(other, lambda: other, use.settings.score_timeout_ms / 1000)
    if read:
        model.read()
    return replace(use, shadows={"churn": (ShadowModel(model),)})


def an_ask(subject: str = "C-1", **more: object) -> Ask:
    return make_ask("retention", subject, {**UNSCORED, **more}, NOON)


def recorded(use: Services, answer: Answer) -> Record:
    record = use.ledger.reader.record(UUID(answer.receipt.entry_id))
    assert record is not None
    return record


def shadow_scores(use: Services, answer: Answer) -> list[dict[str, Any]]:
    private = recorded(use, answer).private
    assert private is not None
    found: list[dict[str, Any]] = private["shadow_scores"]
    return found


def without_ids(answer: Answer) -> dict[str, Any]:
    told = answer.as_json()
    return {name: value for name, value in told.items() if name not in ("decision_id", "receipt")}


def test_a_shadow_scores_the_same_row_and_the_live_version_decides(use: Services) -> None:
    rows: list[Mapping[str, Value]] = []

    def certain(inputs: Mapping[str, Value]) -> Decimal:
        rows.append(inputs)
        return Decimal(0)  # under which nothing is offered

    alone = decide(an_ask(), use)
    tried = beside(use, certain)
    answer = decide(an_ask(), tried)
    assert without_ids(answer) == without_ids(alone)
    assert [model["version"] for model in answer.as_json()["models"]] == [1]
    assert rows == [dict(alone.entry.facts.scores["churn_risk"][1].inputs)]
    named = {"model": "churn", "version": "2", "digest": "sha256:other"}
    assert shadow_scores(use, answer) == [{"model": named, "fact": "churn_risk", "score": "0"}]
    assert "shadow_scores" not in (recorded(use, alone).private or {})


def test_a_record_with_shadow_scores_replays_verifies_and_is_hidden_from_analysts(
    settings: Settings, tmp_path: Path
) -> None:
    use = wire(settings)
    try:
        answer = decide(an_ask(), beside(use, lambda _: Decimal("0.25")))
        record = recorded(use, answer)
        assert Replayer(use.ledger.reader).replay(record)
        assert "shadow_scores" in Mask(Role.REVIEWER, use.ledger.reader.past).private(record)
        assert "shadow_scores" not in Mask(Role.ANALYST, use.ledger.reader.past).private(record)
    finally:
        use.close()
    assert verify(tmp_path / "ordain.db")


def test_a_shadow_that_fails_is_told_by_why_and_the_answer_is_what_it_was(use: Services) -> None:
    def fails(_: Mapping[str, Value]) -> Decimal:
        raise ModelDegradationDetected("it is broken")

    def odd(_: Mapping[str, Value]) -> Decimal:
        raise RuntimeError("a fault of a library")

    alone = decide(an_ask(), use)
    for does in (fails, odd):
        answer = decide(an_ask(), beside(use, does))
        assert without_ids(answer) == without_ids(alone)
        assert [each["why"] for each in shadow_scores(use, answer)] == [FAILING]


def test_a_shadow_that_hangs_holds_up_one_decision_for_its_time_and_the_next_not_at_all(use: Services) -> None:
    ends = threading.Event()

    def hangs(_: Mapping[str, Value]) -> Decimal:
        ends.wait(60)
        return Decimal(1)

    tried = beside(replace(use, settings=replace(use.settings, score_timeout_ms=50)), hangs)
    try:
        whys = [shadow_scores(use, decide(an_ask(), tried))[0]["why"] for _ in range(3)]
    finally:
        ends.set()
    assert whys == [SLOW, BUSY, BUSY]


def test_a_shadow_that_is_yet_to_be_read_is_read_meanwhile(use: Services) -> None:
    tried = beside(use, lambda _: Decimal(1), read=False)
    assert shadow_scores(use, decide(an_ask(), tried))[0]["why"] == LOADING
    for thread in threading.enumerate():
        if thread.name == "shadow churn":
            thread.join()
    assert shadow_scores(use, decide(an_ask(), tried))[0]["score"] == "1"


def test_what_a_shadow_reads_beyond_the_live_version_comes_from_the_request_or_is_told_as_lacking(
    use: Services,
) -> None:
    rows: list[Mapping[str, Value]] = []

    def seen(inputs: Mapping[str, Value]) -> Decimal:
        rows.append(inputs)
        return Decimal(1)

    sent, lacking, optional = Fact("clv_tier", use.vocabulary["clv_tier"].type), Fact("never", NUMBER), None
    optional = replace(lacking, optional=True)
    decide(an_ask(), beside(use, seen, reads=(sent, optional)))
    assert rows == [{"clv_tier": "high", "never": None}]
    answer = decide(an_ask(), beside(use, seen, reads=(lacking,)))
    assert [each["why"] for each in shadow_scores(use, answer)] == [NO_INPUTS]


def test_many_at_once_are_one_call_of_a_shadow_and_a_trial_is_none(use: Services) -> None:
    calls: list[int] = []

    class Counting(Other):
        def score_many(self, many: Sequence[Mapping[str, Value]]) -> list[Score | OrdainError]:
            calls.append(len(many))
            return super().score_many(many)

    live = use.models["churn"]
    assert not isinstance(live, ModelDegradationDetected)
    other = Counting(live, lambda inputs: Decimal(inputs["tickets"]) / 100)
    model = LateModel(other, lambda: other, 10)
    model.read()
    tried = replace(use, shadows={"churn": (ShadowModel(model),)})
    asks = [an_ask(f"C-{number}", tickets=number) for number in range(5)]
    answers = record_many(decide_many([*asks, replace(asks[0], on_trial=True)], tried)[:5], use)
    assert calls == [5]
    told = [shadow_scores(use, each)[0]["score"] for each in answers if isinstance(each, Answer)]
    assert told == ["0", "0.01", "0.02", "0.03", "0.04"]


def test_a_server_takes_up_shadows_as_it_takes_up_what_is_live(settings: Settings, use: Services) -> None:
    second = add_version(settings)
    assert promoted(use) is use
    take(settings, Step.SHADOWED, second)
    tried = promoted(use)
    (shadow,) = tried.shadows["churn"]
    shadow.model.read()
    answer = app_for(tried).test_client().post("/v1/decisions/retention", data=body(UNSCORED, at=NOON)).get_json()
    assert [model["version"] for model in answer["models"]] == [1]
    record = use.ledger.reader.record(UUID(answer["decision_id"]))
    assert record is not None
    assert record.private is not None
    (told,) = record.private["shadow_scores"]
    assert (told["model"]["version"], told["score"]) == (str(second), record.private["models"][0]["score"])
    assert promoted(tried) is tried
    take(settings, Step.PROMOTED, second)
    assert promoted(tried).shadows == {}


def test_a_shadow_that_is_damaged_is_left_out_and_the_live_version_decides(settings: Settings) -> None:
    second = add_version(settings)
    take(settings, Step.SHADOWED, second)
    (settings.models / f"churn/{second}/model.ubj").write_bytes(b"{}")
    use = wire(settings)
    try:
        assert use.shadows == {}
        assert decide(an_ask(), use).entry.shadow_scores == []
    finally:
        use.close()


def test_a_shadow_that_cannot_be_read_says_so(use: Services) -> None:
    def gone() -> FactSource:
        raise ModelDegradationDetected("gone")

    live = use.models["churn"]
    assert not isinstance(live, ModelDegradationDetected)
    model = LateModel(Other(live, None), gone)
    model.read()
    assert ShadowModel(model).begin([]) == UNREADABLE


def test_a_fourth_shadow_is_refused(settings: Settings) -> None:
    for version in [add_version(settings) for _ in range(3)]:
        take(settings, Step.SHADOWED, version)
    with pytest.raises(StepRefused, match=r"has 3 shadows, and each is asked at every decision: versions 2, 3, 4"):
        take(settings, Step.SHADOWED, add_version(settings))
