"""The model `lifetime_value`: what a customer brings in the next 12 months, from past purchases or, for subscribers,
from what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from ordain.engine.late import late
from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import DATE, NUMBER, TEXT, Value, list_of
from ordain.models.data.table import Table
from ordain.models.spec import Artifact, Gives, Output, Parameter, Progress, Role, Scorer

_TIERS = replace(TEXT, values=("high", "medium", "low"))
_MAY_MISS = replace(NUMBER, optional=True)
_OUTPUTS = (
    Output("value", Gives.AMOUNT, NUMBER, "What the customer brings in the next 12 months, discounted", 2),
    Output("by_month", Gives.CURVE, list_of(NUMBER), "`value` by month: 12 amounts that add up to it", 2),
    Output("tier", Gives.CLASS, _TIERS, "high: as the first fifth of the training customers; low: as the lower half"),
    Output("probability_alive", Gives.PROBABILITY, _MAY_MISS, "That the customer still buys; null for subscribers", 4),
    Output("expected_purchases", Gives.COUNT, _MAY_MISS, "In the next 12 months; null for subscribers", 4),
    Output("acquisition_spend", Gives.AMOUNT, NUMBER, "The most that winning such a customer is worth: 20 %", 2),
    Output("retention_spend", Gives.AMOUNT, NUMBER, "The most that keeping the customer is worth: 10 %", 2),
)
_ROLES = (
    Role("at", DATE, "The day of a purchase", needed=False),
    Role("amount", NUMBER, "What the purchase brought", needed=False),
    Role("units", NUMBER, "Units bought; a row of 0 or fewer is a return and left out", needed=False),
    Role("revenue_12_months", NUMBER, "What a subscriber brought in the 12 months after the features", needed=False),
)


@dataclass(frozen=True, slots=True)
class LifetimeValue:
    """A table with the role `revenue_12_months` is one of subscribers, a customer per row; any other is one of
    purchases, many rows per customer, and its features are not read.

    `discount` is the rate per year at which later amounts count less.
    """

    discount: Decimal = Decimal("0.10")

    @property
    def name(self) -> str:
        return "lifetime_value"

    @property
    def about(self) -> str:
        return (
            "What a customer brings in the next 12 months, from past purchases or, for subscribers, from their features"
        )

    @property
    def outputs(self) -> tuple[Output, ...]:
        return _OUTPUTS

    @property
    def roles(self) -> tuple[Role, ...]:
        return _ROLES

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (Parameter("discount", NUMBER, "the rate per year at which later amounts count less, such as 0.10"),)

    def adjusted(self, values: Mapping[str, Value]) -> LifetimeValue:
        return replace(self, **dict[str, Any](values))

    def train(self, table: Table, *, seed: int = 0, progress: Progress | None = None) -> Artifact:
        """Raises DataQualityIssue."""
        if "revenue_12_months" in table.roles:
            train = late("ordain.models.methods.lifetime.subscription_training:train_subscriptions")
        else:
            train = late("ordain.models.methods.lifetime.purchase_training:train_purchases")
        trained: Artifact = train(table, self.discount, seed, progress)
        return trained

    def scorer(
        self, files: Mapping[str, bytes], reads: tuple[Fact, ...], parameters: Mapping[str, float | int | str]
    ) -> Scorer:
        """Everything is in the files: `parameters` are for people."""
        scorer: Scorer = late("ordain.models.methods.lifetime.loading:loaded")(files, reads)
        return scorer

    def sample(self, count: int, seed: int) -> Table:
        """The SYNTHETIC purchases of `count` customers over two years (`models.data.synthetic_purchases`)."""
        table: Table = late("ordain.models.data.synthetic_purchases:synthetic_purchases")(count, seed)
        return table


SPEC = LifetimeValue()
