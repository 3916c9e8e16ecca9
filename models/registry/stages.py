"""What stage a version of a model is in: a fold over what is on record of the model.

A trained version is a candidate. One at a time is live: it scores. A shadow is tried beside the live one, and a retired
one never comes back. Whatever is on record has a fold; what may be put on record is for `registry.stage_rules`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Stage(StrEnum):
    """Of a version, now."""

    CANDIDATE = "candidate"
    SHADOW = "shadow"
    LIVE = "live"
    RETIRED = "retired"


class Step(StrEnum):
    """What an entry says was done: `about.action`."""

    TRAINED = "trained"
    SHADOWED = "shadowed"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled back"
    RETIRED = "retired"
    WATCHED = "watched"
    COMPARED = "compared"


MEASURES = (Step.WATCHED, Step.COMPARED)
"""Those that say what was found out about a version, and leave its stage as it is."""


@dataclass(frozen=True, slots=True)
class Change:
    """One entry. `version` is the one that the step is about; of a rollback the one that scores again.

    `digest` is that of its card. `decision` is the id of the decision that the step follows from, "" for a training;
    `overridden` says that this decision was no, and a person has gone on. `at_once`: an entry of before there were
    stages, when a trained version was live as soon as it was on record. `found` is what a measure came to, as JSON.
    """

    id: str
    step: Step
    model: str
    version: int
    digest: str
    recorded: dt.datetime
    who: str
    role: str = ""
    reason: str = ""
    decision: str = ""
    overridden: bool = False
    at_once: bool = False
    found: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """A version's stage, and the entry that put it there: one about another version, where that took its place."""

    version: int
    stage: Stage
    digest: str
    by: Change


@dataclass(frozen=True, slots=True)
class ModelStages:
    """All versions of one model that are on record; `earlier` were live before, the last one at the end."""

    model: str
    of: Mapping[int, Standing] = field(default_factory=dict)
    earlier: tuple[int, ...] = ()
    changes: tuple[Change, ...] = ()

    @property
    def live(self) -> Standing | None:
        """The one that scores."""
        return next((each for each in self.of.values() if each.stage is Stage.LIVE), None)

    @property
    def shadows(self) -> tuple[Standing, ...]:
        """By version."""
        return tuple(self.of[number] for number in sorted(self.of) if self.of[number].stage is Stage.SHADOW)

    def stage(self, version: int) -> Stage:
        """A version that is not on record here was trained elsewhere: a candidate."""
        return self.of[version].stage if version in self.of else Stage.CANDIDATE


def stages_of(changes: Iterable[Change]) -> dict[str, ModelStages]:
    """By model. It depends on which changes there are, and not on the order in which they are read."""
    by_model: dict[str, list[Change]] = {}
    for change in sorted(changes, key=lambda change: (change.recorded, change.id)):
        by_model.setdefault(change.model, []).append(change)
    return {model: _folded(model, several) for model, several in by_model.items()}


def _folded(model: str, changes: list[Change]) -> ModelStages:
    of: dict[int, Standing] = {}
    earlier: list[int] = []
    for change in changes:
        if change.step in MEASURES:
            continue
        number = change.version
        if change.step is Step.TRAINED and not change.at_once and number in of:
            continue  # another one under its number, whose files were gone: it takes no stage away, nor brings one back
        live = next((each.version for each in of.values() if each.stage is Stage.LIVE), None)
        stage = _STAGE[change.step] if not change.at_once else Stage.LIVE
        if stage is Stage.LIVE and live is not None and live != number:
            of[live] = Standing(live, Stage.CANDIDATE, of[live].digest, change)
            if change.step is not Step.ROLLED_BACK:
                earlier.append(live)
        if change.step is Step.ROLLED_BACK and number in earlier:
            del earlier[earlier.index(number) :]
        elif stage in (Stage.LIVE, Stage.RETIRED):
            earlier = [each for each in earlier if each != number]
        of[number] = Standing(number, stage, change.digest, change)
    return ModelStages(model, of, tuple(earlier), tuple(changes))


_STAGE = {
    Step.TRAINED: Stage.CANDIDATE,
    Step.SHADOWED: Stage.SHADOW,
    Step.PROMOTED: Stage.LIVE,
    Step.ROLLED_BACK: Stage.LIVE,
    Step.RETIRED: Stage.RETIRED,
}
