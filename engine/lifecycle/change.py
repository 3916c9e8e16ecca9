"""What people did to a version of a policy, as it is on record: submitted, approved, activated, rolled out or back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from ordain.engine.lifecycle.rollout import Rollout


class Step(StrEnum):
    """The kinds of entries that the life of a version consists of. A rollback is an activation, too."""

    SUBMISSION = "submission"
    APPROVAL = "approval"
    ACTIVATION = "activation"
    ROLLOUT = "rollout"


@dataclass(frozen=True, slots=True)
class Text:
    """A version by what it is, byte for byte: `name` is a policy, or `shared/<name>` of what policies share."""

    name: str
    version: int
    digest: str

    @property
    def label(self) -> str:
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True)
class Change:
    """One entry. `id` is a UUIDv7, so ids sort by the times at which they were `recorded`.

    `text` is the version, `parts` what it uses of what policies share. `of` is the id of what an approval approves: of
    a submission, or of the activation that a rollback is to end. `begins` is from when an activation counts: from when
    it was recorded, if it says nothing else. `signature` is what a signed approval was signed with, as text. `rollout`
    is what an entry of a roll-out says of it.
    """

    id: str
    step: Step
    text: Text
    recorded: dt.datetime
    who: str
    role: str
    reason: str = ""
    parts: tuple[Text, ...] = ()
    of: str = ""
    begins: dt.datetime | None = None
    rollback: bool = False
    signature: str = ""
    rollout: Rollout | None = None

    @property
    def policy(self) -> str:
        return self.text.name

    @property
    def version(self) -> int:
        return self.text.version

    @property
    def starts(self) -> dt.datetime:
        return self.recorded if self.begins is None else self.begins

    @property
    def texts(self) -> tuple[Text, ...]:
        """All that was submitted, approved or activated together."""
        return (self.text, *self.parts)
