"""The server's process of several tenants: it loads each, refuses what two would share, and forks its workers."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from ordain.api.access.gate import Gate
from ordain.api.http.reloads import Asked, Reloads
from ordain.api.http.server import Written, first_word, is_forked, run, written
from ordain.api.logs.records import TENANT
from ordain.api.metrics.cells import Cells
from ordain.api.rates.shared_times import SharedTimes
from ordain.api.services import wire, with_hooks
from ordain.api.settings import Settings
from ordain.api.tenants.homes import Home, homes_of, of_tenant
from ordain.api.tenants.overall_key import read_keys
from ordain.api.tenants.owners import shared_credentials
from ordain.api.tenants.tenant_worker import Told, tenants_worker
from ordain.api.watching import stamps
from ordain.audit.shared_writer.meeting_place import MeetingPlace
from ordain.engine.errors import Issue, OrdainError, SettingsError
from ordain.engine.versions import Kept

_LOG = logging.getLogger("ordain")


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A tenant whose policies and callers can be used.

    `ledger` is the name of its ledger; with its `secrets` the sources of its hooks sign.
    """

    home: Home
    reloads: Reloads
    gate: Gate
    ledger: str
    secrets: frozenset[bytes] = field(repr=False)


def serve_tenants(settings: Settings, asked: Asked) -> None:
    """Serves all tenants of the server until it is interrupted; `settings` are the server's.

    What is in `asked` asks for a reload, and came before anything was loaded. Raises SettingsError, which names each
    tenant that cannot be served, and why: at the start all can, or none is.
    """
    if not is_forked():
        raise SettingsError("a server with tenants needs a system that forks processes, such as Linux", "use one")
    homes = homes_of(settings)
    if settings.tenants_metrics_key is not None:
        read_keys(settings.tenants_metrics_key)
    queues: list[Asked] = [SimpleQueue() for _ in homes]

    def reload(*_: object) -> None:
        for each in queues:
            each.put(None)

    signal.signal(signal.SIGHUP, reload)
    while not asked.empty():
        asked.get()
        reload()
    loaded = _all(homes, queues)
    if issues := [*_one_ledger(loaded), *_shared(loaded), *_same_secrets(loaded)]:
        raise SettingsError(issues)
    for each in loaded:
        if not each.gate.configured:
            named = each.home.name
            _LOG.warning("tenant `%s` knows nobody yet: ordain --tenant %s keys new NAME --role ROLE", named, named)
    _serve(settings, loaded, reload)


def _serve(settings: Settings, loaded: list[_Loaded], reload: Callable[..., None]) -> None:
    told, ledgers = [], []
    for each in loaded:
        own = each.home.settings
        shares_writer = settings.workers > 1 and own.database_url.startswith("sqlite")
        place = MeetingPlace() if shares_writer else None
        ledgers.append(Written(place, each.home.environment(), each.home.name))
        path: Path | None = None if place is None else place.path
        told.append(Told(each.home.name, own, each.reloads, each.gate, path, Cells(settings.workers), SharedTimes()))
    made = partial(tenants_worker, settings, tuple(told), first_word(), SharedTimes())

    def begin() -> None:
        for each in loaded:
            _as_tenant(each.home.name, each.reloads.start)

    with written(ledgers):
        run(settings, made, begin, reload)


def _all(homes: tuple[Home, ...], queues: list[Asked]) -> list[_Loaded]:
    """Every tenant, loaded. Raises SettingsError with what is wrong with each that cannot be."""
    loaded: list[_Loaded] = []
    issues: list[Issue] = []
    for home, queue in zip(homes, queues, strict=True):
        try:
            loaded.append(_as_tenant(home.name, partial(_load, home, queue)))
        except OrdainError as error:
            issues += of_tenant(home.name, error)
    if issues:
        raise SettingsError(issues)
    return loaded


def _load(home: Home, queue: Asked) -> _Loaded:
    """Raises what `wire` and `Gate` do."""
    own = home.settings
    seen = stamps(own.policies) if own.reload == "change" else None
    kept = Kept()
    use = wire(own, kept=kept)
    use.close()
    use = with_hooks(use)
    gate = Gate(use)
    secrets = frozenset(secret for source in use.hooks.sources.values() for secret in source.secrets)
    return _Loaded(home, Reloads(use, kept, queue, seen, gate), gate, use.ledger.identity.origin, secrets)


def _one_ledger(loaded: list[_Loaded]) -> Iterator[Issue]:
    """Two addresses may lead to one database, and a folder that was copied has the ledger of the other."""
    seen: dict[str, str] = {}
    for each in loaded:
        if (first := seen.setdefault(each.ledger, each.home.name)) != each.home.name:
            yield Issue(
                f"the tenants `{first}` and `{each.home.name}` have the same ledger, {each.ledger}",
                "give each a database of its own; a folder that was copied begins with an empty `var`",
            )


def _shared(loaded: list[_Loaded]) -> Iterator[Issue]:
    gates = {each.home.name: each.gate for each in loaded}
    return shared_credentials(gates, {each.home.name: each.home.settings for each in loaded})


def _same_secrets(loaded: list[_Loaded]) -> Iterator[Issue]:
    """A signature says nothing of the tenant: what was signed for one would be good for the other, too."""
    for first, second in combinations(loaded, 2):
        if first.secrets & second.secrets:
            yield Issue(
                f"sources of `hooks` of the tenants `{first.home.name}` and `{second.home.name}` have the same secret",
                "have each signed with a secret of its own",
            )


def _as_tenant(name: str, work: Callable[[], Any]) -> Any:
    """Does it in the tenant's name: what it says in the log, and what its threads do, is about that one."""

    def named() -> Any:
        TENANT.set(name)
        return work()

    return copy_context().run(named)
