"""A model that is slow or fails repeatedly is left alone for a while, by a clock that the test sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from ordain.api.late_model import LateModel
from ordain.api.limits import LIMITS
from ordain.engine.errors import ModelDegradationDetected, OrdainError
from ordain.engine.policy.facts import Fact, Score
from ordain.engine.values.types import Value

TIMES = LIMITS.circuit_failures


@dataclass
class Clock:
    at: float = 0.0

    def __call__(self) -> float:
        return self.at


class Slow:
    """A model that takes so many seconds by the clock, or fails."""

    name, version, digest = "churn", "1", ""
    reads: tuple[Fact, ...] = ()

    def __init__(self, clock: Clock) -> None:
        self.clock, self.seconds, self.fails = clock, 0.0, False

    def score(self, inputs: Mapping[str, Value]) -> Score:
        self.clock.at += self.seconds
        if self.fails:
            raise ModelDegradationDetected("no finite score")
        return Score(Decimal("0.5"), (), inputs)

    def score_many(self, many: Any) -> list[Score | OrdainError]:
        return [self.score(inputs) for inputs in many[:1]] * len(many)


@pytest.fixture
def parts() -> tuple[Clock, Slow, LateModel]:
    clock = Clock()
    model = Slow(clock)
    return clock, model, LateModel(model, lambda: model, slow=0.25, now=clock)


Parts = tuple[Clock, Slow, LateModel]


def ask(late: LateModel, times: int = 1) -> None:
    for _ in range(times):
        try:
            late.score({})
        except ModelDegradationDetected:
            continue


def test_a_model_that_is_slow_so_often_in_a_row_is_left_alone(parts: Parts) -> None:
    _, model, late = parts
    model.seconds = 0.3
    ask(late, TIMES - 1)
    assert late.resting == ""
    ask(late)
    assert late.resting == "too slow"


def test_a_model_that_fails_so_often_in_a_row_is_left_alone(parts: Parts) -> None:
    _, model, late = parts
    model.fails = True
    ask(late, TIMES)
    assert late.resting == "failing"


def test_one_good_score_between_makes_it_begin_anew(parts: Parts) -> None:
    _, model, late = parts
    for seconds in (0.3, 0.1, 0.3):
        model.seconds = seconds
        ask(late, TIMES - 1)
    assert late.resting == ""


def test_once_its_time_is_over_one_may_try_and_the_others_wait_for_what_comes_of_it(parts: Parts) -> None:
    clock, model, late = parts
    model.seconds = 0.3
    ask(late, TIMES)
    clock.at += LIMITS.circuit_seconds
    assert [late.resting, late.resting] == ["", "too slow"]
    model.seconds = 0.1
    ask(late)
    assert [late.resting, late.resting] == ["", ""]


def test_a_try_that_is_slow_again_leaves_it_alone_for_as_long(parts: Parts) -> None:
    clock, model, late = parts
    model.seconds = 0.3
    ask(late, TIMES)
    clock.at += LIMITS.circuit_seconds
    assert late.resting == ""
    ask(late)
    clock.at += LIMITS.circuit_seconds - 1
    assert late.resting == "too slow"
    clock.at += 1
    assert late.resting == ""


def test_many_rows_of_one_call_may_take_longer(parts: Parts) -> None:
    _, model, late = parts
    model.seconds = 0.3
    for _ in range(TIMES):
        late.score_many([{}] * (LIMITS.circuit_rows + 1))
    assert late.resting == ""
    for _ in range(TIMES):
        late.score_many([{}] * LIMITS.circuit_rows)
    assert late.resting == "too slow"
