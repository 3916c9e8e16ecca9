"""The log verified, whole or by a seeded sample."""

from __future__ import annotations

from typing import Any

from ordain.api.console.asked import Asked
from ordain.api.console.numbers_typed import whole
from ordain.api.console.page_shape import Names, Part, Query


def verify(asked: Asked, names: Names, form: Query) -> Part:
    """What `POST /v1/audit/verify` finds."""
    given = {name: form.get(name, "").strip() for name in ("from", "to", "sample", "seed")}
    asks: dict[str, Any] = {name: whole(text) for name, text in given.items() if text}
    return Part("verified", asked.post("/v1/audit/verify", asks))
