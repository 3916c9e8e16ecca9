"""The key with which the numbers of all tenants are read: it is of the installation, no tenant's, and opens no more.

It stands in a file that the server's settings name, which whoever scrapes may read, too. Several rotate.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from pathlib import Path

from ordain.api.access.gate import credential_in
from ordain.api.access.key_text import PREFIX
from ordain.api.limits import LIMITS
from ordain.engine.errors import SettingsError, Unauthenticated, reason_of
from ordain.engine.text.regular import bytes_of

_LOG = logging.getLogger("ordain")
_MAKE_ONE = 'make one: python -c "import secrets; print(secrets.token_urlsafe(32))"'


def read_keys(file: Path) -> tuple[bytes, ...]:
    """SHA-256 of each key in a file, which has one a line. Raises SettingsError, which never says one."""
    try:
        lines = bytes_of(file, LIMITS.key_bytes).decode("ascii").split("\n")
    except OSError as error:
        raise _wrong(file, f"cannot be read: {reason_of(error)}") from None
    except UnicodeError:
        raise _wrong(file, "has no key: it is not ASCII") from None
    keys = [line.strip() for line in lines if line.strip()]
    for key in keys:
        if len(key) < LIMITS.overall_key_characters or not key.isprintable() or " " in key:
            least = LIMITS.overall_key_characters
            raise _wrong(file, f"has a key of fewer than {least} characters, or with a space in it")
        if key.startswith(PREFIX):
            raise _wrong(file, "has an API key, which is a tenant's")
    if not keys:
        raise _wrong(file, "has no key")
    return tuple(map(_digest, keys))


class OverallKey:
    """Used by one event loop. A changed file counts within a second; one that is wrong opens nothing, and is logged."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._keys: tuple[bytes, ...] = ()
        self._stamp: tuple[int, ...] | None = None
        self._looked = -LIMITS.overall_key_looks

    def opens(self, header: str) -> bool:
        """Whether this `Authorization` is the key."""
        try:
            digest = _digest(credential_in(header))
        except (Unauthenticated, UnicodeError):
            return False
        if time.monotonic() - self._looked >= LIMITS.overall_key_looks:
            self._looked = time.monotonic()
            self._look()
        return any(hmac.compare_digest(digest, key) for key in self._keys)

    def _look(self) -> None:
        try:
            stat = self._file.stat()
            stamp: tuple[int, ...] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except OSError:
            stamp = ()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._keys = read_keys(self._file)
        except SettingsError as error:
            self._keys = ()
            _LOG.error("nobody is told the numbers of all tenants: %s", error.message)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("ascii")).digest()


def _wrong(file: Path, why: str) -> SettingsError:
    return SettingsError(f"the file `{file.name}` of the setting `tenants_metrics_key` {why}", _MAKE_ONE)
