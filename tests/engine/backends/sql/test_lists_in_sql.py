"""Lists whose items are known when the statement is written give in SQL what they give when Python decides."""

from __future__ import annotations

from decimal import Decimal

import pytest
from one_policy import ROW, both, differs, formula, said, table

from ordain.engine.errors import PolicyError

LIMITS = "constants:\n  limits: [1, 2.5, 10]\n  words_known: [a, it's]\n"


@pytest.mark.parametrize(
    ("text", "gives"),
    [
        ("count([maybe_n, 1])", "number"),
        ('words in [maybe_t, "a"]', "flag"),
        ('list contains([maybe_t, "a"], words)', "flag"),
        ('list contains([maybe_t, "a"], maybe_t)', "flag"),
        ("list contains(tags, maybe_t)", "flag"),
        ("sum([n + 0, whole + 0][item > 2.5])", "number"),
        ("sum([n + 0][item > 90])", "number"),
        ("min([n + 0][item > 90])", "number"),
        ("decimal(mean(for l in limits return l * n), 3)", "number"),
        ("decimal(mean([n + 0][item > 90]), 3)", "number"),
        ("product(limits[item < n or item > 5])", "number"),
        ("max(for i in limits, j in limits return if i < j then j - i else 0)", "number"),
        ("some l in limits satisfies l = n", "flag"),
        ("every l in limits satisfies l < 10 or maybe_f", "flag"),
        ("every l in limits satisfies l < 10 and maybe_f", "flag"),
        ("some i in 3..1 satisfies i * i = 4", "flag"),
        ("limits[2] + limits[-1] + limits[whole]", "number"),
        ("limits[whole + 1]", "number"),
        ("limits[n]", "number"),
        ('string join(for w in words_known return w + tier, "; ")', "text"),
        ("string join(tags)", "text"),
        ('string join([maybe_t, words, "x"], ",")', "text"),
        ("count(append(limits, n)[item > 2]) + count(concatenate(limits, limits)) + reverse(limits)[1]", "number"),
    ],
)
def test_a_list_that_is_written_out_is_gone_over(text: str, gives: str, postgresql: str) -> None:
    for url in ("", postgresql):
        assert differs(formula(text.replace("'", "''"), gives), before=LIMITS, url=url) == []


@pytest.mark.parametrize("of_f", [True, False])
def test_what_a_table_collects_is_gone_over(of_f: bool, postgresql: str) -> None:
    rows = table("collect", "{id: a, when: {f: 'true'}, then: n}", "{id: b, when: {}, if: f, then: whole}")
    sums = "".join(
        f"  {name}:\n    gives: {gives}\n    formula: '{text}'\n"
        for name, gives, text in [
            ("s", "number", "sum(x) + count(x[item > 2.5])"),
            ("m", "number", "if count(x) > 0 then max(x) - min(x) else -1"),
            ("e", "flag", "every i in x satisfies i > 2.5"),
            ("c", "flag", "list contains(x, 3) or 2.5 in x"),
            ("avg", "number", "if count(x) > 0 then decimal(mean(x), 1) else -1"),
        ]
    )
    for url in ("", postgresql):
        assert differs(rows + sums, "s, m, e, c, avg", row={**ROW, "f": of_f}, url=url) == []


@pytest.mark.parametrize("text", ["x[1]", "min(x)", "decimal(mean(x), 0)", "product(x)"])
def test_of_an_empty_list_there_is_no_first_and_no_least(text: str) -> None:
    rows = table("collect", "{id: a, when: {f: 'true'}, then: 1}", "{id: b, when: {f: 'true'}, then: whole}")
    python, sql = both(rows + f"  y:\n    gives: number\n    formula: '{text}'\n", "y")
    assert python == sql
    assert sql.error == "CalculationFailed"
    assert differs(rows + f"  y:\n    gives: number\n    formula: '{text}'\n", "y", row={**ROW, "f": True}) == []


def test_a_total_is_held_to_its_range() -> None:
    decides = (
        table("collect", "{id: a, when: {}, then: 2}", "{id: b, when: {}, then: whole}") + "    aggregation: sum\n"
    )
    decides = decides.replace("gives: number", "gives: {type: number, range: 0..4}")
    assert both(decides)[1].error == "CalculationFailed"
    assert differs(decides) == []
    assert differs(decides, row={**ROW, "whole": Decimal(1)}) == []


def test_the_sum_of_many_rules_has_few_digits_more() -> None:
    rules = [f"{{id: r{n}, when: {{}}, then: price}}" for n in range(40)]
    decides = table("collect", *rules) + "    aggregation: sum\n"
    assert differs(decides) == []
    (output,) = said(decides).outputs
    assert output.digits is not None
    assert output.digits.precision == 4 + 2 + 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("some t in tags satisfies t = words", "how many items a list of a column has is not known beforehand"),
        ("count(tags[item > words]) > 1", "how many items a list of a column has is not known beforehand"),
        ("count(for i in 1..whole return i) > 1", "has to be written"),
        ("sum(for i in [1, n] return sum(partial) + i) > 1", "the list so far"),
        ("count(for i in 1..5000 return i + n) > 1", "2,000 of them at the most"),
    ],
)
def test_other_lists_are_refused_with_a_reason(text: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        said(formula(text, "flag"))
