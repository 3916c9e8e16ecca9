"""Who asks, and whether they may: asked by every request, in the event loop and in Flask's threads.

What changes (the file of keys, the policy) is made ready aside and put in place with one assignment. What cannot be
read changes nothing: `faults` say so, and what was known before goes on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ordain.api.access.caller import LOCAL, Caller
from ordain.api.access.callers_file import NAME, Stamp, read_keys, stamp_of
from ordain.api.access.key_text import PREFIX
from ordain.api.access.kid_unknown import KidUnknown
from ordain.api.access.known_keys import KnownKeys
from ordain.api.access.role_rights import NO_RIGHTS, RoleRights, plan_in_force, rights_by
from ordain.api.limits import LIMITS
from ordain.api.services import Services
from ordain.audit.ledger.checkpointer import Beat
from ordain.engine.errors import NotPermitted, OrdainError, SettingsError, Unauthenticated
from ordain.engine.late import late

if TYPE_CHECKING:
    from ordain.api.access.login.login import Login
    from ordain.api.access.tokens import Tokens

_LOG = logging.getLogger("ordain")
_SEND = "send it as `Authorization: Bearer <key or token>`"


class Gate:
    """`configured` says whether callers are known; without, whoever asks is LOCAL and may do everything.

    Raises SettingsError when what is configured cannot be used. `tokens` verifies JWT, if the settings name keys;
    `login` knows who logged in, if they name a provider.
    """

    def __init__(self, use: Services) -> None:
        self._settings = use.settings
        self._file = use.settings.keys / NAME
        self._use = use
        self._stamp: Stamp | None = stamp_of(self._file)
        self._keys: KnownKeys | None = None
        self._table, self._together = NO_RIGHTS, dict[frozenset[str], frozenset[str]]()
        self._fault_of: dict[str, str] = {}
        self.keys_changed: Callable[[], object] = lambda: None
        """Called once other keys are known."""
        self.tokens: Tokens | None = None
        if use.settings.jwt_keys is not None:
            self.tokens = late("ordain.api.access.tokens:Tokens")(use.settings)
        self.login: Login | None = None
        if use.settings.login_issuer is not None:
            self.login = late("ordain.api.access.login.login:Login")(lambda: self._use)
        if self._stamp is not None:
            self._keys = KnownKeys(read_keys(self._file), use.settings.tenant)
        if self.configured:
            self._put(self.check(use))

    @property
    def configured(self) -> bool:
        return self._keys is not None or self.tokens is not None or self.login is not None

    @property
    def faults(self) -> list[str]:
        """What is wrong now with what says who callers are."""
        told = [] if self.tokens is None or not self.tokens.fault else [self.tokens.fault]
        if self.login is not None and self.login.provider.fault:
            told.append(self.login.provider.fault)
        return [*self._fault_of.values(), *told]

    @property
    def key_ids(self) -> frozenset[str]:
        """Those of the API keys that are known, revoked ones among them."""
        return frozenset() if self._keys is None else self._keys.ids

    # --- asked by requests ------------------------------------------------------------------------------------

    def admit(self, header: str | None) -> Caller:
        """Who sends this `Authorization`. Raises Unauthenticated, which never says what of it is right."""
        keys, tokens = self._keys, self.tokens
        if keys is None and tokens is None and self.login is None and self._settings.tenants is None:
            return LOCAL
        credential = credential_in(header)
        caller: Caller | None = None
        unknown: KidUnknown | None = None
        if credential.startswith(PREFIX):
            caller = None if keys is None else keys.caller_of(credential, time.time())
        elif tokens is not None:
            try:
                caller = tokens.caller_of(credential, time.time())
            except KidUnknown as error:
                unknown = error
        if caller is None:
            raise not_known() from unknown
        return caller

    def known(self, header: str | None) -> Caller | None:
        """The same for what anybody may ask: None for who is not known."""
        try:
            return self.admit(header)
        except Unauthenticated:
            return None

    def may(self, caller: Caller | None, right: str) -> bool:
        """Whether one of the caller's roles has the right."""
        if caller is None:
            return False
        if caller is LOCAL:
            return not self.configured
        together = self._together  # another table puts another in its place, after itself
        rights = together.get(caller.roles)
        if rights is None:
            if len(together) >= LIMITS.role_sets_kept:
                together.clear()
            rights = together[caller.roles] = self._table.together(caller.roles)
        return right in rights

    def require(self, caller: Caller, right: str, service: str | None = None) -> None:
        """Raises NotPermitted unless the caller has the right, for the service if it is about one."""
        if not self.may(caller, right):
            raise NotPermitted(f"no role of this caller has the right `{right}`", "the policy `access` says who has it")
        if service is not None and not caller.may_ask(service):
            raise NotPermitted("this caller may not ask that service", "whoever manages keys can make one that may")

    # --- kept up to date --------------------------------------------------------------------------------------

    def check(self, use: Services) -> RoleRights:
        """What the policies make of roles and rights now. Raises SettingsError."""
        at = use.now()
        return rights_by(plan_in_force(use.catalog, at), use.vocabulary, at)

    def take(self, use: Services) -> None:
        """From now on these policies say who may do what."""
        self._use = use
        self._guarded("policy", self._look_at_policy)

    def look(self) -> None:
        """Takes up what has changed: the file of keys, and another version of the policy that comes into force."""
        self._guarded("keys", self._look_at_file)
        self._guarded("policy", self._look_at_policy)

    def follow(self, tokens: bool = True) -> None:
        """Looks again and again from here on, in threads of its own; for keys of `tokens` where they are verified."""
        Beat(self.look, LIMITS.callers_seconds, "callers").start()
        if tokens and self.tokens is not None:
            Beat(self.tokens.look, LIMITS.callers_seconds, "token keys").start()

    def _look_at_file(self) -> None:
        stamp = stamp_of(self._file)
        if stamp is None and self._stamp is not None:
            raise SettingsError(f"the file of API keys `{self._file}` is gone; the keys of before go on", "put it back")
        if stamp is None or (stamp == self._stamp and "keys" not in self._fault_of):
            return
        self._keys = KnownKeys(read_keys(self._file), self._settings.tenant)
        self._stamp = stamp
        self.keys_changed()

    def _look_at_policy(self) -> None:
        if not self.configured:
            return
        use = self._use
        if plan_in_force(use.catalog, use.now()) is not self._table.plan:
            self._put(self.check(use))

    def _put(self, table: RoleRights) -> None:
        self._table = table
        self._together = {}

    def _guarded(self, part: str, look: Callable[[], Any]) -> None:
        try:
            look()
        except Exception as error:  # whatever it is, what held before goes on
            told = error.message if isinstance(error, OrdainError) else "a fault of Ordain's own: see the log"
            if self._fault_of.get(part) != told:
                _LOG.error("callers: %s", told, exc_info=None if isinstance(error, OrdainError) else error)
            self._fault_of = {**self._fault_of, part: told}
        else:
            self._fault_of = {name: fault for name, fault in self._fault_of.items() if name != part}


def credential_in(header: str | None) -> str:
    """The key or token in an `Authorization`. Raises Unauthenticated when there is none."""
    if not header:
        raise Unauthenticated("this service answers known callers alone", _SEND)
    scheme, _, credential = header.partition(" ")
    credential = credential.strip(" ")
    if scheme.lower() != "bearer" or not credential or len(credential) > LIMITS.credential_characters:
        raise Unauthenticated("the `Authorization` of the request is not one that this service takes", _SEND)
    return credential


def not_known() -> Unauthenticated:
    """What is said of a credential that opens nothing, whatever is wrong with it."""
    return Unauthenticated(
        "the key or token of the request opens nothing here", "it may be mistyped, expired, revoked or another server's"
    )
