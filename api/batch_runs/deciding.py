"""Parts of a run decided: the statement over their facts, by DuckDB or Spark; what comes out, and what is rejected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from ordain.api.batch_runs.fact_columns import too_fine
from ordain.api.batch_runs.input_rows import quoted_name, quoted_text
from ordain.api.batch_runs.on_spark import Spark
from ordain.api.batch_runs.part_facts import ROW, PartFacts
from ordain.api.batch_runs.run_folder import RunFolder
from ordain.api.limits import LIMITS
from ordain.audit.rows.output_table import name_of
from ordain.audit.rows.row_text import row_text_sql
from ordain.audit.rows.sealed_part import PART_ROWS
from ordain.engine.errors import MalformedRequest, PolicyError
from ordain.engine.statements.statement import CODE, ERROR, Statement, statement

VERSIONS = "versions"
"""A column of the output beside those of the statement."""
_LONG_TEXT = 20_000
"""Characters of a statement that is long."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A part: `texts` are the rows as they are proved (`audit.rows`), from number `first` of the input on."""

    first: int
    texts: list[str]
    decided: int
    rejected: int


@dataclass
class Deciding:
    """What decides the parts of one run from their `facts`, with DuckDB unless there is a `spark`.

    Raises, when it is made, PolicyError for what cannot be said in SQL, MalformedRequest where the table is why, and
    for a version that is being rolled out where Spark is to decide.
    """

    facts: PartFacts
    spark: Spark | None = None
    statements: tuple[Statement, ...] = field(init=False)
    """One for each plan, over the view `o_facts_N`."""
    stride: int = field(init=False)
    """How many parts are decided by one statement: a long one takes DuckDB seconds to plan, whatever it decides."""

    def __post_init__(self) -> None:
        facts = self.facts
        if self.spark is not None and len(facts.plans) > 1:
            raise MalformedRequest(
                f"a version for `{facts.asked.service}` is being rolled out, and Spark decides everybody by one",
                "decide without --engine spark, or when the roll-out is over",
            )
        try:
            self.statements = self._statements("duckdb" if self.spark is None else "spark")
        except PolicyError:
            if not facts.gathers and (issues := too_fine(facts.columns, facts.facts_read, facts.rows.told)):
                raise MalformedRequest(issues) from None
            raise
        long = sum(len(made.text) for made in self.statements) // _LONG_TEXT
        if self.spark is not None:
            self.stride = LIMITS.batch_spark_stride
        else:  # to gather facts takes longer than any plan
            self.stride = 1 if facts.gathers else min(1 + long, LIMITS.batch_stride)

    def _statements(self, dialect: str) -> tuple[Statement, ...]:
        facts = self.facts
        keep = [facts.own["number"], *facts.kept, *facts.added]
        return tuple(
            statement(
                plan,
                facts.asked.moment,
                dialect=dialect,
                table=f"o_facts_{number}",
                columns=facts.digits,
                keep=keep,
                explained=facts.asked.explained,
            )
            for number, plan in enumerate(facts.plans)
        )

    def decide(self, folder: RunFolder, first: int, rows: int) -> Iterator[Decided]:
        """The rows from `first` on, at most `rows`, part by part, each into its two files in `folder`."""
        with duckdb.connect() as database:
            database.execute("SET TimeZone = 'UTC'")
            database.execute(f"SET temp_directory = {quoted_text(str(folder.path))}")
            # It takes most of the time to plan a statement of thousands of terms, and gains nothing for such.
            database.execute("SET disabled_optimizers = 'statistics_propagation'")
            if self.spark is None:
                self.facts.put(database, first, rows)
                database.execute(f"CREATE TEMP TABLE o_decided AS {self._all_statements()}")
            else:
                self._by_spark(self.spark, database, folder, first, rows)
            self._reject(database)
            outputs = self._outputs(_described(database, "o_decided"))
            for start in range(first, first + max(rows, 1), PART_ROWS):
                files = folder.part_files(start // PART_ROWS)
                yield self._written(database, start, min(PART_ROWS, first + rows - start), outputs, *files)

    def _by_spark(
        self, spark: Spark, database: duckdb.DuckDBPyConnection, folder: RunFolder, first: int, rows: int
    ) -> None:
        """The same tables, where the facts were written for Spark, a file for each part, and Spark decided them."""
        work = spark.places(folder)
        refused: list[str] = []
        for start in range(first, first + max(rows, 1), PART_ROWS):
            with duckdb.connect() as one:
                one.execute("SET TimeZone = 'UTC'")
                self.facts.put(one, start, min(PART_ROWS, first + rows - start))
                files = (work.facts / f"part-{start // PART_ROWS:05}.parquet", work.refused / f"{start}.parquet")
                queries = ("FROM o_facts_0", f"FROM o_facts WHERE {self.facts.own['fault']} IS NOT NULL")
                for query, target in zip(queries, files, strict=True):
                    one.execute(f"COPY ({query}) TO {quoted_text(str(target))} (FORMAT parquet)")
                refused.append(name_of(files[1]))
        spark.decide(work, self.statements[0].text, "o_facts_0")
        made = ", ".join(name_of(file) for file in sorted(work.decided.glob("*.parquet")))
        database.execute(f"CREATE TEMP VIEW o_facts AS SELECT * FROM read_parquet([{', '.join(refused)}])")
        database.execute(f"CREATE TEMP VIEW o_decided AS SELECT *{self._versions(0)} FROM read_parquet([{made}])")

    def _outputs(self, columns: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        return [(name, kind) for name, kind in columns if name not in (self.facts.own["number"], CODE, ERROR)]

    def _all_statements(self) -> str:
        parts = [f"SELECT *{self._versions(n)} FROM ({made.text})" for n, made in enumerate(self.statements)]
        return " UNION ALL ".join(parts)

    def _versions(self, plan: int) -> str:
        """A further column: which versions decided."""
        if not self.facts.asked.explained:
            return ""
        labels = ", ".join(quoted_text(compiled.policy.label) for compiled in self.facts.plans[plan].policies)
        return f", [{labels}] AS {quoted_name(VERSIONS)}"

    def _reject(self, database: duckdb.DuckDBPyConnection) -> None:
        """The table `o_rejected`."""
        own, number = self.facts.own, quoted_name(self.facts.own["number"])
        kept = ", ".join(quoted_name(name) for name in self.facts.kept)
        database.execute(
            f"CREATE TEMP TABLE o_rejected AS SELECT {number} AS {ROW}, {kept}, {CODE}, {ERROR} FROM o_decided "
            f"WHERE {CODE} IS NOT NULL UNION ALL SELECT {number}, {kept}, {own['code']}, {own['fault']} "
            f"FROM o_facts WHERE {own['fault']} IS NOT NULL ORDER BY {ROW}"
        )

    def _written(
        self,
        database: duckdb.DuckDBPyConnection,
        first: int,
        rows: int,
        outputs: Sequence[tuple[str, str]],
        output: Path,
        rejects: Path,
    ) -> Decided:
        """The part of so many rows that begins with row `first`."""
        number = quoted_name(self.facts.own["number"])
        within = f"BETWEEN {first} AND {first + PART_ROWS - 1}"
        decided = f"o_decided WHERE {CODE} IS NULL AND {number} {within}"
        rejected = f"o_rejected WHERE {ROW} {within}"
        counts = [database.sql(f"SELECT count(*) FROM {each}").fetchall()[0][0] for each in (decided, rejected)]
        ordered = f" ORDER BY {number}" if len(self.facts.plans) > 1 or self.spark is not None else ""
        listed = ", ".join(quoted_name(name) for name, _ in outputs)
        for query, target in ((f"SELECT {listed} FROM {decided}{ordered}", output), (f"FROM {rejected}", rejects)):
            database.execute(f"COPY ({query}) TO {quoted_text(str(target))} (FORMAT parquet, COMPRESSION zstd)")
        texts = f"SELECT {number} AS n, {row_text_sql(outputs)} AS t FROM {decided}"
        if counts[1] or ordered:
            told = row_text_sql(_described(database, "o_rejected"))
            texts = f"{texts} UNION ALL SELECT {ROW}, {told} FROM {rejected} ORDER BY n"
        table: pa.Table = database.sql(texts).to_arrow_table()
        numbers = table.column("n").to_numpy()
        if len(numbers) != rows or (rows and not (numbers[0] == first and (numbers[1:] - numbers[:-1] == 1).all())):
            raise AssertionError("the rows of a part are not those of the input, in their order")
        return Decided(first, table.column("t").to_pylist(), *counts)


def columns_in(file: Path) -> list[tuple[str, str]]:
    """The columns of a Parquet file in their order, with DuckDB's types."""
    with duckdb.connect() as database:
        return _described(database, f"SELECT * FROM read_parquet({name_of(file)})")


def _described(database: duckdb.DuckDBPyConnection, what: str) -> list[tuple[str, str]]:
    return [(str(name), str(kind)) for name, kind, *_ in database.execute(f"DESCRIBE {what}").fetchall()]
