"""How a setting's text is read, by what it is. Each reader raises ValueError with what is wrong with the text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ordain.api.access.rates import Rate, read_rate
from ordain.engine.errors import MalformedRequest
from ordain.engine.late import late
from ordain.engine.values.zones import is_zone_name, zone_hint

if TYPE_CHECKING:
    from ordain.api.rates.networks import Network

Read = Callable[[str], Any]
"""A setting's value for a text. Raises ValueError with what is wrong with it."""


def whole(least: int, most: int | None = None) -> Read:
    """A whole number within bounds."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[+-]?\d{1,18}", text):
            raise ValueError(f"`{text}` is not a whole number")
        return int(within(int(text), text, least, most))

    return read


def number(least: float, most: float) -> Read:
    """A number within bounds."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ValueError(f"`{text}` is not a number") from None
        if not math.isfinite(value):
            raise ValueError(f"`{text}` is not a number")
        return within(value, text, least, most)

    return read


def within(value: float, text: str, least: float, most: float | None) -> float:
    if value < least or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"it must be {bounds}, not {text}")
    return value


def one_of(*choices: str) -> Read:
    """One of these words."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"it must be {' or '.join(choices)}, not `{text}`")
        return text

    return read


def zone(name: str) -> str:
    """A time zone of the IANA database."""
    if not is_zone_name(name):
        raise ValueError(f"`{name}` is not a time zone{zone_hint(name)}")
    return name


def origin(text: str) -> str:
    """As browsers send it: small letters, no path, no port that goes without saying."""
    if not re.fullmatch(r"https?://[a-z0-9.-]+(:[1-9]\d{0,4})?|https?://\[[0-9a-f:]+\](:[1-9]\d{0,4})?", text):
        raise ValueError(f"`{text}` is not an origin such as `https://console.example`; each is named, `*` is none")
    return text


def rate(text: str) -> Rate | None:
    """As `6000 per minute`; None for none."""
    if text in ("", "none"):
        return None
    try:
        return read_rate(text)
    except MalformedRequest as error:
        raise ValueError(f"{error.message}; {error.issues[0].hint}, or none") from None


def network(text: str) -> Network:
    """An address or a network."""
    return late("ordain.api.rates.networks:read_network")(text)  # type: ignore[no-any-return]


def redis(text: str) -> str | None:
    """An address of Redis."""
    if text and not text.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("it must begin with redis://, rediss:// or unix://")
    return text or None


def traces(text: str) -> str | None:
    """An address to which OTLP is sent."""
    if text and not re.fullmatch(r"https?://[^/\s]+/\S*", text):
        raise ValueError("it must be an address such as http://127.0.0.1:4318/v1/traces")
    return text or None


def several(of: Callable[[str], Any]) -> Read:
    """Several values with commas between them."""

    def read(text: str) -> tuple[Any, ...]:
        return tuple(of(part.strip()) for part in text.split(",") if part.strip())

    return read
