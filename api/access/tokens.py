"""Tokens (JWT, RFC 7519): signed by somebody whose public keys the settings name, for this service, for a time.

Only signatures by a private key are taken, so whoever knows what verifies a token cannot make one, and `none` is
none. A token that was verified is remembered by its digest until it expires, or the keys change.
"""

from __future__ import annotations

import logging
import threading
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from ordain.api.access.caller import Caller
from ordain.api.access.callers_file import Stamp, stamp_of
from ordain.api.access.claims import name_in, roles_in
from ordain.api.access.kid_unknown import KidUnknown
from ordain.api.access.signatures import SignatureRegistry
from ordain.api.access.token_keys import checked_address, fetch, is_address, read_file
from ordain.api.limits import LIMITS
from ordain.api.settings import Settings
from ordain.engine.errors import OrdainError, SettingsError

_LOG = logging.getLogger("ordain")


class Tokens:
    """`fault` says why the keys could not be had the last time they were wanted. Raises SettingsError."""

    def __init__(self, settings: Settings) -> None:
        if not settings.jwt_issuer or not settings.jwt_audience:
            lacking = "jwt_audience" if settings.jwt_issuer else "jwt_issuer"
            raise SettingsError(
                f"`jwt_keys` needs the setting `{lacking}`, too", "a token made for another service is not for this one"
            )
        self._settings, self._place = settings, str(settings.jwt_keys)
        self.fault = ""
        self._fetching = threading.Lock()
        self._known: dict[bytes, tuple[Caller, float]] = {}
        self._registry = SignatureRegistry()
        self._claims = jwt.JWTClaimsRegistry(
            leeway=settings.clock_skew_seconds,
            iss={"essential": True, "value": settings.jwt_issuer},
            aud={"essential": True, "value": settings.jwt_audience},
            exp={"essential": True},
        )
        self._keys: KeySet | None = None
        self._stamp: Stamp | None = None
        self._tried, self._fetched = -LIMITS.jwks_seconds, -LIMITS.jwks_seconds
        self._by_address = is_address(self._place)
        if self._by_address:
            checked_address(self._place)
        else:
            self._stamp, self._keys = stamp_of(Path(self._place)), read_file(Path(self._place))

    def caller_of(self, token: str, now: float) -> Caller | None:
        """Whose token it is; None when it is not to be taken. Raises KidUnknown when its signing key is not known."""
        known = self._known  # a change of keys puts another in its place
        digest = sha256(token.encode("utf-8", "replace")).digest()
        remembered = known.get(digest)
        if remembered is not None:
            caller, until = remembered
            return caller if now < until else None
        claims = self._verified(token)
        if claims is None:
            return None
        who = self._caller(claims)
        if who is not None:
            if len(known) >= LIMITS.tokens_kept:
                known.clear()
            known[digest] = who, claims["exp"] + self._settings.clock_skew_seconds
        return who

    def _verified(self, token: str) -> dict[str, Any] | None:
        keys = self._keys
        if keys is None:
            raise KidUnknown
        try:
            read = jwt.decode(token, keys, registry=self._registry)
            if "crit" in read.header:  # nothing that could stand there is known here, and it may not be empty
                return None
            self._claims.validate(read.claims)
        except InvalidKeyIdError:
            raise KidUnknown from None
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            return None  # whatever somebody sent, it is no token of ours
        return read.claims

    def _caller(self, claims: dict[str, Any]) -> Caller | None:
        whose = self._settings.jwt_tenant
        if whose is not None and claims.get(whose) != self._settings.tenant:
            return None
        name = name_in(claims, self._settings.jwt_name)
        if name is None:
            return None
        return Caller(name, frozenset(roles_in(claims, self._settings.jwt_roles)), tenant=self._settings.tenant)

    # --- kept up to date --------------------------------------------------------------------------------------

    def look(self) -> None:
        """Takes up a file that changed, or asks the address again when its keys are old."""
        if not self._by_address:
            self._try(self._read_again)
        elif time.monotonic() - self._fetched > LIMITS.jwks_seconds and self.may_fetch():
            self.fetch()

    def may_fetch(self) -> bool:
        """Whether the address may be asked now: not more often than that, however many tokens name unknown keys."""
        return self._by_address and time.monotonic() - self._tried > LIMITS.jwks_rests

    def fetch(self) -> None:
        """Asks the address; for as long as `LIMITS.jwks_waits` at the most."""
        if not self._fetching.acquire(blocking=False):
            return
        try:
            self._tried = time.monotonic()
            self._try(self._fetch)
        finally:
            self._fetching.release()

    def _fetch(self) -> None:
        self._put(fetch(self._place))
        self._fetched = time.monotonic()

    def _read_again(self) -> None:
        stamp = stamp_of(Path(self._place))
        if stamp != self._stamp or self.fault:
            self._put(read_file(Path(self._place)))
            self._stamp = stamp

    def _put(self, keys: KeySet) -> None:
        self._keys = keys
        self._known = {}

    def _try(self, work: Any) -> None:
        try:
            work()
        except Exception as error:  # whatever it is, the keys of before go on
            told = error.message if isinstance(error, OrdainError) else "a fault of Ordain's own: see the log"
            if told != self.fault:
                _LOG.error("callers: %s", told, exc_info=None if isinstance(error, OrdainError) else error)
            self.fault = told
        else:
            self.fault = ""
