"""Told of each fact that is its fallback, since the model failed that was to give it."""

from __future__ import annotations

from collections.abc import Callable

from ordain.engine.policy.facts import Facts


class FallenBack:
    """`watch`, once there is one, is told the model and why."""

    def __init__(self) -> None:
        self.watch: Callable[[str, str], None] | None = None

    def tell(self, facts: Facts) -> None:
        """Of all of one decision."""
        if self.watch is not None:
            for each in facts.fallbacks.values():
                self.watch(each.model, each.why)
