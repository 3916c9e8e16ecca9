"""What a page of another site could make a browser send here is refused before anything is read or done.

Where nobody is known, a request of somebody's browser is as good as any. Browsers say where a page comes from
(`Origin`), ask before they send other types than those of forms, and cannot lie about the name that they looked up
(`Host`): with it, a page whose name was made to mean this machine (DNS rebinding) is known. Forms are
taken of two pages: the one that ends a session has that session's token in it, and those of the console are sent by its
script with a header that no page of another site can send unasked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from ordain.api.http.bodies import Scope
from ordain.api.http.forms.browsers import LOGOUT
from ordain.api.limits import LIMITS
from ordain.api.settings import Settings

_OF_FORMS = {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}
_SINGLE = ("host", "authorization", "content-type", "origin", "x-csrf-token")
"""Headers that decide who asks and for what. Were the first of two taken, a proxy might have looked at the second."""
_CHANGING = ("POST", "PUT")
_CONSOLE = "/console/"
ANY = "*"
_NO_HOST = re.compile(r"[/?#@\\\s]")
"""Signs that an address may have around its host, and `Host` never has."""


class Refused(NamedTuple):
    """As HTTP has it."""

    status: int
    name: str
    message: str


class Guard:
    """Knows the names of this server: those of this machine for itself, where it listens, and `hosts`.

    Addresses are always fine: a name is what DNS can be made to lie about. Pages of `origins` may post, too.
    """

    def __init__(self, host: str, hosts: Iterable[str], origins: Iterable[str] = ()) -> None:
        self._origins = frozenset(origins)
        self._chosen = {name.lower() for name in hosts}
        self._names = (self._chosen | {"localhost", host.lower()}) - {""}
        self._is_ours = lru_cache(LIMITS.hosts_kept)(self._is_name_of_ours)

    def refusal(self, scope: Scope) -> Refused | None:
        """Why the request is refused; None when it is not."""
        headers = scope.headers
        for name in _SINGLE:
            if name in headers and len(headers.get_all(name)) > 1:
                message = f"the header `{name.title()}` is there more than once: which one is meant nobody can tell"
                return Refused(400, "Bad Request", message)
        host = called(scope)
        if host and not self._is_ours(host):
            message = f"this server is not called `{host}`: name it in the setting `hosts` if it is"
            return Refused(421, "Misdirected Request", message)
        if scope.method not in _CHANGING:
            return None
        kind = (headers.get("content-type") or "").partition(";")[0].strip().lower()
        if kind in _OF_FORMS and scope.path != LOGOUT and not _is_of_console(scope):
            wanted = "application/x-ndjson" if scope.path.endswith("/batch") else "application/json"
            message = f"a request is sent as {wanted}, not as {kind}, which a page of any site can send"
            return Refused(415, "Unsupported Media Type", message)
        origin = headers.get("origin")
        if origin and not self._may_post(origin, host):
            message = f"a page of `{origin}` may not post here; see the settings `cors_origins` and `hosts`"
            return Refused(403, "Forbidden", message)
        return None

    def _is_name_of_ours(self, host: str) -> bool:
        name = host_in(host)
        return ANY in self._chosen or name in self._names or _is_address(name)

    def _may_post(self, origin: str, host: str) -> bool:
        """Pages of this server, and of those that an installation names."""
        if origin in self._origins:
            return True
        place = origin.partition("://")[2].lower()
        return bool(place) and (place == host.lower() or host_in(place) in self._chosen)


def _is_of_console(scope: Scope) -> bool:
    """Its forms have a header that a browser sends for another site's page only once this server allows it."""
    return scope.path.startswith(_CONSOLE) and "x-csrf-token" in scope.headers


def names_of(settings: Settings) -> tuple[str, ...]:
    """By which names browsers and other clients call a server of these settings."""
    reached = login_host(settings)
    return (*settings.hosts, *([reached] if reached else []))


def login_host(settings: Settings) -> str | None:
    """The name in `login_address`, by which people's browsers know a server of these settings."""
    return urlsplit(settings.login_address or "").hostname


def called(scope: Scope) -> str:
    """By which name and port the request came: `Host`, or what HTTP/2 has in its place; empty where nothing says it."""
    return scope.headers.get("host") or scope.authority or ""


def host_in(place: str) -> str:
    """The host in `host:port`; empty for what is none."""
    if _NO_HOST.search(place):
        return ""
    try:
        return (urlsplit(f"//{place}").hostname or "").removesuffix(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
