"""Why somebody could not log in."""

from __future__ import annotations


class LoginFailed(Exception):
    """`told` is for the person, in plain words; `why` for the log; `status` as HTTP has it."""

    def __init__(self, status: int, told: str, why: str = "") -> None:
        super().__init__(why or told)
        self.status, self.told, self.why = status, told, why


def provider_fails(why: str) -> LoginFailed:
    """The provider, not the person, is at fault."""
    told = "The identity provider cannot be used now, so nobody can log in here. Try again in a minute."
    return LoginFailed(503, told, why)
