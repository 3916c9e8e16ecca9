"""The built-in functions in SQL: one emitter for each, or why there is none. A test holds the names equal to FEEL's.

What asks for nothing but the clock, or for one fact of few values, has no need of an emitter: the Python reading works
it out beforehand (see `Expressions.known`).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from sqlglot import exp

from ordain.engine.backends.digits import Digits
from ordain.engine.backends.sql import numbers_in_sql as numbers
from ordain.engine.backends.sql.choices_in_sql import single
from ordain.engine.backends.sql.list_functions_in_sql import LIST_EMITTERS, Emitter
from ordain.engine.backends.sql.not_in_sql import Unsupported
from ordain.engine.backends.sql.operations_in_sql import Setting
from ordain.engine.backends.sql.sql_terms import Sql, Term, Value, binary, case, cast, negated, text, whole
from ordain.engine.feel.syntax.tree import Call, Expr, Literal
from ordain.engine.values.types import Kind

_COUNTED = Digits(9, 0)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def _not(use: Setting, call: Call, given: list[Value]) -> Value:
    return Sql(negated(single(given[0]).value))


def _string(use: Setting, call: Call, given: list[Value]) -> Value:
    value, of = single(given[0]), call.arguments[0].type
    if len(given) > 1:
        raise Unsupported("`string` with a pattern is not translated")
    match of.kind:
        case Kind.TEXT:
            return Sql(value.value)
        case Kind.FLAG:
            return Sql(case([(value.value, text("true")), (negated(value.value), text("false"))]))
        case Kind.DATE if use.dialect.name in ("duckdb", "postgres", "spark"):
            return Sql(cast(value.value, "TEXT"))
        case Kind.NUMBER:
            return Sql(_number_text(use, value))
        case _:
            raise Unsupported(f"the text of {of} is written in other ways by databases")


def _number_text(use: Setting, value: Sql) -> Term:
    digits, written = numbers.of(value), value.written
    if written is None:
        raise Unsupported(
            "how many zeros a text of this number ends with is not known", "round it first: string(decimal(x, 2))"
        )
    if written >= 0:
        exact = Digits(digits.whole, written)
        return use.dialect.words(use.dialect.number(value.value, exact))
    shown = use.dialect.words(value.value)
    if digits.scale == 0:
        return shown
    point = exp.Trim(this=shown, expression=text("0"), position="TRAILING")
    return exp.Trim(this=point, expression=text("."), position="TRAILING")


def _length(use: Setting, call: Call, given: list[Value]) -> Value:
    counted = use.dialect.number(exp.Length(this=single(given[0]).value), _COUNTED)
    return Sql(counted, digits=_COUNTED, positive=True, written=0)


def _written(node: Expr) -> Decimal:
    if isinstance(node, Literal) and isinstance(node.value, Decimal):
        return node.value
    raise Unsupported("its second part has to be a written number")


def _substring(use: Setting, call: Call, given: list[Value]) -> Value:
    start = _written(call.arguments[1])
    if start < 1 or start != int(start):
        raise Unsupported("a substring that begins from the end is not translated")
    length = None
    if len(given) > 2:
        count = _written(call.arguments[2])
        if count < 0 or count != int(count):
            raise Unsupported("the length of a substring has to be a written whole number")
        length = whole(int(count))
    return Sql(exp.Substring(this=single(given[0]).value, start=whole(int(start)), length=length))


def _position(given: list[Value]) -> Term:
    return exp.StrPosition(this=single(given[0]).value, substr=single(given[1]).value)


def _contains(use: Setting, call: Call, given: list[Value]) -> Value:
    return Sql(binary(exp.GT, _position(given), whole(0)))


def _starts(use: Setting, call: Call, given: list[Value]) -> Value:
    words, part = (single(each).value for each in given)
    return Sql(binary(exp.EQ, exp.Left(this=words, expression=exp.Length(this=part)), part))


def _ends(use: Setting, call: Call, given: list[Value]) -> Value:
    words, part = (single(each).value for each in given)
    return Sql(binary(exp.EQ, exp.Right(this=words, expression=exp.Length(this=part)), part))


def _rounded(mode: str) -> Emitter:
    def emit(use: Setting, call: Call, given: list[Value]) -> Value:
        scale = _written(call.arguments[1]) if len(given) > 1 else Decimal(0)
        return numbers.rounded(single(given[0]), int(scale), mode, use.dialect, use.keep)

    return emit


def _absolute(use: Setting, call: Call, given: list[Value]) -> Value:
    value = single(given[0])
    if call.arguments[0].type.kind is not Kind.NUMBER:
        return Sql(exp.Abs(this=value.value))
    digits = numbers.of(value)
    return Sql(use.dialect.number(exp.Abs(this=value.value), digits), digits=digits, positive=True)


def _modulo(use: Setting, call: Call, given: list[Value]) -> Value:
    left, right = single(given[0]), single(given[1])
    fault = use.faults.other("CalculationFailed", f"{use.place} cannot be calculated: division by zero")
    by_zero = case([(numbers.is_zero(right, use.dialect), whole(fault))])
    digits = numbers.widest([left, right])
    one, other = use.dialect.number(left.value, digits), use.dialect.number(right.value, digits)
    none = use.dialect.number(whole(0), digits)
    rest = use.dialect.number(exp.Mod(this=one, expression=exp.Nullif(this=other, expression=none)), digits)
    is_other = exp.NEQ(
        this=exp.Paren(this=binary(exp.LT, rest, none)), expression=exp.Paren(this=binary(exp.LT, other, none))
    )
    wraps = exp.And(this=binary(exp.NEQ, rest, none), expression=exp.Paren(this=is_other))
    term = case([(wraps, use.dialect.number(binary(exp.Add, rest, other), digits))], rest)
    return Sql(term, by_zero, digits=digits, positive=right.positive)


def _whole(use: Setting, value: Sql, why: str) -> tuple[Term, Term | None]:
    """A number as a decimal without digits behind the point, and the fault of one that has some."""
    digits = numbers.of(value)
    if not digits.scale:
        return value.value, None
    cut = use.dialect.number(value.value, Digits((digits.whole or 0) + 1, 0))
    differs = binary(exp.NEQ, value.value, use.dialect.number(cut, digits))
    return cut, case(
        [(differs, whole(use.faults.other("CalculationFailed", f"{use.place} cannot be calculated: {why}")))]
    )


def _parity(odd: bool) -> Emitter:
    def emit(use: Setting, call: Call, given: list[Value]) -> Value:
        value = single(given[0])
        cut, fault = _whole(use, value, "only a whole number is odd or even")
        rest = exp.Mod(this=cut, expression=whole(2))
        return Sql(binary(exp.NEQ if odd else exp.EQ, rest, whole(0)), fault)

    return emit


def _months(use: Setting, call: Call, given: list[Value]) -> Value:
    count = single(given[0])
    cut, fault = _whole(use, count, "a number of months is whole")
    return Sql(use.dialect.cast(cut, "BIGINT"), fault)


def _name_of(part: str, names: tuple[str, ...]) -> Emitter:
    def emit(use: Setting, call: Call, given: list[Value]) -> Value:
        if call.arguments[0].type.kind is not Kind.DATE:
            raise Unsupported("a date and time is kept as its moment, without the clock it was written by")
        number = use.dialect.part_of_date(part, single(given[0]).value)
        return Sql(case((binary(exp.EQ, number, whole(n)), text(name)) for n, name in enumerate(names, start=1)))

    return emit


def _compared(op: str) -> Emitter:
    """`before` and `after` of two single values."""

    def emit(use: Setting, call: Call, given: list[Value]) -> Value:
        one, other = single(given[0]), single(given[1])
        if call.arguments[0].type.kind is Kind.NUMBER:
            return Sql(numbers.compared(op, one, other, use.dialect))
        if call.arguments[0].type.kind is Kind.TEXT:
            ordered = use.dialect.ordered_text
            return Sql(binary(numbers.COMPARED[op], ordered(one.value), ordered(other.value)))
        return Sql(binary(numbers.COMPARED[op], one.value, other.value))

    return emit


_LETTERS = Unsupported("databases change letters beyond A to Z in different ways", "send it in one case, as a fact")
_PATTERN = Unsupported("each database has regular expressions of its own", "use `contains`, `starts with`, `ends with`")
_MAKES_LIST = Unsupported("which items are in its list, and where, only the database would know")
_MAKES_CONTEXT = Unsupported("it makes or takes apart a context while it runs")
_IRRATIONAL = Unsupported("databases calculate it in floating point, which no outcome may depend on")
_RANGES = Unsupported("ranges are no values in SQL", "write the comparison: x >= 1 and x <= 5")
_CALENDAR = Unsupported("it counts through a calendar day by day", "send the date it gives as a fact")
_READS_TEXT = Unsupported("which texts can be read that way cannot be said in SQL", "send it as a fact of that type")
_CLOCK = Unsupported("a date and time is kept as its moment, without the clock it was written by")
_KNOWN = Unsupported("it is worked out beforehand, or not at all")
_WEEK = Unsupported("databases count weeks and days of the year from different days")

EMITTERS: Mapping[str, Emitter | Unsupported] = {
    **LIST_EMITTERS,
    "string": _string,
    "number": _READS_TEXT,
    "not": _not,
    "all": _MAKES_LIST,
    "any": _MAKES_LIST,
    "substring": _substring,
    "string length": _length,
    "upper case": _LETTERS,
    "lower case": _LETTERS,
    "substring before": Unsupported("databases cut texts at a part in different ways"),
    "substring after": Unsupported("databases cut texts at a part in different ways"),
    "replace": _PATTERN,
    "contains": _contains,
    "starts with": _starts,
    "ends with": _ends,
    "matches": _PATTERN,
    "split": _PATTERN,
    "decimal": _rounded("HALF_EVEN"),
    "floor": _rounded("FLOOR"),
    "ceiling": _rounded("CEILING"),
    "round up": _rounded("UP"),
    "round down": _rounded("DOWN"),
    "round half up": _rounded("HALF_UP"),
    "round half down": _rounded("HALF_DOWN"),
    "round half even": _rounded("HALF_EVEN"),
    "abs": _absolute,
    "modulo": _modulo,
    "sqrt": _IRRATIONAL,
    "log": _IRRATIONAL,
    "exp": _IRRATIONAL,
    "odd": _parity(True),
    "even": _parity(False),
    "median": _MAKES_LIST,
    "stddev": _IRRATIONAL,
    "mode": _MAKES_LIST,
    "sublist": _MAKES_LIST,
    "insert before": _MAKES_LIST,
    "remove": _MAKES_LIST,
    "index of": _MAKES_LIST,
    "union": _MAKES_LIST,
    "distinct values": _MAKES_LIST,
    "flatten": _MAKES_LIST,
    "list replace": _MAKES_LIST,
    "sort": _MAKES_LIST,
    "get value": _MAKES_CONTEXT,
    "get entries": _MAKES_CONTEXT,
    "context": _MAKES_CONTEXT,
    "context put": _MAKES_CONTEXT,
    "context merge": _MAKES_CONTEXT,
    "date": _READS_TEXT,
    "time": _CLOCK,
    "date and time": _READS_TEXT,
    "duration": _READS_TEXT,
    "months": _months,
    "years and months duration": Unsupported("whole months between two dates are counted in different ways"),
    "day of year": _WEEK,
    "day of week": _name_of("weekday", _DAYS),
    "month of year": _name_of("month", _MONTHS),
    "week of year": _WEEK,
    "now": _KNOWN,
    "today": _KNOWN,
    "is": Unsupported("whether two values are written alike cannot be asked in SQL", "use `=`"),
    "in zone": _CLOCK,
    "is holiday": _CALENDAR,
    "is working day": _CALENDAR,
    "next working day": _CALENDAR,
    "add working days": _CALENDAR,
    "before": _compared("<"),
    "after": _compared(">"),
    "meets": _RANGES,
    "met by": _RANGES,
    "overlaps": _RANGES,
    "overlaps before": _RANGES,
    "overlaps after": _RANGES,
    "finishes": _RANGES,
    "finished by": _RANGES,
    "includes": _RANGES,
    "during": _RANGES,
    "starts": _RANGES,
    "started by": _RANGES,
    "coincides": _RANGES,
    "range": _RANGES,
}
"""By the function's name."""
