"""API keys made, rotated and revoked, each on record: who did it, to which key, and nothing secret."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from ordain.api.access.callers_file import only_one, read_keys, stamp_of, write_keys
from ordain.api.access.key_text import digest_of, key_text, new_id, new_secret
from ordain.api.access.stored_key import Older, StoredKey, checked_name, time_text
from ordain.audit.entry.entry import Kind
from ordain.engine.errors import MalformedRequest, did_you_mean

Json = dict[str, Any]
Note = Callable[[str, Json, Json], object]


class Shown(NamedTuple):
    """A key, and the text to send for it, which is shown once and kept nowhere."""

    key: StoredKey
    text: str


@dataclass(frozen=True, slots=True)
class KeyKeeper:
    """Changes the file of API keys. `note` records an entry: its kind, what is public of it, what is sealed.

    A key is made and rotated once that is on record. It is revoked first, for whoever revokes one is in a hurry.
    """

    file: Path
    note: Note
    now: Callable[[], dt.datetime]
    actor: str

    def keys(self) -> tuple[StoredKey, ...]:
        """All that there are. Raises SettingsError."""
        return () if stamp_of(self.file) is None else read_keys(self.file)

    def make(
        self,
        name: str,
        roles: Iterable[str],
        services: Iterable[str] = (),
        expires: dt.timedelta | None = None,
        rate: str | None = None,
    ) -> Shown:
        """A new key; without `services` it may ask all. Raises MalformedRequest, SettingsError, NotRecorded."""
        checked_name(name)
        _check_opens(expires)
        secret, now = new_secret(), self.now()
        with only_one(self.file):
            keys = self.keys()
            if any(key.name == name and key.revoked is None for key in keys):
                raise MalformedRequest(f"there is a key `{name}` already", "rotate it, revoke it, or take another name")
            key = StoredKey(
                _unused_id(keys),
                name,
                digest_of(secret).hex(),
                tuple(dict.fromkeys(roles)),
                time_text(now),
                services=tuple(dict.fromkeys(services)) or None,
                rate=rate,
                expires=None if expires is None else time_text(now + expires),
            )
            self._record("key made", key)
            write_keys(self.file, (*keys, key))
        return Shown(key, key_text(key.id, secret))

    def rotate(self, name: str, grace: dt.timedelta, expires: dt.timedelta | None = None) -> Shown:
        """Another secret for a key, by its id or name; the one of now opens for as long as `grace`.

        That is no longer than it would have opened. Raises MalformedRequest, SettingsError, NotRecorded.
        """
        _check_opens(expires)
        secret, now = new_secret(), self.now()
        with only_one(self.file):
            keys = self.keys()
            before = _named(keys, name)
            is_valid = before.state(now) == "valid"
            if before.revoked is not None:
                raise MalformedRequest(f"the key `{name}` is revoked", "make a new one: ordain keys new")
            if not is_valid and expires is None:
                raise MalformedRequest(f"the key `{name}` has expired", "say how long it is to open: --expires 90d")
            ends = time_text(now + grace)
            if before.expires is not None:
                ends = min(ends, before.expires)
            key = replace(
                before,
                sha256=digest_of(secret).hex(),
                older=Older(before.sha256, ends) if grace and is_valid else None,
                expires=before.expires if expires is None else time_text(now + expires),
            )
            self._record("key rotated", key)
            write_keys(self.file, tuple(key if each is before else each for each in keys))
        return Shown(key, key_text(key.id, secret))

    def revoke(self, name: str) -> StoredKey:
        """From within a second on, neither of a key's secrets opens anything. Raises as `rotate` does.

        One that is revoked already stays so, and that it was asked for again goes on record, too.
        """
        with only_one(self.file):
            keys = self.keys()
            before = _named(keys, name)
            key = replace(before, revoked=before.revoked or time_text(self.now()), older=None)
            write_keys(self.file, tuple(key if each is before else each for each in keys))
            self._record("key revoked", key)
        return key

    def _record(self, action: str, key: StoredKey) -> None:
        private = {
            "actor": self.actor,
            "name": key.name,
            "roles": list(key.roles),
            "services": None if key.services is None else list(key.services),
            "rate": key.rate,
            "expires": key.expires,
            "older_until": None if key.older is None else key.older.until,
        }
        self.note(Kind.ACCESS, {"action": action, "key": key.id}, private)


def _check_opens(expires: dt.timedelta | None) -> None:
    if expires is not None and not expires:
        raise MalformedRequest("a key that expires at once opens nothing", "for example: --expires 90d")


def _named(keys: Iterable[StoredKey], name: str) -> StoredKey:
    """The key of that id, or the one of that name, of several the one that is not revoked."""
    found = [key for key in keys if name in (key.id, key.name)]
    found.sort(key=lambda key: (key.id == name, key.revoked is None))
    if not found:
        hint = did_you_mean(name, {key.name for key in keys}) or "make one: ordain keys new"
        raise MalformedRequest(f"there is no key `{name[:64]}`", hint)
    return found[-1]


def _unused_id(keys: Iterable[StoredKey]) -> str:
    used = {key.id for key in keys}
    while (made := new_id()) in used:
        pass
    return made
