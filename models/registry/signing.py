"""The signature of a model's version: whoever may train holds the private key, whoever scores needs the public one.

Ed25519 (RFC 8032) over the bytes of `SHA256SUMS`, which name every file of the version. Both keys lie in the folder of
the installation's keys: `models.key` (base64, for its owner alone) and `models.pub` (base64).
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import threading
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ordain.engine.errors import SettingsError, reason_of
from ordain.engine.text.regular import bytes_of
from ordain.models.limits import LIMITS

PRIVATE, PUBLIC = "models.key", "models.pub"


class ModelKeys:
    """The keys in one folder; the private one is made when something is signed first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def sign(self, message: bytes) -> bytes:
        """The signature, base64 with a line's end. Raises SettingsError when the key cannot be read or made."""
        try:
            key = Ed25519PrivateKey.from_private_bytes(self._private())
            self._publish(key.public_key().public_bytes_raw())
        except (OSError, ValueError, binascii.Error) as error:
            why = reason_of(error) if isinstance(error, OSError) else "it is no key"
            raise SettingsError(f"the key that signs models, `{PRIVATE}`, cannot be used: {why}") from None
        return base64.b64encode(key.sign(message)) + b"\n"

    def fault(self, message: bytes, signature: bytes) -> str:
        """What is wrong with a signature, in words; "" for one that holds."""
        try:
            raw = base64.b64decode(bytes_of(self.folder / PUBLIC, LIMITS.key_bytes).strip(), validate=True)
            key = Ed25519PublicKey.from_public_bytes(raw)
        except FileNotFoundError:
            return f"there is no `{PUBLIC}` among the keys to check its signature with"
        except (OSError, ValueError, binascii.Error):
            return f"`{PUBLIC}` among the keys is no public key"
        try:
            key.verify(base64.b64decode(signature.strip(), validate=True), message)
        except (InvalidSignature, ValueError, binascii.Error):
            return "its signature is not by the key that signs models here"
        return ""

    def _private(self) -> bytes:
        place = self.folder / PRIVATE
        with contextlib.suppress(FileExistsError):
            self.folder.mkdir(parents=True, exist_ok=True)
            _write_new(place, base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()) + b"\n", 0o600)
        return base64.b64decode(bytes_of(place, LIMITS.key_bytes).strip(), validate=True)

    def _publish(self, raw: bytes) -> None:
        with contextlib.suppress(FileExistsError):
            _write_new(self.folder / PUBLIC, base64.b64encode(raw) + b"\n", 0o644)


def _write_new(place: Path, data: bytes, mode: int) -> None:
    """Whole or not at all, and never over another. Raises FileExistsError, OSError."""
    if place.exists():
        raise FileExistsError(place)
    beside = place.with_name(f".{place.name}.{os.getpid()}.{threading.get_ident()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(beside, place)
    finally:
        beside.unlink()
