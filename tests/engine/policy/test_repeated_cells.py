"""Cells that say the same as one above them: each has its own place, and whatever is to say of it is said again."""

from __future__ import annotations

from ordain.engine.feel.syntax import tree
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.model import Policy, Table

FILE = "policies/offers/v1.yaml"
FACTS = b"""\
facts:
  usage: {type: number, unit: GB, meaning: u}
  quota: {type: number, unit: GB, meaning: q}
  plan: {type: text, values: [basic, "full 5G"], meaning: p}
  since: {type: date, meaning: s}
"""
HEAD = """\
policy: offers
version: 1
kind: decision
effective: 2026-01-01
owner: tests
purpose: A case.
decides:
  percent:
    gives: number
    hit policy: first
    rules:
"""
RULES = """\
      - {id: a, when: {usage: "[5..7.50)", plan: basic, since: '>= @"2026-01-01"'}, then: 1}
      - {id: bbb, when: {usage: "[5..7.50)", plan: full 5G, since: '>= @"2026-01-01"'}, then: 2}
      - id: c
        when:
          plan: basic
          usage: "[5..7.50)"
        then: 3
      - {id: d, when: {usage: '[5..7.50)', plan: "full 5G", since: -}, then: 4}
      - {id: e, when: {usage: "> quota * 2, < -(quota)", plan: "not(basic)", since: -}, then: 5}
      - {id: f, when: {plan: "not(basic)", usage: "> quota * 2, < -(quota)"}, then: 6}
"""
TAIL = """\
examples:
  - given: {usage: 6, quota: 1, plan: basic, since: 2026-01-01}
    expect: {percent: 1}
"""


def loaded(rules: str) -> Policy:
    return load_policy((HEAD + rules + TAIL).encode(), FILE, load_vocabulary(FACTS, "policies/facts.yaml"))


def cells(policy: Policy) -> list[list[Checked | None]]:
    table = policy.decisions[0]
    assert isinstance(table, Table)
    return [list(rule.cells) for rule in table.rules]


def test_every_part_of_a_cell_stands_where_it_says() -> None:
    lines = (HEAD + RULES + TAIL).splitlines()
    parts = [part for row in cells(loaded(RULES)) for cell in row if cell for part in tree.walk(cell.tree)]
    for part in parts:
        span = part.span
        assert span.file == FILE
        assert lines[span.line - 1][span.column - 1 :].startswith(span.text), (span, lines[span.line - 1])
    assert len({part.span.line for part in parts}) == 7


def test_a_cell_below_is_what_it_would_be_alone() -> None:
    one, two = '{usage: "[5..7.50)", plan: full 5G, since: \'>= @"2026-01-01"\'}', '{usage: "> quota * 2, < -(quota)"}'
    for when in (one, two):
        below = cells(loaded(f"      - {{id: a, when: {when}, then: 1}}\n      - {{id: b, when: {when}, then: 2}}\n"))[
            1
        ]
        alone = cells(loaded(f"\n      - {{id: b, when: {when}, then: 2}}\n"))[0]
        for again, once in zip(below, alone, strict=True):
            assert again is not None
            assert once is not None
            assert again == once
            assert again.reads == once.reads
            nodes = list(zip(tree.walk(again.tree), tree.walk(once.tree), strict=True))
            assert [(each.span, each.type) for each, _ in nodes] == [(each.span, each.type) for _, each in nodes]


def test_outputs_below_stand_in_their_own_lines() -> None:
    whens = ("usage: 1", "usage: 2", "usage: 33")
    rules = "".join(f"      - {{id: r{n}, when: {{{when}}}, then: quota * 2}}\n" for n, when in enumerate(whens))
    lines = (HEAD + rules).splitlines()
    table = loaded(rules).decisions[0]
    assert isinstance(table, Table)
    for number, rule in enumerate(table.rules):
        assert rule.gives[0].reads == ("quota",)
        for part in tree.walk(rule.gives[0].tree):
            assert part.span.line == len(HEAD.splitlines()) + number + 1
            assert lines[part.span.line - 1][part.span.column - 1 :].startswith(part.span.text)


def test_a_doubt_is_told_of_each_cell() -> None:
    doubtful = "".join(f'      - {{id: r{number}, when: {{usage: "[5, 7]"}}, then: 1}}\n' for number in range(3))
    found = [each for each in loaded(doubtful).warnings if each.code == "list-not-range"]
    assert [each.span.line for each in found if each.span] == [12, 13, 14]
