"""`callers.json`, the file of API keys in the folder `keys`: read whole or not at all, changed by one at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson

from ordain.api.access.stored_key import Misshapen, StoredKey, read_stored
from ordain.api.keys import sync_folder
from ordain.api.limits import LIMITS
from ordain.engine.errors import SettingsError, reason_of
from ordain.engine.text.regular import opened

NAME = "callers.json"
_FORMAT = 1
_HINT = "put a copy back; or move it away, and make new keys with `ordain keys new`"


class Stamp(NamedTuple):
    """What differs between a file and the one that takes its place."""

    inode: int
    changed: int
    size: int
    mode: int


def stamp_of(file: Path) -> Stamp | None:
    """None when there is no file. Raises SettingsError, also for a link to one that is not there.

    Whoever made the link has keys: without them everybody would be let in.
    """
    try:
        stat = file.stat()
    except FileNotFoundError as error:
        if file.is_symlink():
            raise _unreadable(file, error) from None
        return None
    except OSError as error:
        raise _unreadable(file, error) from None
    return Stamp(stat.st_ino, stat.st_mtime_ns, stat.st_size, stat.st_mode)


def read_keys(file: Path) -> tuple[StoredKey, ...]:
    """The keys of a file that only its owner may read. Raises SettingsError, which quotes nothing of it but names."""
    try:
        with opened(file) as stream:
            mode = os.fstat(stream.fileno()).st_mode & 0o777
            if mode & 0o077:
                raise SettingsError(
                    f"the file of API keys `{file}` can be read or written by others ({mode:o})",
                    f"run: chmod 600 {file}",
                )
            text = stream.read(LIMITS.callers_bytes + 1)
    except OSError as error:
        raise _unreadable(file, error) from None
    if len(text) > LIMITS.callers_bytes:
        raise SettingsError(f"the file of API keys `{file}` is over {LIMITS.callers_bytes:,} bytes", _HINT)
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise SettingsError(f"the file of API keys `{file}` is not JSON", _HINT) from None
    if not isinstance(data, dict) or data.get("format") != _FORMAT or not isinstance(data.get("keys"), list):
        raise SettingsError(f"the file of API keys `{file}` has another form than this version writes", _HINT)
    return tuple(_each(file, data["keys"]))


def _each(file: Path, found: Iterable[object]) -> Iterator[StoredKey]:
    seen: set[str] = set()
    for number, each in enumerate(found, start=1):
        try:
            key = read_stored(each)
        except Misshapen as fault:
            raise SettingsError(f"key {number} in `{file}` {fault}", _HINT) from None
        if key.id in seen:
            raise SettingsError(f"key {number} in `{file}` has the id of an earlier one", _HINT)
        seen.add(key.id)
        yield key


def write_keys(file: Path, keys: Iterable[StoredKey]) -> None:
    """Puts them in the place of what was there, in one step, for the owner alone. Raises SettingsError.

    A link stays one: the file that it leads to is changed, for whoever else reads that.
    """
    file = _led_to(file)
    text = orjson.dumps({"format": _FORMAT, "keys": [key.as_json() for key in keys]}, option=orjson.OPT_INDENT_2)
    half = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        half.unlink(missing_ok=True)
        with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(text + b"\n")
            out.flush()
            os.fsync(out.fileno())
        half.replace(file)
        sync_folder(file.parent)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise SettingsError(
            f"the file of API keys `{file}` cannot be written: {reason_of(error)}",
            "check the setting `keys` and the rights there",
        ) from None


@contextmanager
def only_one(file: Path) -> Iterator[None]:
    """Keeps other commands from changing the file meanwhile; makes its folder. Raises SettingsError."""
    file = _led_to(file)
    lock = file.with_name(f".{file.name}.lock")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        held = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SettingsError(
            f"the file of API keys `{file}` cannot be changed: {reason_of(error)}",
            "check the setting `keys` and the rights there",
        ) from None
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _led_to(file: Path) -> Path:
    return Path(os.path.realpath(file))


def _unreadable(file: Path, error: OSError) -> SettingsError:
    return SettingsError(f"the file of API keys `{file}` cannot be read: {reason_of(error)}", _HINT)
