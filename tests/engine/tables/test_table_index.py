"""The index of a table finds exactly the rules whose cells hold: against trying every cell by the words of DMN."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordain.engine.errors import Span
from ordain.engine.feel.syntax.tree import Comparison, Expr, Input, ListOf, Literal, Logic, Matches, Name, Range, call
from ordain.engine.tables.cells import asks_null, plain_cell
from ordain.engine.tables.index import TableIndex
from ordain.engine.tables.index_column import bits
from ordain.engine.values.temporal import Months
from ordain.engine.values.types import ANY, Kind, Value, kind_of

HERE = Span("test", 1, 1, "")
ASKED = Input(HERE)
ORDER = {"<": lt, "<=": le, ">": gt, ">=": ge}
INDIA = dt.timezone(dt.timedelta(hours=5, minutes=30))
FEW: dict[Kind, list[Value]] = {
    Kind.NUMBER: [Decimal(text) for text in ("-1", "0", "0.5", "1", "1.00", "2", "1E+2")],
    Kind.TEXT: ["", "a", "b", "ba"],
    Kind.FLAG: [False, True],
    Kind.DATE: [dt.date(2026, 1, day) for day in (1, 2, 3)],
    Kind.TIME: [dt.time(8), dt.time(8, 0, 1), dt.time(9)],
    Kind.DATE_TIME: [dt.datetime(2026, 1, 1, hour, tzinfo=zone) for hour in (0, 5) for zone in (dt.UTC, INDIA)],
    Kind.DURATION: [dt.timedelta(days) for days in (-1, 0, 30)],
    Kind.MONTHS: [Months(count) for count in (-1, 0, 1, 12)],
}
PLAIN = [kind for kind in FEW if kind not in (Kind.TIME, Kind.DATE_TIME)]
"""What cells of a lenient table name: one that names a time is asked itself, for there whole seconds count."""


def literal(value: Value) -> Literal:
    return Literal(HERE, value, type=ANY)


def match(value: Value) -> Matches:
    return Matches(HERE, ASKED, literal(value))


def interval(low: Value, high: Value, low_open: bool = False, high_open: bool = True) -> Matches:
    ends = (None if end is None else literal(end) for end in (low, high))
    return Matches(HERE, ASKED, Range(HERE, *ends, low_open or low is None, high_open or high is None))


def either(*tests: Expr) -> Expr:
    return tests[0] if len(tests) == 1 else Logic(HERE, "or", tests)


def none_of(*tests: Expr) -> Expr:
    return call(HERE, "not", either(*tests))


def says(cell: Expr, value: Value, lenient: bool) -> bool | None:
    """What a cell says of a value, by three-valued logic; None is null, or not known."""
    match cell:
        case Logic(operands=tests):
            answers = [says(test, value, lenient) for test in tests]
            return True if True in answers else None if None in answers else False
        case Matches(candidate=Literal(value=wanted)) | Comparison(op="=", right=Literal(value=wanted)):
            return equal(value, wanted, lenient)
        case Comparison(op="!=", right=Literal(value=wanted)):
            answer = equal(value, wanted, lenient)
            return None if answer is None else not answer
        case Comparison(op=op, right=Literal(value=bound)):
            return ORDER[op](value, bound) if kind_of(value) is kind_of(bound) else None
        case Matches(candidate=ListOf(items=items)):
            return says(Logic(HERE, "or", tuple(match_of(item) for item in items)), value, lenient)
        case Matches(candidate=Range() as ends):
            low, high = (end.value if isinstance(end, Literal) else None for end in (ends.low, ends.high))
            if kind_of(value) is not kind_of(high if low is None else low):
                return None
            above = low is None or (low < value if ends.low_open else low <= value)
            return above and (high is None or (value < high if ends.high_open else value <= high))
        case _:
            answer = says(cell.arguments[0], value, lenient)  # type: ignore[attr-defined]
            return None if answer is None else not answer


def match_of(item: Expr) -> Matches:
    return Matches(HERE, ASKED, item)


def equal(value: Value, wanted: Value, lenient: bool) -> bool | None:
    if value is None or wanted is None:
        return value is wanted if lenient or wanted is None else None
    return value == wanted if kind_of(value) is kind_of(wanted) else None


def tried(
    rules: Sequence[Sequence[Expr | None]], values: Sequence[Value], null: Sequence[bool], lenient: bool
) -> tuple[set[int], set[int]]:
    """The rules that match and those that are unknown, by trying each cell."""
    matching, unknown = set(), set()
    for number, rule in enumerate(rules):
        answers = [
            says(cell, values[column], lenient)
            if not (values[column] is None and null[column] and not lenient)
            else bool(says(cell, None, lenient))
            for column, cell in enumerate(rule)
            if cell is not None and not isinstance(cell, Name)
        ]
        if all(answers):
            matching.add(number)
        elif False not in answers and not lenient:
            unknown.add(number)
    return matching, unknown


@st.composite
def a_test(draw: st.DrawFn, kind: Kind) -> Expr:
    value = st.sampled_from(FEW[kind])
    signs = ["=", "!="] if kind is Kind.FLAG else ["=", "!=", *ORDER]
    shape = draw(st.sampled_from(["value", "sign", "list", "null", "not null", *["range"] * (kind is not Kind.FLAG)]))
    match shape:
        case "value":
            return match_of(literal(draw(value)))
        case "sign":
            return Comparison(HERE, draw(st.sampled_from(signs)), ASKED, literal(draw(value)))
        case "list":
            return match_of(ListOf(HERE, tuple(map(literal, draw(st.lists(value, min_size=1, max_size=3))))))
        case "range":
            low, high = sorted((draw(value), draw(value)))
            opens = draw(st.booleans()), draw(st.booleans())
            if low == high:
                opens = False, False
            low, high = draw(st.sampled_from([(low, high), (low, None), (None, high)]))
            return interval(low, high, *opens)
    return match_of(literal(None)) if shape == "null" else Comparison(HERE, "!=", ASKED, literal(None))


@st.composite
def cells(draw: st.DrawFn, kinds: Sequence[Kind], lenient: bool) -> Expr | None:
    tests = draw(st.lists(st.sampled_from(kinds).flatmap(a_test), max_size=3))
    if not tests:
        return draw(st.sampled_from([None, Name(HERE, "other")]))
    negated = draw(st.booleans())
    if negated and lenient:
        tests = [test for test in tests if not (isinstance(test, Matches) and isinstance(test.candidate, ListOf))]
    return (none_of if negated else either)(*tests) if tests else None


@st.composite
def tables(draw: st.DrawFn, lenient: bool) -> tuple[list[list[Expr | None]], list[tuple[Value, ...]]]:
    several = st.lists(st.sampled_from(PLAIN if lenient else list(FEW)), min_size=1, max_size=3 if lenient else 1)
    columns = draw(st.lists(several, min_size=1, max_size=3))
    rule = st.tuples(*(cells(kinds, lenient) for kinds in columns)).map(list)
    rules = draw(st.lists(rule, min_size=1, max_size=12))
    asked = (list(FEW) if lenient else kinds for kinds in columns)
    values = st.tuples(*(st.sampled_from([None, *(value for kind in kinds for value in FEW[kind])]) for kinds in asked))
    return rules, draw(st.lists(values, min_size=1, max_size=8))


@pytest.mark.parametrize("lenient", [False, True], ids=["strict", "lenient"])
@settings(max_examples=80, deadline=None)
@given(data=st.data(), block=st.integers(1, 13))
def test_the_index_finds_what_trying_every_cell_finds(lenient: bool, data: st.DataObject, block: int) -> None:
    rules, questions = data.draw(tables(lenient))
    null = [any(cell is not None and asks_null(cell) for cell in column) for column in zip(*rules, strict=True)]

    def answer(rule: int, column: int, value: Value) -> bool | None:
        cell = rules[rule][column]
        assert cell is not None
        return says(cell, value, lenient)

    index = index_of(rules, lenient=lenient, answer=answer, block=block)
    for values in questions:
        found = tuple(set(bits(mask)) for mask in index.lookup(values))
        assert found == tried(rules, values, null, lenient)
        by_block = [(offset + bit) for offset, mask, _ in index.lookups(values) for bit in bits(mask)]
        assert by_block == sorted(found[0])


def index_of(rules: Sequence[Sequence[Expr | None]], *, lenient: bool = False, **options: Any) -> TableIndex:
    plain = [[None if cell is None else plain_cell(cell, lenient=lenient) for cell in rule] for rule in rules]
    null = [any(cell is not None and asks_null(cell) for cell in column) for column in zip(*rules, strict=True)]
    return TableIndex(plain, null, lenient=lenient, **options)


def find(rules: Sequence[Sequence[Expr | None]], *values: Value, lenient: bool = False) -> tuple[list[int], list[int]]:
    matching, unknown = index_of(rules, lenient=lenient).lookup(values)
    return list(bits(matching)), list(bits(unknown))


def test_a_bound_belongs_to_the_range_that_includes_it() -> None:
    rules = [[interval(Decimal(0), Decimal(10))], [interval(Decimal(10), Decimal(20), False, False)]]
    found = {text: find(rules, Decimal(text))[0] for text in ("-0.01", "0", "9.99", "10", "10.00", "20", "20.01")}
    assert found == {"-0.01": [], "0": [0], "9.99": [0], "10": [1], "10.00": [1], "20": [1], "20.01": []}


def test_a_flag_is_never_a_number() -> None:
    rules = [[match(Decimal(1))], [match(True)], [match(Decimal(0))], [match(False)]]
    assert find(rules, True, lenient=True) == ([1], [])
    assert find(rules, Decimal(1), lenient=True) == ([0], [])
    assert find(rules, Decimal(0), lenient=True) == ([2], [])


def test_a_date_is_never_a_date_and_time() -> None:
    day = [[match(dt.date(2026, 1, 1))]]
    assert find(day, dt.date(2026, 1, 1), lenient=True) == ([0], [])
    assert find(day, dt.datetime(2026, 1, 1, 5, 30, tzinfo=INDIA), lenient=True) == ([], [])
    assert find(day, dt.datetime(2026, 1, 1), lenient=True) == ([], [])
    moment = [[match(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))]]
    assert find(moment, dt.datetime(2026, 1, 1, 5, 30, tzinfo=INDIA)) == ([0], [])
    assert find(moment, dt.date(2026, 1, 1)) == ([], [])


@pytest.mark.parametrize("value", [dt.time(8), dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)])
def test_a_cell_of_a_lenient_table_that_names_a_time_is_asked_itself(value: Value) -> None:
    for cell in (match(value), either(match("a"), match(value)), interval(value, None)):
        assert plain_cell(cell, lenient=True) is None
        assert plain_cell(cell, lenient=False) is not None


def test_null_leaves_rules_unknown_unless_another_column_rules_them_out() -> None:
    rules = [[match("a"), match(True)], [match("a"), match(False)], [None, match(True)]]
    assert find(rules, None, True) == ([2], [0])


def test_null_is_known_in_a_column_with_a_rule_for_null() -> None:
    rules = [[match("a")], [match(None)], [either(match("b"), match(None))], [none_of(match("a"))]]
    assert find(rules, None) == ([1, 2], [])
    assert find(rules, "b") == ([2, 3], [])


def test_lenient_negations_hold_for_null_where_equality_does_not() -> None:
    five = Comparison(HERE, ">", ASKED, literal(Decimal(5)))
    rules = [[none_of(match("a"))], [none_of(five)], [Comparison(HERE, "!=", ASKED, literal("a"))], [match("a")]]
    assert find(rules, None, lenient=True) == ([0, 2], [])
    assert find(rules, Decimal(3), lenient=True) == ([1], [])


def test_a_value_that_cannot_be_looked_up_is_asked_for_cell_by_cell() -> None:
    asked = []

    def answer(rule: int, column: int, value: Value) -> bool | None:
        asked.append((rule, column, value))
        return (True, False, None)[rule]

    rules = [[match("a"), None], [match("b"), None], [match("c"), None], [match("a"), match("x")]]
    index = index_of(rules, answer=answer, block=3)
    assert tuple(next(index.lookups((("a",), "y")))) == (0, 0b001, 0b100)
    assert asked == [(0, 0, ("a",)), (1, 0, ("a",)), (2, 0, ("a",))]
    assert index_of(rules, lenient=True).lookup((("a",), "x")) == (0, 0)


def test_a_strict_table_compares_a_time_with_offset_to_times_without_as_feel_does() -> None:
    evening = dt.time(20, tzinfo=INDIA)
    assert find([[none_of(match(dt.time(8)))], [match(dt.time(8))]], evening) == ([0], [])
    early = [[Comparison(HERE, sign, ASKED, literal(dt.time(20)))] for sign in ("<", "<=", "=", "!=", ">=", ">")]
    assert find(early, evening) == ([1, 2, 4], [])
    assert find([[interval(dt.time(8), dt.time(20))], [interval(dt.time(8), dt.time(21))]], evening) == ([1], [])


def test_a_rule_that_other_columns_rule_out_is_not_asked() -> None:
    rules = [[match("x"), match("a")]]
    index = index_of(rules, answer=lambda rule, column, value: 1 / 0)
    assert index.lookup(("y", ("a",))) == (0, 0)


@pytest.mark.parametrize(
    "cell",
    [
        Name(HERE, "limit"),
        interval(Decimal(2), Decimal(1)),
        interval(Decimal(1), Decimal(1), True, True),
        interval(Decimal(1), "a"),
        interval(None, None),
        match_of(ListOf(HERE, ())),
        match_of(ListOf(HERE, (literal("a"), literal(None)))),
        match(dt.time(8, tzinfo=dt.UTC)),
        match(("a",)),
        Comparison(HERE, "<", ASKED, literal(None)),
        Comparison(HERE, "<", ASKED, literal(True)),
        Comparison(HERE, "<", literal(Decimal(1)), ASKED),
        either(match("a"), Name(HERE, "limit")),
        none_of(none_of(match("a"))),
    ],
    ids=str,
)
def test_a_cell_that_is_not_plain_counts_as_asking_nothing(cell: Expr) -> None:
    assert plain_cell(cell, lenient=True) is None
    assert index_of([[cell], [match("a")]]).lookup(("a",)) == (0b11, 0)


def test_the_first_block_with_an_answer_is_the_only_one_asked() -> None:
    rules = [[interval(Decimal(n), Decimal(n + 1))] for n in range(10)] * 3
    found = index_of(rules, block=10).lookups((Decimal("4.5"),))
    assert [next(found), next(found)] == [(0, 1 << 4, 0), (10, 1 << 4, 0)]
    assert list(found) == [(20, 1 << 4, 0)]


def test_a_table_without_rules_or_columns_has_an_answer() -> None:
    assert index_of([]).lookup(()) == (0, 0)
    assert index_of([[], []]).lookup(()) == (0b11, 0)
