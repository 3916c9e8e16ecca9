"""An API key as `callers.json` keeps it: all but its secret."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ordain.api.access.caller import LOCAL
from ordain.api.access.rates import read_rate
from ordain.engine.errors import MalformedRequest, quoted

Json = dict[str, Any]
_ID, _DIGEST = re.compile(r"[0-9a-f]{12}"), re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._@-]{0,62}[A-Za-z0-9])?")
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class Misshapen(ValueError):
    """Says in one sentence what a stored key lacks."""


@dataclass(frozen=True, slots=True)
class Older:
    """The secret of before a rotation, which still opens until its time."""

    sha256: str
    until: str


@dataclass(frozen=True, slots=True)
class StoredKey:
    """Times are texts in UTC (2026-11-29T23:00:00Z), digests hexadecimal; `services` None stands for all of them."""

    id: str
    name: str
    sha256: str
    roles: tuple[str, ...]
    made: str
    services: tuple[str, ...] | None = None
    rate: str | None = None
    expires: str | None = None
    revoked: str | None = None
    older: Older | None = None

    def as_json(self) -> Json:
        """As the file has it."""
        return asdict(self)

    def without_secrets(self) -> Json:
        """As anybody who manages keys may see it."""
        shown = self.as_json()
        del shown["sha256"]
        shown["older"] = self.older and {"until": self.older.until}
        return shown

    def state(self, now: dt.datetime) -> str:
        """`revoked`, `expired` or `valid`."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and read_time(self.expires) <= now else "valid"


def read_stored(data: object) -> StoredKey:
    """Raises Misshapen."""
    if not isinstance(data, Mapping):
        raise Misshapen("is no object")
    unknown = data.keys() - StoredKey.__dataclass_fields__.keys()
    if unknown:
        raise Misshapen(f"has an unknown field `{min(unknown)}`")
    try:
        return StoredKey(
            _fits(_ID, data["id"], "id"),
            checked_name(data["name"]),
            _fits(_DIGEST, data["sha256"], "sha256"),
            _texts(data["roles"], "roles"),
            _time(data["made"]),
            services=None if data.get("services") is None else _texts(data["services"], "services"),
            rate=None if data.get("rate") is None else _rate(data["rate"]),
            expires=None if data.get("expires") is None else _time(data["expires"]),
            revoked=None if data.get("revoked") is None else _time(data["revoked"]),
            older=None if data.get("older") is None else _older(data["older"]),
        )
    except KeyError as error:
        raise Misshapen(f"has no `{error.args[0]}`") from None
    except MalformedRequest as error:
        raise Misshapen(error.message) from None
    except ValueError as error:  # Misshapen is one
        raise Misshapen(str(error)) from None


def _rate(text: object) -> str:
    if not isinstance(text, str):
        raise Misshapen("has a `rate` that is no text")
    return str(read_rate(text))


def _older(data: object) -> Older:
    if not isinstance(data, Mapping):
        raise Misshapen("has a malformed `older`")
    return Older(_fits(_DIGEST, data["sha256"], "older"), _time(data["until"]))


def _time(text: object) -> str:
    return time_text(read_time(text))


def checked_name(name: object) -> str:
    """A name that can stand in a record and in a line of the log. Raises MalformedRequest."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise MalformedRequest(
            f"`{str(name)[:64]}` is not a name for a key",
            "1 to 64 letters, digits, spaces, `.`, `_`, `@` and `-`, the first and last a letter or digit",
        )
    if name.lower() == LOCAL.name:
        raise MalformedRequest(f"`{name}` stands for callers who are not known", "choose another name")
    return name


def read_time(text: object) -> dt.datetime:
    """Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError("has a time that is no text")
    try:
        return dt.datetime.strptime(text, _TIME).replace(tzinfo=dt.UTC)
    except ValueError:
        raise ValueError(f"has the time {quoted(text[:40])}, which is not written as 2026-11-29T23:00:00Z") from None


def time_text(time: dt.datetime) -> str:
    """To the second."""
    return f"{time.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def _fits(pattern: re.Pattern[str], value: object, name: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise Misshapen(f"has a malformed `{name}`")
    return value


def _texts(value: object, name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(each, str) and each for each in value):
        raise Misshapen(f"needs a list of texts as `{name}`")
    if not all(each.isprintable() for each in value):
        raise Misshapen(f"has a control character in its `{name}`")
    return tuple(value)
