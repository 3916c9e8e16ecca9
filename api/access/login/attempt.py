"""One attempt to log in, from `/login` to `/login/callback`: nothing of it is kept here, its cookie has it all.

The cookie holds 256 random bits. What goes to the provider (`state`, `nonce`, the challenge of PKCE) is made of them by
HMAC, so nobody who sees that can make the cookie, and nobody without the cookie can end the attempt in this browser,
or somebody else's in his own (RFC 9700 section 4.7).
"""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

from ordain.api.limits import LIMITS

HOME = "/login"
"""Where whoever logged in is led who wanted nothing else."""
_COOKIE = re.compile(r"([A-Za-z0-9_-]{43})\.(\d{1,12})\.([A-Za-z0-9_-]*={0,2})")
_PATH = re.compile(r"/(?!/)[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*")


class Attempt(NamedTuple):
    """`begun` in seconds since 1970; `next` is a path of this server."""

    secret: str
    begun: int
    next: str

    @property
    def state(self) -> str:
        return self._made("state")

    @property
    def nonce(self) -> str:
        return self._made("nonce")

    @property
    def verifier(self) -> str:
        """Of PKCE: 43 characters (RFC 7636 section 4.1)."""
        return self._made("verifier")

    @property
    def as_cookie(self) -> str:
        return f"{self.secret}.{self.begun}.{urlsafe_b64encode(self.next.encode()).decode()}"

    def _made(self, what: str) -> str:
        made = hmac.digest(self.secret.encode(), f"{what} {self.begun} {self.next}".encode(), "sha256")
        return urlsafe_b64encode(made).decode().rstrip("=")


def new_attempt(now: float, wanted: str | None) -> Attempt:
    return Attempt(secrets.token_urlsafe(32), int(now), local_path(wanted))


def attempt_in(cookie: str | None, now: float) -> Attempt | None:
    """None for a cookie that is none of these, or from too long ago."""
    match = _COOKIE.fullmatch(cookie or "")
    if match is None or not -LIMITS.login_seconds <= now - int(match[2]) <= LIMITS.login_seconds:
        return None
    try:
        wanted = urlsafe_b64decode(match[3]).decode()
    except ValueError:
        return None
    attempt = Attempt(match[1], int(match[2]), wanted)
    return attempt if wanted == local_path(wanted) and attempt.as_cookie == cookie else None  # one text for each


def local_path(wanted: str | None) -> str:
    """The path if it is one of this server, as plain ASCII, and of no other whatever a browser makes of it.

    Two slashes at the beginning name another server, and browsers read a backslash as a slash.
    """
    if wanted is None or len(wanted) > LIMITS.next_characters or not _PATH.fullmatch(wanted):
        return HOME
    return wanted
