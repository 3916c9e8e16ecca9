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

_RISE, _FALL = guardrail("metric", "rise"), guardrail("metric", "fall")
_FEW, _MOST, _HALF = (stepwise(share, days=DAYS) for share in (0.01, 0.95, 0.5))
_TENTH_LESS = guardrail("metric", "fall", 0.1, relative=True)
HARDER: dict[str, Rollout] = {
    "0.1 %, may not fall": _same(_FALL, yes(0.001)),
    "0.5 %, may not rise, 1 % of the customers": _same(_RISE, yes(0.005), _FEW),
    "2 %, may not fall, 1 % of the customers": _same(_FALL, yes(0.02), _FEW),
    "0.5 %, may not fall, 95 % of the customers": _same(_FALL, yes(0.005), _MOST),
    "0.5 %, may not rise, 95 % of the customers": _same(_RISE, yes(0.005), _MOST),
    "99.5 %, may not fall": _same(_FALL, yes(0.995)),
    "99.5 %, may not rise": _same(_RISE, yes(0.995)),
    "lognormal 2, may not fall": _same(_FALL, amount(2.0)),
    "lognormal 2, may not rise": _same(_RISE, amount(2.0)),
    "lognormal 2, may not rise, half of the customers": _same(_RISE, amount(2.0), _HALF),
    "lognormal 1.5, may not rise, 95 % of the customers": _same(_RISE, amount(1.5), _MOST),
    "lognormal 1.5, may not fall, 1 % of the customers": _same(_FALL, amount(1.5), _FEW),
    "lognormal 1, may not fall, in steps, drifting": _same(_FALL, amount(1.0), STEPS, drift=_UP),
    "0.5 %, may not fall, in steps, drifting": _same(_FALL, yes(0.005), STEPS, drift=_UP),
    "10 percent lower than 10 %, which is the margin": _one(_TENTH_LESS, yes(0.1), yes(0.09)),
    "10 percent lower than lognormal 1, which is the margin": _one(_TENTH_LESS, amount(1.0), amount(1.0, 90.0)),
    "a point more than 0.5 %, which is the margin": _one(guardrail("metric", "rise", 0.01), yes(0.005), yes(0.015)),
    "1 % pay, may not fall": _same(_FALL, some_pay(0.01, 1.0)),
    "1 % pay, may not rise": _same(_RISE, some_pay(0.01, 1.0)),
}
"""No alarm is right here either; tests run them, and the benchmark does not."""

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
