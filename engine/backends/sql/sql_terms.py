"""What the SQL reading makes of an expression: a term for its value, and one for what goes wrong with it.

| kind of value   | in SQL                                                        |
| --------------- | ------------------------------------------------------------- |
| number          | DECIMAL with the digits that `Number` says                    |
| text            | VARCHAR, compared by code points                              |
| flag            | BOOLEAN                                                       |
| date            | DATE                                                          |
| time            | BIGINT: microseconds of the day; without an offset            |
| date and time   | BIGINT: microseconds since 1970 in UTC; with an offset        |
| duration        | BIGINT: microseconds                                          |
| months          | BIGINT: months                                                |
| list of texts   | an array                                                      |
| context         | no column of its own: one for each field (`Fields`)           |

Null is NULL. Where a value has a fault its own term is of no meaning, and must not make the database raise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from ordain.engine.backends.digits import Digits

Term = exp.Expr


@dataclass(frozen=True, slots=True)
class Quotient:
    """One number over another, not yet worked out: it has an exact value only once it is rounded or compared."""

    over: Sql
    under: Sql


@dataclass(frozen=True, slots=True)
class Sql:
    """One value. `fault` is the number of what goes wrong (see `Faults`), null when nothing does; None: nothing can.

    `digits` are those of a number. `positive`: it is known not to be below zero. `written`: how many digits its text
    has behind the point, where that is always the same; -1: as few as it takes.
    """

    value: Term
    fault: Term | None = None
    digits: Digits | None = None
    positive: bool = False
    written: int | None = None
    quotient: Quotient | None = None


@dataclass(frozen=True, slots=True)
class Fields:
    """A context: its fields by name. `absent` holds where the context itself is null; None: it never is."""

    parts: Mapping[str, Value]
    fault: Term | None = None
    absent: Term | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """A list that is written out."""

    parts: Sequence[Sql]
    fault: Term | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row that may be in a list: `when` it is, what it is, and what it is ordered by (less comes first)."""

    when: Term
    value: Value
    place: Term | None


@dataclass(frozen=True, slots=True)
class Rows:
    """What a table gives whose hit policy gives a list, in the table's order; `otherwise` where no rule fires."""

    rows: Sequence[Row]
    otherwise: Value | None = None
    fault: Term | None = None


Value = Sql | Fields | Items | Rows

NULL = exp.Null()
TRUE, FALSE = exp.true(), exp.false()


def whole(number: int) -> Term:
    """A whole number."""
    return exp.Literal.number(number) if number >= 0 else exp.Neg(this=exp.Literal.number(-number))


def text(words: str) -> Term:
    """A text."""
    return exp.Literal.string(words)


def column(name: str) -> Term:
    """A column by its name, always quoted."""
    return exp.column(exp.to_identifier(name, quoted=True))


def case(branches: Iterable[tuple[Term, Term]], otherwise: Term | None = None) -> Term:
    """CASE WHEN ... THEN ... ELSE ... END."""
    ifs = [exp.If(this=when, true=then) for when, then in branches]
    if not ifs:
        return NULL if otherwise is None else otherwise
    return exp.Case(ifs=ifs, default=otherwise)


def is_null(term: Term) -> Term:
    return exp.Is(this=enclosed(term), expression=NULL)


def not_null(term: Term) -> Term:
    return exp.Not(this=is_null(term))


def negated(term: Term) -> Term:
    return exp.Not(this=enclosed(term))


_SELF_CONTAINED = (exp.Column, exp.Literal, exp.Cast, exp.Case, exp.Func, exp.Paren, exp.Boolean, exp.Null)


def enclosed(term: Term) -> Term:
    """The term in parentheses, where it needs them to be a part of another."""
    # sqlglot counts `and` and `or` among the functions.
    alone = isinstance(term, _SELF_CONTAINED) and not isinstance(term, exp.Connector)
    return term if alone else exp.Paren(this=term)


def binary(kind: type[exp.Binary], left: Term, right: Term) -> Term:
    return kind(this=enclosed(left), expression=enclosed(right))


def cast(term: Term, kind: str, dialect: str | None = None) -> Term:
    """The term as another type. Not by `exp.cast`, which drops a cast of one decimal to another (sqlglot 30.30)."""
    of = exp.DataType.build(kind, dialect=dialect)
    return term if isinstance(term, exp.Cast) and term.args["to"] == of else exp.Cast(this=term, to=of)


def all_of(terms: Iterable[Term]) -> Term:
    """Whether all hold, joined without nesting."""
    return _joined(exp.And, TRUE, terms)


def any_of(terms: Iterable[Term]) -> Term:
    """Whether any holds."""
    return _joined(exp.Or, FALSE, terms)


def _joined(kind: type[exp.Binary], of_none: Term, terms: Iterable[Term]) -> Term:
    joined: Term | None = None
    for term in terms:
        if term == of_none:
            continue
        # The left side stays bare: a chain of 2,000 is printed by a loop, one in parentheses would be a deep tree.
        joined = enclosed(term) if joined is None else kind(this=joined, expression=enclosed(term))
    return of_none.copy() if joined is None else joined


def first_of(faults: Iterable[Term | None]) -> Term | None:
    """The first fault that there is."""
    there: list[Term] = []
    for fault in faults:
        if fault is None:
            continue
        if there and (before := _branches(there[-1])) is not None and (after := _branches(fault)) is not None:
            there[-1] = case([*before, *after])
        else:
            there.append(fault)
    if len(there) < 2:
        return there[0] if there else None
    return exp.Coalesce(this=there[0], expressions=there[1:])


def _branches(fault: Term) -> list[tuple[Term, Term]] | None:
    """The branches of a fault that is a plain list of cases, each with its number; None: it is something else."""
    if not isinstance(fault, exp.Case) or fault.args.get("default") is not None:
        return None
    branches = [(each.this, each.args["true"]) for each in fault.args["ifs"]]
    return branches if all(isinstance(number, exp.Literal) for _, number in branches) else None


def in_turn(parts: Sequence[tuple[Term | None, Term]], keep: Callable[[Term], Term]) -> Term | None:
    """The first fault of parts that are tried in turn: of each its fault, and what settles the matter after it.

    One CASE, which grows with the parts and not with their square; `keep` names a fault that has cases of its own.
    """
    last = max((number for number, (fault, _) in enumerate(parts) if fault is not None), default=-1)
    cases: list[tuple[Term, Term]] = []
    for number, (fault, settles) in enumerate(parts[: last + 1]):
        if fault is not None:
            branches = _branches(fault)
            if branches is None:
                named = keep(fault)
                branches = [(not_null(named), named)]
            cases.extend(branches)
        if number < last:
            cases.append((settles, NULL))
    return case(cases) if cases else None


def only_if(when: Term, fault: Term | None) -> Term | None:
    """A fault that counts only where something holds."""
    return None if fault is None else case([(when, fault)])


def with_fault(value: Value, *before: Term | None) -> Value:
    """The value with faults that come before its own."""
    fault = first_of((*before, value.fault))
    return value if fault is value.fault else replace(value, fault=fault)


def mapped(value: Value, change: Callable[[Sql], Sql]) -> Value:
    """Each single value of a value changed."""
    match value:
        case Sql():
            return change(value)
        case Fields():
            return replace(value, parts={name: mapped(part, change) for name, part in value.parts.items()})
        case Items():
            return replace(value, parts=tuple(change(part) for part in value.parts))
        case Rows():
            return replace(value, rows=tuple(replace(row, value=mapped(row.value, change)) for row in value.rows))
