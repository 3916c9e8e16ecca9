"""A table of any size says the same of the same facts: what it gives, and which fault it meets first."""

from __future__ import annotations

import pytest
from feel_cases import AT
from policy_cases import FILE, HEAD, vocabulary

from ordain.engine.backends.python import table_code
from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.errors import OrdainError
from ordain.engine.policy.load import load_policy
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.temporal import time
from ordain.engine.values.types import Value

FACTS = """\
facts:
  n: {type: number, meaning: a divisor}
  a: {type: number, optional: true, meaning: a number}
  b: {type: number, optional: true, meaning: another}
  at: {type: time, meaning: a time of the day}
  day: {type: date, optional: true, meaning: a day}
"""
EXAMPLE = "examples: [{given: {n: 1, a: 1, b: 1, at: '10:00:00', day: 2026-01-01}, expect: {fee: 1}}]\n"
TABLE = """\
constants: {{most: 5}}
decides:
  used: {{gives: flag, formula: 'n = n and (a = null or b = null or at = at or day = day)'}}
  fee:
    gives: number
    hit policy: collect
    aggregation: sum
    rules:
{rules}
"""


def outcome(rules: str, facts: dict[str, Value], monkeypatch: pytest.MonkeyPatch, least: int) -> str:
    monkeypatch.setattr(table_code, "INDEXED", least)
    text = HEAD.format(kind="decision") + TABLE.format(rules=rules) + EXAMPLE
    values = {"a": NUMBERS.create_decimal(1), "b": NUMBERS.create_decimal(1), "n": NUMBERS.create_decimal(1)} | facts
    try:
        compile_policy(load_policy(text.encode(), FILE, vocabulary(FACTS))).run(values, AT, [])
    except OrdainError as error:
        return error.issues[0].message
    return str(values["fee"])


@pytest.mark.parametrize(
    ("rules", "facts", "wanted"),
    [
        (
            "      - {id: x, when: {n: '< 5'}, then: '1 / n'}\n      - {id: y, when: {n: '> 1 / n'}, then: 1}",
            {"n": NUMBERS.create_decimal(0)},
            "rule `x` cannot be calculated: it divides by zero",
        ),
        (
            "      - {id: x, when: {a: 'null', b: '< 5'}, then: 1}",
            {"a": None, "b": None},
            "rule `x` needs `b`, which is missing",
        ),
        (
            "      - {id: x, when: {day: '< date(\"2026-01-02\")'}, then: 1}",
            {"day": None},
            "rule `x` needs `day`, which is missing",
        ),
        (
            "      - {id: x, when: {a: '> most'}, then: 1}",
            {"a": None},
            "rule `x` needs `a`, which is missing",
        ),
        (
            "      - {id: x, when: {at: '<= @\"12:00:00\"'}, then: 1}\n"
            "      - {id: y, when: {at: '@\"10:00:00\"'}, then: 2}\n"
            "      - {id: z, when: {at: 'not(@\"10:00:00\")'}, then: 4}",
            {"at": time("10:00:00Z")},
            "3",
        ),
    ],
)
def test_a_table_says_the_same_with_and_without_its_index(
    rules: str, facts: dict[str, Value], wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = {"at": time("10:00:00"), "day": None} | facts
    found = [outcome(rules, facts, monkeypatch, least) for least in (0, 1_000)]
    assert len(set(found)) == 1
    assert found[0] == wanted
