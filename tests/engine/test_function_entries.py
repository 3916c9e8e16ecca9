"""A function's entry holds all that is known of it: the empty list, folding; and nothing else is keyed by its name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from feel_cases import AT, ORIGIN
from policy_cases import loaded

from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.errors import OrdainError
from ordain.engine.explain.trial import tried
from ordain.engine.feel.functions import FUNCTIONS, negated
from ordain.engine.feel.functions.conversion import literal
from ordain.engine.feel.functions.folding import folded
from ordain.engine.feel.syntax import parse, tree
from ordain.engine.feel.syntax.tree import Expr, Name
from ordain.engine.values import temporal
from ordain.engine.values.types import SIMPLE, Kind, Value, kind_of

ENGINE = Path(__file__).parents[2] / "engine"
NO_KEYS = {
    "feel/syntax/words.py": "names of types",
    "policy/kinds/compliance.py": "`not` is JSON Schema's",
    "policy/kinds/table_section.py": "`not` is JSON Schema's",
    "jdm/facts/usage.py": "`string` is a type of JSON Schema",
    "jdm/saying/translate.py": "`count` is a quantifier of ZEN",
    "sheets/engines/drools_snippets.py": "`number` is a kind of column",
}
"""Files with words that happen to be names of functions, and what they are there."""
OWN_TABLES = ("feel/functions/", "backends/sql/", "backends/smt/")
"""Folders that do have entries by name: the functions themselves, and one exhaustive table of each other reading."""
ASKED = ("called", "function", "name")
"""Variables and attributes that may hold the name of a function."""


def words(node: ast.AST) -> set[str]:
    """The names of functions that stand in a literal, a tuple, a set or a list."""
    parts = node.elts if isinstance(node, ast.Tuple | ast.Set | ast.List) else [node]
    texts = {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}
    return texts & FUNCTIONS.keys() if len(texts) == len(parts) else set()


def by_name(module: ast.AST) -> Iterator[tuple[int, set[str]]]:
    """Where a module looks something up, or decides something, by the name of a function."""
    for node in ast.walk(module):
        match node:
            case ast.Compare():
                sides = [node.left, *node.comparators]
                if any(getattr(side, "attr", getattr(side, "id", "")) in ASKED for side in sides):
                    yield node.lineno, set().union(*map(words, sides))
            case ast.Dict(keys=[_, *_] as keys):
                texts = [key.value for key in keys if isinstance(key, ast.Constant)]
                if len(texts) == len(keys) and set(texts) <= FUNCTIONS.keys():
                    yield node.lineno, set(texts)
            case ast.Set() if len(words(node)) == len(node.elts):
                yield node.lineno, words(node)
            case ast.MatchClass(cls=ast.Name(id="Name") | ast.Attribute(attr="Name")):
                for pattern in (*node.patterns, *node.kwd_patterns):
                    if isinstance(pattern, ast.MatchValue):
                        yield node.lineno, words(pattern.value)


def test_nothing_but_its_entry_is_keyed_by_the_name_of_a_function() -> None:
    seen: dict[str, list[tuple[int, set[str]]]] = {}
    for path in ENGINE.rglob("*.py"):
        file = path.relative_to(ENGINE).as_posix()
        places = [(line, names) for line, names in by_name(ast.parse(path.read_text(encoding="utf-8"))) if names]
        if places and not file.startswith(OWN_TABLES):
            seen[file] = places
    assert {file: places for file, places in seen.items() if file not in NO_KEYS} == {}
    assert seen.keys() == NO_KEYS.keys(), "an exception that nothing needs"


@pytest.mark.parametrize(
    "text",
    [
        'node.called == "not"',
        'node.called in ("today", "now")',
        'if name == "sum": pass',
        'KEPT = {"min", "max"}',
        'READ = frozenset({"date"})',
        'READ = {"date": 1, "duration": 2}',
        'match node:\n    case tree.Call(function=tree.Name(name="not")): pass',
    ],
)
def test_a_key_by_the_name_of_a_function_is_seen(text: str) -> None:
    assert any(names for _, names in by_name(ast.parse(text)))


OF_LIST = [
    name
    for name, entry in FUNCTIONS.items()
    if any(each.takes(1) and each.parameters[0].type.kind is Kind.LIST for each in entry.signatures)
]


def test_every_function_of_a_list_says_what_it_gives_for_an_empty_one() -> None:
    assert [name for name, entry in FUNCTIONS.items() if entry.of_empty is not None] == OF_LIST


@pytest.mark.parametrize("name", OF_LIST)
def test_an_empty_list_gives_what_the_entry_says(name: str) -> None:
    empty, text = FUNCTIONS[name].of_empty, f"{name}([])"
    assert empty is not None
    if empty.gives:
        assert literal(tried(text, {}, AT).value) == empty.gives
    else:
        with pytest.raises(OrdainError, match=r"empty list|two numbers or more"):
            tried(text, {}, AT)
    in_dmn = tried(text, {}, AT, lenient=True)
    assert literal(in_dmn.value) == ("null" if empty.dmn_null else empty.gives or "null")
    reasons = [issue.message for issue in in_dmn.reasons]
    assert reasons == [empty.dmn_null] if empty.dmn_null else bool(reasons) is not bool(empty.gives)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('date("2026-01-31")', '@"2026-01-31"'),
        ('date(from: "2026-01-31")', '@"2026-01-31"'),
        ('duration("P30D")', '@"P30D"'),
        ('duration("P1Y")', '@"P1Y"'),
    ],
)
def test_a_call_with_a_written_text_is_the_literal_that_it_gives(text: str, value: str) -> None:
    node = folded(parse.expression(text, ORIGIN))
    assert node is not None
    assert (literal(node.value), node.type, node.span.text) == (value, SIMPLE[kind_of(node.value)], text)


@pytest.mark.parametrize(
    "text",
    [
        'date("2026-02-30")',
        'date(text: "2026-01-31")',
        'duration("30 days")',
        "date(2026, 1, 31)",
        'date(@"2026-01-31T08:00:00Z")',
        'time("08:00:00")',
        "date(null)",
        "date(day)",
        "date()",
        'days("P1D")',
        "today()",
        "now()",
        'string("a")',
        '@"2026-01-31"',
        "1 + 1",
    ],
)
def test_other_parts_are_no_literals(text: str) -> None:
    assert folded(parse.expression(text, ORIGIN)) is None


def test_a_name_that_hides_the_function_keeps_the_call() -> None:
    assert folded(parse.expression('date("2026-01-31")', ORIGIN), {"date"}) is None


DAYS = [f"2026-{month:02}-{day:02}" for month in range(1, 7) for day in (1, 10, 20)]
SPANS = [f"P{days}D" for days in range(1, 20)]
POLICY = """\
policy: sample
version: 1
kind: decision
effective: 2026-01-01
owner: tests
purpose: A case.
decides:
  offer:
    gives: number
    hit policy: first
    rules:
{rules}
    otherwise: 0
examples:
  - given: {{asked: {asked}}}
    expect: {{offer: 0}}
"""
VOCABULARY = """\
facts:
  asked: {{type: {type}, meaning: What is asked.}}
"""
RULE = "      - {{id: r{number}, when: {{asked: '<= {value}'}}, then: {number}, because: So.}}"


@pytest.mark.parametrize(
    ("name", "texts", "others"),
    [("date", DAYS, ["2025-12-31", "2026-03-09", "2027-01-01"]), ("duration", SPANS, ["PT1H", "PT36H", "P400D"])],
)
def test_an_indexed_table_decides_by_calls_as_it_does_by_literals(
    name: str, texts: list[str], others: list[str]
) -> None:
    tables = []
    for written in (f'{name}("{{}}")', '@"{}"'):
        values = [written.format(text) for text in texts]
        rules = [RULE.format(number=number, value=value) for number, value in enumerate(values, 1)]
        text = POLICY.format(rules="\n".join(rules), asked=others[-1])
        tables.append(compile_policy(loaded(text, VOCABULARY.format(type=name))))
    for text in (*texts, *others):
        given = {"asked": temporal.read_any(text)}
        assert decision(tables[0], given) == decision(tables[1], given)


def decision(policy: CompiledPolicy, given: dict[str, Value]) -> Any:
    """What the policy decides, or what its error says."""
    values = dict(given)
    try:
        policy.run(values, AT, [])
    except OrdainError as error:
        return [issue.message for issue in error.issues]
    return values["offer"]


def test_what_stands_in_not_is_told() -> None:
    assert negated(parse.expression("not(a)", ORIGIN)) == Name(ORIGIN, "a")
    assert negated(parse.expression("not(negand: a)", ORIGIN)) is None
    assert negated(parse.expression("all(a)", ORIGIN)) is None


def test_every_node_is_in_the_closed_union() -> None:
    classes = {node for node in vars(tree).values() if isinstance(node, type) and issubclass(node, Expr)} - {Expr}
    assert {*get_args(tree.Node), *get_args(tree.Binder)} == classes
    assert not {*get_args(tree.Node)} & {*get_args(tree.Binder)}
