"""What is stored of a lifetime value model, `model.json`: every number a text of decimal digits, read back exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ordain.engine.errors import ModelDegradationDetected
from ordain.engine.policy.facts import round_to
from ordain.models.methods.lifetime.bg_nbd import TITLE as BG_NBD
from ordain.models.methods.lifetime.bg_nbd import BgNbd
from ordain.models.methods.lifetime.gamma_gamma import GammaGamma
from ordain.models.methods.lifetime.pareto_nbd import TITLE as PARETO_NBD
from ordain.models.methods.lifetime.pareto_nbd import ParetoNbd
from ordain.models.methods.lifetime.purchase_process import PurchaseProcess
from ordain.models.methods.lifetime.purchase_value import PurchaseValue, Usual

MODEL = "model.json"
TREES = "trees.ubj"
NAME = "lifetime_value"

CENTS = 2
"""Digits after the point of an amount."""

Positive = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
_PROCESSES: dict[str, Callable[..., PurchaseProcess]] = {BG_NBD: BgNbd, PARETO_NBD: ParetoNbd}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tiers(_Part):
    """The lowest value of the tier `high`, and that of `medium`; below is `low`. Quantiles of the training customers'
    values."""

    high: NotNegative
    medium: NotNegative

    def of(self, value: Decimal) -> str:
        return "high" if value >= self.high else "medium" if value >= self.medium else "low"


class FromPurchases(_Part):
    """`process` names the model of when customers buy, `parameters` are its own, `amounts` the gamma-gamma's."""

    kind: Literal["purchases"]
    process: Literal["BG/NBD", "Pareto/NBD"]
    parameters: dict[str, Positive]
    amounts: dict[str, Positive]
    discount: NotNegative
    usual: dict[str, NotNegative]
    tiers: Tiers

    def model(self) -> PurchaseValue:
        """Raises TypeError for parameters of other names."""
        process = _PROCESSES[self.process](**_floats(self.parameters))
        return PurchaseValue(process, GammaGamma(**_floats(self.amounts)), float(self.discount))

    def usual_customer(self) -> Usual:
        """Raises TypeError for other names."""
        return Usual(**_floats(self.usual))


class FromSubscriptions(_Part):
    """`usual` is the median of each number and the most frequent text or flag; a feature that nobody has is not there.
    `columns` counts the trees' cells."""

    kind: Literal["subscriptions"]
    rounds: Annotated[int, Field(gt=0)]
    columns: Annotated[int, Field(gt=0)]
    discount: NotNegative
    usual: dict[str, bool | str]
    tiers: Tiers


Stored = FromPurchases | FromSubscriptions
_STORED: TypeAdapter[Stored] = TypeAdapter(Annotated[Stored, Field(discriminator="kind")])


def exact(value: float) -> Decimal:
    """The decimal of as few digits as tell this float from every other."""
    return Decimal(repr(float(value)))


def amount(value: float) -> Decimal:
    return round_to(exact(value), CENTS)


def written(stored: Stored) -> bytes:
    return (stored.model_dump_json(indent=2) + "\n").encode()


def read_stored(files: Mapping[str, bytes]) -> Stored:
    """Raises ModelDegradationDetected for a file that is missing or is not what was written."""
    if MODEL not in files:
        raise broken(f"`{MODEL}` is missing")
    try:
        stored = _STORED.validate_json(files[MODEL])
        if isinstance(stored, FromPurchases):
            stored.model(), stored.usual_customer()
    except (ValidationError, TypeError, ValueError):
        raise broken(f"`{MODEL}` is damaged: it does not say what a lifetime value model has to") from None
    if sorted(files) != [MODEL, *([TREES] if isinstance(stored, FromSubscriptions) else [])]:
        raise broken(f"its files are {', '.join(f'`{name}`' for name in sorted(files))}")
    return stored


def broken(what: str) -> ModelDegradationDetected:
    return ModelDegradationDetected(f"model `{NAME}`: {what}", f"run: ordain train {NAME}")


def _floats(numbers: Mapping[str, Decimal]) -> dict[str, float]:
    return {name: float(value) for name, value in numbers.items()}
