"""The facts of each row, out of the columns of a table: typed, within their ranges, rounded, or a fault of the row.

A NULL counts as not given: a default stands in, null where the rules see to that, otherwise the row lacks a fact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlglot import exp

from ordain.engine.backends.digits import Digits
from ordain.engine.backends.sql import numbers_in_sql as numbers
from ordain.engine.backends.sql.choices_in_sql import single
from ordain.engine.backends.sql.expressions_in_sql import Expressions
from ordain.engine.backends.sql.not_in_sql import Unsupported
from ordain.engine.backends.sql.scope_in_sql import Scope
from ordain.engine.backends.sql.sql_terms import (
    NULL,
    Sql,
    Term,
    Value,
    all_of,
    any_of,
    binary,
    case,
    cast,
    column,
    is_null,
    negated,
    not_null,
    text,
    whole,
    with_fault,
)
from ordain.engine.needs import Need
from ordain.engine.policy.facts import Fact
from ordain.engine.statements.column_types import KINDS, odd_items, unfit
from ordain.engine.values.currencies import digits_of as digits_of_currency
from ordain.engine.values.types import Kind, Type
from ordain.engine.values.zones import zone_names

DEFAULT_WHOLE, DEFAULT_SCALE = 12, 6
"""Digits of a number whose fact says neither a range nor a precision."""
_VALUES_TOLD = 8
"""How many declared values stand in the comment of a column."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a statement reads: the name of its fact, how a database has it, and what people are told of it."""

    fact: str
    type: str
    note: str
    required: bool


def digits_of_fact(fact: Fact, given: Digits | None = None) -> Digits:
    """The digits that a number fact has once it is one; `given` are those of its column, where they are known."""
    scale = fact.precision
    if scale is None:
        scale = digits_of_currency(fact.type.unit) if fact.type.is_money else DEFAULT_SCALE
        if given is not None:
            scale = given.scale
    limits = fact.limits
    whole_digits = DEFAULT_WHOLE if given is None or given.whole is None else given.whole
    if limits is not None and limits.low is not None and limits.high is not None:
        ends = [numbers.digits_of_value(end).whole or 0 for end in (limits.low, limits.high)]
        whole_digits = max(*ends, 1)
    return Digits(whole_digits, scale)


class FactTerms:
    """Reads the columns of a table as facts, and notes which columns those are."""

    def __init__(self, scope: Scope, table: Mapping[str, Digits | None] | None) -> None:
        """`table` has the columns that there are, numbers with their digits; None: all that are asked for."""
        self.scope, self.table = scope, table
        self.columns: list[Column] = []
        self.lacks: list[Term] = []
        """The faults of what is missing. Whatever is wrong is told before them."""

    def read(self, need: Need) -> Value:
        """The value of one fact. Raises Unsupported."""
        fact = need.fact
        if self.table is not None and fact.name not in self.table:
            if not (need.may_miss or fact.optional or fact.default is not None):
                raise Unsupported(f"the table has no column `{fact.name}`, which is needed")
            return self.absent(need, Sql(cast(NULL, self.kind_of(fact.type, self.digits(fact)))))
        if fact.type.kind is Kind.CONTEXT:
            raise Unsupported(f"`{fact.name}` is a context, which has no column", "let a policy give it")
        if fact.type.kind in (Kind.DURATION, Kind.MONTHS, Kind.TIME):
            hint = "let a fact say it in whole numbers, of days or minutes"
            raise Unsupported(f"`{fact.name}` is a fact of the type `{fact.type}`, which has no column", hint)
        self.columns.append(self.column(need))
        term = column(fact.name)
        if fact.type.kind is Kind.DATE_TIME:
            term = self.scope.dialect.instant(term)
        elif fact.type.kind in (Kind.TEXT, Kind.LIST):
            term = self.scope.dialect.plain_texts(term, self.kind_of(fact.type, None))
        value = Sql(term)
        if fact.type.kind is Kind.NUMBER:
            value = self.number(fact, term)
        elif fact.type.kind is Kind.TEXT and fact.type.values:
            value = self.among(value, fact, fact.type.values)
        elif fact.time_zone:
            value = self.among(value, fact, sorted(zone_names()))
        elif fact.type.kind is Kind.DATE:
            value = self.day(fact, term)
        elif fact.type.kind is Kind.LIST and fact.type.item is not None:
            if fact.type.item.kind is not Kind.TEXT:
                raise Unsupported(f"`{fact.name}` is a {fact.type}, and only lists of texts have a column")
            value = self.items(value, fact, fact.type.item)
        return self.absent(need, single(with_fault(value, self.misfit(fact))))

    def digits(self, fact: Fact) -> Digits | None:
        if fact.type.kind is not Kind.NUMBER:
            return None
        return digits_of_fact(fact, None if self.table is None else self.table.get(fact.name))

    def number(self, fact: Fact, term: Term) -> Sql:
        """Within its range, and rounded to its precision; a number with more digits than the column is a fault."""
        raw = None if self.table is None else self.table.get(fact.name)
        digits, dialect = digits_of_fact(fact, raw), self.scope.dialect
        limits = fact.limits
        positive = limits is not None and limits.low is not None and limits.low >= 0
        wide = raw or digits
        # A column without known digits is held to the range as it is: a cast to fewer digits would stop the statement.
        read = Sql(term, digits=wide, positive=positive)
        wrong: list[Term] = []
        if limits is not None:
            room = Digits(max(wide.whole or 0, digits.whole or 0, 1), wide.scale)
            shown = Sql(dialect.number(term, room), digits=room)
            for end, op in (
                (limits.low, "<=" if limits.low_open else "<"),
                (limits.high, ">=" if limits.high_open else ">"),
            ):
                if end is not None:
                    border = numbers.literal(end, dialect)
                    if raw is None:
                        wrong.append(binary(numbers.COMPARED[op], term, border.value))
                    else:
                        wrong.append(numbers.compared(op, shown, border, dialect))
        large: list[Term] = []
        if raw is None and (limits is None or limits.low is None or limits.high is None):
            power = numbers.literal(Decimal(10) ** (digits.whole or 0), dialect).value
            large = [binary(exp.LTE, term, exp.Neg(this=power)), binary(exp.GTE, term, power)]
        writer = Expressions(self.scope, f"`{fact.name}`")
        keep = writer.setting.keep
        # Whatever is outside of the range is no fact; it must not make the database raise where it is cast.
        outside = [*wrong, *large]
        value = read.value if raw is not None else dialect.number(term, wide)
        inside = Sql(case([(negated(any_of(outside)), value)]) if outside else value, digits=wide, positive=positive)
        rounded = numbers.rounded(inside, digits.scale, "HALF_EVEN", dialect, keep) if raw is not None else inside
        value = dialect.number(rounded.value, digits)
        faults = [(any_of(wrong), whole(self.refused(fact)))] if wrong else []
        if raw is None:
            # The column may have more digits than it is read with; to round them is not for a cast to do.
            message = f"`{fact.name}` has more digits than {dialect.decimal(digits)}: see --columns"
            longer = any_of([*large, binary(exp.NEQ, term, inside.value)])
            faults.append((longer, whole(self.scope.faults.other("DataQualityIssue", message))))
        return Sql(keep(value), case(faults) if faults else None, digits, positive, written(fact, digits))

    def day(self, fact: Fact, term: Term) -> Sql:
        """A date; a column of moments has to be at midnight, as no time of day is cut off in silence."""
        day = self.scope.dialect.cast(term, "DATE")
        fault = self.scope.faults.other("DataQualityIssue", f"`{fact.name}` is a date, and here it has a time of day")
        return Sql(day, case([(binary(exp.NEQ, term, day), whole(fault))]))

    def among(self, value: Sql, fact: Fact, values: tuple[str, ...] | list[str]) -> Sql:
        """A text that has to be one of some."""
        wrong = negated(exp.In(this=value.value, expressions=[text(each) for each in values]))
        return Sql(value.value, case([(wrong, whole(self.refused(fact)))]))

    def items(self, value: Sql, fact: Fact, item: Type) -> Sql:
        """A list of texts, none of which is null, or other than declared."""
        among = f", each one of {', '.join(item.values[:6])}" if item.values else ", none of which is null"
        fault = self.scope.faults.other("DataQualityIssue", f"`{fact.name}` is a list of texts{among}")
        there = self.scope.layers.named(value.value, "f")
        wrong = odd_items(there, item.values, self.scope.dialect)
        return Sql(value.value, case([(all_of((not_null(there), wrong)), whole(fault))]))

    def misfit(self, fact: Fact) -> Term | None:
        """The fault of a value in a column whose type does not hold it as it is, where that is not known beforehand."""
        wrong = None if self.table is not None else unfit(column(fact.name), fact.type.kind, self.scope.dialect)
        if wrong is None:
            return None
        called = KINDS[fact.type.kind][0]
        kind = exp.DataType.build(self.kind_of(fact.type, self.digits(fact))).sql(dialect=self.scope.dialect.name)
        message = f"the column `{fact.name}` is of a type that does not hold {called} as it is: cast it to {kind} first"
        return case([(wrong, whole(self.scope.faults.other("DataQualityIssue", message)))])

    def refused(self, fact: Fact) -> int:
        """The fault of a value that the fact does not take."""
        takes = f"one of {', '.join(fact.type.values[:6])}" if fact.type.values else f"within {fact.limits}"
        if fact.time_zone:
            takes = "a time zone such as Asia/Kolkata"
        return self.scope.faults.other("DataQualityIssue", f"`{fact.name}` is not {takes}")

    def absent(self, need: Need, value: Sql) -> Sql:
        """What becomes of a NULL."""
        fact = need.fact
        if fact.default is not None:
            term = single(Expressions(self.scope, "").literal(fact.default, fact.type)).value
            if value.digits is not None:
                term = self.scope.dialect.number(term, value.digits)
            return Sql(
                exp.Coalesce(this=value.value, expressions=[term]),
                value.fault,
                value.digits,
                value.positive,
                value.written,
            )
        if fact.optional or need.may_miss:
            return value
        lacks = whole(self.scope.faults.lacks(need.reader, fact.name))
        self.lacks.append(case([(is_null(column(fact.name)), lacks)]))
        return value

    def kind_of(self, of: Type, digits: Digits | None) -> str:
        if digits is not None:
            return self.scope.dialect.decimal(digits)
        kinds = {Kind.TEXT: "TEXT", Kind.FLAG: "BOOLEAN", Kind.DATE: "DATE", Kind.LIST: "ARRAY<TEXT>"}
        if of.kind is Kind.DATE_TIME:
            return "TIMESTAMPTZ"
        if of.kind not in kinds:
            raise Unsupported(f"a {of} has no column")
        return kinds[of.kind]

    def column(self, need: Need) -> Column:
        fact = need.fact
        kind = self.kind_of(fact.type, self.digits(fact))
        notes = [fact.meaning]
        if fact.type.values:
            more = len(fact.type.values) - _VALUES_TOLD
            among = ", ".join(fact.type.values[:_VALUES_TOLD])
            notes.append(f"one of {among}" + (f" and {more} more" if more > 0 else ""))
        return Column(
            fact.name,
            exp.DataType.build(kind).sql(dialect=self.scope.dialect.name),
            "; ".join(note for note in notes if note),
            not (need.may_miss or fact.optional or fact.default is not None),
        )


def written(fact: Fact, digits: Digits) -> int | None:
    """How many digits the text of a fact has behind the point: see `Sql`."""
    if fact.precision is not None:
        return fact.precision
    if fact.type.is_money:
        return digits.scale if digits.scale <= digits_of_currency(fact.type.unit) else None
    return 0 if digits.scale == 0 else -1


def personal_read(values: Mapping[str, Value], personal: tuple[str, ...]) -> Sql:
    """Whether any personal fact that was read is there."""
    return Sql(any_of(not_null(value.value) for name in personal if isinstance(value := values.get(name), Sql)))
