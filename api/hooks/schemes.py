"""How senders of events sign them: Stripe's scheme, and Standard Webhooks (https://www.standardwebhooks.com).

Both are HMAC-SHA256 over a time and the bytes of the body, just as they came.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from ordain.api.events import signing
from ordain.api.limits import LIMITS

Header = Callable[[str], str | None]
"""The value of a request's header by its name in small letters; None when there is none."""

_SECONDS = re.compile(r"\d{1,12}", re.ASCII)
STRIPE_SIGNATURE = "stripe-signature"
_ID, _TIME, _SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
_LEAST = 16
"""Characters of a secret of Stripe's: theirs have 38."""


class Scheme(NamedTuple):
    """`secrets_in` reads the secrets of a text, and raises ValueError, which does not say them.

    `signed_at` gives the seconds since 1970 at which one of the secrets signed a body, None if none did. `id_of` is the
    id of the event, wherever it stands, and `sign` gives the headers of a sender: secrets, id, seconds, body.
    """

    secrets_in: Callable[[str], tuple[bytes, ...]]
    signed_at: Callable[[Header, bytes, Sequence[bytes]], int | None]
    id_of: Callable[[Header, Mapping[str, Any]], object]
    sign: Callable[[Sequence[bytes], str, int, bytes], dict[str, str]]


def _is_one_of(given: Iterable[str], right: Iterable[str]) -> bool:
    """Whether one of the given signatures is one of the right ones; how long that takes says nothing about these."""
    rights, found = [each.encode() for each in right], False
    for text in list(given)[: LIMITS.hook_signatures]:
        told = text.encode("utf-8", "replace")
        for each in rights:
            found |= hmac.compare_digest(told, each)
    return found


def _stripe_secrets(text: str) -> tuple[bytes, ...]:
    secrets = tuple(part.encode("ascii") for part in text.split())
    if not secrets:
        raise ValueError("it is empty")
    if any(len(secret) < _LEAST for secret in secrets):
        raise ValueError(f"it has fewer than {_LEAST} characters")
    return secrets


def _of_stripe(secret: bytes, seconds: str | int, body: bytes) -> str:
    return hmac.digest(secret, f"{seconds}.".encode() + body, "sha256").hex()


def _stripe_signed_at(header: Header, body: bytes, secrets: Sequence[bytes]) -> int | None:
    """`Stripe-Signature: t=1492774577,v1=5257a8...,v1=...`: a signature by each secret while one takes another's place.

    https://docs.stripe.com/webhooks#verify-manually. Schemes other than `v1` count for nothing.
    """
    parts = [part.strip().partition("=") for part in (header(STRIPE_SIGNATURE) or "").split(",")]
    times = [value for name, _, value in parts if name == "t"]
    if len(times) != 1 or not _SECONDS.fullmatch(times[0]):
        return None
    given = [value for name, _, value in parts if name == "v1"]
    return int(times[0]) if _is_one_of(given, (_of_stripe(each, times[0], body) for each in secrets)) else None


def _sign_as_stripe(secrets: Sequence[bytes], _: str, seconds: int, body: bytes) -> dict[str, str]:
    signatures = "".join(f",v1={_of_stripe(secret, seconds, body)}" for secret in secrets)
    return {STRIPE_SIGNATURE: f"t={seconds}{signatures}"}


def _standard_signed_at(header: Header, body: bytes, secrets: Sequence[bytes]) -> int | None:
    """`webhook-signature: v1,base64 v1,base64`, over id, time and body; `v1a` counts for nothing."""
    event_id, seconds, signatures = header(_ID), header(_TIME), header(_SIGNATURE)
    if not event_id or not seconds or not signatures or not _SECONDS.fullmatch(seconds):
        return None
    given = [each for each in signatures.split(" ") if each.startswith("v1,")]
    right = signing.signatures(secrets, event_id, seconds, body)
    return int(seconds) if _is_one_of(given, right) else None


SCHEMES: Mapping[str, Scheme] = MappingProxyType(
    {
        "stripe": Scheme(_stripe_secrets, _stripe_signed_at, lambda _, event: event.get("id"), _sign_as_stripe),
        "standard webhooks": Scheme(
            signing.secrets_in, _standard_signed_at, lambda header, _: header(_ID), signing.signed
        ),
    }
)
