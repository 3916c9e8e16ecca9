"""Suggested examples: each reaches what it says, stands at the borders, loads when pasted, and comes out as written."""

from __future__ import annotations

import datetime as dt
import json
import re
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_cases import FILE, HEAD, vocabulary

from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.catalog import load_catalog, read_texts
from ordain.engine.examples.coverage import measure
from ordain.engine.examples.example_text import example_text
from ordain.engine.examples.input_search import Input, Search
from ordain.engine.examples.run import example_issues
from ordain.engine.examples.suggestions import Suggestions, suggest
from ordain.engine.explain.conditions import Observer
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.text.source import parse

AT = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
SHIPPED = Path(__file__).parents[3] / "policies"
OFFERS = (
    HEAD.format(kind="decision")
    + """
decides:
  care:
    gives: text
    hit policy: first
    rules:
      - {id: gold, when: {tier: high, risk: "> 0.80"}, then: visit}
      - {id: risky, when: {risk: "[0.50..0.80]"}, then: call}
    otherwise: nothing
examples:
  - given: {tier: low, risk: 0.10}
    expect: {care: nothing}
"""
)


def loaded(text: str, facts: Vocabulary | None = None) -> CompiledPolicy:
    return compile_policy(load_policy(text.encode(), FILE, facts or vocabulary()))


def suggested(text: str) -> Suggestions:
    compiled = loaded(text)
    return suggest(compiled, vocabulary(), measure(compiled))


def texts(found: Suggestions, facts: Vocabulary | None = None) -> str:
    known = facts or vocabulary()
    return "".join(example_text(found.policy, known, each.given, each.run, each.reaches) for each in found.inputs)


@pytest.mark.parametrize(("rounds", "tries"), [(1, 1), (2_000, 5)])
def test_an_input_that_takes_much_work_counts_as_several(rounds: int, tries: int) -> None:
    looping = f"decides:\n  size:\n    gives: number\n    formula: count(for i in 1..{rounds} return i)\n  care:"
    search = Search(Observer(loaded(OFFERS.replace("decides:\n  care:", looping))), None)  # type: ignore[arg-type]
    found = search.run(Input({"tier": "low", "risk": Decimal("0.1")}, AT))
    assert (found.error, found.values["size"]) == (None, rounds)
    assert tries <= search.tries < tries + 2


def test_a_border_is_tried_at_it_and_just_above_and_just_below() -> None:
    found = suggested(OFFERS)
    shown = [(each.reaches, str(each.given["risk"]), sorted(each.run.fired)) for each in found.inputs]
    assert shown == [
        ("rule `gold` fires", "0.81", ["gold"]),
        ("risk at 0.80", "0.80", ["risky"]),
        ("risk just below 0.80", "0.79", ["risky"]),
        ("rule `risky` fires", "0.50", ["risky"]),
        ("risk just above 0.50", "0.51", ["risky"]),
        ("risk just below 0.50", "0.49", []),
        ("risk at 0.80", "0.80", ["risky"]),
        ("risk just above 0.80", "0.81", []),
        ("risk just below 0.80", "0.79", ["risky"]),
    ]
    assert found.unreached == ()


def test_a_suggestion_is_written_as_an_example() -> None:
    first = texts(suggested(OFFERS)).split("  # suggested")[1]
    assert first == (
        ": check that this is what you want\n"
        "  # rule `gold` fires\n"
        "  - given: {tier: high, risk: 0.81}\n"
        "    expect: {care: visit, fired: [gold]}\n"
    )


def test_the_same_policy_gives_the_same_suggestions() -> None:
    assert texts(suggested(OFFERS)) == texts(suggested(OFFERS))


def test_a_rule_that_an_earlier_one_hides_is_said_to_be_hidden() -> None:
    text = OFFERS.replace('"[0.50..0.80]"', '"> 0.90"').replace("tier: high, ", "").replace("tier: low, ", "")
    [missed] = [each for each in suggested(text).unreached if each.what == "rule `risky`"]
    assert missed.why.startswith("none of the ")
    assert missed.why.endswith(" inputs at the borders reaches it: perhaps none can; mostly `gold` fires instead")


def test_a_cell_that_no_value_of_the_fact_meets_is_said_to_be_so() -> None:
    text = OFFERS.replace('"[0.50..0.80]"', '"> 1"')
    [missed] = [each for each in suggested(text).unreached if each.what == "rule `risky`"]
    assert missed.why == "no value of `risk` makes `> 1` true"


def test_a_border_of_a_calculation_is_found_by_halving() -> None:
    text = (
        HEAD.format(kind="decision")
        + """
decides:
  share: {gives: number, formula: 100 * current / base}
  care:
    gives: text
    rules:
      - {id: much, when: {share: "> 90"}, then: call}
    otherwise: nothing
examples:
  - {given: {current: 100, base: 500}, expect: {care: nothing}}
"""
    )
    found = suggested(text)
    shown = [(each.given["current"], each.given["base"], sorted(each.run.fired)) for each in found.inputs]
    assert shown == [
        (Decimal(100), Decimal("111.11"), ["much"]),
        (Decimal(100), Decimal("111.12"), []),
    ]


AWKWARD = [
    "no: #1",
    "true",
    "null",
    "12",
    "2026-01-01",
    "-",
    "a, b",
    "[x]",
    "{y}",
    "'q'",
    " lead",
    "u\u00fc",
    "x#",
    "#x",
]


@pytest.mark.parametrize("word", AWKWARD)
def test_a_text_that_yaml_would_read_otherwise_is_quoted(word: str) -> None:
    cell = json.dumps(f'= "{word}"', ensure_ascii=False)
    text = OFFERS.replace("tier: high", f"city: {cell}").replace("tier: low", "city: elsewhere")
    compiled = loaded(text)
    found = suggest(compiled, vocabulary(), measure(compiled))
    assert found.inputs[0].given["city"] == word
    assert example_issues(loaded(text + texts(found))) == []


NAMES = sorted(path.parent.name for path in SHIPPED.glob("*/v1.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_with_one_example_left_the_pasted_suggestions_of_a_shipped_policy_load_and_come_out(name: str) -> None:
    known = load_vocabulary((SHIPPED / "facts.yaml").read_bytes(), "facts.yaml")
    text = (SHIPPED / name / "v1.yaml").read_text(encoding="utf-8")
    second = parse(text.encode(), "v1.yaml")["examples"].nodes()[1].span.line
    kept = text.splitlines(keepends=True)[: second - 1]
    while re.match(r"\s*#", kept[-1]):
        kept.pop()
    short = "".join(kept)
    compiled = loaded(short, known)
    found = suggest(compiled, known, measure(compiled))
    pasted = loaded(short + texts(found, known), known)
    assert example_issues(pasted) == []
    never = {f"rule `{seen.rule.id}`" for seen in measure(pasted).never_fired}
    assert never <= {each.what for each in found.unreached} or found.left_out


def test_the_shipped_policies_lack_only_what_is_known() -> None:
    catalog = load_catalog(read_texts(SHIPPED), run_examples=False)
    compiled = catalog.versions["price-bounds"][0]
    found = suggest(compiled, catalog.vocabulary, measure(compiled))
    # Nothing stronger ever raises a price above these three.
    missed = [each.what for each in found.unreached if each.what.startswith("rule")]
    assert missed == ["rule `ceiling-yields`", "rule `step-highest-yields`", "rule `yearly-rise-yields`"]


# --- random tables

RISKS = ["-", "> 0.5", "<= 0.5", "[0.2..0.7)", "0.5", "< 0.2, > 0.9", "not(0.5)", "> 0.99", "(0.1..0.2]"]
TIERS = ["-", "high", "high, low", "not(medium)", "medium"]
MAYBES = ["-", "null", "> 3", "not(null)", "[1..2]"]
FLAGS = ["-", "true", "false"]
GRID: dict[str, list[Any]] = {
    "risk": [Decimal(number) / 100 for number in range(101)],
    "tier": ["high", "medium", "low"],
    "maybe": [None, *map(Decimal, ("0", "1", "1.5", "2", "2.5", "3", "4"))],
    "vip": [True, False],
}


@st.composite
def tables(draw: st.DrawFn) -> str:
    rules = []
    for number in range(draw(st.integers(1, 5))):
        cells = {
            "risk": draw(st.sampled_from(RISKS)),
            "tier": draw(st.sampled_from(TIERS)),
            "maybe": draw(st.sampled_from(MAYBES)),
            "vip": draw(st.sampled_from(FLAGS)),
        }
        when = ", ".join(f'{name}: "{cell}"' for name, cell in cells.items() if cell != "-")
        output = draw(st.sampled_from(["a", "b"]))
        rules.append(f"      - {{id: r{number}, when: {{{when}}}, then: {output}}}")
    hit = draw(st.sampled_from(["first", "unique", "any", "collect", "priority", "rule order"]))
    gives = "{type: text, values: [a, b]}"
    body = "\n".join(rules)
    head = HEAD.format(kind="decision")
    reads = [name for name in GRID if f"{name}:" in body]
    first = ", ".join(
        {"risk": "risk: 0", "tier": "tier: low", "maybe": "maybe: 0", "vip": "vip: false"}[n] for n in reads
    )
    example = f"examples:\n  - given: {{{first}}}\n    expect: {{fired: []}}\n"
    table = f"  care:\n    gives: {gives}\n    hit policy: {hit}\n    rules:\n{body}\n    otherwise: b\n"
    return f"{head}\ndecides:\n{table}{example}"


@settings(max_examples=60, deadline=None)
@given(tables())
def test_every_suggestion_fires_its_rule_and_what_is_not_reached_no_customer_of_a_grid_reaches(text: str) -> None:
    compiled = loaded(text)
    observer = Observer(compiled)
    coverage = measure(compiled)
    found = suggest(compiled, vocabulary(), coverage)
    at = compiled.policy.examples[0].at
    for each in found.inputs:
        again = observer.run(each.given, each.run.at)
        assert again.fired == each.run.fired
        if each.fires is not None:
            assert each.fires in again.fired_keys
        if each.outcome is not None:
            assert each.outcome in set(observer.outcomes(again))
    missed = {each.what for each in found.unreached}
    reads = compiled.policy.reads
    reachable: set[str] = set()
    several: list[list[Any]] = [GRID[name] for name in reads]
    for values in product(*several):
        run = observer.run(dict(zip(reads, values, strict=True)), at)
        if run.error is None:
            reachable |= run.fired
    assert not missed & {f"rule `{name}`" for name in reachable}
