"""Whatever tree there is, its text says the same tree."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordain.engine.errors import Span
from ordain.engine.feel.syntax import parse, tree
from ordain.engine.feel.syntax.printer import cell_text, printed, type_text
from ordain.engine.feel.syntax.tree import Expr, TypeName
from ordain.engine.values import types as values
from ordain.engine.values.temporal import Months

AT = Span("test", 1, 1)
NAMES = ["a", "x1", "monthly price", "e-mail", "in force", "5G", "Loan and Rate", "d'or", "date", "string length", "🐎"]
FIELDS = ["b", "unit price", "time offset", "in force", "if", "net/gross"]
COMPARE = ["=", "!=", "<", "<=", ">", ">="]
TYPES = st.recursive(
    st.sampled_from(["number", "date and time", "years and months duration", "t Plan", "ns.Plan"]).map(TypeName),
    lambda inner: st.one_of(
        st.builds(lambda item: TypeName("list", (item,)), inner),
        st.builds(lambda item: TypeName("range", (item,)), inner),
        st.builds(lambda one, two: TypeName("context", (one, two), ("a", "b c")), inner, inner),
        st.builds(lambda items, gives: TypeName("function", tuple(items), (), gives), st.lists(inner), inner),
    ),
    max_leaves=4,
)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**12), max_value=10**12)
TEMPORAL = st.one_of(
    st.dates(),
    st.times(timezones=st.just(dt.UTC) | st.none()),
    st.datetimes(timezones=st.sampled_from([dt.UTC, dt.timezone(dt.timedelta(hours=5, minutes=30))])),
    st.timedeltas(min_value=dt.timedelta(days=-9999), max_value=dt.timedelta(days=9999)),
    st.integers(-(10**6), 10**6).map(Months),
)
LITERALS = st.one_of(
    (NUMBERS | st.sampled_from([Decimal("1E+60"), Decimal("-1E-60")])).map(
        lambda value: tree.Literal(AT, values.number(str(value)), type=values.NUMBER)
    ),
    st.text().map(lambda value: tree.Literal(AT, value, type=values.TEXT)),
    st.booleans().map(lambda value: tree.Literal(AT, value, type=values.FLAG)),
    st.just(tree.Literal(AT, None, type=values.NULL)),
    TEMPORAL.map(lambda value: tree.Literal(AT, value, type=values.SIMPLE[str(values.kind_of(value))])),
)
INPUT = tree.Input(AT)


def _several(items: st.SearchStrategy[Expr], fewest: int = 0) -> st.SearchStrategy[tuple[Expr, ...]]:
    return st.lists(items, min_size=fewest, max_size=3).map(tuple)


def _over(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    at, name = st.just(AT), st.sampled_from(NAMES)
    each = st.builds(
        tree.Each, at, st.sampled_from(["y", "loan part"]), inner | st.builds(tree.Steps, at, inner, inner)
    )
    entry = st.builds(tree.Entry, at, st.sampled_from(["a", "b", "unit price", "for x", "a  b", '"', ""]), inner)
    entries = st.builds(tree.ContextOf, at, _several(entry))
    parameter = st.builds(tree.Parameter, at, st.sampled_from(["a", "loan part"]), st.none() | TYPES)
    value = st.none() | inner
    return st.one_of(
        st.builds(tree.Path, at, inner, st.sampled_from(FIELDS)),
        st.builds(tree.Filter, at, inner, inner),
        st.builds(tree.Negate, at, inner),
        st.builds(tree.Arithmetic, at, st.sampled_from(["+", "-", "*", "/", "**"]), inner, inner),
        st.builds(tree.Comparison, at, st.sampled_from(COMPARE), inner, inner),
        st.builds(tree.Logic, at, st.sampled_from(["and", "or"]), _several(inner, 2)),
        st.builds(tree.If, at, inner, inner, inner),
        st.builds(tree.Between, at, inner, inner, inner),
        st.builds(tree.In, at, inner, _several(_tests(inner), 1)),
        st.builds(_range, value, value, st.booleans(), st.booleans()),
        st.builds(tree.ListOf, at, _several(inner)),
        entries,
        st.builds(tree.For, at, _several(each, 1), inner),
        st.builds(tree.Quantified, at, st.sampled_from(["some", "every"]), _several(each, 1), inner),
        st.builds(tree.Function, at, _several(parameter), inner),
        st.builds(tree.Function, at, _several(parameter), entries, st.just(True)),
        st.builds(tree.InstanceOf, at, inner, TYPES),
        st.builds(tree.Call, at, inner | name.map(_name), _several(inner)),
        st.builds(lambda to, one, two: tree.Call(AT, to, (one, two), ("from", "start date")), inner, inner, inner),
    )


def _name(name: str) -> Expr:
    return tree.Name(AT, name)


def _range(low: Expr | None, high: Expr | None, low_open: bool, high_open: bool) -> Expr:
    if low is None and high is None:
        high = INPUT_FREE
    return tree.Range(AT, low, high, low_open or low is None, high_open or high is None)


INPUT_FREE = tree.Literal(AT, True, type=values.FLAG)


def _tests(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    return st.one_of(
        st.builds(tree.Comparison, st.just(AT), st.sampled_from(COMPARE), st.just(INPUT), inner),
        st.builds(tree.Matches, st.just(AT), st.just(INPUT), inner),
        st.builds(lambda left, right: tree.Logic(AT, "and", (left, tree.Call(AT, INPUT, (right,)))), inner, inner),
        st.builds(lambda right: tree.Call(AT, tree.Name(AT, "not"), (INPUT, right)), inner),
        st.just(INPUT),
    )


EXPRESSIONS = st.recursive(LITERALS | st.sampled_from(NAMES).map(_name), _over, max_leaves=14)
QUICK = settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
KNOWN = [*NAMES, "loan part", "partial"]


@given(EXPRESSIONS)
@QUICK
def test_an_expression_printed_and_read_is_the_same_tree(found: Expr) -> None:
    assert parse.expression(printed(found), AT, KNOWN, FIELDS) == found


@given(st.lists(_tests(EXPRESSIONS), min_size=1, max_size=3), st.booleans())
@QUICK
def test_a_cell_printed_and_read_is_the_same_tree(tests: list[Expr], negated: bool) -> None:
    cell = tests[0] if len(tests) == 1 else tree.Logic(AT, "or", tuple(tests))
    cell = tree.call(AT, "not", cell) if negated else cell
    assert parse.unary_tests(cell_text(cell), AT, KNOWN, FIELDS) == cell


@given(TYPES)
@QUICK
def test_a_type_printed_and_read_is_the_same_type(of: TypeName) -> None:
    assert parse.type_name(type_text(of), AT) == of
    assert parse.expression(f"x instance of {type_text(of)} and y", AT).operands[0].named == of  # type: ignore[attr-defined]


def test_a_cell_that_asks_nothing_is_a_dash() -> None:
    assert cell_text(None) == "-"
