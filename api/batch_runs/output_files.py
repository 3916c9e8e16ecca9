"""The files that a run leaves: what was decided, what was rejected, what proves its rows, and the summary.

They are made in the folder of the run, from its parts, and get their names only after the run is on record.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from ordain.api.batch_runs.input_rows import quoted_name, quoted_text
from ordain.api.batch_runs.run_folder import RunFolder, sync, sync_folder
from ordain.audit.rows.output_table import name_of
from ordain.audit.rows.row_text import text_terms
from ordain.audit.rows.run_files import CSV, PARQUET, RunFiles, digest_of
from ordain.engine.errors import ExportFailed, MalformedRequest, reason_of


@dataclass(frozen=True, slots=True)
class OutputFiles:
    """`path` is the output as people name it: a file .parquet or .csv, or a folder, of which all parts are Parquet."""

    path: Path
    files: RunFiles = field(init=False)

    def __post_init__(self) -> None:
        if self.path.suffix.lower() not in (PARQUET, CSV, ""):
            raise MalformedRequest(
                f"`{self.path}` does not say what it is to be", "let it end in .parquet or .csv, or name a folder"
            )
        object.__setattr__(self, "files", RunFiles(self.path))

    @property
    def summary(self) -> Path:
        """A page for people."""
        return self.files.proof.with_suffix(".html")

    @property
    def run(self) -> Path:
        """The folder of the run while it is under way."""
        return self.files.proof.with_suffix(".run")

    @property
    def all(self) -> tuple[Path, ...]:
        """The output last: whoever sees it sees all."""
        return (self.files.rejects, self.files.proof, self.summary, self.path)

    def check_free(self) -> None:
        """Raises MalformedRequest when one of them is there, or the folder that they are to stand in is not."""
        if not self.path.parent.is_dir():
            raise MalformedRequest(f"there is no folder `{self.path.parent}`", "make it, or name another output")
        for file in self.all:
            if file.exists() or file.is_symlink():
                raise MalformedRequest(f"`{file}` is there already", "move it away, or name another output")

    def made_in(self, folder: RunFolder) -> tuple[Path, Path]:
        """Where the output and the rejects stand until they get their names."""
        return folder.path / f"decided{self.path.suffix.lower()}", folder.path / f"rejected{self.files.format}"

    def make(
        self,
        folder: RunFolder,
        parts: int,
        output: Sequence[tuple[str, str]],
        rejects: Sequence[tuple[str, str]],
        rejected_rows: int,
    ) -> tuple[str, str | None]:
        """Joins the parts; gives the digests of the output and of what was rejected, None for no such rows.

        Raises ExportFailed.
        """
        decided, rejected = self.made_in(folder)
        listed = [folder.part_files(number) for number in range(parts)]
        try:
            if self.files.is_folder:
                shutil.rmtree(decided, ignore_errors=True)
                decided.mkdir()
                for number, (file, _) in enumerate(listed):
                    shutil.copyfile(file, decided / f"part-{number:05}.parquet")
            else:
                self._join([file for file, _ in listed], decided, output)
            if rejected_rows:
                self._join([file for _, file in listed], rejected, rejects)
        except (OSError, duckdb.Error) as error:
            reason = reason_of(error) if isinstance(error, OSError) else str(error).splitlines()[0]
            raise ExportFailed(f"`{self.path}` cannot be written: {reason}", "`--resume` goes on") from None
        files = [*decided.iterdir()] if decided.is_dir() else [decided]
        for file in (*files, rejected) if rejected_rows else files:
            sync(file)
        return digest_of(decided), digest_of(rejected) if rejected_rows else None

    def _join(self, parts: Sequence[Path], target: Path, columns: Sequence[tuple[str, str]]) -> None:
        listed = ", ".join(name_of(part) for part in parts)
        terms = text_terms(columns) if target.suffix == CSV else {name: quoted_name(name) for name, _ in columns}
        options = "FORMAT parquet, COMPRESSION zstd" if target.suffix == PARQUET else "FORMAT csv, HEADER"
        with duckdb.connect() as database:
            database.execute("SET TimeZone = 'UTC'")
            shown = ", ".join(f"{term} AS {quoted_name(name)}" for name, term in terms.items())
            query = f"SELECT {shown} FROM read_parquet([{listed}])"
            database.execute(f"COPY ({query}) TO {quoted_text(str(target))} ({options})")

    def take_place(self, made: Mapping[Path, Path]) -> None:
        """Each file gets its name, the output last; one that has it already stays. Raises ExportFailed."""
        for name in self.all:
            here = made[name]
            try:
                if here.exists():
                    here.replace(name)
            except OSError as error:
                raise ExportFailed(f"`{name}` cannot be written: {reason_of(error)}", "`--resume` goes on") from None
        sync_folder(self.path.parent)
