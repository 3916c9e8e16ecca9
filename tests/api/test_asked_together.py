"""Decisions made together: what goes wrong with one of them, a fault of ours included, is its error alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from answers import RETENTION
from served import settings_in

from ordain.api.ask import read_ask
from ordain.api.batch import decide_many
from ordain.api.decide import Decision
from ordain.api.services import wire
from ordain.engine.errors import InternalError, ModelDegradationDetected, OrdainError
from ordain.engine.policy.facts import Fact, Score
from ordain.engine.values.types import Value


class _Model:
    """Cannot score together; of those it is asked for one after another, the second fails."""

    name, version, digest = "churn", "1", "sha256:0"
    reads: tuple[Fact, ...] = ()

    def __init__(self, fault: Exception) -> None:
        self._fault, self._asked = fault, 0

    def score(self, inputs: Mapping[str, Value]) -> Score:
        self._asked += 1
        if self._asked == 2:
            raise self._fault
        return Score(Decimal("0.5"), (), inputs)

    def score_many(self, many: Sequence[Mapping[str, Value]]) -> list[Score | OrdainError]:
        raise self._fault


@pytest.mark.parametrize(
    ("fault", "told"),
    [(MemoryError("too large"), InternalError), (ModelDegradationDetected("torn"), ModelDegradationDetected)],
)
def test_a_model_that_fails_on_one_spoils_only_that(tmp_path: Path, fault: Exception, told: type) -> None:
    use = wire(settings_in(tmp_path), "retention")
    facts = {name: raw for name, raw in RETENTION.items() if name != "churn_risk"}
    asks = [
        read_ask("retention", json.dumps({"subject": f"C-{number}", "facts": facts}).encode()) for number in range(3)
    ]
    try:
        came = decide_many(asks, replace(use, models={"churn": _Model(fault)}))
    finally:
        use.close()
    assert [type(one) for one in came] == [Decision, told, Decision]
