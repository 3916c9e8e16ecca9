"""One look of `ordain models retrain`: whether the live version is to be replaced, and a candidate put beside it if so.

    watched    the live version, on the table of now; on record where it raises the alarm
    trained    a candidate on the same table
    compared   candidate and live version, on rows that the candidate has not learned from
    decision   of the policy `model-promotion`, whether the candidate might be live
    shadowed   the candidate, if it might

It is never made live here: that is a step of its own, by a person and the policy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ordain.api.cli.models import train_and_store
from ordain.api.cli.stages.look_source import Look
from ordain.api.lifecycle.who import Person
from ordain.api.settings import Settings
from ordain.api.stages.looked_at import in_table, measures_of, reference_for
from ordain.api.stages.measurements import found_by_watching, found_on_same_rows
from ordain.api.stages.model_measures import record_measure
from ordain.api.stages.model_record import stages_on_record
from ordain.api.stages.model_steps import Taken, model_steps
from ordain.engine.errors import ModelDegradationDetected, StepRefused
from ordain.models.data.table import LABEL, Table
from ordain.models.monitoring.finding import Finding
from ordain.models.monitoring.watching import Watched, watched
from ordain.models.registry.card import Card
from ordain.models.registry.registry import Registry
from ordain.models.registry.stages import ModelStages, Stage, Step
from ordain.models.scoring.score_model import ScoreModel
from ordain.models.training.same_rows import SameRows, on_same_rows


@dataclass(slots=True)
class Came:
    """What one look came to. `alarms` were raised of `live`; `trained` is the candidate, None without one, and `before`
    one that had been trained from the same table already. `same` is the comparison, `asked` what the policy said."""

    model: str
    live: int
    alarms: tuple[Finding, ...] = ()
    before: int | None = None
    trained: int | None = None
    same: SameRows | None = None
    asked: Taken | None = None
    shadowed: Taken | None = None
    entries: dict[str, str] = field(default_factory=dict)
    """The ids of the entries that were made, by what they are."""

    def as_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "live": self.live,
            "alarms": [each.sentence for each in self.alarms],
            "trained": self.trained,
            "trained_before": self.before,
            "compared": None if self.same is None else {name: list(pair) for name, pair in self.same.figures.items()},
            "compared_rows": None if self.same is None else self.same.rows,
            "verdict": None if self.asked is None else self.asked.verdict,
            "reasons": [] if self.asked is None else list(self.asked.reasons),
            "stage": None if self.trained is None else str(Stage.SHADOW if self.shadowed else Stage.CANDIDATE),
            "entries": self.entries,
        }


@dataclass(frozen=True, slots=True)
class Retraining:
    """`look` names the table, for the card of the live version; `always` says to train whatever watching comes to;
    `seed` is that of the split."""

    settings: Settings
    model: str
    look: Callable[[Card], Look]
    person: Person
    always: bool = False
    seed: int = 0
    tell: Callable[[Sequence[str]], None] = lambda lines: None

    def once(self) -> Came:
        """Raises StepRefused where no version is live, and what training, recording and the policy's asking raise."""
        registry = Registry(self.settings.models, self.settings.keys)
        stages = stages_on_record(self.settings).get(self.model) or ModelStages(self.model)
        if stages.live is None:
            what = f"no version of the model `{self.model}` is live, so there is nothing to hold a candidate against"
            raise StepRefused(what, f"train the first one: ordain train {self.model} --promote")
        live = registry.load(self.model, stages.live.version)
        look = self.look(live.card)
        table = look.table(live)
        seen = watched(reference_for(registry, live), in_table(live, table, look.groups), measures_of(live))
        came = Came(self.model, stages.live.version, seen.alarms)
        if seen.alarms:
            came.entries["watched"] = self._alarm(live, seen, table)
        if not (seen.alarms or self.always):
            return came
        came.before = _from(table, registry, stages)
        if came.before is None:
            self._replace(came, live, look, registry)
        return came

    def _replace(self, came: Came, live: ScoreModel, look: Look, registry: Registry) -> None:
        kept: list[tuple[Table, Sequence[int]]] = []
        card = train_and_store(
            self.settings,
            live.card.spec,
            name=self.model,
            who=self.person.name,
            data=look.data,
            mapping=look.read_as(live),
            seed=self.seed,
            tell=self.tell,
            keep=lambda table, held_out: kept.append((table, held_out)),
        )
        came.trained = card.version
        stages = stages_on_record(self.settings)[self.model]
        came.entries["trained"] = stages.of[card.version].by.id
        if kept and measures_of(live).chance:
            came.same, came.entries["compared"] = self._compared(card, live, registry, stages, *kept[0])
        with model_steps(self.settings) as steps:
            came.asked = steps.ask(Step.PROMOTED, self.model, card.version)
            came.entries["decision"] = came.asked.decision
            if came.asked.permitted:
                came.shadowed = steps.take(Step.SHADOWED, self.model, card.version, self.person, "retrained")
                came.entries["shadowed"] = "" if came.shadowed.change is None else came.shadowed.change.id

    def _compared(
        self,
        card: Card,
        live: ScoreModel,
        registry: Registry,
        stages: ModelStages,
        table: Table,
        held_out: Sequence[int],
    ) -> tuple[SameRows, str]:
        newer = registry.load(self.model, card.version)
        same = on_same_rows(
            newer, live, [table.rows[at] for at in held_out], [table.roles[LABEL][at] is True for at in held_out]
        )
        found = found_on_same_rows(same, stages, table.digest)
        parts = (Step.COMPARED, self.model, card.version, newer.digest, self.person.name, found)
        return same, record_measure(self.settings, *parts).id

    def _alarm(self, live: ScoreModel, seen: Watched, table: Table) -> str:
        found = found_by_watching(seen, f"the table {table.name} ({table.digest})")
        sentences = [each.sentence for each in seen.alarms]
        parts = (Step.WATCHED, self.model, int(live.version), live.digest, self.person.name, found, sentences)
        return record_measure(self.settings, *parts).id


def _from(table: Table, registry: Registry, stages: ModelStages) -> int | None:
    """A version that learned from this table already, and was not retired: the live one, or one after it."""
    for version in reversed(registry.versions(stages.model)):
        if stages.stage(version) is Stage.RETIRED or (stages.live is not None and version < stages.live.version):
            continue
        try:
            if registry.card(stages.model, version).data.digest == table.digest:
                return version
        except ModelDegradationDetected:
            continue
    return None
