"""One loaded version as a source of facts: its card, and what answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ordain.engine.errors import ModelDegradationDetected, OrdainError
from ordain.engine.policy.facts import Fact, Score
from ordain.engine.values.types import Value
from ordain.models.registry.card import Card
from ordain.models.registry.stored import Stored, broken
from ordain.models.spec import PlainScorer, Scorer
from ordain.models.specs.catalogue import spec_of


class ScoreModel:
    """One version of a model, ready to score. Safe to share between threads: nothing changes once it is made."""

    def __init__(self, card: Card, digest: str, scorer: Scorer) -> None:
        """`digest` is that of the card's bytes."""
        self.card = card
        self.name = card.name
        self.version = str(card.version)
        self.digest = digest
        self.reads: tuple[Fact, ...] = card.facts
        self.outputs = tuple(output.name for output in card.outputs)
        self.scorer = scorer
        self._names = tuple(fact.name for fact in self.reads)

    @classmethod
    def loaded(cls, stored: Stored) -> ScoreModel:
        """Raises ModelDegradationDetected when its files are not what its card says."""
        try:
            card = stored.card
            scorer = spec_of(card.spec).scorer(stored.files, card.facts, card.parameters)
        except ModelDegradationDetected as error:
            raise broken(stored.name, stored.version, error.message, stored.card.spec) from None
        return cls(stored.card, stored.digest, scorer)

    def score(self, inputs: Mapping[str, Value]) -> Score:
        """What the model gives, and what moved it most, the largest contribution first.

        Raises CustomerDataIncomplete or DataQualityIssue for inputs that are not as `reads` declares them, and
        ModelDegradationDetected when the model gives no usable answer.
        """
        [score] = self.score_many([inputs])
        if isinstance(score, OrdainError):
            raise score
        return score

    def score_many(self, many: Sequence[Mapping[str, Value]], *, reasons: bool = True) -> list[Score | OrdainError]:
        """What `score` gives or raises for each, asked at once; without `reasons`, where a model can do so for less."""
        used = [{name: inputs.get(name) for name in self._names} for inputs in many]
        try:
            if not reasons and isinstance(self.scorer, PlainScorer):
                scores = self.scorer.plain_scores(used)
            else:
                scores = self.scorer.scores(used)
        except ModelDegradationDetected as error:
            raise self._broken(error) from None
        return [self._broken(each) if isinstance(each, ModelDegradationDetected) else each for each in scores]

    def _broken(self, error: ModelDegradationDetected) -> ModelDegradationDetected:
        return broken(self.name, self.version, error.message, self.card.spec)
