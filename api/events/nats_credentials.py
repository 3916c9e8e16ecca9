"""How Ordain says to NATS who it is: by a file of credentials (JWT and seed), a password, or a token."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_PART = re.compile(r"-----BEGIN ([A-Z ]+)-----\s+(\S+)\s+-+END \1-+")
_JWT, _SEED = "NATS USER JWT", "USER NKEY SEED"
_SEED_BYTES = 2 + 32 + 2  # of which the first are its kind, the last a checksum


@dataclass(frozen=True, slots=True)
class Credentials:
    """Exactly one of: `jwt` and `seed`; `user` and `word`; a `word` alone, which is a token."""

    word: str = field(default="", repr=False)
    user: str = field(default="", repr=False)
    jwt: str = field(default="", repr=False)
    seed: bytes = field(default=b"", repr=False)

    @classmethod
    def read(cls, text: str, user: str = "") -> Credentials:
        """From a secret, which is a password for a `user`. Raises ValueError, which does not say it."""
        text = text.strip()
        if not text:
            raise ValueError("it is empty")
        if user or not text.startswith("-----BEGIN"):
            return cls(word=text, user=user)
        parts = dict(_PART.findall(text))
        if set(parts) != {_JWT, _SEED}:
            raise ValueError(f"it is no file of credentials: that has a `{_JWT}` and a `{_SEED}`")
        return cls(jwt=parts[_JWT], seed=_seed(parts[_SEED]))

    def options(self) -> dict[str, Any]:
        """For a connection of nats-py."""
        if self.jwt:
            return {"user_jwt_cb": lambda: bytearray(self.jwt, "ascii"), "signature_cb": self._signature}
        return {"user": self.user, "password": self.word} if self.user else {"token": self.word}

    def _signature(self, nonce: str) -> bytes:
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        return base64.b64encode(key.sign(nonce.encode()))


def _seed(text: str) -> bytes:
    """Of its 32 bytes. Raises ValueError."""
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error:
        raise ValueError("its seed is not written as one") from None
    if len(raw) != _SEED_BYTES or binascii.crc_hqx(raw[:-2], 0) != int.from_bytes(raw[-2:], "little"):
        raise ValueError("its seed is not whole")
    return raw[2:-2]
