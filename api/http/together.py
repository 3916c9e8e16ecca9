"""Decisions that are asked for at the same moment and may need a score: they are scored together.

A model is asked for one row in some 300 us and for twenty in little more, so what has arrived when the loop comes round
is decided by one call of `decide_many`. Nobody waits for others to arrive.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from ordain.api.ask import Ask
from ordain.api.batch import decide_many
from ordain.api.decide import Decision
from ordain.api.services import Services
from ordain.api.traces.traces import Score, Traces
from ordain.engine.policy.service import Service


class Together:
    """Decides in the event loop that calls it, by `use`."""

    def __init__(self, use: Services, traces: Traces | None = None) -> None:
        self.use, self._traces = use, traces
        self.scored: list[Score] = []
        """With traces: what models were asked for those whose decisions have just come.

        Whoever waits for one of them runs before the next are decided.
        """
        self._asked: list[tuple[Ask, asyncio.Future[Decision]]] = []
        self.services = frozenset(_scored(use, use.catalog.services.by_name.values()))
        """The names of the services that read a fact which a model may give."""

    async def decide(self, ask: Ask) -> Decision:
        """Raises as `make_decision` does."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Decision] = loop.create_future()
        if not self._asked:
            loop.call_soon(self._decide)
        self._asked.append((ask, future))
        return await future

    def _decide(self) -> None:
        asked, self._asked = self._asked, []
        if self._traces is not None:
            self._traces.scores()  # those were others'
        came = decide_many([ask for ask, _ in asked], self.use)
        if self._traces is not None:
            self.scored = self._traces.scores()
        for (_, future), decision in zip(asked, came, strict=True):
            if future.done():  # who asked may have gone
                continue
            if isinstance(decision, Decision):
                future.set_result(decision)
            else:
                future.set_exception(decision)


def _scored(use: Services, services: Iterable[Service]) -> Iterable[str]:
    catalog = use.catalog
    for service in services:
        versions = (each for name in service.policies for each in catalog.versions[name])
        reads = {name for each in versions for name in each.policy.reads}
        if any(catalog.vocabulary[name].model in use.models for name in reads):
            yield service.name
