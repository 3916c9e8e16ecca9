"""The public keys that tokens are verified with: a JWKS or PEM file, or a JWKS at an address.

What cannot be read or fetched leaves the keys of before in place.
"""

from __future__ import annotations

import urllib.parse
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, OKPKey, RSAKey

from ordain.api.limits import LIMITS
from ordain.engine.errors import SettingsError, reason_of
from ordain.engine.late import late
from ordain.engine.text.regular import opened

_HINT = "name a JWKS or PEM file of public keys, or an https address of a JWKS"
_SECRET = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k"))
"""The fields of a JWK that no public key has."""


def is_address(place: str) -> bool:
    """Whether `jwt_keys` names an address, and no file."""
    return "://" in place


def checked_address(place: str, setting: str = "jwt_keys", *, of_browsers: bool = False) -> str:
    """The address itself. Raises SettingsError unless it is https, or http to this machine.

    To browsers, names below `localhost` are this machine, too (RFC 6761, section 6.3).
    """
    try:
        parts = urllib.parse.urlsplit(place)
        host = parts.hostname
        is_here = _is_loopback(host) or (of_browsers and (host or "").endswith(".localhost"))
        if (parts.scheme == "https" and host) or (parts.scheme == "http" and is_here):
            _ = parts.port
            return place
    except ValueError:  # what only looks like an address
        pass
    raise SettingsError(f"`{setting}`: `{place}` is not an https address", "http is taken for this machine alone")


def keys_in(text: bytes, where: str, setting: str = "jwt_keys") -> KeySet:
    """The keys of a JWKS or of a PEM; `setting` is the one that led to them.

    Raises SettingsError for what holds none, a private key, or a short one.
    """
    try:
        keys = [_of_pem(text)] if text.lstrip().startswith(b"-----BEGIN") else _of_jwks(text)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise SettingsError(f"`{setting}`: {where} holds no public keys: {type(error).__name__}", _HINT) from None
    if not keys:
        raise SettingsError(f"`{setting}`: {where} holds no key for a signature that is taken", _HINT)
    for key in keys:
        raw: Any = key.raw_value
        if isinstance(raw, RSAPublicKey) and raw.key_size < LIMITS.rsa_bits:
            raise SettingsError(f"`{setting}`: {where} has an RSA key under {LIMITS.rsa_bits} bits", "use a longer one")
    return KeySet(keys)


def read_file(file: Path) -> KeySet:
    """Raises SettingsError."""
    try:
        with opened(file) as stream:
            text = stream.read(LIMITS.jwks_bytes + 1)
    except OSError as error:
        raise SettingsError(f"`jwt_keys`: `{file}` cannot be read: {reason_of(error)}", _HINT) from None
    if len(text) > LIMITS.jwks_bytes:
        raise SettingsError(f"`jwt_keys`: `{file}` is over {LIMITS.jwks_bytes:,} bytes", _HINT)
    return keys_in(text, f"`{file}`")


def fetch(address: str, setting: str = "jwt_keys") -> KeySet:
    """Asks for them, as `api/access/outside.py` does. Raises SettingsError."""
    outside = late("ordain.api.access.outside")
    try:
        return keys_in(outside.get(address), f"`{address}`", setting)
    except outside.Unanswered as error:
        raise SettingsError(f"`{setting}`: `{address}` {error}", "what was known of keys before goes on") from None


def _of_jwks(text: bytes) -> list[Key]:
    """Those that verify signatures; keys for encryption, and of kinds that are not taken, are passed over."""
    keys: list[Key] = []
    for each in orjson.loads(text)["keys"]:
        kind = _KINDS.get(each.get("kty"))
        if kind is None or each.get("use", "sig") != "sig":
            continue
        if not _SECRET.isdisjoint(each):
            raise ValueError("a private key")
        keys.append(kind.import_key(each))
    return keys


def _of_pem(text: bytes) -> Key:
    key = load_pem_public_key(text)
    if isinstance(key, RSAPublicKey):
        return RSAKey.import_key(text)
    return ECKey.import_key(text) if isinstance(key, EllipticCurvePublicKey) else OKPKey.import_key(text)


_KINDS: dict[object, type[RSAKey | ECKey | OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}


def _is_loopback(host: str | None) -> bool:
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"
