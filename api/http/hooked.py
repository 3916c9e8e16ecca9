"""An event that came to a hook, as the event loop lets it in: by its signature, before the route is called."""

from __future__ import annotations

import time

from ordain.api.access.caller import Caller
from ordain.api.hooks.receive import REFUSED
from ordain.api.hooks.source import Hooks
from ordain.api.http.account import HOOK, HOOKS, Account
from ordain.api.http.bodies import Scope


def is_hook(scope: Scope) -> bool:
    """Whether a request is let in by its signature; a path that is written otherwise needs a key as any other."""
    return scope.method == "POST" and scope.path.startswith(HOOKS)


def signed_by(hooks: Hooks, scope: Scope, body: bytes, seen: Account) -> Caller:
    """Who has signed it, which is noted. Raises UnknownHook, SignatureRefused, EventTooOld."""
    seen.route = HOOK
    source = hooks.source(scope.path.removeprefix(HOOKS))
    seen.hooked = source.name, REFUSED
    source.check(scope.headers.get, body, time.time())
    seen.caller = source.caller
    return source.caller
