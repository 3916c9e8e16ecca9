"""A statement decided by Spark from Parquet to Parquet: on the cores of this machine, or by a cluster's workers."""

from __future__ import annotations

import os
import re
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ordain.engine.backends.digits import Digits
from ordain.engine.errors import MalformedRequest, SettingsError
from ordain.engine.late import late
from ordain.engine.statements.parquet_columns import digits_of_type, unfit
from ordain.engine.values.types import Type

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

HERE = "local[*]"
"""The master that is this machine with all its cores."""
_SETTINGS = {
    "spark.sql.ansi.enabled": "true",  # an overflow fails, and never gives null
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.variable.substitute": "false",  # `${...}` in a text is text
    "spark.sql.analyzer.maxIterations": "1000",  # long statements have many steps
    # One long function for all steps is one that Java does not compile: some statements take twice as long with it.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.maxPlanStringLength": "10000",  # nobody reads a plan of megabytes
    "spark.sql.ui.explainMode": "simple",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
_WHOLE_FILES = {"spark.sql.files.maxPartitionBytes": str(2**40), "spark.sql.files.openCostInBytes": str(2**40)}
"""No file is divided among workers, and none shares its task with another."""


@dataclass(frozen=True, slots=True)
class Added:
    """Columns that Python adds to the rows before they are decided, such as scores of models.

    `batches` gets the rows of one task as record batches and gives as many, with all columns of `schema` and no others.
    It is sent to the workers: it has to be picklable, and loads what is heavy when it is called.
    """

    batches: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]
    schema: pa.Schema


def spark_on(master: str = HERE, settings: Mapping[str, str] | None = None) -> SparkSession:
    """Spark started with a master such as `local[2]` or `spark://host:7077`; a process has one at a time.

    `settings` are Spark's own, such as `spark.executor.memory`. Whoever asks for it calls `stop()`. Raises
    SettingsError where Spark is not installed, where there is no Java, and for a master that cannot be had.
    """
    builder = late("pyspark.sql:SparkSession").builder.master(master).appName("ordain")
    home = os.environ.get("JAVA_HOME")
    if shutil.which(os.path.join(home, "bin", "java") if home else "java") is None:
        raise SettingsError(
            "Spark needs Java 17 or newer, and there is none",
            "install one, such as openjdk-17-jre-headless, and name its folder in JAVA_HOME",
        )
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    own = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
    for name, value in {**(own if master.startswith("local") else {}), **_SETTINGS, **(settings or {})}.items():
        builder = builder.config(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Spark 4.3 warns of pandas 3, which nothing here uses
        try:
            session: SparkSession = builder.getOrCreate()
        except Exception as error:
            message = f"Spark does not start with the master `{master}`: {_first_line(error)}"
            raise SettingsError(message, "for example local[*], local[4], or spark://host:7077") from None
    return session


def columns_in_spark(session: SparkSession, source: str, facts: Mapping[str, Type]) -> dict[str, Digits | None]:
    """The columns of a folder of Parquet as `statement` takes them: numbers with their digits, others without.

    `facts` are the types of those that are read. Raises MalformedRequest for a folder that Spark cannot read as
    Parquet, and for a column that is read and is not of its fact's type.
    """
    kinds = {field.name: _as_duckdb(field.dataType.simpleString()) for field in _read(session, source).schema.fields}
    issues = [unfit(source, name, kinds[name], of) for name, of in facts.items() if name in kinds]
    if wrong := [issue for issue in issues if issue is not None]:
        raise MalformedRequest(wrong)
    return {name: digits_of_type(kind) for name, kind in kinds.items()}


def decided_by_spark(
    session: SparkSession,
    source: str,
    target: str,
    written: str,
    *,
    table: str = "facts",
    added: Added | None = None,
    whole_files: bool = False,
) -> int:
    """How many rows of the Parquet in `source` were decided into `target`, a folder of Parquet that is not there yet.

    `written` is the text of a statement for Spark over `table`. Both places have to be known by that name to each
    worker: a shared folder, or an address such as s3a://... The order of rows is that of the input within each file of
    the output; hand on a number to put all of them in order. With `whole_files` one task decides each file of the input
    and writes one file for it, whatever their sizes: rows that stood in a file stay together.
    Raises MalformedRequest where Spark cannot read the input, or the output is there.
    """
    before = {name: session.conf.get(name) for name in _WHOLE_FILES}
    try:
        for name, value in _WHOLE_FILES.items() if whole_files else ():
            session.conf.set(name, value)
        rows = _read(session, source)
        if added is not None:
            rows = _with_added(rows, added)
        rows.createOrReplaceTempView(table)
        decided = session.sql(written)
        try:
            decided.write.mode("error").parquet(target)
        except Exception as error:
            if _condition(error) != "PATH_ALREADY_EXISTS":
                raise
            raise MalformedRequest(f"`{target}` is there already", "name a folder that is not there yet") from None
        return session.read.parquet(target).count()
    finally:
        session.catalog.dropTempView(table)
        for name, kept in before.items():
            session.conf.set(name, str(kept))


def _read(session: SparkSession, source: str) -> DataFrame:
    try:
        return session.read.parquet(source)
    except Exception as error:
        said = f"Spark cannot read `{source}` as Parquet: {_first_line(error)}"
        raise MalformedRequest(said, "name a Parquet file, or a folder of them, that every worker can reach") from None


def _with_added(rows: DataFrame, added: Added) -> DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # see `spark_on`
        schema = late("pyspark.sql.pandas.types:from_arrow_schema")(added.schema)
        return rows.mapInArrow(added.batches, schema)


def _condition(error: Exception) -> str:
    """Spark's own name of what went wrong."""
    asked = getattr(error, "getCondition", None)
    return str(asked()) if asked is not None else ""


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


_WHOLE = {"tinyint": "TINYINT", "smallint": "SMALLINT", "int": "INTEGER", "bigint": "BIGINT"}
_KINDS = {
    **_WHOLE,
    "string": "VARCHAR",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ntz": "TIMESTAMP",
    "array<string>": "VARCHAR[]",
}


def _as_duckdb(kind: str) -> str:
    """A type of Spark's by DuckDB's name for it."""
    decimal = re.fullmatch(r"decimal\((\d+),(\d+)\)", kind)
    return f"DECIMAL({decimal[1]},{decimal[2]})" if decimal else _KINDS.get(kind, kind.upper())
