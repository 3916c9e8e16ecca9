"""A policy over a whole table in DuckDB: what `ordain sql` prints beside a query by hand, from Parquet to Parquet.

`python -m bench sql [--json FILE]`; the number of rows is `ROWS`. Customers are SYNTHETIC. Both give the same columns,
and that they are equal is looked at; each runs in a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import duckdb

from bench.tables import Result
from ordain.engine.catalog import plan_of
from ordain.engine.statements.parquet_columns import columns_of
from ordain.engine.statements.statement import statement

ROWS, ROUNDS = 10_000_000, 3
AT = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)
FACTS = b"""facts:
  base_price: {type: number, unit: INR, range: 1..10000, meaning: m}
  demand: {type: number, range: 0..1, precision: 4, meaning: m}
  elasticity: {type: number, range: -1..1, precision: 4, meaning: m}
  churn_risk: {type: number, range: 0..1, precision: 4, meaning: m}
  clv_tier: {type: text, values: [high, medium, low], meaning: m}
  floor: {type: number, unit: INR, range: 0..100000, meaning: m}
  ceiling: {type: number, unit: INR, range: 0..100000, meaning: m}
"""
SERVICES = b"services: {quote: {purpose: A price and an offer., policies: [sample], gives: [price, offer]}}\n"
POLICY = b"""policy: sample
version: 1
kind: decision
effective: 2026-01-01
owner: benchmark
purpose: A price within bounds, and an offer by risk and value.
decides:
  proposed:
    gives: {type: number, unit: INR}
    formula: round half up(base_price * (1 + 0.2897 * demand + 0.0785 * elasticity - 0.1337 * churn_risk), 2)
  price:
    gives: {type: number, unit: INR}
    formula: max(min(proposed, ceiling), floor)
  offer:
    gives: {action: {type: text, values: [call, e-mail, campaign, reward, none]}, discount_percent: number}
    hit policy: first
    rules:
      - {id: r1, when: {churn_risk: "> 0.80", clv_tier: high}, then: {action: call, discount_percent: 30}}
      - {id: r2, when: {churn_risk: "> 0.80", clv_tier: medium}, then: {action: e-mail, discount_percent: 20}}
      - {id: r3, when: {churn_risk: "> 0.80", clv_tier: low}, then: {action: e-mail, discount_percent: 10}}
      - {id: r4, when: {churn_risk: "[0.50..0.80]"}, then: {action: campaign, discount_percent: 0}}
      - {id: r5, when: {churn_risk: "< 0.50", clv_tier: high}, then: {action: reward, discount_percent: 0}}
    otherwise: {action: none, discount_percent: 0}
examples:
  - given: {base_price: 500, demand: 0.3, elasticity: -0.3, churn_risk: 0.1, clv_tier: high, floor: 400, ceiling: 600}
    expect: {price: 525.00, offer.action: reward}
"""
BY_HAND = """
SELECT id, greatest(least(proposed, ceiling), floor) AS price,
  CASE WHEN churn_risk > 0.80 AND clv_tier = 'high' THEN 'call'
       WHEN churn_risk > 0.80 AND clv_tier IN ('medium', 'low') THEN 'e-mail'
       WHEN churn_risk BETWEEN 0.50 AND 0.80 THEN 'campaign'
       WHEN churn_risk < 0.50 AND clv_tier = 'high' THEN 'reward' ELSE 'none' END AS "offer.action",
  CASE WHEN churn_risk > 0.80 AND clv_tier = 'high' THEN 30
       WHEN churn_risk > 0.80 AND clv_tier = 'medium' THEN 20
       WHEN churn_risk > 0.80 AND clv_tier = 'low' THEN 10 ELSE 0 END::DECIMAL(2, 0) AS "offer.discount_percent"
FROM (SELECT *, (base_price * (1 + 0.2897 * demand + 0.0785 * elasticity - 0.1337 * churn_risk))::DECIMAL(18, 2)
      AS proposed FROM facts)
"""
_RUN = """
import duckdb, resource, sys
from time import perf_counter
source, query, target = sys.argv[1], open(sys.argv[2]).read(), sys.argv[3]
database = duckdb.connect()
database.execute(f"CREATE VIEW facts AS SELECT * FROM read_parquet('{source}')")
begun = perf_counter()
database.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet)")
print(perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def run(rows: int = ROWS) -> Result:
    """Each query `ROUNDS` times, in turns."""
    with tempfile.TemporaryDirectory(prefix="ordain-bench-") as name:
        folder = Path(name)
        source = folder / "facts.parquet"
        _customers(source, rows)
        plan = plan_of("quote", FACTS, SERVICES, [("sample@1", POLICY)])
        types = {need.fact.name: need.fact.type for need in plan.needs}
        begun = perf_counter()
        plain, whole = (
            statement(plan, AT, columns=columns_of(source, types), keep=["id"], explained=explained).text
            for explained in (False, True)
        )
        written = perf_counter() - begun
        queries = {"by hand": BY_HAND, "ordain sql --plain": plain, "ordain sql, with rules and reasons": whole}
        found: dict[str, list[tuple[float, float]]] = {each: [] for each in queries}
        for _ in range(ROUNDS):
            for each, query in queries.items():
                found[each].append(_timed(folder, source, each, query))
        _check_equal(folder)
    by_hand = median(seconds for seconds, _ in found["by hand"])
    table: dict[str, dict[str, Any]] = {
        each: {
            "seconds": median(seconds for seconds, _ in times),
            "ratio": median(seconds for seconds, _ in times) / by_hand,
            "rows": rows / median(seconds for seconds, _ in times),
            "memory": max(memory for _, memory in times) / 1e6,
        }
        for each, times in found.items()
    }
    columns = {"seconds": "s", "ratio": "times by hand", "rows": "rows a second", "memory": "peak, MB"}
    notes = (
        f"{rows:,} SYNTHETIC customers, Parquet to Parquet with DuckDB {duckdb.__version__}, the median of {ROUNDS}.",
        f"Both statements were written in {written * 1000:.0f} ms together. The query by hand checks no range, "
        "and says nothing of a row that lacks a fact.",
    )
    return Result("A policy over a table, in SQL", columns, table, notes)


def _customers(target: Path, rows: int) -> None:
    with duckdb.connect() as database:
        database.execute("SELECT setseed(0.5)")
        database.execute(
            f"""COPY (SELECT range AS id,
                (1 + random() * 9999)::DECIMAL(8, 2) AS base_price, random()::DECIMAL(5, 4) AS demand,
                (random() * 2 - 1)::DECIMAL(5, 4) AS elasticity, random()::DECIMAL(5, 4) AS churn_risk,
                (['high', 'medium', 'low'])[1 + (random() * 2.999)::INT % 3] AS clv_tier,
                (random() * 5000)::DECIMAL(8, 2) AS floor, (5000 + random() * 90000)::DECIMAL(8, 2) AS ceiling
                FROM range({rows})) TO '{target}' (FORMAT parquet)"""  # noqa: S608 - our own text
        )


def _timed(folder: Path, source: Path, name: str, query: str) -> tuple[float, float]:
    """Seconds and peak bytes."""
    text, target = folder / "query.sql", folder / f"{name}.parquet"
    text.write_text(query)
    command = [sys.executable, "-c", _RUN, str(source), str(text), str(target)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, memory = done.stdout.split()
    return float(seconds), float(memory)


def _check_equal(folder: Path) -> None:
    columns = 'id, price, "offer.action", "offer.discount_percent"'
    with duckdb.connect() as database:
        for other in ("ordain sql --plain", "ordain sql, with rules and reasons"):
            found = database.execute(
                f"SELECT count(*) FROM (SELECT {columns} FROM '{folder}/by hand.parquet' EXCEPT ALL "  # noqa: S608 - our own text
                f"SELECT {columns} FROM '{folder}/{other}.parquet')"
            ).fetchone()
            if found != (0,):
                raise RuntimeError(f"{found} rows differ between the query by hand and {other}")
