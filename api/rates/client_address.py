"""From which address a request comes: that of its connection or, behind proxies that are believed, what they say.

An IPv6 client is its network of 64 bits, which is what one client is given: it could use each address of it once.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from ordain.api.http.bodies import Scope
from ordain.api.limits import LIMITS
from ordain.api.rates.networks import Network

_HEADER = "x-forwarded-for"
_CHARACTERS = 64
"""Of one address; none has more."""


class Clients:
    """Believes `proxies` and nobody else: of what they say, the last address that is not one of them counts.

    What stands before that may be of the client's own making.
    """

    def __init__(self, proxies: Iterable[Network]) -> None:
        self._proxies = tuple(proxies)
        self._read = lru_cache(LIMITS.addresses_kept)(self._looked_at)

    def address_of(self, scope: Scope) -> str:
        """The client, as a text that is the same for all its requests."""
        known, is_proxy = self._read(scope.client.rpartition(":")[0])
        if not is_proxy or _HEADER not in scope.headers:
            return known
        said = ",".join(scope.headers.get_all(_HEADER)).split(",")
        for part in reversed(said[-LIMITS.forwarded :]):
            address = part.strip()[:_CHARACTERS]
            if _read(address) is None:
                break
            known, is_proxy = self._read(address)
            if not is_proxy:
                break
        return known

    def _looked_at(self, text: str) -> tuple[str, bool]:
        address = _read(text)
        if address is None:
            return text, False
        is_proxy = any(address in network for network in self._proxies)
        if isinstance(address, IPv6Address):
            return str(IPv6Network((address, 64), strict=False)), is_proxy
        return str(address), is_proxy


def _read(text: str) -> IPv4Address | IPv6Address | None:
    """`192.0.2.1`, `2001:db8::1`, `[2001:db8::1]`, the same with a port; None for anything else."""
    host = text
    if text.startswith("["):
        host = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        host = text.partition(":")[0]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
