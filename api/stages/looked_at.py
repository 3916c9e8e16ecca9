"""What a version is watched by: a table of now, or the decisions on record, with what came true after them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from ordain.api.stages.recorded_scores import Asked, Missing, Scored
from ordain.engine.errors import DataQualityIssue, ModelDegradationDetected, did_you_mean
from ordain.engine.policy.facts import Score, Vocabulary
from ordain.engine.values.types import Value
from ordain.models.data.table import LABEL, Table
from ordain.models.monitoring.reference import FILE, Reference, reference_from
from ordain.models.monitoring.watching import Measures, Seen
from ordain.models.registry.registry import Registry
from ordain.models.scoring.score_model import ScoreModel
from ordain.models.spec import Gives

Outcome = Callable[[Scored], bool | None]


def reference_for(registry: Registry, model: ScoreModel) -> Reference:
    """What a version learned from, summed up. Raises ModelDegradationDetected where it has no such summary."""
    if FILE not in model.card.files:
        what = f"model `{model.name}` version {model.version} has no `{FILE}`: it does not learn from such rows"
        raise ModelDegradationDetected(what, "a model that reads the columns of a table has one")
    stored = registry.stored(model.name, int(model.version))
    return reference_from(stored.files[FILE], model.name)


def measures_of(model: ScoreModel) -> Measures:
    """What its card says that rows of now can be held against."""
    first = model.card.outputs[0]
    chance = first.name if first.gives is Gives.PROBABILITY else ""
    threshold = model.card.parameters.get("threshold")
    figures = {figure.name: figure.value for figure in model.card.report.figures}
    return Measures(chance, figures, float(threshold) if isinstance(threshold, int | float) else None)


def in_table(model: ScoreModel, table: Table, groups: Sequence[str]) -> Seen:
    """The rows of a table, scored now; what came true is its label. Raises DataQualityIssue for a group that is none of
    its columns."""
    columns = [fact.name for fact in table.facts]
    for name in groups:
        if name not in columns:
            raise DataQualityIssue(
                f"the table has no feature `{name}` to compare groups by", did_you_mean(name, columns)
            )
    given = [score if isinstance(score, Score) else None for score in model.score_many(table.rows)]
    first, *others = model.outputs
    scores: dict[str, list[Value]] = {first: [None if score is None else score.value for score in given]}
    scores |= {output: [None if score is None else score.also.get(output) for score in given] for output in others}
    labels = [value is True for value in table.roles[LABEL]] if LABEL in table.roles else []
    return Seen(table.rows, scores, labels, {name: [row[name] for row in table.rows] for name in groups})


def asked_of(model: ScoreModel, vocabulary: Vocabulary) -> Asked:
    """Which scores on record are its first output's. Raises DataQualityIssue where no fact comes from that."""
    first = model.outputs[0]
    facts = [each for each in vocabulary.facts.values() if each.model == model.name and each.output in ("", first)]
    if not facts:
        what = f"no fact of facts.yaml comes from the model `{model.name}`, so no decision has its scores"
        raise DataQualityIssue(what, "look at a table: --data CSV --mapping NAME")
    return Asked(model.name, frozenset(each.name for each in facts), facts[0].type, model.reads)


def on_record(model: ScoreModel, scored: Sequence[Scored], groups: Sequence[str], outcome: Outcome) -> Seen:
    """What a version said in decisions, as the live one or as a shadow, and what came true after them.

    Raises DataQualityIssue where it has scored nothing, and for a group that no decision has a fact of.
    """
    version = int(model.version)
    mine = [(each, each.score if each.version == version else each.beside.get(version)) for each in scored]
    own = [(each, score) for each, score in mine if score is not None and not isinstance(score, Missing)]
    if not own:
        what = f"`{model.name}@{model.version}` has scored no decision that is on record for this time"
        raise DataQualityIssue(what, "look further back with --days, or at a table: --data CSV --mapping NAME")
    known = sorted({name for each, _ in own for name in each.facts})
    for name in groups:
        if name not in known:
            what = f"no decision that `{model.name}@{version}` scored has the fact `{name}`"
            raise DataQualityIssue(what, did_you_mean(name, known))
    return Seen(
        [each.inputs for each, _ in own],
        {model.outputs[0]: [score for _, score in own]},
        [outcome(each) for each, _ in own],
        {name: [_group(each.facts.get(name)) for each, _ in own] for name in groups},
    )


def outcome_of(events: Callable[[str, dt.datetime], Sequence[dt.datetime]], days: int, now: dt.datetime) -> Outcome:
    """Whether it happened within so many days after a decision. `events` gives when it happened to somebody after a
    moment. Not known of a decision whose days are not over: who has left already would count, and who stays would not.
    """
    period = dt.timedelta(days=days)

    def happened(scored: Scored) -> bool | None:
        if scored.at + period > now:
            return None
        return any(each <= scored.at + period for each in events(scored.subject, scored.at))

    return happened


def _group(raw: Any) -> Value:
    """A fact on record is a JSON value; groups are compared by what it says."""
    return raw if raw is None or isinstance(raw, bool) else str(raw)
