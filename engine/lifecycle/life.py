"""What became of each version of one policy: its submissions and approvals, and the state that they come to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from ordain.engine.lifecycle.change import Change, Step
from ordain.engine.lifecycle.turns import Effectives, Turns


class State(StrEnum):
    """Of a version, at a moment."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    PLANNED = "planned"
    ACTIVE = "active"
    ROLLING = "rolling out"
    SHADOW = "shadow"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Life:
    """Of one policy. `needed` is how many people have to approve a version."""

    policy: str
    turns: Turns
    needed: int

    @property
    def changes(self) -> list[Change]:
        """All of them, as they were recorded."""
        return [change for change in self.turns.changes if change.policy == self.policy]

    def submission(self, version: int) -> Change | None:
        """The last one of that version: what was submitted before it was an earlier text."""
        found = [each for each in self._steps(Step.SUBMISSION) if each.version == version]
        return found[-1] if found else None

    def approvals(self, of: Change, version: int) -> list[Change]:
        """The first of each person who approved a version: a submission of it, or that it takes over from a turn."""
        first: dict[str, Change] = {}
        for each in self._steps(Step.APPROVAL):
            if each.of == of.id and each.version == version:
                first.setdefault(each.who, each)
        return list(first.values())

    def activations(self, version: int) -> list[Change]:
        """All of that version, also those that never began."""
        return [each for each in self._steps(Step.ACTIVATION) if each.version == version]

    def is_fixed(self, version: int) -> bool:
        """Whether it was activated, and not taken back before it began."""
        return any(each.id not in self.turns.void for each in self.activations(version))

    def highest(self) -> int:
        """The highest version that was submitted or activated; 0 if none was."""
        return max((each.version for each in self.changes), default=0)

    def state(self, version: int, at: dt.datetime, effective: Effectives) -> State:
        deciding = self.turns.deciding(self.policy, at, effective)
        if deciding is not None and deciding.version == version:
            return State.ACTIVE
        on = self.turns.rolling(self.policy, at)
        if on is not None and on.rollout is not None and on.version == version:
            return State.SHADOW if on.rollout.shadow else State.ROLLING
        turns = [turn for turn in self.turns.of.get(self.policy, ()) if turn.version == version]
        if any(turn.starts > at for turn in turns):
            return State.PLANNED
        if turns:
            return State.WITHDRAWN if self._was_rolled_back(turns[0], at) else State.REPLACED
        submission = self.submission(version)
        activations = self.activations(version)
        if activations and (submission is None or activations[-1].recorded > submission.recorded):
            return State.WITHDRAWN
        if submission is None:
            return State.DRAFT
        enough = len(self.approvals(submission, version)) >= self.needed
        return State.APPROVED if enough else State.SUBMITTED

    def _was_rolled_back(self, last: Change, at: dt.datetime) -> bool:
        """Whether the turn that began after the last one of a version is a rollback."""
        begun = self.turns.begun(self.policy, at)
        after = begun.index(last) - 1
        return after >= 0 and begun[after].rollback

    def _steps(self, step: Step) -> list[Change]:
        return [change for change in self.changes if change.step is step]
