"""The ledger's two secrets: from the environment, or from files that only their owner may read."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path

from ordain.api.limits import LIMITS
from ordain.api.settings import Settings
from ordain.audit.entry.keys import LocalMasterKey
from ordain.audit.ledger.open_ledger import Keys
from ordain.engine.errors import SettingsError, reason_of
from ordain.engine.text.regular import opened

MASTER, SIGNING = "ORDAIN_MASTER_KEY", "ORDAIN_SIGNING_KEY"
"""Environment variables; each 32 bytes in base64. They go before the files `master.key` and `signing.key`."""
LOGIN_SECRET = "ORDAIN_LOGIN_SECRET"  # noqa: S105 - the name of the variable
"""The secret that the identity provider gave; it goes before the file `login.secret`."""

_BYTES = 32
_HOW = "32 random bytes in base64, made by: openssl rand -base64 32"


def load_keys(settings: Settings, make: bool) -> Keys:
    """The keys of this installation. `make` makes the files that are missing; without, that raises SettingsError."""
    return Keys(
        LocalMasterKey(secret_of(MASTER, settings.keys / "master.key", make)),
        secret_of(SIGNING, settings.keys / "signing.key", make),
    )


def new_signing_key(settings: Settings) -> Path:
    """Makes the file of the key that is to sign next, beside the present one."""
    file = settings.keys / "signing.key.new"
    if not file.exists():
        _write(file, os.urandom(_BYTES))
    return file


def read_secret(file: Path) -> bytes:
    """The 32 bytes in a key file, which its owner alone may read. Raises SettingsError."""
    try:
        with opened(file) as stream:
            _refuse_others(file, os.fstat(stream.fileno()).st_mode)
            return _decoded(stream.read(LIMITS.key_bytes).decode("ascii"), f"`{file}`")
    except (OSError, UnicodeDecodeError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else "it is not text"
        raise SettingsError(f"the key file `{file}` cannot be read: {reason}", _HOW) from None


def secret_in(file: Path) -> bytes:
    """The 32 bytes of a key file, which is made if it is not there. Raises SettingsError."""
    if not file.exists():
        _write(file, os.urandom(_BYTES))
    return read_secret(file)


def text_secret(file: Path) -> str:
    """The one line in a file that its owner alone may read, such as a password; empty if there is no file.

    Raises SettingsError.
    """
    if not file.exists():
        return ""
    try:
        with opened(file) as stream:
            _refuse_others(file, os.fstat(stream.fileno()).st_mode)
            text = stream.read(LIMITS.key_bytes + 1).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else "it is not plain text"
        raise SettingsError(f"the key file `{file}` cannot be read: {reason}", "it holds one line") from None
    if not text or not text.isprintable() or len(text) > LIMITS.key_bytes:
        raise SettingsError(f"the key file `{file}` holds no secret", "it holds one line of plain text")
    return text


def _refuse_others(file: Path, mode: int) -> None:
    if mode & 0o077:
        raise SettingsError(
            f"the key file `{file}` can be read or written by others ({mode & 0o777:o})", f"run: chmod 600 {file}"
        )


def secret_of(variable: str, file: Path, make: bool = False) -> bytes:
    """The secret of the environment variable, else of the file. Raises SettingsError when there is neither."""
    if given := os.environ.get(variable):
        return _decoded(given, variable)
    if not file.exists():
        if not make:
            raise SettingsError(
                f"the ledger's key file `{file}` is missing",
                f"put it back, or set {variable}: without it nothing new can be recorded and nothing sealed be read",
            )
        _write(file, os.urandom(_BYTES))
    return read_secret(file)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _decoded(text: str, where: str) -> bytes:
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != _BYTES:
        raise SettingsError(f"{where} does not hold a key", f"a key is {_HOW}")
    return secret


def _write(file: Path, secret: bytes) -> None:
    """Makes the file, for its owner alone; one that another process made first stays."""
    half = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half.unlink(missing_ok=True)
        with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(base64.b64encode(secret).decode() + "\n")
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(half, file)
        except FileExistsError:
            pass
        finally:
            half.unlink(missing_ok=True)
        sync_folder(file.parent)
    except OSError as error:
        raise SettingsError(
            f"the key file `{file}` cannot be made: {reason_of(error)}", "check the setting `keys` and the rights there"
        ) from None
