"""The files of a run, found by its output: `decided.parquet`, `decided.csv` or the folder `decided`."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from ordain.audit.entry.canonical import canonical, digest

CSV, PARQUET = ".csv", ".parquet"


@dataclass(frozen=True, slots=True)
class RunFiles:
    """Where the parts of a run stand. An output whose name ends in no known format is a folder of Parquet files."""

    output: Path

    @property
    def format(self) -> str:
        """`CSV` or `PARQUET`."""
        return CSV if self.output.suffix.lower() == CSV else PARQUET

    @property
    def is_folder(self) -> bool:
        """Whether the output is a folder."""
        return self.output.suffix.lower() not in (CSV, PARQUET)

    @property
    def rejects(self) -> Path:
        """The rows with bad facts."""
        return self._beside(f".rejects{self.format}")

    @property
    def proof(self) -> Path:
        """What proves rows."""
        return self._beside(".proof")

    def parts(self) -> list[Path]:
        """The files that the output is made of, in order: itself, or those of its folder. Raises OSError."""
        if not self.is_folder:
            return [self.output]
        return _tables(self.output, PARQUET)

    def _beside(self, ending: str) -> Path:
        name = self.output.name
        if not self.is_folder:
            name = name[: -len(self.output.suffix)]
        return self.output.with_name(name + ending)


def digest_of(path: Path) -> str:
    """`sha256:` and 64 hexadecimal digits: of a file's bytes; of a folder, of the canonical JSON of its Parquet or CSV
    files' digests by their names. Raises OSError.
    """
    if path.is_dir():
        return digest(canonical({each.name: digest_of(each) for each in _tables(path, CSV, PARQUET)}))
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _tables(folder: Path, *endings: str) -> list[Path]:
    files = (each for each in folder.iterdir() if each.suffix.lower() in endings and not each.name.startswith("."))
    return sorted(each for each in files if each.is_file())


def keep_name(folder: Path) -> None:
    """Makes the names in a folder durable. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
