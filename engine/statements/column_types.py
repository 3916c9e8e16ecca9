"""Which types of columns hold a fact as it is: floating point, or a time without its offset, nobody wrote like that."""

from __future__ import annotations

from sqlglot import exp

from ordain.engine.backends.sql.dialects import Dialect
from ordain.engine.backends.sql.sql_terms import Term, all_of, any_of, negated, not_null, text
from ordain.engine.values.types import Kind

KINDS: dict[Kind, tuple[str, str, str]] = {
    Kind.NUMBER: (
        "a number",
        r"DECIMAL\(.*\)|U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)",
        "DECIMAL(12, 4)",
    ),
    Kind.TEXT: ("a text", r"VARCHAR|ENUM\(.*\)", "VARCHAR"),
    Kind.FLAG: ("true or false", "BOOLEAN", "BOOLEAN"),
    Kind.DATE: ("a date", "DATE|TIMESTAMP(_S|_MS|_NS)?", "DATE"),
    Kind.DATE_TIME: ("a moment with its offset", "TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ"),
    Kind.LIST: ("a list of texts", r"VARCHAR\[\]", "VARCHAR[]"),
}
"""What people call it, the types of DuckDB that hold it as it is, and the one to cast to."""

_UNFIT: dict[str, dict[Kind, tuple[str, ...]]] = {
    "postgres": {
        Kind.NUMBER: ("real", "double precision"),
        Kind.TEXT: ("character",),  # which is filled up with spaces
        Kind.DATE: ("timestamp with time zone",),
        Kind.DATE_TIME: ("timestamp without time zone", "date"),
    },
    "spark": {
        Kind.NUMBER: ("float", "double"),
        Kind.DATE: ("timestamp",),
        Kind.DATE_TIME: ("timestamp_ntz", "date"),
    },
}
"""Types that a database takes without a word, and that do not hold it as it is."""


def unfit(column: Term, kind: Kind, dialect: Dialect) -> Term | None:
    """Whether a value that is there stands in a column of a type that does not hold it as it is; None: not asked."""
    if dialect.name == "duckdb" and kind in KINDS:
        # DuckDB knows the answer when it reads the statement, so that no row costs anything.
        of = exp.Anonymous(this="typeof", expressions=[column])
        fits: Term = exp.Anonymous(this="regexp_full_match", expressions=[of, text(KINDS[kind][1])])
        return all_of((not_null(column), negated(fits)))
    names = _UNFIT.get(dialect.name, {}).get(kind)
    if names is None:
        return None
    if dialect.name == "postgres":
        of = exp.Anonymous(this="pg_typeof", expressions=[column])
        types: list[Term] = [
            exp.Cast(this=text(name), to=exp.DataType.build("regtype", udt=True, dialect="postgres")) for name in names
        ]
    else:
        of = exp.Anonymous(this="typeof", expressions=[column])
        types = [text(name) for name in names]
    return all_of((not_null(column), exp.In(this=of, expressions=types)))


def odd_items(array: Term, values: tuple[str, ...], dialect: Dialect) -> Term:
    """Whether an item of a list of texts is null, or none of its declared values."""
    item = exp.to_identifier("x")
    wrong: Term = exp.Is(this=item, expression=exp.Null())
    listed = [text(value) for value in values]
    if values:
        wrong = any_of((wrong, negated(exp.In(this=item, expressions=listed))))
    match dialect.name:
        case "duckdb":
            kept = exp.ArrayFilter(this=array, expression=exp.Lambda(this=wrong, expressions=[item]))
            return exp.GT(this=dialect.length(kept), expression=exp.Literal.number(0))
        case "spark":
            return exp.Anonymous(this="exists", expressions=[array, exp.Lambda(this=wrong, expressions=[item])])
        case "snowflake":
            compact = exp.Anonymous(this="ARRAY_COMPACT", expressions=[array])
            nulls = exp.LT(this=dialect.length(compact), expression=dialect.length(array))
            made = exp.Anonymous(this="ARRAY_CONSTRUCT", expressions=listed)
            others = exp.Anonymous(this="ARRAY_EXCEPT", expressions=[compact, made])
            beside = exp.GT(this=dialect.length(others), expression=exp.Literal.number(0))
            return any_of((nulls, beside)) if values else nulls
        case _:
            rows = exp.Unnest(expressions=[array], alias=exp.TableAlias(this=exp.to_identifier("t"), columns=[item]))
            if dialect.name == "bigquery":
                rows = exp.Unnest(expressions=[array], alias=exp.TableAlias(columns=[item]))
            return exp.Exists(this=exp.select("1").from_(rows).where(wrong))
