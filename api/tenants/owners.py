"""Whose a key or token is, before it is looked at closely: the tenant's own gate does that, and trusts nothing of this.

A browser sends neither, but the name by which it came: that of one tenant's `login_address`.

A wrong guess here would be a refusal there, so nothing depends on what is read of a token that nobody has verified.
"""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from ordain.api.access.gate import Gate, credential_in
from ordain.api.access.key_text import PREFIX
from ordain.api.http.guards import host_in, login_host
from ordain.api.limits import LIMITS
from ordain.api.settings import Settings
from ordain.engine.errors import Issue, Unauthenticated

_LOG = logging.getLogger("ordain")


class _Issued(NamedTuple):
    """What a token of a tenant says: of whom, for whom and, if `claim` is one, in it the tenant's name."""

    issuer: str
    audience: str
    claim: str | None

    @staticmethod
    def of(settings: Settings) -> _Issued | None:
        if settings.jwt_keys is None:
            return None
        return _Issued(str(settings.jwt_issuer), str(settings.jwt_audience), settings.jwt_tenant)


class Owners:
    """Knows whose each API key is, by its id, and whose each token, by its issuer and audience, or by its claim; and
    whose people, who log in or open a link, come to which name of the server.

    What would be two tenants' is nobody's. Used by one event loop; `look` may be called by any thread.
    """

    def __init__(self, gates: Mapping[str, Gate], settings: Mapping[str, Settings]) -> None:
        self._gates = gates
        self._issued = {name: issued for name, each in settings.items() if (issued := _Issued.of(each))}
        self._at = {host: name for name, each in settings.items() if (host := login_host(each)) is not None}
        self._of_key: Mapping[str, str] = {}
        self._of_token: dict[int, str | None] = {}  # by their hashes
        self._told = frozenset[str]()
        for gate in gates.values():
            gate.keys_changed = self.look
        self.look()

    def look(self) -> None:
        """Takes up which keys there are."""
        owner: dict[str, str] = {}
        twice: dict[str, set[str]] = {}
        for name, gate in self._gates.items():
            for key in gate.key_ids:
                if owner.setdefault(key, name) != name:
                    twice.setdefault(key, {owner[key]}).add(name)
        for key in twice:
            del owner[key]
        self._of_key = owner
        for key in twice.keys() - self._told:
            _LOG.error(
                "the key %s is of several tenants, %s, and opens nothing now", key, ", ".join(sorted(twice[key]))
            )
        self._told = frozenset(twice)

    def owner(self, header: str) -> str | None:
        """The name of the tenant whose this `Authorization` may be; None when it is nobody's."""
        try:
            credential = credential_in(header)
        except Unauthenticated:
            return None
        if credential.startswith(PREFIX):
            return self._of_key.get(credential[len(PREFIX) :].partition("_")[0])
        if not self._issued:
            return None
        known, hashed = self._of_token, hash(credential)
        if hashed not in known:
            if len(known) >= LIMITS.tokens_kept:
                known.clear()
            known[hashed] = self._issued_for(credential)
        return known[hashed]

    @property
    def hosts(self) -> Collection[str]:
        """The names by which people come to tenants."""
        return self._at.keys()

    def at(self, place: str) -> str | None:
        """The name of the tenant whose people come to this `Host`; None where it is nobody's."""
        return self._at.get(host_in(place)) if place and self._at else None

    def _issued_for(self, token: str) -> str | None:
        claims = _claims(token)
        may = [name for name, issued in self._issued.items() if _fits(claims, issued, name)]
        return may[0] if len(may) == 1 else None


def shared_credentials(gates: Mapping[str, Gate], settings: Mapping[str, Settings]) -> Iterator[Issue]:
    """Why a key or token could be two tenants', if one could."""
    owner: dict[str, str] = {}
    for name, gate in gates.items():
        for key in sorted(gate.key_ids):
            if (first := owner.setdefault(key, name)) != name:
                yield Issue(
                    f"the API key {key} is of the tenants `{first}` and `{name}`",
                    "a tenant's folder is not made by copying another's keys: revoke it, and make new ones",
                )
    taken: dict[tuple[str, str], str] = {}
    for name, each in settings.items():
        issued = _Issued.of(each)
        if issued is None or issued.claim is not None:
            continue
        if (first := taken.setdefault(issued[:2], name)) != name:
            yield _same(first, name)
    for name, each in settings.items():
        issued = _Issued.of(each)
        if issued is not None and issued.claim is not None and issued[:2] in taken:
            yield _same(taken[issued[:2]], name)


def _same(first: str, second: str) -> Issue:
    return Issue(
        f"the tenants `{first}` and `{second}` take tokens of one issuer for one audience",
        "give each an audience of its own, or to both `jwt_tenant`, the claim that names the tenant",
    )


def _claims(token: str) -> dict[str, Any]:
    """What a token says of itself; nothing for what is none."""
    body = token.split(".")[1:2]
    if not body:
        return {}
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(body[0] + "=" * (-len(body[0]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _fits(claims: Mapping[str, Any], issued: _Issued, name: str) -> bool:
    audience = claims.get("aud")
    is_for_it = audience == issued.audience or (isinstance(audience, list) and issued.audience in audience)
    is_its = issued.claim is None or claims.get(issued.claim) == name
    return claims.get("iss") == issued.issuer and is_for_it and is_its
