"""What a version learned from, summed up beside it, so that drift can be seen later without a row of it."""

from __future__ import annotations

from dataclasses import replace

from ordain.engine.policy.facts import Score
from ordain.models.data.table import Table
from ordain.models.limits import LIMITS
from ordain.models.monitoring.reference import FILE, reference_of
from ordain.models.spec import Artifact, Spec


def with_reference(spec: Spec, table: Table, artifact: Artifact) -> Artifact:
    """The artifact with a file more: features and scores of rows that it learned from, evenly picked.

    As it was for a model that does not read the table's own features, such as one that learns from single events.
    """
    names = {fact.name for fact in artifact.reads}
    if not names or not names <= {fact.name for fact in table.facts}:
        return artifact
    held_out = set(artifact.held_out)
    learned = [row for at, row in enumerate(table.rows) if at not in held_out]
    rows = learned[:: max(1, -(-len(learned) // LIMITS.reference_rows))]
    scorer = spec.scorer(artifact.files, artifact.reads, artifact.parameters)
    given = [score for score in scorer.scores(rows) if isinstance(score, Score)]
    first, *others = spec.outputs
    scores = {first.name: [score.value for score in given]}
    scores |= {output.name: [score.also.get(output.name) for score in given] for output in others}
    reference = reference_of(artifact.reads, rows, scores)
    return replace(artifact, files={**artifact.files, FILE: reference.to_bytes()})
