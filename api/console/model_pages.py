"""The pages of models."""

from __future__ import annotations

from ordain.api.console.page_shape import Page
from ordain.api.console.reading.at_risk import at_risk
from ordain.api.console.reading.known_models import model, models

PAGES = (
    Page("models", "models", models, "models"),
    Page("models/<model>/at-risk", "at_risk", at_risk, "models"),
    Page("models/<model>/<version>", "model", model, "models"),
)
