"""The folder of a run that is under way: what it set out to do, and its parts, so that it can be gone on with.

A part counts once its record stands there under its own name, written after its files are on the disk. While a run goes
on, nobody else goes on with it: the folder is locked.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from ordain.audit.rows.sealed_part import SealedPart
from ordain.engine.errors import ExportFailed, MalformedRequest, reason_of

Json = dict[str, Any]
_MANIFEST, _LOCK = "run.json", "lock"


class RunFolder:
    """`path` is the folder; `manifest` what the run set out to do."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest: Json = {}

    @property
    def exists(self) -> bool:
        """Whether a run was begun there."""
        return (self.path / _MANIFEST).is_file()

    @contextmanager
    def held(self) -> Iterator[None]:
        """The folder for this process alone. Raises MalformedRequest where another has it, ExportFailed."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = (self.path / _LOCK).open("w")
        except OSError as error:
            raise ExportFailed(f"`{self.path}` cannot be made: {reason_of(error)}") from None
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise MalformedRequest(
                    f"another `ordain batch` writes to `{self.path}` now", "wait for it, or name another output"
                ) from None
            yield

    def begin(self, manifest: Json) -> None:
        """Raises ExportFailed."""
        self.manifest = manifest
        self._write(_MANIFEST, manifest)

    def note(self, **more: object) -> None:
        """Adds to the manifest. Raises ExportFailed."""
        self.begin({**self.manifest, **more})

    def read(self) -> None:
        """The manifest of a run that was begun. Raises MalformedRequest when it is damaged."""
        self.manifest = self._read(_MANIFEST)

    def part_files(self, number: int) -> tuple[Path, Path]:
        """Where what was decided and what was rejected of a part go."""
        return self.path / f"part-{number:05}.parquet", self.path / f"rejects-{number:05}.parquet"

    def keep(self, number: int, sealed: SealedPart, counts: Mapping[str, int]) -> None:
        """A part is done: its files are on the disk, and from now on it counts. Raises ExportFailed."""
        for file in self.part_files(number):
            sync(file)
        told = {"first": sealed.first, "rows": sealed.rows, **counts}
        told |= {name: getattr(sealed, name).hex() for name in ("keys", "blocks", "root")}
        self._write(f"part-{number:05}.json", told)

    def kept(self, number: int) -> tuple[SealedPart, Json] | None:
        """A part that is done, with its counts. Raises MalformedRequest when it is damaged."""
        name = f"part-{number:05}.json"
        if not (self.path / name).is_file():
            return None
        told = self._read(name)
        try:
            keys, blocks, root = (bytes.fromhex(told.pop(each)) for each in ("keys", "blocks", "root"))
            return SealedPart(told.pop("first"), told.pop("rows"), keys, blocks, root), told
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._damaged(name) from None

    def remove(self) -> None:
        """The run is over. What cannot be removed stays, and does no harm."""
        with suppress(OSError):
            shutil.rmtree(self.path)

    def _write(self, name: str, data: Mapping[str, Any]) -> None:
        beside = self.path / f".{name}"
        try:
            with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(orjson.dumps(data))
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path / name)
            sync_folder(self.path)
        except OSError as error:
            raise ExportFailed(f"`{self.path / name}` cannot be written: {reason_of(error)}") from None

    def _read(self, name: str) -> Json:
        try:
            data = orjson.loads((self.path / name).read_bytes())
        except (OSError, ValueError):
            raise self._damaged(name) from None
        if not isinstance(data, dict):
            raise self._damaged(name)
        return data

    def _damaged(self, name: str) -> MalformedRequest:
        return MalformedRequest(
            f"`{self.path / name}` is damaged", f"delete the folder `{self.path}`, and run it from the beginning"
        )


def sync(file: Path) -> None:
    """Returns once the file's bytes are on the disk. Raises ExportFailed."""
    try:
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
    except OSError as error:
        raise ExportFailed(f"`{file}` cannot be written: {reason_of(error)}") from None


def sync_folder(folder: Path) -> None:
    """So that a file's name outlives a power failure, where the file system can promise that."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
