"""A table decided by a Spark cluster of two workers, as one process decides it, and scores added there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from policies_for_sql import FACTS, GIVEN, HEAD, SERVICES
from spark_cluster import cluster
from spark_driver import Job, decided_on
from sql_reading import as_table, by_python, differences, from_row

from ordain.engine.backends.digits import Digits
from ordain.engine.catalog import plan_of
from ordain.engine.evaluate import Plan
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.statements.spark_run import Added
from ordain.engine.statements.statement import Statement, statement
from ordain.models.data.table import Table
from ordain.models.registry.registry import Registry
from ordain.models.scoring.score_model import ScoreModel
from ordain.models.scoring.scored_batches import ScoreColumn, ScoredBatches

AT = dt.datetime(2026, 3, 15, 21, 30, tzinfo=dt.UTC)
FILES, ROWS = 4, 150
WIDE = pa.decimal128(20, 6)
PLAIN = """\
  x:
    gives: number
    formula: decimal(price * (1 + rate / 100) / (whole + 1), 2)
  y:
    gives: {type: text, values: [high, medium, low]}
    hit policy: priority
    rules:
      - {id: a, when: {maybe_n: '> 2'}, then: low}
      - {id: b, when: {tier: 'high, low', d: '< date("2026-03-15")'}, then: medium}
      - {id: c, when: {maybe_t: 'null'}, then: high}
    otherwise: low
"""
SCORED = """\
  x:
    gives: {type: text, values: [call, write, nothing]}
    hit policy: first
    rules:
      - {id: a, when: {churn_risk: '> 0.5'}, then: call, because: likely to leave}
      - {id: b, when: {churn_risk: '[0.1..0.5]', tickets: '> 1'}, then: write}
    otherwise: nothing
"""
SCORE = "  churn_risk: {type: number, range: 0..1, precision: 4, source: [request, churn], meaning: m}\n"


def planned(decides: str, facts: bytes, gives: bytes, given: Mapping[str, object]) -> tuple[Plan, Vocabulary]:
    known = ", ".join(f"{name}: {value}" for name, value in given.items())
    text = f"{HEAD}{decides}examples:\n  - given: {{{known}}}\n    refused: NotTried\n"
    plan = plan_of("act", facts, SERVICES % gives, [("sample@1", text.encode())])
    return plan, load_vocabulary(facts, "facts.yaml")


def written_to(folder: Path, table: pa.Table) -> Path:
    """The table in several files."""
    folder.mkdir()
    each = -(-table.num_rows // FILES)
    for number in range(FILES):
        pq.write_table(table.slice(number * each, each), folder / f"part-{number:05}.parquet")
    return folder


def check(folder: Path, python: Sequence[Any]) -> None:
    """The rows of a folder are those that Python decided; of each file of the input they stand in a file, in order."""
    files = [pq.read_table(file) for file in folder.glob("*.parquet")]
    numbers = [file.column("row").to_pylist() for file in files]
    assert sorted(each[0] for each in numbers) == [part * -(-len(python) // FILES) for part in range(FILES)]
    assert all(each == list(range(each[0], each[0] + len(each))) for each in numbers)
    rows = sorted((row for file in files for row in file.to_pylist()), key=lambda row: row["row"])
    sql: Statement = python[0][1]
    wrong = [differences(one, from_row(sql, row)) for (one, _), row in zip(python, rows, strict=True)]
    assert [each for each in wrong if each] == []


def plain_rows() -> list[dict[str, Any]]:
    tiers, texts = ("high", "medium", "low"), (None, "high", "low")
    return [
        {
            **{"n": Decimal(n % 50), "whole": Decimal(n % 21), "maybe_n": None if n % 7 == 0 else Decimal(n % 11)},
            **{"rate": Decimal(n % 9), "price": Decimal(n * 7 % 1200), "tier": tiers[n % 3], "maybe_t": texts[n % 3]},
            **{"words": "a", "f": n % 2 == 0, "d": None if n % 50 == 49 else AT.date() + dt.timedelta(n % 5 - 2)},
            **{"maybe_f": None, "maybe_d": None, "tags": ("a",), "days_left": None},
        }
        for n in range(ROWS)
    ]


def test_a_cluster_decides_as_one_process_does(
    tmp_path: Path, registry: Registry, model: ScoreModel, table: Table
) -> None:
    plan, vocabulary = planned(PLAIN, FACTS, b"x, y", GIVEN)
    plain = statement(plan, AT, dialect="spark", keep=["row"])
    rows = plain_rows()
    job = Job(written_to(tmp_path / "plain", as_table(plain, rows)), tmp_path / "plain.decided", plain.text)

    names = [fact.name for fact in table.facts]
    facts = "facts:\n" + "".join(f"  {name}: {{type: number, optional: true, meaning: m}}\n" for name in names) + SCORE
    scored_plan, scored_vocabulary = planned(SCORED, facts.encode(), b"x", {"tickets": 1, "churn_risk": 0.1})
    columns = dict.fromkeys(["row"]) | dict.fromkeys([*names, "churn_risk"], Digits(14, 6))
    scored = statement(scored_plan, AT, dialect="spark", keep=["row"], columns=columns)
    customers = [{name: _six(row[name]) for name in names} for row in table.rows[:ROWS]]
    made = {name: pa.array([row[name] for row in customers], WIDE) for name in names}
    given = pa.table({"row": pa.array(range(ROWS), pa.int32()), **made})
    adding = ScoredBatches(
        (ScoreColumn.of(scored_vocabulary["churn_risk"], WIDE),),
        {"churn": (int(model.version), model.digest)},
        registry.directory,
        registry.keys.folder,
    )
    added = Added(adding, adding.schema(given.schema))
    other = Job(written_to(tmp_path / "given", given), tmp_path / "given.decided", scored.text, added)

    (tmp_path / "cluster").mkdir()
    with cluster(tmp_path / "cluster") as master:
        assert decided_on(master, tmp_path, [job, other]) == [ROWS, ROWS]
    workers = {path.parts[-4] for path in (tmp_path / "cluster").glob("worker-*/app-*/*/stderr")}
    assert workers == {"worker-0", "worker-1"}

    check(job.target, [(by_python(plan, vocabulary, row, AT, plain), plain) for row in rows])
    scores = [model.score(row).value for row in customers]
    sent = [{**row, "churn_risk": score} for row, score in zip(customers, scores, strict=True)]
    check(other.target, [(by_python(scored_plan, scored_vocabulary, row, AT, scored), scored) for row in sent])
    assert {row["x"] for row in pq.read_table(other.target).to_pylist()} >= {"call", "nothing"}


def _six(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value).quantize(Decimal("0.000001"))
