"""Values chosen among several by flags: `if`, the rules of a table, `and` and `or`, the first of a list."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from ordain.engine.backends.sql import numbers_in_sql as numbers
from ordain.engine.backends.sql.dialects import Dialect
from ordain.engine.backends.sql.not_in_sql import Unsupported
from ordain.engine.backends.sql.sql_terms import (
    FALSE,
    NULL,
    TRUE,
    Fields,
    Rows,
    Sql,
    Term,
    Value,
    all_of,
    any_of,
    binary,
    case,
    first_of,
    in_turn,
    negated,
    whole,
    with_fault,
)

LAST = 1_000_000_000
"""The place of a row that is not there."""


def single(value: Value) -> Sql:
    """The value as one value. Raises Unsupported for lists and contexts."""
    if not isinstance(value, Sql):
        raise Unsupported("lists and contexts are no single values in SQL")
    return value


def joined(op: str, parts: list[Sql], keep: numbers.Keep) -> Sql:
    """Flags joined by `and` or `or`: a later one's fault counts only where the earlier ones leave it open."""
    terms = [part.value for part in parts]
    settled = [(part.fault, negated(part.value) if op == "and" else part.value) for part in parts]
    return Sql(all_of(terms) if op == "and" else any_of(terms), in_turn(settled, keep))


def chosen(
    branches: list[tuple[Term, Value]], otherwise: Value | None, dialect: Dialect, before: Term | None = None
) -> Value:
    """The value of the first branch that holds, each part by a CASE of its own; without `otherwise` null."""
    several = [value for _, value in branches] + ([] if otherwise is None else [otherwise])
    faulty = [(when, NULL if value.fault is None else value.fault) for when, value in branches]
    fault: Term | None = None
    if any(value.fault is not None for value in several):
        fault = case(faulty, None if otherwise is None else otherwise.fault)
    fault = first_of((before, fault))
    whens = [when for when, _ in branches]
    return replace(_chosen(whens, several, dialect), fault=fault)


def _chosen(whens: list[Term], several: list[Value], dialect: Dialect) -> Value:
    """`several` has one value more than there are conditions, or as many."""
    kinds = {type(value) for value in several if not _is_null(value)}
    if kinds == {Fields}:
        names = next(value for value in several if isinstance(value, Fields)).parts
        parts: dict[str, Value] = {}
        for name in names:
            column = [value.parts.get(name, Sql(NULL)) if isinstance(value, Fields) else Sql(NULL) for value in several]
            parts[name] = _chosen(whens, column, dialect)
        gone: list[Term] = []
        for value in several:
            absent = value.absent if isinstance(value, Fields) else TRUE
            gone.append(FALSE if absent is None else absent)
        absent = None if all(term == FALSE for term in gone) else _case(whens, gone)
        return Fields(parts, absent=absent)
    if kinds - {Sql}:
        raise Unsupported("a choice between lists is not translated")
    values = [single(value) for value in several]
    if any(value.quotient is not None for value in values):
        raise Unsupported("a choice between quotients that are not rounded is not translated", numbers.QUOTIENT_HINT)
    there = [value for value in values if not _is_null(value)]
    digits = numbers.widest(there) if any(value.digits is not None for value in there) else None
    terms = [value.value for value in values]
    if digits is not None:
        terms = [term if isinstance(term, exp.Null) else dialect.number(term, digits) for term in terms]
    written = {value.written for value in there}
    return Sql(
        _case(whens, terms),
        digits=digits,
        positive=all(value.positive for value in there),
        written=written.pop() if len(written) == 1 else None,
    )


def _is_null(value: Value) -> bool:
    return isinstance(value, Sql) and isinstance(value.value, exp.Null)


def _case(whens: list[Term], terms: list[Term]) -> Term:
    """Neighbours that give the same are one branch; all the same needs no question."""
    otherwise = terms[len(whens)] if len(terms) > len(whens) else None
    if otherwise is not None and all(term == otherwise for term in terms):
        return otherwise
    branches: list[tuple[list[Term], Term]] = []
    for when, term in zip(whens, terms, strict=False):
        if branches and branches[-1][1] == term:
            branches[-1][0].append(when)
        else:
            branches.append(([when], term))
    return case([(any_of(several), term) for several, term in branches], otherwise)


def first_row(rows: Rows, fails: int, dialect: Dialect, keep: numbers.Keep) -> Value:
    """The first of what a table gives, by its order; `fails` is the fault where there is none."""
    if not rows.rows and rows.otherwise is None:
        return Sql(NULL, whole(fails))
    absent = None
    if rows.otherwise is None:
        absent = case([(negated(any_of(row.when for row in rows.rows)), whole(fails))])
    if all(row.place is None for row in rows.rows):
        found = chosen([(row.when, row.value) for row in rows.rows], rows.otherwise, dialect)
        return with_fault(found, rows.fault, absent)
    keys = [keep(case([(row.when, row.place or whole(0))], whole(LAST))) for row in rows.rows]
    best = keep(dialect.smallest(keys))
    branches = [(binary(exp.EQ, best, key), row.value) for key, row in zip(keys, rows.rows, strict=True)]
    none = binary(exp.EQ, best, whole(LAST))
    empty: Value = Sql(NULL) if rows.otherwise is None else rows.otherwise
    return with_fault(chosen([(none, empty), *branches], None, dialect), rows.fault, absent)
