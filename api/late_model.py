"""A model that is known by its card and is read later, so that no decision that does without it waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence

from ordain.api.facts.kept_scores import KeptScores
from ordain.api.facts.model_circuit import ModelCircuit
from ordain.engine.errors import ModelDegradationDetected, OrdainError
from ordain.engine.policy.facts import Fact, FactSource, ModelCard, Score, outputs_of
from ordain.engine.score_fallback import UNREADABLE
from ordain.engine.values.types import Value


class LateModel:
    """A source of facts. Who asks it for a score before it is `read` waits for that."""

    def __init__(
        self,
        card: ModelCard,
        load: Callable[[], FactSource],
        slow: float = 0.25,
        now: Callable[[], float] = time.perf_counter,
        kept_seconds: float = 0,
    ) -> None:
        """`slow`: the seconds beyond which a score counts as late; `now` gives seconds. For `kept_seconds` a score is
        given again for the same row, without asking the model; 0: never."""
        self.name, self.version, self.digest = card.name, card.version, card.digest
        self.reads: tuple[Fact, ...] = card.reads
        self.outputs = outputs_of(card)
        self._now, self._circuit = now, ModelCircuit(slow, now)
        names = tuple(fact.name for fact in self.reads)
        self._kept = KeptScores(names, kept_seconds, now) if kept_seconds else None
        self._load = load
        self._model: FactSource | ModelDegradationDetected | None = None
        self._reading = threading.Lock()
        self.watch: Callable[[str, float], None] | None = None
        """Told of each time that it was asked: its name, and the seconds that it took."""

    @property
    def loading(self) -> bool:
        """Whether it is still to be read."""
        return self._model is None

    @property
    def fault(self) -> ModelDegradationDetected | None:
        """Why it cannot score, once that is known."""
        return self._model if isinstance(self._model, ModelDegradationDetected) else None

    @property
    def resting(self) -> str:
        """Why it is left alone for a while, where a fallback can do without it; see `ordain.engine.given_scores`."""
        return self._circuit.resting()

    def is_still(self, other: LateModel) -> bool:
        """Whether `other` is the same version, and reading it again would make nothing better."""
        return self.fault is None and (self.version, self.digest) == (other.version, other.digest)

    def read(self) -> FactSource | ModelDegradationDetected:
        """The model, or why it cannot score. It is read by the first who asks; the others wait."""
        if self._model is None:
            with self._reading:
                if self._model is None:
                    self._model = self._tried()
        return self._model

    def score(self, inputs: Mapping[str, Value]) -> Score:
        """As the model's own. Raises ModelDegradationDetected when it cannot be read."""
        model, row = self._usable(), self._kept.row(inputs) if self._kept is not None else ()
        if self._kept is not None and (known := self._kept.of(row)) is not None:
            return known
        begun = self._now()
        try:
            score = model.score(inputs)
        except ModelDegradationDetected:
            self._circuit.failed()
            raise
        self._asked(begun, 1)
        if self._kept is not None:
            self._kept.keep(row, score)
        return score

    def score_many(self, many: Sequence[Mapping[str, Value]]) -> list[Score | OrdainError]:
        """As the model's own. Raises ModelDegradationDetected when it cannot be read."""
        if self._kept is None:
            return self._scored(many)
        self._usable()
        rows = [self._kept.row(inputs) for inputs in many]
        known = [self._kept.of(row) for row in rows]
        new = [at for at, score in enumerate(known) if score is None]
        made = iter(self._scored([many[at] for at in new]) if new else ())
        came = [next(made) if score is None else score for score in known]
        for at in new:
            if isinstance(score := came[at], Score):
                self._kept.keep(rows[at], score)
        return came

    def _scored(self, many: Sequence[Mapping[str, Value]]) -> list[Score | OrdainError]:
        model, begun = self._usable(), self._now()
        try:
            scores = model.score_many(many)
        except ModelDegradationDetected:
            self._circuit.failed()
            raise
        if scores and all(isinstance(score, ModelDegradationDetected) for score in scores):
            self._circuit.failed()
        else:
            self._asked(begun, len(many))
        return scores

    def _asked(self, begun: float, rows: int) -> None:
        seconds = self._now() - begun
        self._circuit.came(seconds, rows)
        if self.watch is not None:
            self.watch(self.name, seconds)

    def _usable(self) -> FactSource:
        model = self._model or self.read()
        if isinstance(model, ModelDegradationDetected):
            # One error object serves every request; it must not collect their tracebacks.
            raise model.with_traceback(None)
        return model

    def _tried(self) -> FactSource | ModelDegradationDetected:
        try:
            return self._load()
        except ModelDegradationDetected as error:
            fault = error
        except Exception as error:  # whatever it is, those who wait are to be told
            fault = ModelDegradationDetected(f"model `{self.name}` version {self.version} cannot be read: {error}")
        fault.why = UNREADABLE
        return fault
