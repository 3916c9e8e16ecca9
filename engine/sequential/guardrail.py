"""What a new version must not make worse, and by how much it may seem to: written before the first customer comes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from ordain.engine.errors import MalformedRequest


class Direction(StrEnum):
    """What the mean of a metric may not do."""

    RISE = "rise"
    FALL = "fall"


@dataclass(frozen=True, slots=True)
class Margin:
    """By how much: in the metric's own unit or, if `relative`, as a part of the champion's mean (0.1 is 10 percent)."""

    amount: float
    relative: bool = False

    def __str__(self) -> str:
        return f"{self.amount * 100:.6g} percent" if self.relative else f"{self.amount:.6g}"


@dataclass(frozen=True, slots=True)
class Guardrail:
    """Beyond `pause` for certain, the roll-out waits for people; beyond `revert`, everybody gets the champion again.

    Both margins are 0 or more, `revert` is no smaller, and both are written alike. Raises MalformedRequest.
    """

    metric: str
    direction: Direction
    pause: Margin
    revert: Margin

    def __post_init__(self) -> None:
        if self.pause.relative != self.revert.relative:
            raise MalformedRequest(
                f"the guardrail `{self.name}` pauses at {self.pause} and reverts at {self.revert}",
                "write both as percent of the present version's mean, or both in the metric's own unit",
            )
        for margin in (self.pause, self.revert):
            if not 0 <= margin.amount < math.inf:
                raise MalformedRequest(
                    f"the guardrail `{self.name}` has the margin {margin}", "a margin is 0 or more: how much worse"
                )
        if self.revert.amount < self.pause.amount:
            raise MalformedRequest(
                f"the guardrail `{self.name}` reverts at {self.revert}, before it pauses at {self.pause}",
                "let `revert` be as large as `pause`, or larger",
            )

    @property
    def name(self) -> str:
        """Unlike that of any other of a plan: `denied may not rise`."""
        return f"{self.metric} may not {self.direction}"


@dataclass(frozen=True, slots=True)
class Plan:
    """All guardrails of a roll-out, and how sure an alarm has to be. It is fixed for ever once the roll-out begins.

    While nothing is worse, any alarm is ever made with chance `alpha` at the most, whatever the number of looks: each
    guardrail has an equal part of it (Bonferroni; for evidence that holds at every look see Vovk and Wang (2021),
    "E-values", section 3). `ratio_alpha` is the same for the split of customers. The bounds are tightest when the
    smaller arm has about `tight_at` customers; before either has `least`, nothing is judged. Raises MalformedRequest.
    """

    guardrails: tuple[Guardrail, ...]
    alpha: float = 0.05
    ratio_alpha: float = 0.001
    tight_at: int = 1_000
    least: int = 100

    def __post_init__(self) -> None:
        if not self.guardrails:
            raise MalformedRequest("there is no guardrail", "name what may not become worse: a metric, with margins")
        names = [guardrail.name for guardrail in self.guardrails]
        if twice := next((name for name in names if names.count(name) > 1), ""):
            raise MalformedRequest(f"there are two guardrails `{twice}`", "keep the one with the margins that count")
        for what, alpha in (("alpha", self.alpha), ("ratio_alpha", self.ratio_alpha)):
            if not 0 < alpha <= 0.2:
                raise MalformedRequest(f"`{what}` is {alpha:g}", "it is a chance above 0, and 0.2 at the most")
        for what, number in (("tight_at", self.tight_at), ("least", self.least)):
            if number < 20:
                raise MalformedRequest(f"`{what}` is {number}", "it is a number of customers, 20 or more")

    @property
    def alpha_of_each(self) -> float:
        """The part of `alpha` that one guardrail has."""
        return self.alpha / len(self.guardrails)
