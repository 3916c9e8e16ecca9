"""Lifetime value of a customer from the history of purchases: facts in, a score with its reasons out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np

from ordain.engine.errors import CustomerDataIncomplete, DataQualityIssue, Issue, OrdainError
from ordain.engine.policy.facts import Fact, Reason, Score, round_to
from ordain.engine.values.types import NUMBER, Limits, Value
from ordain.models.features.encoder import Encoder
from ordain.models.methods.lifetime.maximum_likelihood import Floats
from ordain.models.methods.lifetime.model_file import CENTS, FromPurchases, amount, broken, exact
from ordain.models.methods.lifetime.outputs import CHANCE_DIGITS, COUNT_DIGITS, score_of
from ordain.models.methods.lifetime.purchase_value import valued
from ordain.models.methods.lifetime.purchases import Histories

DIGITS = 4
"""Digits after the point of the weeks, and of a mean amount."""


def _read(name: str, most: str, meaning: str, precision: int | None, optional: bool) -> Fact:
    limits = Limits(Decimal(0), Decimal(most))
    return Fact(name, NUMBER, limits=limits, precision=precision, optional=optional, personal=True, meaning=meaning)


READS = (
    _read("frequency", "100000", "days with a repeat purchase; 0 after one purchase, or none", None, False),
    _read("recency_weeks", "5220", "weeks from the first purchase to the last; not for frequency 0", DIGITS, True),
    _read("age_weeks", "5220", "weeks from the first purchase to now; 0 for a customer without any", DIGITS, False),
    _read("mean_amount", "1000000000000", "mean amount of the repeat purchases; not for frequency 0", DIGITS, True),
)
"""In the order of `Valued.moved`."""


def facts_of(known: Histories) -> list[dict[str, Value]]:
    """What the model is asked with, for each of the customers."""
    columns = (known.frequency, known.recency, known.age, known.mean_amount)
    return [
        {
            "frequency": Decimal(int(frequency)),
            "recency_weeks": round_to(exact(recency), DIGITS),
            "age_weeks": round_to(exact(age), DIGITS),
            "mean_amount": None if math.isnan(mean) else round_to(exact(mean), DIGITS),
        }
        for frequency, recency, age, mean in zip(*(each.tolist() for each in columns), strict=True)
    ]


class PurchaseScorer:
    """A loaded version; nothing changes once it is made."""

    def __init__(self, stored: FromPurchases, reads: tuple[Fact, ...]) -> None:
        """Raises ModelDegradationDetected for other facts than `READS`."""
        if tuple(fact.name for fact in reads) != tuple(fact.name for fact in READS):
            raise broken(f"it does not read {', '.join(f'`{fact.name}`' for fact in reads)}")
        self._stored, self._model = stored, stored.model()
        self._usual_floats = stored.usual_customer()
        self._usual = tuple(stored.usual[field] for field in ("frequency", "recency", "age", "mean_amount"))
        self._encoder = Encoder(READS)

    def scores(self, many: Sequence[Mapping[str, Value]]) -> list[Score | OrdainError]:
        """All customers in one go; an error in the place of one whose facts are missing or do not fit together."""
        rows: list[list[float]] = []
        made: list[Score | OrdainError | None] = []
        for inputs in many:
            try:
                rows.append(self._cells(inputs))
                made.append(None)
            except OrdainError as error:
                made.append(error)
        if not rows:
            return [each for each in made if each is not None]
        asked = [inputs for inputs, each in zip(many, made, strict=True) if each is None]
        answers = iter(self._scores(np.array(rows, dtype=np.float64), asked))
        return [next(answers) if each is None else each for each in made]

    def _cells(self, inputs: Mapping[str, Value]) -> list[float]:
        """Raises CustomerDataIncomplete and DataQualityIssue, naming the fact."""
        cells = self._encoder.cells(inputs)
        for fact in READS:
            value = inputs.get(fact.name)
            if isinstance(value, Decimal) and fact.limits is not None and not fact.limits.hold(value):
                raise DataQualityIssue(Issue(f"`{fact.name}` is {value}, outside {fact.limits}", fact=fact.name))
        frequency, recency, age, mean = cells
        if frequency != int(frequency):
            message = f"`frequency` is {inputs['frequency']}, not a whole number"
            raise DataQualityIssue(Issue(message, "count the days with a repeat purchase", fact="frequency"))
        if not frequency:
            return [0.0, 0.0, age, 0.0]
        for name, value in (("recency_weeks", recency), ("mean_amount", mean)):
            if math.isnan(value):
                message = f"the model needs `{name}` of a customer with repeat purchases"
                raise CustomerDataIncomplete(Issue(message, fact=name))
        if not 0 < recency <= age:
            message = f"`recency_weeks` is {inputs['recency_weeks']}, `age_weeks` {inputs['age_weeks']}"
            hint = "a repeat purchase comes after the first one, and not after now"
            raise DataQualityIssue(Issue(message, hint, fact="recency_weeks"))
        return cells

    def _scores(self, rows: Floats, asked: Sequence[Mapping[str, Value]]) -> list[Score | OrdainError]:
        frequency, recency, age, mean = rows.T
        model = self._model
        found = valued(model, self._usual_floats, frequency, recency, age, mean)
        alive = model.process.alive(frequency, recency, age)
        sound = np.isfinite(found.months).all(axis=1) & np.isfinite(alive) & np.isfinite(found.moved).all(axis=1)
        columns = (sound, found.months, alive, found.purchases, found.moved)
        return [
            self._score(inputs, *each)
            for inputs, *each in zip(asked, *(column.tolist() for column in columns), strict=True)
        ]

    def _score(
        self,
        inputs: Mapping[str, Value],
        sound: bool,
        months: list[float],
        alive: float,
        purchases: float,
        parts: list[float],
    ) -> Score | OrdainError:
        if not sound:
            return broken("its value is not a finite number")
        used = {fact.name: inputs.get(fact.name) for fact in READS}
        reasons = [
            Reason(fact.name, used[fact.name], amount(part), usual)
            for fact, part, usual in zip(READS, parts, self._usual, strict=True)
            if abs(part) >= 0.5 * 10.0**-CENTS
        ]
        chance, count = round_to(exact(alive), CHANCE_DIGITS), round_to(exact(purchases), COUNT_DIGITS)
        return score_of(months, self._stored.tiers, chance, count, reasons, used)
