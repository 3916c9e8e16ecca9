"""The models of the product, by name. None is imported before it is asked for: each draws in the libraries it needs."""

from __future__ import annotations

from ordain.engine.errors import SettingsError, did_you_mean
from ordain.engine.late import late
from ordain.models.spec import Spec

SPECS = {
    "churn": "ordain.models.specs.churn:CHURN",
    "demand": "ordain.models.specs.demand:SPEC",
    "lifetime_value": "ordain.models.specs.lifetime_value:SPEC",
    "price_elasticity": "ordain.models.specs.price_elasticity:SPEC",
    "segments": "ordain.models.specs.segments:SPEC",
}
"""Where each one's specification stands."""


def spec_of(name: str) -> Spec:
    """The specification of that name. Raises SettingsError where there is none, or its libraries are not installed."""
    if name not in SPECS:
        raise SettingsError(f"there is no model `{name}` to train", did_you_mean(name, SPECS) or ", ".join(SPECS))
    spec: Spec = late(SPECS[name])
    return spec
