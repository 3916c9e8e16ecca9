"""What the parser makes of a text, where it says each part stands, and what it says of a wrong text."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from ordain.engine.errors import PolicyError, Span
from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.feel.syntax import lexer, parse, tree
from ordain.engine.feel.syntax.lexer import is_name
from ordain.engine.feel.syntax.printer import cell_text, printed, type_text
from ordain.engine.limits import LIMITS

TESTS = Path(__file__).parents[2]
GOLDEN = yaml.safe_load((TESTS / "cases" / "parse.yaml").read_text(encoding="utf-8"))
ORIGIN = Span("test", 1, 1)
KNOWN, FIELDS = GOLDEN["known"], GOLDEN["fields"]


def read(form: str, text: str, lenient: bool) -> str:
    if form == "types":
        return type_text(parse.type_name(text, ORIGIN))
    if form == "cells":
        return cell_text(parse.unary_tests(text, ORIGIN, KNOWN, FIELDS, lenient))
    return printed(parse.expression(text, ORIGIN, KNOWN, FIELDS, lenient))


def come_of(form: str, text: str, lenient: bool) -> dict[str, Any]:
    try:
        return {"printed": read(form, text, lenient)}
    except PolicyError as error:
        (issue,) = error.issues
        assert issue.span is not None
        place = [issue.span.line, issue.span.column]
        said = {"message": issue.message, "hint": issue.hint, "under": issue.span.text}
        return said if place == [1, 1] else {**said, "at": place}


CASES = [(form, case) for form in ("expressions", "cells", "types") for case in GOLDEN[form]]


@pytest.mark.parametrize(("form", "case"), CASES, ids=lambda part: repr(part["text"])[:60] if "text" in part else part)
def test_a_text_is_read_or_refused_as_written_down(form: str, case: dict[str, Any]) -> None:
    wanted = {key: part for key, part in case.items() if key not in ("text", "lenient")}
    assert come_of(form, case["text"], case.get("lenient", False)) == wanted


@pytest.mark.parametrize(("form", "case"), [part for part in CASES if "printed" in part[1]], ids=lambda part: "")
def test_what_is_printed_is_read_as_the_same_text_again(form: str, case: dict[str, Any]) -> None:
    assert come_of(form, case["printed"], case.get("lenient", False))["printed"] == case["printed"]


def test_every_part_stands_where_the_text_has_it() -> None:
    text = "if a.b = 1 then\n  max(x, [1..5]) else {k: -y}"
    found = parse.expression(text, ORIGIN)
    lines = text.split("\n")
    for node in tree.walk(found):
        first = node.span.text.split("\n")[0]
        assert lines[node.span.line - 1][node.span.column - 1 :].startswith(first)
    spans = {(type(node).__name__, node.span.text, node.span.line) for node in tree.walk(found)}
    assert {
        ("If", text, 1),
        ("Path", "a.b", 1),
        ("Comparison", "a.b = 1", 1),
        ("Call", "max(x, [1..5])", 2),
        ("Range", "[1..5]", 2),
        ("Entry", "k: -y", 2),
    } <= spans


def test_parentheses_belong_to_what_holds_their_content_and_not_to_it() -> None:
    found = parse.expression("(1 + 2) * 3", ORIGIN)
    assert [node.span.text for node in tree.children(found)] == ["1 + 2", "3"]
    assert found.span.text == "(1 + 2) * 3"


def test_a_row_of_and_is_one_node() -> None:
    found = parse.expression("a and b and c or d", ORIGIN)
    assert isinstance(found, tree.Logic)
    assert [type(node) for node in found.operands] == [tree.Logic, tree.Name]
    assert len(next(tree.children(found)).operands) == 3  # type: ignore[attr-defined]


def test_thousands_of_joined_tests_are_read() -> None:
    text = " and ".join(["vip"] * 1200)
    assert len(list(tree.children(parse.expression(text, ORIGIN)))) == 1200


@pytest.mark.parametrize(
    "text",
    [
        "(" * 2000,
        "(" * (LIMITS.expression_levels + 1) + "1" + ")" * (LIMITS.expression_levels + 1),
        "- " * 3000 + "a",
        "1" + " + 1" * 2000,
        "a" + ".a" * 2000,
        "a" + "(1)" * 2000,
        "{a: " * 1500,
        "if a then 1 else " * 500 + "1",
        "function() " * 800 + "1",
        "x instance of " + "list<" * 1500,
        "x instance of " + "list of " * 1200 + "number",
        "a in (" * 1200,
        "a" + " instance of b" * 600,
        "((1 + 1 + 1 + 1) * 2 - 3 + 1 + 1 + 1 + 1 + 1) + " * 100 + "1",
        "(" * 20 + "a" + (" + 1" * 20 + ")") * 20,
        "a or b and c = d + e * f ** -(" * 60 + "1" + ")" * 60,
    ],
    ids=lambda text: text[:24],
)
def test_too_deep_a_text_is_refused(text: str) -> None:
    with pytest.raises(PolicyError, match=f"the expression is nested more than {LIMITS.expression_levels} levels deep"):
        parse.expression(text, ORIGIN)


def test_a_caller_that_stands_deep_itself_gets_the_same_refusal() -> None:
    def deep(levels: int) -> tree.Expr:
        return deep(levels - 1) if levels else parse.expression("(" * 70 + "1" + ")" * 70, ORIGIN)

    with pytest.raises(PolicyError, match="nested more than"):
        deep(sys.getrecursionlimit() - 300)


def test_a_text_may_be_longer_in_a_dmn_file() -> None:
    text = '"' + "x" * LIMITS.expression_characters + '"'
    with pytest.raises(PolicyError, match="an expression may have at most 10,000 characters"):
        parse.expression(text, ORIGIN)
    assert parse.expression(text, ORIGIN, lenient=True).span.text == text
    with pytest.raises(PolicyError, match="an expression may have at most 100,000 characters"):
        parse.expression('"' + "x" * LIMITS.lenient_characters + '"', ORIGIN, lenient=True)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_example_of_a_function_is_read_as_a_call_of_it(name: str) -> None:
    nodes = tree.walk(parse.expression(FUNCTIONS[name].example, ORIGIN))
    assert name in {node.called for node in nodes if isinstance(node, tree.Call)}


@pytest.mark.parametrize(
    "word", ["if", "in", "instance", "of", "external", "not", "null", "every", "a b", "1a", "", "µ"]
)
def test_a_keyword_or_what_is_no_word_is_no_name(word: str) -> None:
    assert not is_name(word)


@pytest.mark.parametrize("word", ["a", "_a1", "überzahl", "item", "date"])
def test_a_word_is_a_name(word: str) -> None:
    assert is_name(word)


def test_a_declared_value_yes_is_no_mistake() -> None:
    assert cell_text(parse.unary_tests("yes", ORIGIN, ["yes", "no"])) == "yes"


def test_a_table_of_two_thousand_rules_is_read_in_well_under_a_second() -> None:
    cells = ["> 0.80", "-", '"gold", "silver"', "[1..5]"]
    begin = time.process_time()
    for _ in range(2000):
        for cell in cells:
            parse.unary_tests(cell, ORIGIN, KNOWN)
    assert time.process_time() - begin < 1


def test_a_row_of_a_hundred_thousand_characters_is_read_quickly() -> None:
    begin = time.process_time()
    parse.expression("[" + ", ".join(f"{{a b: {n}}}" for n in range(6000)) + "]", ORIGIN, lenient=True)
    assert time.process_time() - begin < 2


def test_whatever_comes_in_a_tree_or_an_error_of_ours_comes_out() -> None:
    command = [sys.executable, str(TESTS / "fuzz_feel.py"), "2000", "--seed", "7"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("listed", "compiled"), [(lexer.START, lexer.STARTS), (lexer.PART, lexer.PARTS)])
def test_a_character_of_a_name_is_one_that_the_rules_list(listed: str, compiled: str) -> None:
    by_list, by_others = re.compile(f"[{listed}]"), re.compile(compiled)
    every = map(chr, range(sys.maxunicode + 1))
    assert [sign for sign in every if bool(by_list.match(sign)) != bool(by_others.match(sign))] == []
