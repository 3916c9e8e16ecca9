"""`ordain batch --engine spark` on a cluster of two workers comes to the same rows as on this machine alone."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import duckdb
import pytest
from generated_tables import as_parquet, customers_of, facts_of
from long_runs import LONG
from served import ordain, ordain_here, settings_in
from spark_cluster import SMALL, cluster
from spark_cluster import environment as spark_environment

from ordain.api.services import wire
from ordain.audit.rows.sealed_part import PART_ROWS

AT = "2026-12-01T12:00:00+00:00"
SUBMIT = (
    f'--conf spark.driver.memory=700m --conf "spark.driver.extraJavaOptions={SMALL}" '
    f'--conf spark.executor.memory=600m --conf "spark.executor.extraJavaOptions={SMALL}" pyspark-shell'
)


def _two_parts(target: Path) -> None:
    with duckdb.connect() as database:
        database.execute(
            "COPY (SELECT 'C-' || i AS customer, ((i % 997) / 7)::DECIMAL(9, 2) AS usage_gb, "
            f"(i % 331)::DECIMAL(9, 1) AS plan_gb FROM range({PART_ROWS + 5000}) t(i)) TO '{target}'"
        )


def _gathered(folder: Path, target: Path) -> None:
    moment = dt.datetime.fromisoformat(AT)
    use = wire(settings_in(folder), "price-quote")
    use.close()
    facts = facts_of(use.catalog, "price-quote", moment)
    as_parquet(target, facts, customers_of(facts, 150, moment, seed=9))


@pytest.mark.parametrize("service", ["plan-advice", pytest.param("price-quote", marks=LONG)])
def test_a_cluster_decides_the_same_rows(tmp_path: Path, service: str) -> None:
    source = tmp_path / f"{service}.parquet"
    if service == "plan-advice":
        _two_parts(source)
    else:
        _gathered(tmp_path, source)
    (tmp_path / "cluster").mkdir()
    variables = {name: spark_environment()[name] for name in ("JAVA_HOME", "SPARK_LOCAL_IP", "PYSPARK_PYTHON")}
    asked = ("batch", service, source.name)
    more = ("--subject-column", "customer", "--at", AT, "--json")
    here = ordain_here(tmp_path, *asked, "here.parquet", *more)
    with cluster(tmp_path / "cluster") as master:
        there = ordain(
            *(tmp_path, *asked, "there.parquet", *more, "--engine", "spark", "--master", master),
            **variables,
            PYSPARK_SUBMIT_ARGS=SUBMIT,
        )
    assert here.returncode == there.returncode == 1, there.stdout + there.stderr
    assert json.loads(here.stdout)["decided"] == json.loads(there.stdout)["decided"] > 0
    assert _differing(tmp_path, "here", "there") == [0, 0, 0, 0]
    assert ordain_here(tmp_path, "audit", "rows", "verify", "there.parquet").returncode == 0


def _differing(folder: Path, one: str, other: str) -> list[int]:
    """How many rows, of what was decided and of what was rejected, one has and the other has not, at their places."""
    counts: list[int] = []
    with duckdb.connect() as database:
        for ending in ("parquet", "rejects.parquet"):
            first, second = (
                f"SELECT row_number() OVER () AS place, * FROM '{folder / name}.{ending}'" for name in (one, other)
            )
            for left, right in ((first, second), (second, first)):
                found = database.execute(f"SELECT count(*) FROM ({left} EXCEPT ALL {right})").fetchone()
                counts.append(found[0] if found else -1)
    return counts


def test_a_master_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("subject,usage_gb,plan_gb\na,1,2\n")
    variables = {name: spark_environment()[name] for name in ("JAVA_HOME", "SPARK_LOCAL_IP", "PYSPARK_PYTHON")}
    done = ordain(
        *(tmp_path, "batch", "plan-advice", "in.csv", "out.csv", "--engine", "spark", "--master", "nothing"),
        **variables,
    )
    assert done.returncode == 2
    assert "does not start with the master `nothing`" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.csv").exists()
