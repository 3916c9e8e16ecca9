"""Spark as what decides a run's parts: the facts in a folder of Parquet, a file for each part, and what was decided in
another. Both stand in the folder of the run, which every worker has to reach under its name."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from ordain.api.batch_runs.run_folder import RunFolder
from ordain.engine.errors import ExportFailed, OrdainError, SettingsError, reason_of
from ordain.engine.late import late


@dataclass(frozen=True, slots=True)
class Places:
    """Folders: `facts` for Spark, rows that are `refused` before, and what Spark `decided`, which it makes."""

    facts: Path
    refused: Path
    decided: Path


@dataclass(frozen=True, slots=True)
class Spark:
    """Spark at a `master`, such as local[2] or spark://host:7077; started when it is needed, and stopped then."""

    master: str

    def places(self, folder: RunFolder) -> Places:
        """New and empty. Raises ExportFailed."""
        home = folder.path / "spark"
        found = Places(home / "facts", home / "refused", home / "decided")
        try:
            shutil.rmtree(home, ignore_errors=True)
            for each in (found.facts, found.refused):
                each.mkdir(parents=True)
        except OSError as error:
            raise ExportFailed(f"`{home}` cannot be made: {reason_of(error)}") from None
        return found

    def decide(self, work: Places, written: str, table: str) -> None:
        """Decides all facts by a statement for Spark over `table`. Raises SettingsError where Spark does not start, or
        ends before it has decided."""
        session = late("ordain.engine.statements.spark_run:spark_on")(self.master)
        try:
            run = late("ordain.engine.statements.spark_run:decided_by_spark")
            run(session, str(work.facts), str(work.decided), written, table=table, whole_files=True)
        except OrdainError:
            raise
        except Exception as error:  # whatever ended it, in Java or on a worker, people are told, and the run stays
            said = str(error).strip().partition("\n")[0]
            raise SettingsError(f"Spark ended before it had decided: {said}", "see the logs of its workers") from None
        finally:
            session.stop()
