"""Who asks."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ordain.api.access.rates import Rate
from ordain.api.access.rights import ROLES
from ordain.api.logs.records import visible


class InSession(NamedTuple):
    """Of somebody who logged in: when the session ends at the latest, in seconds since 1970, and its CSRF token."""

    until: float
    csrf_token: str


@dataclass(frozen=True, slots=True)
class Caller:
    """`services` are those that it may ask; None is all. `key_id` is empty for the bearer of a token, and in a session.

    `recorded` is what an entry says of it, and `logged` its name between the quotes of JSON, in ASCII. `known_as` is
    its own alone, as long as its key: a renewed key is the same.
    """

    name: str
    roles: frozenset[str]
    key_id: str = ""
    services: frozenset[str] | None = None
    rate: Rate | None = None
    tenant: str = ""
    session: InSession | None = field(default=None, compare=False, repr=False)
    recorded: dict[str, Any] = field(init=False, compare=False, repr=False)
    logged: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        recorded = {"name": self.name, "key": self.key_id} if self.key_id else {"name": self.name}
        object.__setattr__(self, "recorded", recorded)
        object.__setattr__(self, "logged", json.dumps(visible(self.name))[1:-1].replace("\x7f", "\\u007f"))

    @property
    def known_as(self) -> str:
        """Empty for whoever asks while no caller is configured."""
        if self is LOCAL:
            return ""
        if self.key_id:
            return f"key {self.key_id}"
        return f"token {self.name}" if self.session is None else f"session {self.name}"

    @property
    def as_actor(self) -> dict[str, str]:
        """What the entry of something that it did, or read, says of it."""
        return {"actor": self.name, "key": self.key_id} if self.key_id else {"actor": self.name}

    def may_ask(self, service: str | None) -> bool:
        """Whether a service is one of its own. What is about no service is nobody's own."""
        return self.services is None or service in self.services


LOCAL = Caller("http", frozenset(ROLES))
"""Whoever asks while no caller is configured: somebody on this machine, who may do everything."""
