"""The rows of a part as facts, in a table or view of DuckDB: read by DuckDB where the table has all of them, otherwise
gathered as for requests."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import duckdb
import pyarrow as pa

from ordain.api.batch_runs.fact_columns import FactColumn, fact_columns
from ordain.api.batch_runs.gathered_facts import column_of, fact_digits, is_gathered, known_facts
from ordain.api.batch_runs.input_rows import InputRows, quoted_name, quoted_text
from ordain.api.batch_runs.staging import UNREAD
from ordain.api.batch_runs.table_cells import check_columns
from ordain.api.limits import LIMITS
from ordain.api.services import Services
from ordain.engine.backends.digits import Digits
from ordain.engine.errors import Issue, MalformedRequest, OrdainError
from ordain.engine.evaluate import Plan
from ordain.engine.needs import Need
from ordain.engine.policy.facts import REQUEST, Fact
from ordain.engine.values.types import Kind

ROW = "row"
"""The column of what is rejected that has the number of its row in the input."""
GIVEN = "fact."
"""How a column begins that has a fact which the input lacks: a score, or what a store knows."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is asked for. `subject` is the column that says whose a row is, `keep` are further ones that are
    handed on, `ignored` such as are no facts. Without `at` it is for the moment of its beginning. Not `explained`:
    without rules, reasons and versions."""

    service: str
    at: dt.datetime | None = None
    subject: str = "subject"
    keep: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    explained: bool = True

    @property
    def moment(self) -> dt.datetime:
        """What is decided for, once that is known."""
        if self.at is None:
            raise AssertionError("a run has a moment once it is begun")
        return self.at


@dataclass
class PartFacts:
    """What makes rows of the input into facts. Raises, when it is made, MalformedRequest for columns that do not fit,
    UnknownService, NotInForce."""

    rows: InputRows
    asked: Asked
    use: Services
    plans: tuple[Plan, ...] = field(init=False)
    """The plan in force, and those with versions that are being rolled out."""
    gathers: bool = field(init=False)
    """Whether facts are gathered as for requests, since the table lacks some, or a version is rolled out."""

    def __post_init__(self) -> None:
        asked, rows = self.asked, self.rows
        self.plans = _plans(self.use, asked)
        others = {*asked.keep, *asked.ignored, UNREAD}
        check_columns(rows.told, rows.columns, asked.subject, others, self.use.vocabulary)
        if rows.columns[asked.subject] in ("DOUBLE", "FLOAT"):
            raise MalformedRequest(
                f"the column `{asked.subject}` is in floating point, which may be no customer's own number",
                "write it as text or as whole numbers; in pandas: .astype('Int64')",
            )
        if any(name.casefold() == ROW for name in (asked.subject, *asked.keep)):
            raise MalformedRequest(f"a column `{ROW}` cannot be handed on", "what is rejected has one: rename yours")
        self._full = self._filled()
        self.gathers = len(self.plans) > 1 or bool(self.use.partly) or is_gathered(self.plans[0], self._full)
        self._check_needs()

    def _filled(self) -> dict[str, bool]:
        """Of each column whether all its rows have a value; only of those that something else could give."""
        names = [
            need.fact.name
            for need in self.plans[0].needs
            if need.fact.sources != (REQUEST,) and need.fact.name in self._given
        ]
        if not names or not self.rows.rows:
            return dict.fromkeys(names, True)
        terms = ", ".join(f"count(nullif({quoted_name(name)}::VARCHAR, ''))" for name in names)
        with duckdb.connect() as database:
            [counts] = database.execute(f"SELECT {terms} FROM ({self.rows.all_rows()})").fetchall()
        return {name: count == self.rows.rows for name, count in zip(names, counts, strict=True)}

    def _check_needs(self) -> None:
        issues = [
            Issue(f"`{self.rows.told}` has no column `{need.fact.name}`, which {need.reader} needs", need.fact.meaning)
            for need in self.needs.values()
            if need.fact.sources == (REQUEST,) and not _may_be_absent(need) and need.fact.name not in self._given
        ]
        if issues:
            raise MalformedRequest(issues)

    @property
    def _given(self) -> Mapping[str, str]:
        """The columns that are facts a request may send."""
        inputs = self.use.vocabulary.inputs
        return {name: kind for name, kind in self.rows.columns.items() if name in inputs and name != self.asked.subject}

    @cached_property
    def needs(self) -> dict[str, Need]:
        """What all plans read, by name."""
        found: dict[str, Need] = {}
        for plan in self.plans:
            for need in plan.needs:
                if need.fact.name not in found or not _may_be_absent(need):
                    found[need.fact.name] = need
        return found

    @cached_property
    def columns(self) -> dict[str, FactColumn]:
        return fact_columns(self.rows, self.facts_read.values(), self.rows.told)

    @property
    def facts_read(self) -> dict[str, Fact]:
        return {name: need.fact for name, need in self.needs.items() if name in self._given}

    @property
    def kept(self) -> tuple[str, ...]:
        """The columns that are handed on, whose a row is first."""
        return tuple(dict.fromkeys((self.asked.subject, *self.asked.keep)))

    @cached_property
    def added(self) -> dict[str, Fact]:
        """The facts that are told beside the outcome, as the input lacks them, by the names of their columns."""
        if not self.gathers:
            return {}
        facts = (need.fact for need in self.needs.values() if need.fact.sources != (REQUEST,))
        return {f"{GIVEN}{fact.name}": fact for fact in facts if not self._full.get(fact.name)}

    @cached_property
    def own(self) -> dict[str, str]:
        """Names for columns of ours that nobody else has."""
        taken = {name.casefold() for name in (*self.rows.columns, *self.needs)}
        names: dict[str, str] = {}
        for name in ("number", "plan", "code", "fault"):
            free = next(f"o_{name}{'_' * more}" for more in itertools.count() if f"o_{name}{'_' * more}" not in taken)
            names[name] = free
        return names

    @cached_property
    def digits(self) -> dict[str, Digits | None]:
        """All columns that there are in `o_facts`, those of numbers with their digits."""
        names = dict.fromkeys([*self.own.values(), *self.kept, *self.added])
        if self.gathers:
            numbers = {name: need.fact for name, need in self.needs.items() if need.fact.type.kind is Kind.NUMBER}
            return names | dict.fromkeys(self.needs) | {name: fact_digits(fact) for name, fact in numbers.items()}
        return names | {name: column.digits for name, column in self.columns.items()}

    def put(self, database: duckdb.DuckDBPyConnection, first: int, rows: int) -> None:
        """The table or view `o_facts`, and one for each plan of the rows that it decides."""
        raw = self.rows.part(first, rows, self.own["number"]) or self._nothing()
        if self.gathers:
            table = self._gathered(database.sql(raw).to_arrow_table())
            database.register("o_facts", table)
        else:
            database.execute(f"CREATE TEMP VIEW o_facts AS {self._read(raw)}")
        for number in range(len(self.plans)):
            of_plan = f"{self.own['plan']} = {number} AND {self.own['fault']} IS NULL"
            database.execute(f"CREATE TEMP VIEW o_facts_{number} AS SELECT * FROM o_facts WHERE {of_plan}")

    def _nothing(self) -> str:
        """No rows, in the columns that there are."""
        terms = ", ".join(f"NULL::{kind} AS {quoted_name(name)}" for name, kind in self.rows.columns.items())
        return f"SELECT {terms}, 0::BIGINT AS {quoted_name(self.own['number'])} WHERE false"

    def _read(self, raw: str) -> str:
        """The columns as facts, by DuckDB alone."""
        own, columns = self.own, self.columns
        quality = [column.fault for column in columns.values() if column.fault is not None]
        malformed = self._malformed()
        fault = f"coalesce({', '.join([*malformed, *quality])})"
        code = f"CASE WHEN coalesce({', '.join([*malformed, 'NULL'])}) IS NOT NULL THEN 'MalformedRequest' "
        code += f"WHEN {fault} IS NOT NULL THEN 'DataQualityIssue' END"
        terms = [quoted_name(own["number"]), f"0 AS {own['plan']}", f"{code} AS {own['code']}"]
        terms.append(f"{fault} AS {own['fault']}")
        terms += [f"{column.value} AS {quoted_name(name)}" for name, column in columns.items()]
        terms += self._kept_terms(columns)
        return f"SELECT {', '.join(terms)} FROM ({raw})"

    def _malformed(self) -> list[str]:
        subject = f"{quoted_name(self.asked.subject)}::VARCHAR"
        most = LIMITS.subject_characters
        said = quoted_text(f"`{self.asked.subject}` must be a text of 1 to {most} characters")
        faults = [f"CASE WHEN coalesce(trim({subject}), '') = '' OR length({subject}) > {most} THEN {said} END"]
        return [quoted_name(UNREAD), *faults] if UNREAD in self.rows.columns else faults

    def _kept_terms(self, read: Mapping[str, object]) -> list[str]:
        terms = []
        for name in self.kept:
            if name == self.asked.subject:
                terms.append(f"{quoted_name(name)}::VARCHAR AS {quoted_name(name)}")
            elif name not in read:
                terms.append(quoted_name(name))
        return terms

    def _gathered(self, raw: pa.Table) -> pa.Table:
        """The columns as facts, gathered as for requests."""
        own, asked = self.own, self.asked
        cells = {name: raw.column(name).to_pylist() for name in {*self._given, asked.subject}}
        facts = {name: name for name in self._given}
        known = known_facts(
            cells, facts, cells[asked.subject], asked.service, self.use, asked.moment, self.plans, asked.subject
        )
        errors = list(known.errors)
        if UNREAD in self.rows.columns:
            for place, said in enumerate(raw.column(UNREAD).to_pylist()):
                errors[place] = MalformedRequest(said) if said else errors[place]
        nothing = [None] * len(errors)
        columns = {
            name: column_of(need.fact, known.values.get(name, nothing), errors) for name, need in self.needs.items()
        }
        made: dict[str, pa.Array] = {
            own["number"]: raw.column(own["number"]),
            own["plan"]: pa.array(known.plans, pa.int32()),
            own["code"]: pa.array([None if each is None else type(each).__name__ for each in errors], pa.string()),
            own["fault"]: pa.array([None if each is None else _said(each) for each in errors], pa.string()),
            **columns,
        }
        made |= {name: columns[fact.name] for name, fact in self.added.items()}
        for name in self.kept:
            if name == asked.subject:
                texts = [None if cell is None else str(cell) for cell in cells[name]]
                made[name] = pa.array(texts, pa.string())
            elif name not in made:
                made[name] = raw.column(name)
        return pa.table(made)


def _may_be_absent(need: Need) -> bool:
    return need.may_miss or need.fact.optional or need.fact.default is not None


def _said(error: OrdainError) -> str:
    return "; ".join(issue.message for issue in error.issues) or error.message


def _plans(use: Services, asked: Asked) -> tuple[Plan, ...]:
    """The plan in force at that time, and each that a version makes which is being rolled out."""
    catalog = use.catalog
    first = catalog.pick(asked.service, asked.moment)
    if catalog.turns is None:
        return (first,)
    choices: list[list[tuple[str, int] | None]] = []
    for policy in catalog.service(asked.service).policies:
        change = catalog.turns.rolling(policy, asked.moment)
        if change is not None and change.rollout is not None and not change.rollout.shadow:
            loaded = {each.policy.version for each in catalog.versions[policy]}
            choices.append([None, (policy, change.version)] if change.version in loaded else [None])
    plans = [
        catalog.pick(asked.service, asked.moment, dict(each for each in chosen if each is not None))
        for chosen in itertools.product(*choices)
    ]
    return tuple({id(plan): plan for plan in plans}.values())
