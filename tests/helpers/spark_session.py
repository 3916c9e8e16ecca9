"""One Spark for each process of the tests, started when it is first asked for."""

from __future__ import annotations

import atexit
import os
import sys
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from java_home import java_home

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ZONE = "Asia/Kolkata"
"""The session's time zone: no decision depends on it."""
SETTINGS = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "1g",
    "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xss8m",
    "spark.log.level": "ERROR",
    "spark.sql.codegen.wholeStage": "false",  # as docs/sql.md advises
    "spark.sql.maxPlanStringLength": "1000",
    "spark.sql.ui.explainMode": "simple",
    # A small table would be decided by Spark's planner, and not by the code that it writes for large ones.
    "spark.sql.optimizer.excludedRules": "org.apache.spark.sql.catalyst.optimizer.ConvertToLocalRelation",
    "spark.sql.session.timeZone": ZONE,
    "spark.sql.shuffle.partitions": "1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


@cache
def spark() -> SparkSession:
    """A session of Spark in this process, on one core."""
    os.environ["JAVA_HOME"], os.environ["PYSPARK_PYTHON"] = str(java_home()), sys.executable
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Spark 4.3 warns of pandas 3, which nothing here uses
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master("local[1]").appName("ordain-tests")
        for name, value in SETTINGS.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
    atexit.register(session.stop)
    return session


def run_in_spark(text: str, table: pa.Table, name: str = "facts") -> list[dict[str, Any]]:
    """The rows that a statement gives over a table; decimals as Decimal, lists as lists."""
    session = spark()
    session.createDataFrame(table).createOrReplaceTempView(name)
    found: list[dict[str, Any]] = session.sql(text).toArrow().to_pylist()
    return found
