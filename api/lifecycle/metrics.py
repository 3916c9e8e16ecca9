"""What guardrails measure: how often it was denied or waits for a person, and what the services gave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from ordain.engine.catalog import Catalog
from ordain.engine.errors import StepRefused, did_you_mean
from ordain.engine.policy.load import output_at, output_paths
from ordain.engine.policy.model import Verdict
from ordain.engine.sequential.guardrail import Plan
from ordain.engine.values.types import Kind, Type

Json = dict[str, Any]
DENIED, IN_REVIEW = "denied", "in review"
_VERDICTS = {DENIED: Verdict.DENY, IN_REVIEW: Verdict.REVIEW}
_IS = " = "


def check_metrics(plan: Plan, policy: str, catalog: Catalog) -> None:
    """Raises StepRefused for a metric that no decision of the services with this policy can have."""
    kinds = {path: type.kind for path, type in _outputs(policy, catalog)}
    numbers = [path for path, kind in kinds.items() if kind in (Kind.NUMBER, Kind.FLAG)]
    texts = [path for path, kind in kinds.items() if kind is Kind.TEXT]
    known = [*_VERDICTS, *numbers]
    for guardrail in plan.guardrails:
        name, is_one, _ = guardrail.metric.partition(_IS)
        if name not in (texts if is_one else known):
            told = ", ".join(f"`{each}`" for each in [*known, *(f"{text} = ..." for text in texts)][:12])
            hint = did_you_mean(name, known) or f"there are: {told}"
            raise StepRefused(f"nothing that `{policy}` has to do with is measured as `{guardrail.metric}`", hint)


def _outputs(policy: str, catalog: Catalog) -> Iterator[tuple[str, Type]]:
    """What the services with that policy give, and its parts: `advice.discount`."""
    asked = [service for service in catalog.services.by_name.values() if policy in service.policies]
    given = {name for service in asked for name in service.gives}
    for several in catalog.versions.values():
        for compiled in several:
            told = {name: type for name, type in compiled.policy.gives.items() if name in given}
            for path in output_paths(told):
                if (type := output_at(told, path)) is not None:
                    yield path, type


def measured(private: Json, metrics: Iterable[str]) -> dict[str, Decimal]:
    """What a recorded decision has of them; what it has no value for is not among it."""
    told: dict[str, Decimal] = {}
    for metric in metrics:
        name, is_one, wanted = metric.partition(_IS)
        if metric in _VERDICTS:
            told[metric] = Decimal(private.get("verdict") == _VERDICTS[metric])
            continue
        value = _value(private["outcome"], name)
        if is_one:
            if isinstance(value, str):
                told[metric] = Decimal(value == wanted)
        elif (number := _number(value)) is not None:
            told[metric] = number
    return told


def _value(outcome: object, name: str) -> object:
    for part in name.split("."):
        if not isinstance(outcome, Mapping):
            return None
        outcome = outcome.get(part)
    return outcome


def _number(value: object) -> Decimal | None:
    """Of a number as text, of an amount, or of yes and no."""
    if isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, Mapping):
        value = value.get("amount")
    if not isinstance(value, str):
        return None
    try:
        return Decimal(value)
    except InvalidOperation:
        return None
