"""Whether this server answers: asked as any client asks."""

from __future__ import annotations

import http.client
import ipaddress
import secrets
import time

from ordain.api.limits import LIMITS

OWN_ID = secrets.token_hex(16)
"""The id of this request, made before workers are forked: it is nobody's, and not in the log of requests."""


def answers(host: str, port: int) -> bool:
    """Asks until there is an answer, `LIMITS.start_seconds` at the most."""
    deadline = time.monotonic() + LIMITS.start_seconds
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(_near(host), port, timeout=1)
        try:
            connection.request("GET", "/readyz", headers={"X-Request-ID": OWN_ID})
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            time.sleep(0.01)
        else:
            return True
        finally:
            connection.close()
    return False


def _near(host: str) -> str:
    """Where this machine reaches what listens on `host`, which may stand for all addresses."""
    if host == "":
        return "127.0.0.1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"
