"""Files that commands write: what people keep as a whole or not at all, and what can be made again."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ordain.engine.errors import ExportFailed, reason_of


def write_whole(file: Path, data: bytes) -> None:
    """The file is as it was, or as it is to be, whenever the writing ends. Raises ExportFailed.

    A link stays one, and a file that was there keeps its mode.
    """
    beside = None
    try:
        target = file.resolve()
        beside = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}")
        with beside.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            beside.chmod(target.stat().st_mode & 0o7777)
        beside.replace(target)
        _sync_folder(target.parent)
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead in a circle
        reason = reason_of(error) if isinstance(error, OSError) else "it links to itself"
        raise ExportFailed(f"`{file}` cannot be written: {reason}") from None
    finally:
        if beside is not None:
            beside.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """So that the file's name outlives a power failure, where the file system can promise that."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_page(file: Path, text: str, *, folders: bool = True) -> None:
    """A page, schema or table that can be made again, in UTF-8; with `folders`, those it is in are made.

    It may be a pipe or a device. Raises ExportFailed.
    """
    try:
        if folders:
            file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ExportFailed(f"`{file}` cannot be written: {reason_of(error)}") from None


def write_together(files: Mapping[Path, str]) -> None:
    """All of these files, or none: when one cannot be written, those before it are as they were.

    Raises ExportFailed.
    """
    before: dict[Path, bytes | None] = {}
    try:
        for file, text in files.items():
            before[file] = _bytes_there(file)
            _make_folder(file.parent)
            write_whole(file, text.encode())
    except ExportFailed:
        for file, data in before.items():
            with suppress(OSError, ExportFailed):
                file.unlink(missing_ok=True) if data is None else write_whole(file, data)
        raise


def _bytes_there(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ExportFailed(f"`{file}` cannot be replaced: {reason_of(error)}") from None


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportFailed(f"`{folder}` cannot be made: {reason_of(error)}") from None
