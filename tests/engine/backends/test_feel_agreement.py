"""Random typed expressions: the compiled Python agrees with a slow and plain reading of the tree, errors included."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import plain_reading
from feel_cases import AT, ORIGIN, checked, compiled_formula
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from ordain.engine.backends.python.expressions import function_of
from ordain.engine.errors import CalculationFailed, CustomerDataIncomplete, Issue
from ordain.engine.feel.runtime.calls import Runtime
from ordain.engine.feel.syntax import parse
from ordain.engine.feel.typing.checker import untyped
from ordain.engine.values.types import DATE, DURATION, FLAG, NUMBER, TEXT, Type, Value, plain

SCOPE: dict[str, Type] = {}
for _type, _word in ((NUMBER, "n"), (TEXT, "t"), (FLAG, "f"), (DATE, "d"), (DURATION, "u")):
    SCOPE[_word] = _type
    SCOPE[f"maybe_{_word}"] = Type(_type.kind, optional=True)

NUMBERS = st.one_of(
    st.integers(-20, 20).map(Decimal),
    st.decimals("-1000", "1000", places=4),
    st.sampled_from(["0", "0.1", "1e30", "-1e-30", "1234567890123456789012345678901234"]).map(Decimal),
)
DATES = st.dates(dt.date(1990, 1, 1), dt.date(2060, 12, 31)) | st.sampled_from([dt.date.min, dt.date.max])
DURATIONS = st.timedeltas(-dt.timedelta(days=400), dt.timedelta(days=400))
TEXTS = st.sampled_from(["", "a", "b", "Ab", "high", "e-mail", "₹"])
VALUES = {"n": NUMBERS, "t": TEXTS, "f": st.booleans(), "d": DATES, "u": DURATIONS}


@st.composite
def facts(draw: st.DrawFn) -> dict[str, Value]:
    return {
        name: draw(
            VALUES[name[-1]]
            if name in VALUES
            else st.one_of(st.none(), VALUES[name[-1]], VALUES[name[-1]], VALUES[name[-1]])
        )
        for name in SCOPE
    }


def literal(kind: str, value: Any) -> str:
    if kind == "n":
        return f"({value})" if value < 0 else str(value)
    if kind == "t":
        return f'"{value}"'
    return str(value).lower() if kind == "f" else f'@"{plain(value)}"'


@st.composite
def expressions(draw: st.DrawFn, kind: str, depth: int) -> str:
    """The text of a random expression of one type: n number, t text, f flag, d date, u duration."""
    if depth == 0 or draw(st.integers(0, 5)) == 0:
        if draw(st.booleans()):
            return literal(kind, draw(VALUES[kind]))
        return draw(st.sampled_from([kind, f"maybe_{kind}"]))

    def one(of: str = kind) -> str:
        return draw(expressions(of, depth - 1))

    shapes = {
        "n": ["({n} + {n})", "({n} - {n})", "({n} * {n})", "({n} / {n})", "(- {n})", "abs({n})", "floor({n})",
              "ceiling({n})", "min({n}, {n})", "max([{n} + 0, {n} + 0])",
              "sum([{n} + 0, {n} - 0, {n} * 1])", "count([{t}, {t}])",
              "string length({t})", "({u} / {u})"],
        "t": ["({t} + {t})", "upper case({t})", "min({t}, {t})"],
        "f": ["({n} < {n})", "({n} >= {n})", "({t} = {t})", "({n} != {n})", "({d} <= {d})", "({u} > {u})",
              "({f} and {f})", "({f} or {f})", "not({f})", "({n} between {n} and {n})", "({n} in [{n}..{n} + 0])",
              "({n} in ]{n}..{n} + 0[)", "({d} in ({d} - @\"P0D\"..{d}])", "({n} in (> {n}, < {n}))",
              "({t} in ({t}, {t}))",
              "({t} in [{t}, {t}])", "({f} = {f})", "(maybe_n = null)", "(maybe_t != null)", "({t} < {t})"],
        "d": ["({d} + {u})", "({d} - {u})", "({d} + months({n}))", "max({d}, {d})"],
        "u": ["({u} + {u})", "({u} - {u})", "({d} - {d})", "({u} * {n})", "({u} / {n})", "(- {u})", "abs({u})"],
    }  # fmt: skip
    shape = draw(st.sampled_from([*shapes[kind], f"(if {{f}} then {{{kind}}} else {{{kind}}})"]))
    parts = shape.split("{")
    return parts[0] + "".join(one(part[0]) + part[2:] for part in parts[1:])


KINDS = st.sampled_from("ntfdu")


def compiled(text: str, values: dict[str, Value]) -> object:
    held = dict(values)
    try:
        compiled_formula(checked(text, SCOPE), tuple(SCOPE)).run(held, AT, [])
    except CustomerDataIncomplete:
        return "missing"
    except CalculationFailed:
        return "failed"
    return held["result"]


def plainly(text: str, values: dict[str, Value]) -> object:
    try:
        return plain_reading.nullable(checked(text, SCOPE).tree, values)
    except plain_reading.Missing:
        return "missing"
    except plain_reading.Failed:
        return "failed"
    except plain_reading.Beyond:
        return reject()


@given(KINDS.flatmap(lambda kind: expressions(kind, 3)), facts())
@settings(max_examples=600, deadline=dt.timedelta(seconds=5))
def test_the_compiled_python_agrees_with_a_plain_reading(text: str, values: dict[str, Value]) -> None:
    found, wanted = compiled(text, values), plainly(text, values)
    assert type(found) is type(wanted)
    assert found == wanted
    if isinstance(found, Decimal):
        assert str(found) == str(wanted)


@given(KINDS.flatmap(lambda kind: expressions(kind, 3)), facts())
@settings(max_examples=300, deadline=dt.timedelta(seconds=5))
def test_where_the_strict_reading_gives_a_value_the_lenient_one_gives_the_same(
    text: str, values: dict[str, Value]
) -> None:
    strict = compiled(text, values)
    if isinstance(strict, str) and strict in ("missing", "failed"):
        reject()
    faults: list[Issue] = []
    tree = parse.expression(text, ORIGIN, SCOPE, lenient=True)
    lenient = function_of(untyped(tree), tuple(SCOPE))(None, values, AT, Runtime(faults))
    if any(fault.message == "the range ends before it begins" for fault in faults):
        reject()  # null in a `.dmn` file, and in a policy a range that holds nothing (ADR 56)
    assert type(lenient) is type(strict)
    assert lenient == strict
    assert faults == [] or any(value is None for value in values.values())


@given(KINDS.flatmap(lambda kind: expressions(kind, 3)), facts())
@settings(max_examples=100, deadline=dt.timedelta(seconds=5))
def test_an_expression_decides_the_same_again_and_changes_no_fact(text: str, values: dict[str, Value]) -> None:
    before = dict(values)
    first = compiled(text, values)
    assert values == before
    assert compiled(text, values) == first
