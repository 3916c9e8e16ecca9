"""A source of events: who signs them, how long a signature is good for, and what is asked of which service for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ordain.api.access.caller import Caller
from ordain.api.hooks.hook_event import Event
from ordain.api.hooks.mapping import Mapped
from ordain.api.hooks.schemes import Header, Scheme
from ordain.engine.errors import EventTooOld, SignatureRefused, UnknownHook

CALLER = "hook:"
"""Before the name of a source, where a record or the log says who asked."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """`tolerance` is in seconds. `caller` is who asks when its signature is right: it has no role and no key."""

    name: str
    scheme_name: str
    scheme: Scheme
    secrets: tuple[bytes, ...] = field(repr=False)
    tolerance: int
    mapped: tuple[Mapped, ...]
    caller: Caller

    def check(self, header: Header, body: bytes, now: float) -> None:
        """Raises SignatureRefused, which never says what of it is right, and EventTooOld for what is signed rightly.

        `now` is in seconds since 1970, `body` as it came.
        """
        at = self.scheme.signed_at(header, body, self.secrets)
        if at is None:
            raise SignatureRefused(
                "this is not signed as this source signs; nothing was decided",
                "sign the bytes of the body as they are sent, with the secret that both sides have",
            )
        if abs(now - at) > self.tolerance:
            raise EventTooOld(
                f"this was signed more than {self.tolerance} seconds from now; nothing was decided",
                "sign it anew when it is sent again, and compare the clocks of both sides",
            )

    def about(self, kind: str) -> Iterator[Mapped]:
        """What is said of events of that type, in the order of the file."""
        return (each for each in self.mapped if each.names(kind))

    def recorded(self, event: Event) -> dict[str, str]:
        """What the entry of a decision says of who asked for it."""
        return {"name": self.caller.name, "event": event.id}


@dataclass(frozen=True, slots=True)
class Hooks:
    """The sources by name."""

    sources: Mapping[str, Source]

    def source(self, name: str) -> Source:
        """Raises UnknownHook, which does not say which there are: anybody may ask."""
        found = self.sources.get(name)
        if found is None:
            raise no_source()
        return found


def no_source() -> UnknownHook:
    return UnknownHook("there is no source of events of that name", "the file that the setting `hooks` names has them")


NO_HOOKS = Hooks({})
