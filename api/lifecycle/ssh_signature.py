"""A signature as `ssh-keygen -Y sign` writes it, read and checked (OpenSSH's PROTOCOL.sshsig, version 1).

Of ed25519 and RSA keys. Nothing of OpenSSH is called, so it need not be installed where approvals are taken; whoever
wants to check one by other means has `ssh-keygen -Y verify`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from ordain.api.limits import LIMITS

_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_MAGIC, _VERSION = b"SSHSIG", 1
_HASHES = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}
_RSA: dict[bytes, hashes.HashAlgorithm] = {b"rsa-sha2-256": hashes.SHA256(), b"rsa-sha2-512": hashes.SHA512()}
_LEAST_RSA_BITS = 2048


class Unsigned(ValueError):
    """Says in one sentence why it is no signature of that message."""


@dataclass(frozen=True, slots=True)
class SshSignature:
    """`key` is the public key in OpenSSH's form, whose base64 an allowed_signers file has; `made` the raw signature."""

    key: bytes
    namespace: str
    hash: bytes
    algorithm: bytes
    made: bytes

    def check(self, message: bytes) -> None:
        """Raises Unsigned unless it is a signature of that message."""
        digest = _HASHES[self.hash](message).digest()
        signed = _MAGIC + b"".join(map(_string, (self.namespace.encode(), b"", self.hash, digest)))
        try:
            self._check(signed)
        except InvalidSignature:
            raise Unsigned("it is a signature of something else") from None
        except ValueError as error:  # numbers that make no key
            raise Unsigned("its key is damaged") from error

    def _check(self, signed: bytes) -> None:
        reader = _Reader(self.key)
        kind = reader.string()
        if kind == b"ssh-ed25519" and self.algorithm == kind:
            public = reader.string()
            reader.end()
            Ed25519PublicKey.from_public_bytes(public).verify(self.made, signed)
        elif kind == b"ssh-rsa" and self.algorithm in _RSA:
            exponent, modulus = (int.from_bytes(reader.string()) for _ in range(2))
            reader.end()
            if modulus.bit_length() < _LEAST_RSA_BITS:
                raise Unsigned(f"its RSA key has fewer than {_LEAST_RSA_BITS} bits")
            numbers = RSAPublicNumbers(exponent, modulus)
            numbers.public_key().verify(self.made, signed, padding.PKCS1v15(), _RSA[self.algorithm])
        else:
            raise Unsigned("it is made with a key of another kind than ed25519 or RSA (rsa-sha2-512, rsa-sha2-256)")


def read_signature(text: str) -> SshSignature:
    """Raises Unsigned for what is no SSH signature."""
    lines = [line.strip() for line in text.strip().splitlines()]
    if len(text) > LIMITS.signature_characters or lines[:1] != [_BEGIN] or lines[-1:] != [_END]:
        raise Unsigned(f"it is no SSH signature, which begins with `{_BEGIN}`")
    try:
        blob = base64.b64decode("".join(lines[1:-1]), validate=True)
    except binascii.Error:
        raise Unsigned("it is damaged: its lines are not base64") from None
    if blob[:10] != _MAGIC + struct.pack(">I", _VERSION):
        raise Unsigned("it is an SSH signature of another version")
    reader = _Reader(blob[10:])
    key, namespace, _, hashed, both = (reader.string() for _ in range(5))
    reader.end()
    if hashed not in _HASHES:
        raise Unsigned("it uses another hash than SHA-256 or SHA-512")
    inner = _Reader(both)
    algorithm, made = inner.string(), inner.string()
    inner.end()
    return SshSignature(key, namespace.decode(errors="replace"), hashed, algorithm, made)


class _Reader:
    """Strings of SSH's wire format (RFC 4251 section 5), one after another."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def string(self) -> bytes:
        size = int.from_bytes(self._data[:4]) if len(self._data) >= 4 else len(self._data)
        value, rest = self._data[4 : 4 + size], self._data[4 + size :]
        if len(self._data) < 4 or len(value) != size:
            raise Unsigned("it is damaged: it ends too early")
        self._data = rest
        return value

    def end(self) -> None:
        if self._data:
            raise Unsigned("it is damaged: more follows where it ends")


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value
