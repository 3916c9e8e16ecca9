"""The roll-outs that are simulated, SYNTHETIC all of them: nothing is worse, something is, or the split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bench.rollouts import Draw, Rollout, amount, guardrail, some_pay, stepwise, yes
from ordain.engine.sequential.guardrail import Guardrail, Plan
from ordain.engine.sequential.judging import Standing

DAYS, A_DAY = 60, 1_000
SMALL = stepwise(0.05, days=DAYS)
STEPS = stepwise(0.01, 0.05, 0.25, 0.5, days=DAYS // 4)


def _one(guard: Guardrail, champion: Draw, challenger: Draw, shares: tuple[float, ...] = SMALL, **more: Any) -> Rollout:
    return Rollout(Plan((guard,)), {guard.metric: champion}, {guard.metric: challenger}, shares, A_DAY, **more)


def _same(guard: Guardrail, draw: Draw, shares: tuple[float, ...] = SMALL, **more: Any) -> Rollout:
    return _one(guard, draw, draw, shares, **more)


def _split(shares: tuple[float, ...] = SMALL, kept: float = 1.0) -> Rollout:
    return _same(DENIED, yes(0.1), shares, kept=kept, alarm=Standing.VOID)


DENIED, ERROR, PRICE = guardrail("denied", "rise"), guardrail("error", "rise"), guardrail("price", "rise")
RENEWED, REVENUE, CHEAPER = guardrail("renewed", "fall"), guardrail("revenue", "fall"), guardrail("price", "fall")
_ALL: Mapping[str, Draw] = {
    "denied": yes(0.1),
    "price": amount(0.5),
    "churned": yes(0.03),
    "revenue": some_pay(0.1, 1.0),
    "error": yes(0.005),
}
_FIVE = Plan((DENIED, CHEAPER, guardrail("churned", "rise"), REVENUE, ERROR))
_UP = tuple(0.8 + 0.8 * day / DAYS for day in range(DAYS))

NOTHING_WORSE: dict[str, Rollout] = {
    "denied 10 %, may not rise": _same(DENIED, yes(0.1)),
    "the same, half of the customers": _same(DENIED, yes(0.1), stepwise(0.5, days=DAYS)),
    "the same, 1 % of the customers": _same(DENIED, yes(0.1), stepwise(0.01, days=DAYS)),
    "the same, 95 % of the customers": _same(DENIED, yes(0.1), stepwise(0.95, days=DAYS)),
    "1, 5, 25, 50 %, and 8 to 16 % denied": _same(DENIED, yes(0.1), STEPS, drift=_UP),
    "worse by just the margin of 10 percent": _one(
        guardrail("denied", "rise", 0.1, relative=True), yes(0.1), yes(0.11)
    ),
    "errors 0.5 %, may not rise": _same(ERROR, yes(0.005)),
    "errors 0.1 %, may not rise": _same(ERROR, yes(0.001)),
    "renewed 2 %, may not fall": _same(RENEWED, yes(0.02)),
    "price, skewed, may not rise": _same(PRICE, amount(0.5)),
    "price, skewed, may not fall": _same(CHEAPER, amount(0.5)),
    "revenue, very skewed, may not fall": _same(REVENUE, amount(1.5)),
    "revenue, 10 % pay, may not fall": _same(REVENUE, some_pay(0.1, 1.0)),
    "five guardrails, any of them": Rollout(_FIVE, _ALL, _ALL, SMALL, A_DAY),
}
"""What is true is never worse than the margin, so each alarm is a false one."""

SOMETHING_WORSE: dict[str, Rollout] = {
    "denied 10 to 11 %": _one(DENIED, yes(0.1), yes(0.11)),
    "denied 10 to 12 %": _one(DENIED, yes(0.1), yes(0.12)),
    "denied 10 to 15 %": _one(DENIED, yes(0.1), yes(0.15)),
    "the same, revert beyond 2 points": _one(
        guardrail("denied", "rise", 0.0, 0.02), yes(0.1), yes(0.15), alarm=Standing.REVERT
    ),
    "the same, 1, 5, 25, 50 %": _one(DENIED, yes(0.1), yes(0.15), STEPS),
    "denied 10 to 12 %, half of the customers": _one(DENIED, yes(0.1), yes(0.12), stepwise(0.5, days=DAYS)),
    "errors 0.5 to 1.5 %": _one(ERROR, yes(0.005), yes(0.015)),
    "errors 0.5 to 5 %": _one(ERROR, yes(0.005), yes(0.05)),
    "renewed 2 to 1 %": _one(RENEWED, yes(0.02), yes(0.01)),
    "price 5 percent lower": _one(CHEAPER, amount(0.5), amount(0.5, 95.0)),
    "revenue, 10 % pay, a quarter less": _one(REVENUE, some_pay(0.1, 1.0), some_pay(0.1, 1.0, 75.0)),
    "denied 10 to 12 %, one of five guardrails": Rollout(_FIVE, _ALL, {**_ALL, "denied": yes(0.12)}, SMALL, A_DAY),
}

_TEN_TIMES = replace(_same(DENIED, yes(0.1)), a_day=A_DAY // 10, times=10)
MISUSED: dict[str, Rollout] = {
    "each customer counted 10 times": _TEN_TIMES,
    "each customer counted 10 times, the split": replace(_TEN_TIMES, alarm=Standing.VOID),
}
"""Nothing is worse, but values are not one for each customer."""

AS_PLANNED: dict[str, Rollout] = {
    "5 %": _split(),
    "50 %": _split(stepwise(0.5, days=DAYS)),
    "1, 5, 25, 50 %": _split(STEPS),
}
NOT_AS_PLANNED: dict[str, Rollout] = {
    "a tenth of the challenger's is lost": _split(kept=0.9),
    "a fifth is lost": _split(kept=0.8),
    "a twentieth is lost, half of the customers": _split(stepwise(0.5, days=DAYS), kept=0.95),
}
