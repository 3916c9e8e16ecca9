"""`GET /metrics`: the numbers of all processes that decide, whichever of them answers."""

from __future__ import annotations

import os
import platform
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from operator import add
from typing import Any

from ordain.api.late_model import LateModel
from ordain.api.metrics.catalogue import CATALOGUE, GAUGE
from ordain.api.metrics.cells import Cells, runs
from ordain.api.metrics.ledger_look import LedgerLook
from ordain.api.metrics.text_format import Labels, text_of
from ordain.api.services import Services
from ordain.engine.errors import ModelDegradationDetected, OrdainError
from ordain.engine.version import VERSION

_Found = dict[str, dict[Labels, list[float]]]
_MEMORY = "ordain_resident_memory_bytes"
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Page:
    """Reads memory only: it waits for no database, no model and no other process. `use` is what decides."""

    def __init__(self, use: Services, cells: Cells, ledger: LedgerLook) -> None:
        self.use, self._cells, self._ledger = use, cells, ledger

    def __call__(self) -> bytes:
        """The page as it is now."""
        found = self.found()
        return text_of((metric, found.get(name, {})) for name, metric in CATALOGUE.items())

    def alive(self) -> list[int]:
        """The processes that decide."""
        return [part.process for part in self._cells.parts() if runs(part.process)]

    def found(self) -> _Found:
        """By metric the series that there are now."""
        found: _Found = defaultdict(dict)
        alive = self.alive()
        self._counted(found, alive)
        for name, value in self._ledger.numbers().items():
            found[name][()] = [value]
        found["ordain_processes"][()] = [len(alive)]
        if self.use.settings.tenants is None:  # the processes are those of all tenants
            found[_MEMORY][()] = [resident(alive)]
        found["ordain_build_info"][VERSION, platform.python_version()] = [1]
        found["ordain_series_dropped_total"][()] = [sum(part.lost for part in self._cells.parts())]
        found["ordain_policy_info"].update(_in_force(self.use))
        found["ordain_reload_failed"][()] = [bool(self.use.not_reloaded)]
        stops = self.use.stopped.now
        found["ordain_service_stopped"].update(((name,), [name in stops]) for name in self.use.catalog.services.by_name)
        partly = [(name, each.model) for name, each in self.use.partly.items()]
        found["ordain_models_loading"][()] = [sum(_loading(model) for _, model in [*self.use.models.items(), *partly])]
        for name, model in [*self.use.models.items(), *partly]:
            fault = model.fault if isinstance(model, LateModel) else model
            version = "" if isinstance(model, ModelDegradationDetected) else model.version
            found["ordain_model_usable"][name, version] = [not isinstance(fault, ModelDegradationDetected)]
        return found

    def _counted(self, found: _Found, alive: list[int]) -> None:
        """Adds up what the processes counted; how things are now counts for those that run."""
        for part in self._cells.parts():
            for (name, *labels), (at, cells) in list(part.series().items()):
                if name not in CATALOGUE or (CATALOGUE[name].kind == GAUGE and part.process not in alive):
                    continue
                values: list[Any] = [part.cells[at]] if cells == 1 else part.cells[at : at + cells].tolist()
                sums, key = found[name], tuple(labels)
                sums[key] = list(map(add, sums[key], values)) if key in sums else values


def page_of_all(tenants: Mapping[str, Page | None]) -> bytes:
    """The numbers of several tenants on one page, each with the label `tenant`; the processes' memory is nobody's.

    None for one that is not served: that is all that there is to say of it.
    """
    merged: _Found = defaultdict(dict)
    pages = {tenant: page for tenant, page in tenants.items() if page is not None}
    merged["ordain_tenant_answers"] = {(tenant,): [tenant in pages] for tenant in tenants}
    for tenant, page in pages.items():
        for name, series in page.found().items():
            merged[name].update({(tenant, *labels): cells for labels, cells in series.items()})
    labelled = {name: replace(metric, labels=("tenant", *metric.labels)) for name, metric in CATALOGUE.items()}
    labelled[_MEMORY] = CATALOGUE[_MEMORY]
    merged[_MEMORY][()] = [resident({process for page in pages.values() for process in page.alive()})]
    return text_of((metric, merged.get(name, {})) for name, metric in labelled.items())


def resident(processes: Iterable[int]) -> float:
    """Their memory together, in bytes."""
    return sum(map(_resident, processes))


def _in_force(use: Services) -> dict[Labels, list[float]]:
    """The policy versions that decide today."""
    found: dict[Labels, list[float]] = {}
    at = use.now()
    for service in use.catalog.services.by_name:
        try:
            plan = use.catalog.pick(service, at)
        except OrdainError:  # one of its policies has no version for today
            continue
        for compiled in plan.policies:
            policy = compiled.policy
            found[policy.name, str(policy.version), policy.digest] = [1]
    return found


def _loading(model: object) -> bool:
    return isinstance(model, LateModel) and model.loading


def _resident(process: int) -> int:
    """The memory of a process in bytes; 0 where that cannot be read."""
    try:
        with open(f"/proc/{process}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * _PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return 0
