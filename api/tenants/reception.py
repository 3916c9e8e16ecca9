"""The application of a server with tenants: whose key or token a request has says who answers it.

Of an event for a hook, which has neither, the path says it (`api/tenants/addressed.py`), and of a person's browser the
name by which it came. Neither opens anything: the tenant's front then looks for a signature or a session.

What answers for a tenant is what answers for the one business of a server without: it has a front, gate, limits,
routes, metrics and a ledger of its own, and nothing in it knows that there are others.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from ordain.api.access.gate import Gate
from ordain.api.access.rights import OPEN, SIGNED
from ordain.api.contract.operations import OPERATIONS
from ordain.api.hooks.source import no_source
from ordain.api.http.account import METRICS
from ordain.api.http.bodies import Exchange, Scope
from ordain.api.http.forms.browsers import is_about_callers, is_link
from ordain.api.http.front import Front
from ordain.api.http.guards import called
from ordain.api.http.readiness import loading
from ordain.api.http.told_to_end import when_told_to_end
from ordain.api.logs.records import TENANT
from ordain.api.metrics.page import Page, page_of_all
from ordain.api.services import Services
from ordain.api.tenants.addressed import BEFORE, Addressed, addressed
from ordain.api.tenants.overall_key import OverallKey
from ordain.api.tenants.owners import Owners
from ordain.api.tenants.strangers import Strangers, away

_OPEN = re.compile(
    "|".join(
        re.sub("<path:[^>]*>", ".+", re.sub("<[^:>]*>", "[^/]+", rule))
        for (_, rule), operation in OPERATIONS.items()
        if operation.right in (OPEN, SIGNED)
    )
)
"""The paths that a front answers to anybody: here they are a tenant's answer to its own callers alone."""


@dataclass(slots=True)
class Branch:
    """One tenant in one worker. `front` is None until its ledger could be opened; `tried` once that was tried.

    `use` is what the front began with: the models that it waits for. `takes_hooks` where its settings name sources.
    `page` has its numbers.
    """

    name: str
    gate: Gate
    takes_hooks: bool = False
    front: Front | None = None
    use: Services | None = None
    page: Page | None = None
    tried: bool = False

    @property
    def has_begun(self) -> bool:
        """Whether it is waited for no more: a tenant that cannot begin keeps nobody from the others."""
        return self.tried if self.use is None else not loading(self.use)


class Reception:
    """As RSGI has it. With `overall` somebody is told the numbers of all tenants: who has that key."""

    def __init__(
        self, branches: Mapping[str, Branch], owners: Owners, strangers: Strangers, overall: OverallKey | None = None
    ) -> None:
        self._branches, self._owners, self._strangers, self._overall = branches, owners, strangers, overall
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opening = threading.Lock()

    def open(self, name: str, front: Front, use: Services, page: Page) -> None:
        """From now on `front` answers for that tenant. May be called by any thread."""
        with self._opening:
            front.loop = self._loop
            branch = self._branches[name]
            branch.front, branch.use, branch.page = front, use, page

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._opening:
            self._loop = loop
            for front in self._fronts():
                front.loop = loop
        when_told_to_end(loop, self._end)

    def _end(self) -> None:
        for front in self._fronts():
            front.end()

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        for front in self._fronts():
            front.__rsgi_del__(loop)
        self._strangers.desk.finish()

    async def __rsgi__(self, scope: Scope, exchange: Exchange) -> None:
        if scope.path.startswith(BEFORE) and (hook := addressed(scope)) is not None:
            return await self._take_event(hook, scope, exchange)
        header = scope.headers.get("authorization")
        if self._overall is not None and header and _asks_for_numbers(scope) and self._overall.opens(header):
            return await self._strangers.answer(scope, exchange, page=self._numbers)
        name = self._owners.owner(header) if header else self._owners.at(called(scope))
        if name is None:
            return await self._strangers.answer(scope, exchange)
        branch = self._branches[name]
        TENANT.set(name)
        is_open = _OPEN.fullmatch(scope.path) is not None
        if is_open and not header and (is_about_callers(scope.path) or is_link(scope.path)):
            is_open = False  # else nobody could log in, or open a link
        if (front := branch.front) is None:
            is_told = not is_open and (not header or branch.gate.known(header) is not None)
            return await self._strangers.answer(scope, exchange, away() if is_told else None)
        if is_open and await front.known(scope) is None:  # else how a tenant is would be told to anybody
            return await self._strangers.answer(scope, exchange)
        return await front.__rsgi__(scope, exchange)

    async def _take_event(self, hook: Addressed, scope: Scope, exchange: Exchange) -> None:
        """The tenant's front looks at the signature; of a tenant that there is not is said what is of such a source."""
        branch = self._branches.get(hook.tenant)
        if branch is None or not branch.takes_hooks:
            return await self._strangers.answer(scope, exchange, no_source())
        TENANT.set(branch.name)
        if branch.front is None:
            return await self._strangers.answer(scope, exchange, away())
        return await branch.front.__rsgi__(hook.scope, exchange)

    def _numbers(self) -> bytes:
        return page_of_all({name: branch.page for name, branch in self._branches.items()})

    def _fronts(self) -> list[Front]:
        return [branch.front for branch in self._branches.values() if branch.front is not None]


def _asks_for_numbers(scope: Scope) -> bool:
    return scope.path == METRICS and scope.method == "GET"
