"""The signatures of tokens that are taken: those by a private key, so that what verifies a token cannot make one."""

from __future__ import annotations

from typing import Any

from joserfc.errors import UnsupportedAlgorithmError
from joserfc.jws import JWSRegistry

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
"""Ed25519 is what RFC 9864 calls EdDSA on that curve."""


class SignatureRegistry(JWSRegistry):
    """Takes the algorithms above and no other, `EdDSA` without a warning each time."""

    def __init__(self) -> None:
        super().__init__(algorithms=list(ALGORITHMS))

    def get_alg(self, name: str) -> Any:
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError(f"`{name}` is not taken")
        return self.algorithms[name]
