"""A score is given again for exactly the same row for a while, and a record is the same as without that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from answers import CUSTOMER, NOON, RETENTION
from hypothesis import given
from hypothesis import strategies as st
from served import install_models, settings_in

from ordain.api.ask import make_ask
from ordain.api.batch import decide_many
from ordain.api.decide import Decision, make_decision
from ordain.api.facts import kept_scores
from ordain.api.facts.kept_scores import KeptScores
from ordain.api.late_model import LateModel
from ordain.api.services import Services, wire
from ordain.audit.entry.entry import new_id
from ordain.engine.errors import DataQualityIssue, ModelDegradationDetected, OrdainError
from ordain.engine.policy.facts import Fact, Score
from ordain.engine.values.types import NUMBER, Value

UNSCORED = {fact: value for fact, value in {**RETENTION, **CUSTOMER}.items() if fact != "churn_risk"}


class Clock:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


class Counting:
    """A model that keeps the rows that it was asked for, and refuses a negative one."""

    name, version, digest = "churn", "1", ""
    reads: tuple[Fact, ...] = (Fact("usage", NUMBER), Fact("tickets", NUMBER, optional=True))

    def __init__(self) -> None:
        self.asked: list[Mapping[str, Value]] = []

    def score(self, inputs: Mapping[str, Value]) -> Score:
        self.asked.append(inputs)
        if inputs["usage"] < 0:
            raise DataQualityIssue("`usage` is negative")
        return Score(inputs["usage"] / 10, (), dict(inputs))

    def score_many(self, many: Sequence[Mapping[str, Value]]) -> list[Score | OrdainError]:
        came: list[Score | OrdainError] = []
        for inputs in many:
            try:
                came.append(self.score(inputs))
            except OrdainError as error:
                came.append(error)
        return came


def parts(seconds: float = 300) -> tuple[Clock, Counting, LateModel]:
    clock, model = Clock(), Counting()
    return clock, model, LateModel(model, lambda: model, now=clock, kept_seconds=seconds)


def row(usage: str, tickets: str | None = None) -> dict[str, Value]:
    return {"usage": Decimal(usage), "tickets": None if tickets is None else Decimal(tickets)}


def test_the_same_row_is_scored_once_until_its_time_is_over() -> None:
    clock, model, late = parts()
    first = late.score(row("1"))
    clock.at += 299
    assert late.score(row("1")) is first
    clock.at += 1
    assert late.score(row("1")) == first
    assert len(model.asked) == 2


def test_another_value_of_any_input_is_another_row_and_so_is_another_way_to_write_it() -> None:
    _, model, late = parts()
    rows = [row("1"), row("2"), row("1", "0"), row("1.0"), row("1", "0")]
    for inputs in rows:
        assert late.score(inputs).inputs == inputs
        assert str(late.score(inputs).inputs["usage"]) == str(inputs["usage"])
    assert len(model.asked) == 4


def test_with_zero_seconds_nothing_is_kept() -> None:
    _, model, late = parts(0)
    late.score(row("1"))
    late.score_many([row("1"), row("1")])
    assert len(model.asked) == 3


def test_an_error_is_not_kept() -> None:
    _, model, late = parts()
    for _ in range(2):
        with pytest.raises(DataQualityIssue):
            late.score(row("-1"))
        (error,) = late.score_many([row("-1")])
        assert isinstance(error, DataQualityIssue)
    assert len(model.asked) == 4


def test_a_model_that_cannot_be_read_gives_no_score() -> None:
    late = LateModel(Counting(), _gone, kept_seconds=300)
    for _ in range(2):
        with pytest.raises(ModelDegradationDetected):
            late.score(row("1"))
        with pytest.raises(ModelDegradationDetected):
            late.score_many([row("1")])


def _gone() -> Counting:
    raise ModelDegradationDetected("its file is gone")


@given(st.lists(st.lists(st.integers(-2, 4), max_size=6), max_size=6))
def test_many_at_once_are_what_each_is_alone_and_only_new_rows_are_asked_for(batches: list[list[int]]) -> None:
    _, model, late = parts()
    plain = Counting()
    seen: set[int] = set()
    for batch in batches:
        rows = [row(str(number)) for number in batch]
        before = len(model.asked)
        for ours, theirs in zip(late.score_many(rows), plain.score_many(rows), strict=True):
            assert str(ours) == str(theirs)
        assert [int(each["usage"]) for each in model.asked[before:]] == [each for each in batch if each not in seen]
        seen |= {each for each in batch if each >= 0}


def test_no_more_are_kept_than_the_limit_and_the_oldest_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_scores, "LIMITS", replace(kept_scores.LIMITS, scores_kept=3))
    clock = Clock()
    kept = KeptScores(("usage",), 300, clock)
    rows = [kept.row({"usage": Decimal(number)}) for number in range(5)]
    for each in (*rows[:3], rows[0], *rows[3:]):
        kept.keep(each, Score(Decimal(1), (), {}))
    assert [each for each in rows if kept.of(each) is not None] == [rows[0], *rows[3:]]
    clock.at += 300
    kept.keep(rows[1], Score(Decimal(1), (), {}))
    assert len(kept._kept) == 1  # what nobody asks for any more is let go


def test_a_record_is_the_same_byte_for_byte_whether_its_score_was_kept_or_not(tmp_path: Path, models: Path) -> None:
    install_models(models, tmp_path)
    settings = settings_in(tmp_path)
    use, plain = wire(settings), wire(replace(settings, score_cache_seconds=0))
    try:
        planned = new_id(use.now())
        ask = make_ask("retention", "C-1", UNSCORED, NOON)

        def private(of: Services) -> bytes:
            return make_decision(ask, of, planned).entry.private()

        wanted = private(plain)
        assert b'"reasons":[[' in wanted
        assert [private(use), private(use), private(plain)] == [wanted] * 3
        (made,) = decide_many([ask], use, [planned])
        assert isinstance(made, Decision)
        assert made.entry.private() == wanted
    finally:
        use.close()
        plain.close()
