"""Random policies with types that fit, and customers at their borders: to compare the readings of the language."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from hypothesis import strategies as st

from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.values.types import Value

FACTS = """\
facts:
  risk: {type: number, range: 0..1, precision: 1, meaning: m}
  usage: {type: number, range: -100..100, meaning: m}
  months_left: {type: number, range: 0..48, precision: 0, meaning: m}
  maybe: {type: number, range: -10..10, optional: true, meaning: m}
  tier: {type: text, values: [high, medium, low], meaning: m}
  segment: {type: text, meaning: m}
  grade: {type: text, values: [a, b], optional: true, meaning: m}
  vip: {type: flag, meaning: m}
  day: {type: date, meaning: m}
  since: {type: date, optional: true, meaning: m}
  zone: {type: text, format: time zone, meaning: m}
  tags: {type: list of text, values: [x, y, z], meaning: m}
"""
VOCABULARY = load_vocabulary(FACTS.encode(), "policies/facts.yaml")
HEAD = """\
policy: sample
version: 1
kind: decision
effective: 2026-01-01
owner: tests
purpose: A random case.
constants: {limit: 2.5, leap: '@"2024-02-29"'}
"""
EXAMPLE = """\
examples:
  - given: {risk: 0.5, usage: 1, months_left: 1, maybe: 1, tier: high, segment: x, grade: a, vip: true,
            day: 2026-01-01, since: 2025-01-01, zone: UTC, tags: [x]}
    refused: NotTried
"""
DAYS = [dt.date(2024, 1, 31), dt.date(2024, 2, 29), dt.date(2025, 12, 31), dt.date(2026, 2, 28), dt.date(2100, 3, 1)]
ZONES = ["UTC", "Asia/Kolkata", "America/New_York", "Pacific/Auckland"]
_NUMBERS = ["0", "1", "0.5", "2.5", "-1.25", "10", "limit"]
_ROUNDINGS = [
    "decimal",
    "floor",
    "ceiling",
    "round up",
    "round down",
    "round half up",
    "round half down",
    "round half even",
]


@st.composite
def numbers(draw: st.DrawFn, depth: int = 2) -> str:
    """A number's text."""
    if not depth or draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from([*_NUMBERS, "risk", "usage", "months_left", "count(tags)", "day.month", "day.day"]))
    one, other, test = draw(numbers(depth - 1)), draw(numbers(depth - 1)), draw(flags(depth - 1))
    return draw(
        st.sampled_from(
            [
                f"({one} + {other})",
                f"({one} - {other})",
                f"({one} * {other})",
                f"({one} / 4)",
                f"({one} / {other})",
                f"-({one})",
                f"{draw(st.sampled_from(_ROUNDINGS))}({one}, {draw(st.integers(-1, 2))})",
                f"abs({one})",
                f"min({one}, {other})",
                f"max([{one}, {other}, 1])",
                f"sum([{one}, {other}])",
                f"(if {test} then {one} else {other})",
                f"(if maybe != null then maybe else {one})",
                f"(maybe + {one})",
                f"modulo({one}, 3)",
                "(day - (if since != null then since else leap)).days",
            ]
        )
    )


@st.composite
def flags(draw: st.DrawFn, depth: int = 2) -> str:
    """A condition's text."""
    one, other = draw(numbers(max(0, depth - 1))), draw(numbers(max(0, depth - 1)))
    sign = draw(st.sampled_from(["=", "!=", "<", "<=", ">", ">="]))
    plain = [
        "vip",
        "grade = null",
        "maybe != null",
        'tier = "low"',
        'segment >= "m"',
        'segment in ("x", "other")',
        'grade in (null, "a")',
        '"y" in tags',
        'some tag in tags satisfies tag != "x"',
        'every tag in tags satisfies tag < "z"',
        "day > leap",
        'day = leap + @"P1Y"',
        "today() < day + months(months_left)",
        'day + @"P3D" >= (if since != null then since + @"P1M" else leap)',
        "maybe > 1",
        'time(in zone(now(), zone)) >= @"12:00:00"',
        'time(in zone(now(), zone)) in [@"08:00:00"..@"17:29:00"]',
        "date(in zone(now(), zone)) = today()",
        "in zone(now(), zone).hour > months_left",
        'now() - @"PT3H" < in zone(now(), zone)',
        f"{one} {sign} {other}",
        f"{one} between {other} and 10",
        f"{one} in [0..{other}]",
        f"{one} in (> 2, < {other})",
    ]
    if not depth:
        return draw(st.sampled_from(plain))
    left, right = draw(flags(depth - 1)), draw(flags(depth - 1))
    return draw(st.sampled_from([*plain, f"({left} and {right})", f"({left} or {right})", f"not({left})"]))


CELLS = {
    "risk": ["> 0.5", "<= 0.5", "[0.2..0.8]", "(0.2..0.3)", "not(0.5)", "< 0.2, > 0.8"],
    "usage": ["> 2.5", "<= limit", "[1..3]", "not(2)", "< 1, 3", "> months_left", "[risk..5]"],
    "tier": ["high", "low", "high, medium", "not(low)"],
    "segment": ['"x"', '"x", "y"', 'not("x")'],
    "vip": ["true", "false"],
    "day": ["< leap", '>= @"2026-02-28"', '@"2025-12-31"', "> since"],
    "maybe": ["> 2", "<= 2", "null", "not(null)", "null, > 3", "!= 2", "> usage"],
    "grade": ["a", "b", "null", "a, null", "not(a)"],
    "first": ["> 1", "<= 1", "[0..2.5)"],
}
HIT_POLICIES = ["unique", "first", "any", "priority", "collect", "rule order", "output order"]


@st.composite
def tables(draw: st.DrawFn) -> str:
    """A table `offer`, which may read the number `first`: of texts, of numbers, or of several outputs."""
    hit = draw(
        st.sampled_from([*HIT_POLICIES, "first", "collect sum", "collect count", "collect min", "collect average"])
    )
    lists = hit.startswith(("collect", "rule", "output"))
    numeric = hit.startswith("collect ") or draw(st.booleans())
    pair = not hit.startswith("collect ") and draw(st.integers(0, 3)) == 0
    values = "{type: text, values: [high, medium, low]}"
    ranged = "{type: number, range: -50..50}" if draw(st.booleans()) else "number"
    of = f"{{share: {ranged}, word: {values}}}" if pair else "number" if numeric else values
    if numeric and not pair and hit in ("priority", "output order"):
        of, numeric = values, False
    columns = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=3, unique=True))

    def row() -> str:
        share = draw(st.one_of(st.sampled_from(["1", "2.5", "-3"]), numbers(1)))
        word = draw(st.sampled_from(["high", "medium", "low", '= if vip then "high" else tier']))
        return f"{{share: '{share}', word: '{word}'}}" if pair else f"'{share}'" if numeric else f"'{word}'"

    lines = []
    for number in range(draw(st.integers(1, 5) if draw(st.integers(0, 9)) else st.just(30))):
        asked = {name: cell for name in columns if (cell := draw(st.none() | st.sampled_from(CELLS[name])))}
        when = ", ".join(f"{name}: '{cell}'" for name, cell in asked.items())
        test = f", if: '{draw(flags(1))}'" if draw(st.integers(0, 2)) == 0 else ""
        lines.append(f"      - {{id: r{number}, when: {{{when}}}{test}, then: {row()}}}\n")
    last = f"    otherwise: {row()}\n" if draw(st.booleans()) and not (lists and pair) else ""
    name, _, total = hit.partition(" ") if hit.startswith("collect ") else (hit, "", "")
    policy = f"    hit policy: {name}\n" + (f"    aggregation: {total}\n" if total else "")
    return f"  offer:\n    gives: {of}\n{policy}    rules:\n{''.join(lines)}{last}"


@st.composite
def policies(draw: st.DrawFn) -> str:
    """The text of a policy; a few do not load, because they say what the checker refuses."""
    first, test = draw(numbers()), draw(flags())
    parts = f"  first: {{gives: number, formula: '{first}'}}\n  second: {{gives: flag, formula: '{test}'}}\n"
    must = f"must hold:\n  - {{id: kept, that: '{draw(flags(1))}'}}\n" if draw(st.integers(0, 3)) == 0 else ""
    return f"{HEAD}decides:\n{parts}{draw(tables())}{must}{EXAMPLE}"


_DECIMALS = st.sampled_from([Decimal(text) for text in ("0", "1", "2", "2.5", "3", "-1.25", "0.005", "10", "99.999")])
CUSTOMERS: st.SearchStrategy[dict[str, Value]] = st.fixed_dictionaries(
    {
        "risk": st.integers(0, 10).map(lambda n: Decimal(n) / 10),
        "usage": _DECIMALS,
        "months_left": st.sampled_from([Decimal(n) for n in (0, 1, 2, 12, 25)]),
        "maybe": st.none() | st.sampled_from([Decimal(text) for text in ("0", "1", "2", "2.5", "-10")]),
        "tier": st.sampled_from(["high", "medium", "low"]),
        "segment": st.sampled_from(["x", "y", "m", "other"]),
        "grade": st.sampled_from([None, "a", "b"]),
        "vip": st.booleans(),
        "day": st.sampled_from(DAYS) | st.dates(dt.date(1950, 1, 1), dt.date(2150, 1, 1)),
        "since": st.none() | st.sampled_from(DAYS),
        "zone": st.sampled_from(ZONES),
        "tags": st.lists(st.sampled_from(["x", "y", "z"]), max_size=3).map(tuple),
    }
)
