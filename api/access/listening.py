"""Where a server may listen that knows nobody: where nobody but this machine reaches it."""

from __future__ import annotations

import socket
from ipaddress import ip_address

from ordain.engine.errors import SettingsError

NOBODY = "whoever reaches this machine may do everything; `ordain keys new` makes a first key"
"""What is said at the start."""


def refuse_strangers(host: str) -> None:
    """Raises SettingsError unless all addresses of `host` are of this machine for itself."""
    if not _is_loopback(host):
        raise SettingsError(
            f"`{host}` lets other machines in, and no callers are known here",
            "make a key with `ordain keys new NAME --role app`, or set `jwt_keys`; or listen on 127.0.0.1",
        )


def _is_loopback(host: str) -> bool:
    try:
        found = socket.getaddrinfo(host or None, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):  # that it cannot be listened on is said elsewhere
        return False
    return all(ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in found)
