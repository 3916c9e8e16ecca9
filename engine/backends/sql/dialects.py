"""Where the databases differ: types, arrays, moments, whole quotients. sqlglot prints the rest.

It is no authority on types: what it says of decimals is wrong in places, so each operation stands between our casts.

Seen by running it (duckdb 2.0.1, PostgreSQL 15, Spark 4.3) or said in the vendor's reference (Snowflake, BigQuery).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from ordain.engine.backends.digits import Digits
from ordain.engine.backends.sql.not_in_sql import Unsupported
from ordain.engine.backends.sql.sql_terms import NULL, Term, binary, cast, enclosed, not_null, text, whole

WIDEST = 38
"""Digits of a decimal in all of them; BigQuery's BIGNUMERIC has more."""
_NUMERIC_WHOLE, _NUMERIC_SCALE = 29, 9
"""What BigQuery's NUMERIC holds; more is a BIGNUMERIC."""
MICROSECONDS = 1_000_000
BIGINT_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Dialect:
    """One database. `name` is sqlglot's; `fenced`: its planner copies what a step works out into all that reads it, so
    each step has to be said to be kept. `nested`: steps are queries in queries, as it takes a round for each common
    table expression, and a hundred rounds at the most."""

    name: str
    title: str
    fenced: bool = False
    nested: bool = False

    @property
    def widest_product(self) -> int:
        """Digits before the point that a product may have whatever its factors are: Spark keeps six behind it."""
        return WIDEST - 6 if self.name == "spark" else WIDEST

    def decimal(self, digits: Digits) -> str:
        """The type of a number with so many digits; at least one before the point."""
        whole, scale = max(digits.whole or 0, 1), digits.scale
        if whole + scale > WIDEST:
            raise Unsupported(f"it can have {whole + scale} digits, and a decimal of SQL has {WIDEST}", MANY_DIGITS)
        if self.name == "bigquery":
            kind = "NUMERIC" if whole <= _NUMERIC_WHOLE and scale <= _NUMERIC_SCALE else "BIGNUMERIC"
            return f"{kind}({whole + scale}, {scale})"
        return f"DECIMAL({whole + scale}, {scale})"

    def number(self, term: Term, digits: Digits) -> Term:
        """The term as a decimal of so many digits."""
        return cast(term, self.decimal(digits), "bigquery" if self.name == "bigquery" else None)

    def cast(self, term: Term, kind: str) -> Term:
        return cast(term, kind)

    def words(self, term: Term) -> Term:
        """The text of a decimal: all digits of its type."""
        if self.name in ("snowflake", "bigquery"):  # BigQuery leaves out zeros at the end; Snowflake was not tried
            raise Unsupported(f"{self.title} may write a number with other digits")
        return cast(term, "TEXT")

    def as_told(self, statement: str) -> str:
        """A printed statement in the words that the database takes as they stand: Spark fills in `${...}` before it
        reads a text, inside of quotes, too."""
        return statement.replace("${", "\\u0024{") if self.name == "spark" else statement

    def plain_texts(self, column: Term, kind: str) -> Term:
        """A column of texts, or of lists of texts, whose texts are equal where all their letters are."""
        return self.cast(column, kind) if self.name == "spark" else column  # it may have a collation of its own

    def ordered_text(self, term: Term) -> Term:
        """A text as it is ordered: by code points, whatever the language of the database."""
        if self.name == "postgres":
            return exp.Collate(this=enclosed(term), expression=exp.to_identifier("C", quoted=True))
        return term

    def cut_quotient(self, over: Term, under: Term, digits: int) -> Term | None:
        """A whole number by another, cut towards zero; both are decimals without a scale, of `digits` at the most.

        None: the database has no exact way, and its own division has to be put right.
        """
        match self.name:
            case "duckdb":
                kind = "BIGINT" if digits <= BIGINT_DIGITS else "HUGEINT"
                return exp.IntDiv(this=self.cast(over, kind), expression=self.cast(under, kind))
            case "postgres":
                return exp.Anonymous(this="div", expressions=[over, under])
            case _:
                return None

    def cut_whole(self, over: Term, under: int) -> Term:
        """A BIGINT by a written whole number, cut towards zero."""
        divisor = whole(under)
        match self.name:
            case "duckdb":
                return exp.IntDiv(this=enclosed(over), expression=divisor)
            case "postgres":
                return exp.Div(this=self.cast(over, "BIGINT"), expression=self.cast(divisor, "BIGINT"), typed=True)
            case "spark":
                return exp.IntDiv(this=enclosed(over), expression=divisor)
            case "bigquery":
                return exp.Anonymous(this="DIV", expressions=[over, divisor])
            case _:
                return exp.Anonymous(this="TRUNC", expressions=[binary(exp.Div, over, divisor)])

    def contains(self, array: Term, item: Term) -> Term:
        match self.name:
            case "postgres":
                return exp.EQ(this=enclosed(item), expression=exp.Any(this=exp.Paren(this=array)))
            case "bigquery":
                return exp.In(this=enclosed(item), unnest=exp.Unnest(expressions=[array]))
            case "snowflake":
                variant = exp.Anonymous(this="TO_VARIANT", expressions=[item])
                return exp.Anonymous(this="ARRAY_CONTAINS", expressions=[variant, array])
            case "spark":
                return exp.Anonymous(this="array_contains", expressions=[array, item])
            case _:
                return exp.Anonymous(this="list_contains", expressions=[array, item])

    def length(self, array: Term) -> Term:
        name = {"postgres": "cardinality", "spark": "array_size", "snowflake": "ARRAY_SIZE", "bigquery": "ARRAY_LENGTH"}
        return exp.Anonymous(this=name.get(self.name, "len"), expressions=[array])

    def array(self, parts: Sequence[Term]) -> Term:
        """An array of the parts that are not null."""
        match self.name:
            case "duckdb":
                if not parts:
                    return self.cast(exp.Anonymous(this="list_value"), "VARCHAR[]")
                listed = exp.Anonymous(this="list_value", expressions=list(parts))
                x = exp.to_identifier("x")
                return exp.ArrayFilter(this=listed, expression=exp.Lambda(this=not_null(x), expressions=[x]))
            case "postgres":
                texts = cast(exp.Array(expressions=list(parts)), "TEXT[]")
                return exp.Anonymous(this="array_remove", expressions=[texts, NULL])
            case "spark":
                texts = cast(exp.Anonymous(this="array", expressions=list(parts)), "ARRAY<TEXT>")
                return exp.Anonymous(this="array_compact", expressions=[texts])
            case "snowflake":
                return exp.Anonymous(this="ARRAY_CONSTRUCT_COMPACT", expressions=list(parts))
            case _:
                made = exp.Array(expressions=list(parts))
                of = exp.select("x").from_(
                    exp.Unnest(expressions=[made], alias=exp.TableAlias(columns=[exp.to_identifier("x")]))
                )
                return exp.Anonymous(this="ARRAY", expressions=[of.where("x IS NOT NULL")])

    def joined_texts(self, array: Term, between: Term) -> Term:
        """The texts of an array as one, with a text between them; of an empty array the empty text."""
        name = {"spark": "array_join", "snowflake": "ARRAY_TO_STRING", "bigquery": "ARRAY_TO_STRING"}
        joined = exp.Anonymous(this=name.get(self.name, "array_to_string"), expressions=[array, between])
        return exp.Coalesce(this=joined, expressions=[text("")])

    def instant(self, moment: Term) -> Term:
        """Microseconds since 1970 of a moment with a time zone."""
        match self.name:
            case "duckdb":
                return exp.Anonymous(this="epoch_us", expressions=[moment])
            case "postgres":
                seconds = exp.Extract(this=exp.var("EPOCH"), expression=moment)
                return self.cast(binary(exp.Mul, seconds, whole(MICROSECONDS)), "BIGINT")
            case "spark":
                return exp.Anonymous(this="unix_micros", expressions=[moment])
            case "bigquery":
                return exp.Anonymous(this="UNIX_MICROS", expressions=[moment])
            case _:
                return exp.Anonymous(this="DATE_PART", expressions=[text("epoch_microsecond"), moment])

    def months_later(self, day: Term, months: Term) -> Term:
        """A date moved by months; where the month is shorter its last day."""
        match self.name:
            case "duckdb":
                span = exp.Anonymous(this="to_months", expressions=[self.cast(months, "INT")])
                return self.cast(binary(exp.Add, day, span), "DATE")
            case "postgres":
                spans = binary(exp.Mul, months, exp.Interval(this=text("1 month")))
                return self.cast(binary(exp.Add, day, spans), "DATE")
            case "spark" | "snowflake":
                return exp.Anonymous(this="add_months", expressions=[day, self.cast(months, "INT")])
            case _:
                return exp.DateAdd(this=day, expression=months, unit=exp.var("MONTH"))

    def days_later(self, day: Term, days: Term) -> Term:
        """A date moved by whole days."""
        match self.name:
            case "duckdb" | "postgres":
                return binary(exp.Add, day, self.cast(days, "INT"))
            case "spark":
                return exp.Anonymous(this="date_add", expressions=[day, self.cast(days, "INT")])
            case "snowflake":
                return exp.Anonymous(this="DATEADD", expressions=[exp.var("day"), days, day])
            case _:
                return exp.DateAdd(this=day, expression=days, unit=exp.var("DAY"))

    def days_between(self, later: Term, earlier: Term) -> Term:
        """The days from one date to another."""
        match self.name:
            case "duckdb" | "postgres":
                return self.cast(binary(exp.Sub, later, earlier), "BIGINT")
            case "spark":
                return self.cast(exp.Anonymous(this="datediff", expressions=[later, earlier]), "BIGINT")
            case "snowflake":
                return exp.Anonymous(this="DATEDIFF", expressions=[exp.var("day"), earlier, later])
            case _:
                return exp.Anonymous(this="DATE_DIFF", expressions=[later, earlier, exp.var("DAY")])

    def part_of_date(self, part: str, day: Term) -> Term:
        """`year`, `month`, `day`, or `weekday` from 1 for Monday."""
        if part != "weekday":
            return exp.Extract(this=exp.var(part.upper()), expression=day)
        match self.name:
            case "duckdb":
                return exp.Anonymous(this="isodow", expressions=[day])
            case "postgres":
                return exp.Extract(this=exp.var("ISODOW"), expression=day)
            case "spark":
                return binary(exp.Add, exp.Anonymous(this="weekday", expressions=[day]), whole(1))
            case "snowflake":
                return exp.Anonymous(this="DAYOFWEEKISO", expressions=[day])
            case _:
                shifted = binary(exp.Add, exp.Extract(this=exp.var("DAYOFWEEK"), expression=day), whole(5))
                return binary(exp.Add, exp.Mod(this=enclosed(shifted), expression=whole(7)), whole(1))

    def smallest(self, terms: Sequence[Term]) -> Term:
        """The least of whole numbers of which none is null."""
        return terms[0] if len(terms) == 1 else exp.Anonymous(this="LEAST", expressions=list(terms))


MANY_DIGITS = "give its facts a `range` and a `precision` in facts.yaml, or round a part of it"

DIALECTS = {
    each.name: each
    for each in (
        Dialect("duckdb", "DuckDB"),
        Dialect("postgres", "PostgreSQL", fenced=True),
        Dialect("spark", "Spark", nested=True),
        Dialect("snowflake", "Snowflake"),
        Dialect("bigquery", "BigQuery"),
    )
}
