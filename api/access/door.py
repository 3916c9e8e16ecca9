"""The gate as the event loop passes it: a token signed with a key that is not known yet is waited for."""

from __future__ import annotations

import asyncio

from ordain.api.access.caller import Caller
from ordain.api.access.gate import Gate
from ordain.api.access.kid_unknown import KidUnknown
from ordain.api.http.bodies import Scope
from ordain.api.http.pool import Pool
from ordain.api.limits import LIMITS
from ordain.engine.errors import Unauthenticated


class Door:
    """All who wait at one moment wait for one fetch, and there is none when the last one was a moment ago."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._fetching: asyncio.Future[None] | None = None
        self._sessions = Pool(LIMITS.session_threads, LIMITS.sessions_waiting, "sessions")

    def credential(self, scope: Scope) -> str | None:
        """What a request says of who sends it: a key or token or else, where people log in, a session's id."""
        header: str | None = scope.headers.get("authorization")
        if header or self.gate.login is None:
            return header
        sent = self.gate.login.sent(scope.method, scope.headers)
        return None if sent is None else sent.session_id

    async def caller_of(self, scope: Scope, counts: bool = True) -> Caller:
        """Who asks; `counts` where that is a use of a session, which keeps it from ending.

        Raises Unauthenticated, NotPermitted for a session's request that is not its own, LedgerUnavailable."""
        login = self.gate.login
        sent = None if login is None else login.sent(scope.method, scope.headers, counts)
        if login is None or sent is None:
            return await self.caller(scope.headers.get("authorization"))
        return await self._sessions.run(login.caller_of, sent)

    def close(self) -> None:
        """Waits for what is under way."""
        self._sessions.close()

    async def caller(self, header: str | None) -> Caller:
        """Raises Unauthenticated."""
        try:
            return self.gate.admit(header)
        except Unauthenticated as error:
            tokens = self.gate.tokens
            if tokens is None or not isinstance(error.__cause__, KidUnknown):
                raise
            if self._fetching is None or self._fetching.done():
                if not tokens.may_fetch():
                    raise
                self._fetching = asyncio.get_running_loop().run_in_executor(None, tokens.fetch)
            await asyncio.shield(self._fetching)
        return self.gate.admit(header)
