"""The two cookies of log-in: a session's id, and what is to be remembered while somebody is at the provider.

Over https their names begin with `__Host-`: browsers take such a one from this server alone, over https, for all of its
paths (RFC 6265bis section 4.1.3.2). Lax: a page of another site can lead here, and post nothing with them.
"""

from __future__ import annotations

from typing import Final

from ordain.api.limits import LIMITS

SESSION: Final = "ordain_session"
ATTEMPT: Final = "ordain_login"


class Cookies:
    """`secure` where browsers reach this server over https."""

    def __init__(self, secure: bool) -> None:
        self._prefix, self._more = ("__Host-", "; Secure") if secure else ("", "")

    def read(self, header: str | None, kind: str) -> str | None:
        """Its value in a request's `Cookie`; None when it is not there, or there twice, or longer than any of ours."""
        name = self._prefix + kind
        found = [
            value.strip()
            for part in (header or "").split(";")
            if (value := part.partition("=")[2]) and part.partition("=")[0].strip() == name
        ]
        return found[0] if len(found) == 1 and len(found[0]) <= LIMITS.cookie_characters else None

    def set(self, kind: str, value: str, seconds: int) -> str:
        """A `Set-Cookie` that lasts for so long; with 0 it takes the cookie away."""
        return f"{self._prefix}{kind}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{self._more}"

    def drop(self, kind: str) -> str:
        """A `Set-Cookie` that takes the cookie away."""
        return self.set(kind, "", 0)
