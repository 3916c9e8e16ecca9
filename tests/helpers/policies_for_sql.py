"""Random typed policies as texts, and customers for them: nulls, ties, borders, dates and lists.

They keep to what the readings beside Python know, so that few have to be thrown away.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

FACTS = b"""\
facts:
  n: {type: number, range: -50..50, precision: 2, meaning: m}
  whole: {type: number, range: 0..20, precision: 0, meaning: m}
  maybe_n: {type: number, range: 0..10, precision: 1, optional: true, meaning: m}
  rate: {type: number, range: -9..9, precision: 6, meaning: m}
  price: {type: number, unit: INR, range: 0..1000, meaning: m}
  tier: {type: text, values: [high, medium, low], meaning: m}
  maybe_t: {type: text, values: [high, medium, low], optional: true, meaning: m}
  words: {type: text, meaning: m}
  f: {type: flag, meaning: m}
  maybe_f: {type: flag, optional: true, meaning: m}
  d: {type: date, meaning: m}
  maybe_d: {type: date, optional: true, meaning: m}
  tags: {type: list of text, meaning: m}
  balance: {type: number, unit: INR, range: -500..500, meaning: m}
  maybe_price: {type: number, unit: JPY, range: 0..900, optional: true, meaning: m}
  share: {type: number, unit: fraction, range: 0..1, precision: 4, meaning: m}
  left: {type: number, unit: months, range: 0..24, precision: 0, meaning: m}
  maybe_tags: {type: list of text, optional: true, meaning: m}
  days_left: {type: number, range: 0..5, precision: 0, default: 2, meaning: m}
"""
SERVICES = b"services:\n  act: {purpose: p, policies: [sample], gives: [%s]}\n"
HEAD = "policy: sample\nversion: 1\nkind: decision\neffective: 2026-01-01\nowner: tests\npurpose: A case.\ndecides:\n"
DAY = dt.date(2026, 3, 15)

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "n": st.decimals("-50", "50", places=2)
    | st.sampled_from(["0", "-50", "50", "0.5", "-0.5", "2.5", "1"]).map(Decimal),
    "whole": st.integers(0, 20).map(Decimal),
    "maybe_n": st.none() | st.decimals("0", "10", places=1) | st.sampled_from(["0", "2", "2.5"]).map(Decimal),
    "rate": st.decimals("-9", "9", places=6) | st.sampled_from(["8.999999", "-9", "0.000001"]).map(Decimal),
    "price": st.decimals("0", "1000", places=2) | st.sampled_from(["0", "0.01", "99.99", "1000"]).map(Decimal),
    "tier": st.sampled_from(["high", "medium", "low"]),
    "maybe_t": st.sampled_from([None, "high", "medium", "low"]),
    "words": st.sampled_from(
        ["", "a", "B", "high", "it's", "e-mail", "₹ 5", "x%y_z", "a.b", 'a"b', "\\n", "é", "e\u0301"]
    ),
    "f": st.booleans(),
    "maybe_f": st.sampled_from([None, True, False]),
    "d": st.dates(dt.date(2019, 1, 1), dt.date(2032, 12, 31)) | st.sampled_from([DAY, dt.date(2024, 2, 29)]),
    "maybe_d": st.none() | st.dates(dt.date(2020, 1, 1), dt.date(2030, 12, 31)),
    "tags": st.lists(st.sampled_from(["a", "b", "c", "it's"]), max_size=3).map(tuple),
    "balance": st.decimals("-500", "500", places=2) | st.sampled_from(["-0.01", "0", "-20"]).map(Decimal),
    "maybe_price": st.none() | st.integers(0, 900).map(Decimal),
    "share": st.decimals("0", "1", places=4) | st.sampled_from(["0.5", "0.1", "0.3333"]).map(Decimal),
    "left": st.sampled_from([0, 1, 2, 10, 24]).map(Decimal),
    "maybe_tags": st.none() | st.lists(st.sampled_from(["a", "it's"]), max_size=2).map(tuple),
    "days_left": st.sampled_from([None, Decimal(0), Decimal(3), Decimal(5)]),
}
GIVEN = {
    "n": 1, "whole": 1, "maybe_n": 1, "rate": 1, "price": 1, "tier": "high", "maybe_t": "high", "words": "a",
    "f": "true", "maybe_f": "true", "d": "2026-01-01", "maybe_d": "2026-01-01", "tags": "[a]", "days_left": 1,
    "balance": 1, "maybe_price": 1, "share": 1, "left": 1, "maybe_tags": "[a]",
}  # fmt: skip
CUSTOMER = st.fixed_dictionaries(VALUES)

LITERALS = {
    "n": ["0", "1", "2", "0.5", "2.5", "10", "-1.25", "0.01", "7"],
    "t": ['"high"', '"low"', '""', '"it\'s"', '"a"'],
    "f": ["true", "false"],
    "d": ['date("2026-03-15")', 'date("2024-02-29")', "today()"],
}
NAMES = {
    "n": ["n", "whole", "maybe_n", "rate", "price", "days_left"],
    "t": ["tier", "maybe_t", "words"],
    "f": ["f", "maybe_f"],
    "d": ["d", "maybe_d"],
}
ROUND = ["decimal", "floor", "ceiling", "round up", "round down", "round half up", "round half down", "round half even"]
SHAPES = {
    "n": [
        "({n} + {n})",
        "({n} - {n})",
        "({n} * {n})",
        "(- {n})",
        "abs({n})",
        "min({n}, {n})",
        "max([{n} + 0, {n} + 0])",
        "sum([{n} + 0, {n} - 0])",
        "product({n}, 2)",
        "({n} / 4)",
        "({n} / 0.5)",
        "modulo({n}, {n})",
        "string length({t})",
        "count(tags)",
        "{d}.year",
        "{d}.month",
        "{d}.day",
        "{d}.weekday",
        "({d} - {d}).days",
        *[f"{name}({{n}}, {scale})" for name in ROUND for scale in (0, 1)],
        *[f"{name}({{n}} / {{n}}, {scale})" for name in ROUND for scale in (0, 2)],
        "decimal(100 * price / (whole + 1), 2)",
        "sum(for i in [{n} + 0, {n} - 0] return i * 2)",
        "sum([{n} + 0, {n} - 0, 3][item > {n}])",
        "count([{n}, maybe_n][item = null or item > 1])",
        "max(for i in -1..2, j in [{n} + 0, 1] return i - j)",
        "min([{n} + 0, {n} - 0][item < 2])",
        "decimal(mean([{n} + 0, 7][item > 2]), 2)",
        "product([{n} + 0, 2][item != 0])",
        "[{n}, 7, {n}][2]",
        "[{n} + 0, {n} - 0][whole]",
        "sum(reverse(concatenate([{n} + 0], append([1], {n} - 0))))",
    ],
    "t": [
        "({t} + {t})",
        "min({t}, {t})",
        "substring({t}, 2)",
        "substring({t}, 1, 2)",
        "string(whole)",
        "string({f})",
        "string(round half up(price, 1))",
        "day of week({d})",
        "month of year({d})",
        "string({d})",
        'string join([{t}, maybe_t, "x"], ", ")',
        'string join(tags, "-")',
        'string join(for x in ["b", {t} + ""] return x + "!")',
        'min(["b", {t} + ""][item > "a"])',
    ],
    "f": [
        "({n} < {n})",
        "({n} >= {n})",
        "({n} = {n})",
        "({n} != {n})",
        "({t} = {t})",
        "({t} < {t})",
        "({d} <= {d})",
        "({d} = {d})",
        "({f} and {f})",
        "({f} or {f})",
        "({f} and {f} and {f})",
        "not({f})",
        "({n} between {n} and {n})",
        "({n} in [1..5])",
        "({n} in ]0..2.5[)",
        "({n} in (> 5, < 1))",
        '({t} in ("high", "low"))',
        "({t} in ({t}, {t}))",
        "(maybe_n = null)",
        "(maybe_t != null)",
        "(maybe_n != null and maybe_n > {n})",
        "(maybe_d = null or maybe_d < {d})",
        "list contains(tags, {t})",
        "({t} in tags)",
        "contains({t}, {t})",
        "starts with({t}, {t})",
        "ends with({t}, {t})",
        "(price / (whole + 1) > {n})",
        "(n / 3 <= 4)",
        "odd(whole)",
        "even(whole)",
        "({f} = {f})",
        "({t} in (null, {t}))",
        "({t} in [{t}, maybe_t])",
        "list contains([{t}, maybe_t], {t})",
        "list contains([{n}, 2], {n})",
        "list contains(tags, maybe_t)",
        "(some i in [{n} + 0, {n} - 0] satisfies i > {n})",
        "(every i in 0..2, j in [{n} + 0, 2] satisfies {f} or i < j)",
        "(some x in [{t}, maybe_t] satisfies x = null or x = {t})",
        "(every x in [{t} + '', 'a'][item != {t}] satisfies x < {t})".replace("'", '"'),
    ],
    "d": [
        "({d} + months(whole))",
        "({d} - months(1))",
        '({d} + duration("P3D"))',
        '({d} - duration("P1DT5H"))',
        "max({d}, {d})",
        "({d} + ({d} - {d}))",
    ],
}
CALLS = {
    "n": ["twice({n})", "fee({n}, {f})", "fee(g: {f}, a: {n})"],
    "t": ["named({d}, {t})"],
    "f": ["(twice({n}) > fee({n}, {f}))", "some i in [{n} + 0, 1] satisfies fee(i, {f}) > i"],
    "d": ["{d}"],
}
"""What a policy with FUNCTIONS may write besides."""
TOLD = [
    "price", "balance", "maybe_price", "share", "left", "n", "maybe_n", "whole", "rate", "tier", "maybe_t", "words",
    "f", "maybe_f", "d", "maybe_d", "tags", "maybe_tags", "days_left",
]  # fmt: skip
CELLS = {
    "n": ["> 0", "<= 2.5", "[-1..10]", "]0..5[", "0", "not(1)", "< -10, > 10", "!= 2.5"],
    "maybe_n": ["> 2", "null", "not(null)", "null, > 3", "[1..2.5]", "!= 2", "not(null, 2)"],
    "tier": ["high", "high, low", "not(medium)"],
    "maybe_t": ["high", "null", "null, low", "not(high)", "not(null)"],
    "f": ["true", "false"],
    "d": ['< date("2026-03-15")', '>= date("2024-02-29")', 'date("2026-03-15")'],
    "maybe_d": ["< today()", "null", "not(null)"],
    "price": ["> 100", "<= 99.99", "[0..500)"],
    "words": ['"a"', 'not("a", "B")', '"high", ""'],
}
HIT_POLICIES = ["unique", "first", "any", "priority", "collect", "rule order", "output order"]
TIERS = "{type: text, values: [high, medium, low]}"


@dataclass(frozen=True)
class RandomPolicy:
    """`text` is the policy; `gives` are what its service gives."""

    text: str
    gives: tuple[str, ...]

    @property
    def services(self) -> bytes:
        return SERVICES % ", ".join(self.gives).encode()


@st.composite
def expressions(draw: st.DrawFn, kind: str, depth: int, calls: bool = False) -> str:
    """An expression of one type: n number, t text, f flag, d date; `calls`: it may call what FUNCTIONS has."""
    if depth == 0 or draw(st.integers(0, 5)) == 0:
        return draw(st.sampled_from(NAMES[kind] if draw(st.integers(0, 2)) else LITERALS[kind]))
    called = CALLS[kind] * 8 if calls else []
    shape = draw(st.sampled_from([*SHAPES[kind], *called, *[f"(if {{f}} then {{{kind}}} else {{{kind}}})"] * 3]))
    parts = shape.split("{")
    inner = "".join(draw(expressions(part[0], depth - 1, calls)) + part[2:] for part in parts[1:])
    return str(parts[0] + inner)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@st.composite
def reasons(draw: st.DrawFn, *more: str) -> str:
    """A reason with a few values in it, as YAML; now and then there is none."""
    names = draw(st.lists(st.sampled_from([*TOLD, *more * 9]), max_size=3))
    if not names:
        return draw(st.sampled_from(["", ", because: 'It is {{so}}.'"]))
    units = draw(st.sampled_from(["", " %", " INR", " months"]))
    return ", because: " + quoted("It's " + " and ".join(f"{{{name}}}" for name in names) + units)


@st.composite
def functions(draw: st.DrawFn) -> str:
    """The section of functions: an expression and two tables, each of which may call those before it."""
    own = {"n": "a", "f": "g", "t": "b", "d": "c"}

    def within(kind: str, depth: int, parameters: str) -> str:
        text = draw(expressions(kind, depth))
        for each in parameters:
            for name in NAMES[each][1:]:
                text = re.sub(rf"\b{name}\b", own[each], text)
        return text

    rules = [
        f"{{id: r{n}, when: {{a: {quoted(draw(st.sampled_from(CELLS['n'])))}, "
        f"g: {draw(st.sampled_from(CELLS['f']))}}}, "
        f"if: {quoted(within('f', 1, 'n'))}, then: {quoted(within('n', 1, 'nf'))}{draw(reasons('a', 'g'))}}}"
        for n in range(2)
    ]
    named = [
        f"{{id: r{n}, when: {{b: {quoted(draw(st.sampled_from(CELLS['words'])))}}}, "
        f"then: {quoted('= ' + within('t', 1, 'td'))}{draw(reasons('b', 'c'))}}}"
        for n in range(2)
    ]
    policy = draw(st.sampled_from(["first", "unique", "any"]))
    return (
        f"functions:\n  twice: {quoted('function(a: number) ' + within('n', 1, 'n'))}\n"
        f"  fee:\n    takes: {{a: number, g: flag}}\n    gives: number\n    hit policy: {policy}\n    rules:\n"
        + "".join(f"      - {rule}\n" for rule in rules)
        + "    otherwise: twice(a)\n"
        "  named:\n    takes: {c: date, b: text}\n    gives: text\n    hit policy: first\n    rules:\n"
        + "".join(f"      - {rule}\n" for rule in named)
        + "    otherwise: low\n"
    )


@st.composite
def tables(draw: st.DrawFn, name: str, calls: bool) -> str:
    """A table of one to four rules, now and then of twenty, in YAML."""
    hit_policy = draw(st.sampled_from(HIT_POLICIES))
    columns = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=3, unique=True))
    computed = hit_policy not in ("priority", "output order") and draw(st.booleans())
    lines = []
    for number in range(draw(st.sampled_from([1, 2, 3, 4, 20]))):
        cells = {each: cell for each in columns if (cell := draw(st.none() | st.sampled_from(CELLS[each])))}
        when = ", ".join(f"{each}: {quoted(cell)}" for each, cell in cells.items())
        test = f", if: {quoted(draw(expressions('f', 2, calls)))}" if draw(st.integers(0, 2)) == 0 else ""
        if computed:
            then = quoted(draw(expressions("n", 1, calls)))
        else:
            then = draw(st.sampled_from(["high", "medium", "low"]))
            if draw(st.integers(0, 4)) == 0:
                then = quoted(f'= if {draw(expressions("f", 1))} then "high" else "low"')
        lines.append(f"      - {{id: r{number}, when: {{{when}}}{test}, then: {then}{draw(reasons())}}}\n")
    gives = "number" if computed else TIERS
    aggregation = ""
    if hit_policy == "collect" and computed:
        aggregation = f"    aggregation: {draw(st.sampled_from(['sum', 'min', 'max', 'count']))}\n"
    last = ""
    if draw(st.booleans()):
        last = f"    otherwise: {'0' if computed else 'low'}\n"
    return (
        f"  {name}:\n    gives: {gives}\n    hit policy: {hit_policy}\n{aggregation}    rules:\n{''.join(lines)}{last}"
    )


@st.composite
def policies(draw: st.DrawFn) -> RandomPolicy:
    """One to three decisions, and now and then something that must hold."""
    parts, gives = [], []
    calls = draw(st.booleans())
    before = draw(functions()) if calls else ""
    for number in range(draw(st.integers(1, 2))):
        kind = draw(st.sampled_from("nntfd"))
        written = {"n": "number", "t": "text", "f": "flag", "d": "date"}[kind]
        text = quoted(draw(expressions(kind, 3, calls)))
        because = draw(reasons(f"x{number}")).removeprefix(", ") + "\n"
        parts.append(f"  x{number}:\n    gives: {written}\n    formula: {text}\n    {because}")
        gives.append(f"x{number}")
    if draw(st.booleans()):
        parts.append(draw(tables("t", calls)))
        gives.append("t")
    held = (
        f"must hold:\n  - {{id: held, that: {quoted(draw(expressions('f', 2, calls)))}{draw(reasons())}}}\n"
        if draw(st.integers(0, 3)) == 0
        else ""
    )
    decided = HEAD.replace("decides:\n", before + "decides:\n") + "".join(parts) + held
    known = ", ".join(f"{name}: {value}" for name, value in GIVEN.items() if re.search(rf"\b{name}\b", decided))
    example = f"examples:\n  - given: {{{known}}}\n    refused: NotTried\n"
    return RandomPolicy(decided + example, tuple(gives))


def customers(count: int) -> st.SearchStrategy[list[Mapping[str, Any]]]:
    return st.lists(CUSTOMER, min_size=count, max_size=count)
