"""Price elasticity: how the demand of a segment for a product answers its price."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from ordain.engine.errors import DataQualityIssue
from ordain.engine.late import late
from ordain.engine.policy.facts import Fact, round_to
from ordain.engine.text.source import digest_of
from ordain.engine.values.types import Kind, Type
from ordain.models.data.table import Table
from ordain.models.methods.elasticity import log_log
from ordain.models.methods.elasticity.elasticity_report import report
from ordain.models.methods.elasticity.elasticity_scorer import BASES, DIGITS, FILE, PRICE_DIGITS, ElasticityScorer
from ordain.models.methods.elasticity.made_sales import made_sales
from ordain.models.methods.elasticity.partial_pooling import Drawn, Pooled, draw, pool
from ordain.models.methods.elasticity.sales import PERIODS_OF_TABLE, SalesOfTable, read_sales
from ordain.models.spec import Artifact, Gives, Output, Progress, Role

_NUMBER = Type(Kind.NUMBER)
_CURVE = Type(Kind.LIST, item=_NUMBER)


@dataclass(frozen=True, slots=True)
class PriceElasticity:
    """Log-log with fixed effects of group and period; groups drawn to what they have in common."""

    name: str = "price_elasticity"
    about: str = (
        "By how many percent the demand of a segment for a product changes when its price rises by one percent."
    )
    outputs: tuple[Output, ...] = (
        Output("elasticity", Gives.AMOUNT, _NUMBER, "the elasticity, cut off at -1: whatever is below is -1", DIGITS),
        Output("raw_elasticity", Gives.AMOUNT, _NUMBER, "the elasticity as estimated", DIGITS),
        Output("low", Gives.AMOUNT, _NUMBER, "the lower end of its 95 percent interval", DIGITS),
        Output(
            "high", Gives.AMOUNT, _NUMBER, "the upper end of it; above 0 says that even the sign is not sure", DIGITS
        ),
        Output(
            "basis",
            Gives.CLASS,
            Type(Kind.TEXT, values=BASES),
            "`own`: from the group's sales; `drawn`: towards all groups; `pooled`: of all groups, its own not usable",
        ),
        Output(
            "curve_prices", Gives.CURVE, _CURVE, "prices, from the lowest of the product to the highest", PRICE_DIGITS
        ),
        Output("curve", Gives.CURVE, _CURVE, "of those who buy at the first of them, who still buys at each", DIGITS),
    )
    roles: tuple[Role, ...] = (
        Role("price", _NUMBER, "what one costs"),
        Role("quantity", _NUMBER, "how many were sold at it in the period"),
        Role("period", Type(Kind.TEXT), "the week or month: rows of one period have it alike"),
        Role("segment", Type(Kind.TEXT), "to whom; this or the product is needed", needed=False),
        Role("product", Type(Kind.TEXT), "what was sold", needed=False),
    )

    def train(self, table: Table, *, seed: int = 0, progress: Progress | None = None) -> Artifact:
        """Raises DataQualityIssue, also where all groups together seem to buy more at higher prices."""
        read = read_sales(table)
        slopes = log_log.by_group(read.sales)
        if np.isnan(slopes.slope).all():
            message = f"`{table.name}`: no group has prices that change apart from the others'"
            raise DataQualityIssue(message, "an elasticity can only be learned where prices were changed")
        common = pool(slopes.slope, slopes.error)
        if common.mean >= 0:
            message = f"`{table.name}`: dearer seems to sell more (pooled elasticity {common.mean:.2f})"
            hint = "prices follow demand in a way that groups and periods do not tell: try prices of an experiment"
            raise DataQualityIssue(message, hint)
        drawn = draw(slopes.slope, slopes.error, slopes.freedom, common)
        if progress is not None:
            progress(1, 2, f"{len(read.groups):,} groups")
        made = report(read, slopes, common, drawn, seed)
        if progress is not None:
            progress(2, 2, "measured on periods left out")
        parameters: dict[str, float | int | str] = {"fixed effects": "group and period", "clusters": "period"}
        parts = {"training": len(read.sales.price)}
        files = {FILE: json.dumps(_state(read, common, drawn), sort_keys=True).encode()}
        return Artifact(files, _reads(read), made, parameters, parts)

    def scorer(
        self, files: Mapping[str, bytes], reads: tuple[Fact, ...], parameters: Mapping[str, float | int | str]
    ) -> ElasticityScorer:
        """Raises ModelDegradationDetected for files that are not what training gave."""
        return ElasticityScorer(self.name, files, reads)

    def sample(self, count: int, seed: int) -> Table:
        """About `count` SYNTHETIC sums of sales: a week for each twenty, of five segments and the four plans.

        Segments, and how they answer prices, are those of the SYNTHETIC customers (`models.data.synthetic`).
        """
        invented = late("ordain.models.data.synthetic")
        segments = [(each.name, each.elasticity) for each in invented.SEGMENTS]
        names = [(segment, product) for segment, _ in segments for product in invented.PLAN_NAMES]
        periods = max(-(-count // len(names)), PERIODS_OF_TABLE)
        sales = made_sales(periods, seed, segments=segments, products=invented.PLAN_NAMES).sales
        price = [round_to(Decimal(repr(each)), 2) for each in np.exp(sales.price).tolist()]
        quantity = [max(round_to(Decimal(repr(each)), 0), Decimal(1)) for each in np.exp(sales.quantity).tolist()]
        rows = len(price)
        return Table(
            name=f"{rows} SYNTHETIC sums of sales, seed {seed}",
            facts=(),
            subjects=tuple(f"S-{number:06d}" for number in range(1, rows + 1)),
            rows=({},) * rows,
            digest=digest_of(repr((price, quantity)).encode()),
            roles={
                "price": tuple(price),
                "quantity": tuple(quantity),
                "period": tuple(f"week {number:03d}" for number in sales.period.tolist()),
                "segment": tuple(names[number][0] for number in sales.group.tolist()),
                "product": tuple(names[number][1] for number in sales.group.tolist()),
            },
        )


def _state(read: SalesOfTable, common: Pooled, drawn: Drawn) -> dict[str, object]:
    low, high = common.interval()
    groups = [
        {
            "segment": segment,
            "product": product,
            "estimate": float(drawn.estimate[number]),
            "low": float(drawn.low[number]),
            "high": float(drawn.high[number]),
            "weight": float(drawn.weight[number]),
            "usable": bool(drawn.usable[number]),
        }
        for number, (segment, product) in enumerate(read.groups)
    ]
    pooled = {"estimate": common.mean, "low": low, "high": high, "weight": 0.0, "usable": False}
    return {"groups": groups, "pooled": pooled, "prices": read.prices, "usual": read.usual}


def _reads(read: SalesOfTable) -> tuple[Fact, ...]:
    meanings = {"segment": "the segment that the customer is in", "product": "the product that is priced"}
    return tuple(
        Fact(
            role,
            Type(Kind.TEXT, values=tuple(sorted({pair[role == "product"] for pair in read.groups}))),
            personal=role == "segment",
            meaning=meanings[role],
        )
        for role in read.roles
    )


SPEC = PriceElasticity()
