"""What one process counts while it serves."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Mapping

from ordain.api.metrics.catalogue import CATALOGUE
from ordain.api.metrics.cells import Part

_STATUS = {status: str(status) for status in (200, 404, 422, 429, 503)}


class Meter:
    """Counts into a part of the shared memory: some tenths of a microsecond for each number."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._scoring = threading.Lock()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request has been answered."""
        self._part.add(("ordain_responses_total", method, route, _STATUS.get(status) or str(status)))
        self._observe("ordain_request_seconds", (route,), seconds)

    def came(self, service: str, verdict: str, code: str, count: int = 1) -> None:
        """A request, or a line of a batch, has led to a decision, or an error, or both."""
        if verdict:
            self._part.add(("ordain_decisions_total", service, verdict), count)
        if code:
            self._part.add(("ordain_refusals_total", service, code), count)

    def limited(self, service: str, limit: str) -> None:
        """A request has been refused, or lines of a batch have been put off, since a limit is reached."""
        self._part.add(("ordain_limited_total", service, limit))

    def hooked(self, source: str, result: str) -> None:
        """An event has come to a hook."""
        self._part.add(("ordain_hooks_total", source, result))

    def committed(self, entries: int, seconds: float) -> None:
        """A commit is on the disk. The ledger makes one at a time."""
        self._observe("ordain_commit_entries", (), entries)
        self._observe("ordain_commit_seconds", (), seconds)

    def scored(self, model: str, seconds: float) -> None:
        """A model has been asked, in whichever thread."""
        with self._scoring:
            self._observe("ordain_scoring_seconds", (model,), seconds)

    def fell_back(self, model: str, why: str) -> None:
        """A fact is its fallback, in whichever thread it was decided."""
        with self._scoring:
            self._part.add(("ordain_score_fallbacks_total", model, why))

    def add(self, name: str, number: float) -> None:
        """Counts something without labels."""
        self._part.add((name,), number)

    def set(self, gauges: Mapping[str, float]) -> None:
        """How these are now, in this process."""
        for name, value in gauges.items():
            self._part.cells[self._part.at((name,))] = value

    def _observe(self, name: str, labels: tuple[str, ...], value: float) -> None:
        bounds = CATALOGUE[name].bounds
        buckets = len(bounds) + 1
        at = self._part.at((name, *labels), buckets + 1)
        self._part.cells[at + bisect_left(bounds, value)] += 1.0
        self._part.cells[at + buckets] += value
