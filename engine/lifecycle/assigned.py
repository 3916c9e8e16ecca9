"""By which of two versions a customer is decided about while one of them is rolled out, or tried beside the other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.lifecycle.bucket import bucket
from ordain.engine.lifecycle.turns import Turns


class Arm(StrEnum):
    """The champion is what decides for everybody else."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"


@dataclass(frozen=True, slots=True)
class Assigned:
    """`version` is the one that is rolled out, by the entry `of`; `share` of 10,000 buckets are its own."""

    policy: str
    version: int
    of: str
    bucket: int
    share: int
    shadow: bool

    @property
    def arm(self) -> Arm:
        return Arm.CHALLENGER if self.bucket < self.share else Arm.CHAMPION

    @property
    def decides(self) -> bool:
        """Whether the version that is rolled out is the one that answers."""
        return self.arm is Arm.CHALLENGER and not self.shadow

    @property
    def watches(self) -> bool:
        """Whether it decides beside the one that answers."""
        return self.arm is Arm.CHALLENGER and self.shadow

    def as_json(self) -> dict[str, object]:
        told: dict[str, object] = {"policy": self.policy, "version": self.version, "of": self.of}
        told |= {"arm": str(self.arm), "bucket": self.bucket, "share": self.share}
        return told | {"shadow": True} if self.shadow else told


def assigned(
    turns: Turns,
    policy: str,
    at: dt.datetime,
    subject: str,
    given: Mapping[str, object],
    versions: Sequence[CompiledPolicy],
) -> Assigned | None:
    """None for who takes no part: no version is rolled out at `at`, or not to such customers, or its days are over.

    `given` are the facts as the request has them, `versions` those of the policy that are loaded.
    """
    change = turns.rolling(policy, at)
    if change is None or change.rollout is None:
        return None
    share = change.rollout.share(at)
    if not share or not change.rollout.takes(given):
        return None
    number = change.version
    if not any(each.policy.version == number and each.policy.effective.holds_on(at.date()) for each in versions):
        return None
    shadow = change.rollout.shadow
    return Assigned(policy, number, change.id, bucket(change.text.label, subject), share, shadow)
