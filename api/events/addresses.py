"""Where an event may go: never to an address inside, unless its endpoint allows that (server-side request forgery).

The name is looked up once for each delivery, and the connection is made to the address that was checked: what a name
server says a moment later changes nothing.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address

Address = IPv4Address | IPv6Address


class NotAllowed(Exception):
    """Every address of the host is one that the endpoint may not lead to; the message says which."""


def is_public(address: Address) -> bool:
    """Whether it is an address of the internet at large: of no private, local, shared, reserved or multicast range.

    An IPv6 address that stands for an IPv4 one is what that is.
    """
    if isinstance(address, IPv6Address):
        within = address.ipv4_mapped or address.sixtofour
        if within is not None:
            return is_public(within)
        if address.is_site_local or address.teredo is not None:
            return False
    return address.is_global and not (address.is_reserved or address.is_multicast)


def chosen(addresses: list[Address], *, private: bool, encrypted: bool) -> Address:
    """The first address that may be connected to. Raises NotAllowed.

    With `private` all may but those that are nobody's own; without encryption only private ones, and only then.
    """
    for address in addresses:
        if is_public(address):
            if encrypted:
                return address
        elif private and not (address.is_multicast or address.is_unspecified):
            return address
    named = ", ".join(map(str, addresses[:3]))
    if not encrypted and any(map(is_public, addresses)):
        raise NotAllowed(f"{named} is reached by http: use https")
    raise NotAllowed(f"{named} is not a public address; the endpoint may say `private: allowed`")


class Lookups:
    """Looks names up in threads of its own: a name server that hangs holds up nothing else."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="lookups")

    async def addresses(self, host: str, port: int) -> list[Address]:
        """The addresses of a host, in the order of the system. Raises OSError, UnicodeError for a name that is none."""
        with suppress(ValueError):
            return [ip_address(host)]
        look = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look)
        return [ip_address(str(place[0]).partition("%")[0]) for *_, place in found]

    def close(self) -> None:
        """Waits for none."""
        self._threads.shutdown(wait=False, cancel_futures=True)
