"""A policy over a whole table in DuckDB: what `ordain sql` prints beside a query by hand, from Parquet to Parquet; and
the same on Spark, where there is a Java.

`python -m bench sql [--json FILE]`; the number of rows is `ROWS`. Customers are SYNTHETIC. Both give the same columns,
and that they are equal is looked at; each runs in a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import duckdb

from bench import batch_runs, spark_table, zen_peer
from bench.tables import Result
from ordain.engine.catalog import plan_of
from ordain.engine.statements.parquet_columns import columns_of
from ordain.engine.statements.statement import statement

ROWS, ROUNDS, ZEN_ROWS = 10_000_000, 3, 50_000
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
_ZEN_PRICES = {
    "proposed": "round(base_price * (1 + 0.2897 * demand + 0.0785 * elasticity - 0.1337 * churn_risk), 2)",
    "price": "max([min([$.proposed, ceiling]), floor])",
}
_RUN = """
import duckdb, resource, sys
from time import perf_counter
source, query, target = sys.argv[1], open(sys.argv[2]).read(), sys.argv[3]
database = duckdb.connect()
database.execute("SET enable_progress_bar = false")
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
        _in_runs(folder, source, found)
        starts = _on_spark(folder, source, found)
        _check_equal(folder, [name for name in found if name != "by hand"])
        zen = _zen(source)
    by_hand = median(seconds for seconds, _ in found["by hand"])
    table: dict[str, dict[str, Any]] = {
        each: {
            "seconds": median(seconds for seconds, _ in times),
            "ratio": median(seconds for seconds, _ in times) / by_hand,
            "rows": rows / median(seconds for seconds, _ in times),
            "memory": max(memory for _, memory in times) / 1e6,
            "zen": rows / median(seconds for seconds, _ in times) / zen,
        }
        for each, times in found.items()
    }
    columns = {
        "seconds": "s",
        "ratio": "times by hand",
        "rows": "rows a second",
        "memory": "peak, MB",
        "zen": "times zen-engine",
    }
    table["zen-engine, row by row"] = {"rows": zen}
    notes = (
        f"{rows:,} SYNTHETIC customers, Parquet to Parquet with DuckDB {duckdb.__version__}, the median of {ROUNDS}.",
        f"Both statements were written in {written * 1000:.0f} ms together. The query by hand checks no range, "
        "and says nothing of a row that lacks a fact.",
        f"zen-engine decides {ZEN_ROWS:,} of them, one call each, on one core, in floating point, untraced and in the "
        "fastest way that its Python binding has; reading and writing files is not in its figure.",
        "`ordain batch` is timed as a whole process: its figure has the start, every row hashed into the tree of the "
        "run, the record, and the summary.",
        _SPARK_TOLD.format(seconds=median(starts)) if starts else "Spark was not tried: there is no Java here.",
    )
    return Result("A policy over a table, in SQL", columns, table, notes)


_RUNS = {"ordain batch --plain": True, "ordain batch": False}
_FILES = {"facts.yaml": FACTS, "services.yaml": SERVICES, "sample/v1.yaml": POLICY}


def _in_runs(folder: Path, source: Path, found: dict[str, list[tuple[float, float]]]) -> None:
    """Adds what whole runs take, with their record."""
    for number in range(ROUNDS):
        for name, plain in _RUNS.items():
            target = name if number == 0 else f"{name} {number}"
            found.setdefault(name, []).append(batch_runs.timed(folder, source, target, _FILES, plain))


_SPARK = {"Spark, --plain": False, "Spark, with rules and reasons": True}
_SPARK_TOLD = (
    f"Spark runs on {spark_table.MASTER} with {spark_table.MEMORY} for its Java, its memory is what is told. Planning "
    "the statement in a cold Java is in its figure; the {seconds:.1f} s that it takes to start are not."
)


def _on_spark(folder: Path, source: Path, found: dict[str, list[tuple[float, float]]]) -> list[float]:
    """Adds what Spark takes, and gives the seconds that it took to start each time; none where it does not."""
    plan = plan_of("quote", FACTS, SERVICES, [("sample@1", POLICY)])
    columns = columns_of(source, {need.fact.name: need.fact.type for need in plan.needs})
    starts: list[float] = []
    for number in range(ROUNDS):
        for name, explained in _SPARK.items():
            query = statement(plan, AT, dialect="spark", columns=columns, keep=["id"], explained=explained).text
            target = name if number == 0 else f"{name} {number}"
            taken = spark_table.timed(folder, source, target, query)
            if taken is None:
                return []
            found.setdefault(name, []).append(taken[:2])
            starts.append(taken[2])
    return starts


def _zen(source: Path) -> float:
    """Rows a second of zen-engine, called row by row in its fastest way; in floating point, as it calculates."""
    with duckdb.connect() as database:
        found = database.execute(f"SELECT * EXCLUDE (id) FROM '{source}' LIMIT {ZEN_ROWS}")  # noqa: S608 - our own text
        names = [each[0] for each in found.description or ()]
        contexts: list[dict[str, object]] = [
            {name: value if isinstance(value, str) else float(value) for name, value in zip(names, row, strict=True)}
            for row in found.fetchall()
        ]
    node = {"type": "decisionTableNode", "id": "offer", "name": "offer", "content": _zen_table()}
    prices = [{"id": key, "key": key, "value": value} for key, value in _ZEN_PRICES.items()]
    content = {"passThrough": True, "expressions": prices}
    price = {"type": "expressionNode", "id": "price", "name": "price", "content": content}
    ways = zen_peer.ways_of(zen_peer.chain([price, node]))
    _, evaluate, raw = zen_peer.fastest_of(ways, contexts[:1_000], {"trace": False})
    given = [json.dumps(each).encode() for each in contexts] if raw else contexts
    first = evaluate(given[0], {"trace": False})["result"]
    if not {"price", "action", "discount_percent"} <= first.keys():
        raise RuntimeError(f"zen-engine gives {first}")
    begun = perf_counter()
    for each in given:
        evaluate(each, {"trace": False})
    return len(given) / (perf_counter() - begun)


def _zen_table() -> dict[str, Any]:
    table = zen_peer.first_hit(
        ("churn_risk", "clv_tier"),
        "action",
        [
            ("r1", {"churn_risk": "> 0.80", "clv_tier": '"high"'}, '"call"'),
            ("r2", {"churn_risk": "> 0.80", "clv_tier": '"medium"'}, '"e-mail"'),
            ("r3", {"churn_risk": "> 0.80", "clv_tier": '"low"'}, '"e-mail"'),
            ("r4", {"churn_risk": "[0.50..0.80]"}, '"campaign"'),
            ("r5", {"churn_risk": "< 0.50", "clv_tier": '"high"'}, '"reward"'),
            ("r6", {}, '"none"'),
        ],
    )
    table["outputs"].append({"id": "percent", "name": "discount_percent", "field": "discount_percent"})
    for rule, percent in zip(table["rules"], ("30", "20", "10", "0", "0", "0"), strict=True):
        rule["percent"] = percent
    return table


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


def _check_equal(folder: Path, others: list[str]) -> None:
    columns = 'id::VARCHAR AS id, price, "offer.action", "offer.discount_percent"'
    with duckdb.connect() as database:
        for other in others:
            made = f"{folder}/{other}/*.parquet" if other in _SPARK else f"{folder}/{other}.parquet"
            found = database.execute(
                f"SELECT count(*) FROM (SELECT {columns} FROM '{folder}/by hand.parquet' EXCEPT ALL "  # noqa: S608 - our own text
                f"SELECT {columns} FROM '{made}')"
            ).fetchone()
            if found != (0,):
                raise RuntimeError(f"{found} rows differ between the query by hand and {other}")
