"""A version that decides for a part of the customers, or beside the one that does: what an entry says of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ordain.engine.lifecycle.bucket import percent


class Action(StrEnum):
    """What was done. A shadow decides beside the version that answers, and its outcome is kept; nobody is told it.

    A step is put on record when a stage begins, with the figures of that moment: it changes nothing.
    """

    START = "start"
    SHADOW = "shadow"
    STEP = "step"
    SHARE = "share"
    PAUSE = "pause"
    RESUME = "resume"
    REVERT = "revert"


@dataclass(frozen=True, slots=True)
class Stage:
    """A share of the customers, in buckets of 10,000, from a moment on."""

    share: int
    begins: dt.datetime

    @property
    def percent(self) -> str:
        """As people write it: `5`, `0.25`."""
        return percent(self.share)


@dataclass(frozen=True, slots=True)
class Rollout:
    """It counts from when it was recorded until the next entry about the policy: `stages` are the whole schedule.

    `where` are the facts by which customers take part, each with its values; everybody does if it is empty. `shadow`
    says that nobody is answered by it. `guards` is the plan of the guardrails (`engine.sequential.plan_text`), empty if
    there are none; `figures` are those that an entry of a watch was made by. Both are JSON.
    """

    action: Action
    stages: tuple[Stage, ...] = ()
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shadow: bool = False
    guards: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)

    def stage(self, at: dt.datetime) -> Stage | None:
        """The last that has begun by then."""
        begun = [stage for stage in self.stages if stage.begins <= at]
        return begun[-1] if begun else None

    def share(self, at: dt.datetime) -> int:
        """How many of 10,000 buckets it decides for: a function of what is on record, and of the time."""
        stage = self.stage(at)
        return 0 if stage is None or self.action is Action.REVERT else stage.share

    def coming(self, at: dt.datetime) -> tuple[Stage, ...]:
        """The stages that are yet to begin."""
        return tuple(stage for stage in self.stages if stage.begins > at)

    def takes(self, given: Mapping[str, object]) -> bool:
        """Whether a customer of these facts takes part."""
        return all(given.get(name) in values for name, values in self.where.items())
