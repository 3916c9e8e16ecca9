"""Colours stand where the words stand: in each style of YAML's scalars, and in columns of UTF-16."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lsp_editor import index_of, place, units

from ordain.api.lsp.colours import Colour, colours
from ordain.api.lsp.document import Document
from ordain.api.lsp.layout import Layout
from ordain.api.lsp.sections import FEEL, Sort, role_of
from ordain.api.lsp.text_lines import Lines
from ordain.engine.policy.facts import Fact
from ordain.engine.policy.kinds import KINDS
from ordain.engine.policy.kinds.table_section import EXPRESSION
from ordain.engine.policy.load import policy_schema
from ordain.engine.values.types import NUMBER, TEXT

FACTS = {
    "risk": Fact("risk", NUMBER),
    "größe": Fact("größe", NUMBER),
    "tier": Fact("tier", replace(TEXT, values=("high", "sehr hoch", "大口"))),
}
HEAD = "decides:\n  d:\n    gives: number\n"
CELLS = HEAD + "    rules:\n      - when: {}\n        then: 1\n"


def words(text: str) -> list[tuple[str, str]]:
    document = Document("policies/p/v1.yaml", text, FACTS)
    return [(text[colour.start : colour.end], colour.type) for colour in colours(document)]


STYLES = {
    "plain": "    formula: risk + größe * 2\n",
    "single": "    formula: 'risk + größe * 2'\n",
    "double": '    formula: "risk + größe * 2"\n',
    "literal": "    formula: |\n      risk +\n        größe\n      * 2\n",
    "folded": "    formula: >-\n      risk\n      + größe *\n\n      2\n",
    "folded deep": "    formula: >\n      risk\n        + größe\n      * 2\n",
    "several lines": "    formula: risk +\n      größe\n      * 2\n",
    "single over lines": "    formula: 'risk +\n\n      größe\n      * 2'\n",
    "double over lines": '    formula: "risk + \\\n      größe\n      * 2"\n',
    "escaped": '    formula: "\\u0072isk\\t+ gr\\xf6\\u00dfe * 2"\n',
    "carriage returns": "    formula: >-\r\n      risk\r\n      + größe * 2\r\n",
    "after a comment": "    # größe 😀\n    formula: risk + größe * 2  # 😀 risk\n",
    "after others in the line": "    because: x\n  e: {because: '😀 大', gives: number, formula: risk + größe * 2}\n",
}


@pytest.mark.parametrize("style", STYLES)
def test_words_of_an_expression_in_each_style(style: str) -> None:
    found = [each for each in words(HEAD + STYLES[style]) if each[1] != "property"]
    names = [text for text, _ in found]
    assert [kind for _, kind in found] == ["variable", "operator", "variable", "operator", "number"]
    if style != "escaped":
        assert names == ["risk", "+", "größe", "*", "2"]
    else:
        assert names == ["\\u0072isk", "+", "gr\\xf6\\u00dfe", "*", "2"]


CELLS_OF = {
    "{tier: high}": [("tier", "variable"), ("high", "enumMember")],
    '{tier: "high, sehr hoch"}': [("tier", "variable"), ("high", "enumMember"), ("sehr hoch", "enumMember")],
    "{tier: '\"it''s\", 大口'}": [("tier", "variable"), ("\"it''s\"", "string"), ("大口", "enumMember")],
    '{tier: "\\"a\\", high"}': [("tier", "variable"), ('\\"a\\"', "string"), ("high", "enumMember")],
    '{risk: "[0.1..größe)"}': [
        ("risk", "variable"),
        ("0.1", "number"),
        ("..", "operator"),
        ("größe", "variable"),
    ],
    '{"count([risk]) + 1": ">= 2"}': [
        ("count", "function"),
        ("risk", "variable"),
        ("+", "operator"),
        ("1", "number"),
        (">=", "operator"),
        ("2", "number"),
    ],
    "{risk: '-'}": [("risk", "variable"), ("-", "operator")],
    '{tier: "not(high)"}': [("tier", "variable"), ("not", "function"), ("high", "enumMember")],
}


@pytest.mark.parametrize("cells", CELLS_OF)
def test_words_of_cells_and_headings(cells: str) -> None:
    found = words(CELLS.replace("{}", cells))
    assert found[0] == ("d", "property")
    assert found[1:-1] == CELLS_OF[cells]
    assert found[-1] == ("1", "number")


def test_texts_that_are_no_expressions_have_no_colour() -> None:
    text = "decides:\n  d:\n    gives: {say: text, n: number}\n    rules:\n      - then: {say: risk > 1, n: risk}\n"
    assert words(text)[1:] == [("risk", "variable")]
    assert words(text.replace("say: risk > 1", "say: '= string(risk)'"))[1:] == [
        ("string", "function"),
        ("risk", "variable"),
        ("risk", "variable"),
    ]


# --- properties -------------------------------------------------------------------------------------------------

ODD = ["  ", "\n\n", "\n  ", "\x85", "\u2028", "\ufeff", "\U0001f468"]
SIGNS = st.sampled_from([*"ab é大😀\u0301\u200d\"'\\#:{}[],-\t\n>|&*", *ODD])
VALUES = st.lists(SIGNS, max_size=30).map("".join)


@settings(deadline=None, max_examples=300)
@given(value=VALUES, style=st.sampled_from([None, "'", '"', "|", ">"]), width=st.sampled_from([5, 20, 80]))
def test_each_character_of_a_scalar_is_found_where_it_is_written(value: str, style: Any, width: int) -> None:
    """Whatever is written in whatever style by another program: letters and signs are found in the file as they are."""
    text = yaml.dump({"k": [{"v": value}]}, default_style=style, width=width, allow_unicode=True)
    scalar = Layout(text).scalars[-1]
    assume(scalar.value == value)  # not every style can say every sign
    if not scalar.offsets:
        assert style in ("|", ">"), "a block may begin with what cannot be told from its indentation"
        return
    assert len(scalar.offsets) == len(value) + 1
    assert scalar.offsets == sorted(scalar.offsets)
    for at, sign in enumerate(value):
        start, end = scalar.place(at, at + 1)
        written = text[start:end]
        if sign.isalnum() and not written.startswith("\\"):
            assert written == sign
        if not sign.isspace():
            assert scalar.position(start) == at
            assert scalar.start <= start < end <= scalar.end


@settings(deadline=None, max_examples=200)
@given(text=st.text(st.sampled_from([*"ab é大😀\U0001f468\r\n\x85\u2028\t"]), max_size=40))
def test_places_in_a_text_go_there_and_back(text: str) -> None:
    lines = Lines(text)
    for index in range(len(text) + 1):
        if text[index - 1 : index + 1] == "\r\n":
            continue  # inside of a line's end
        line, column = lines.place(index)
        assert lines.index(line, column) == index
        before = re.split(r"\r\n|\r|\n", text[:index])
        assert (line, column) == (len(before) - 1, units(before[-1]))
    assert lines.index(10**6, 0) == len(text)


@settings(deadline=None, max_examples=100)
@given(names=st.lists(st.sampled_from(list(FACTS)), min_size=1, max_size=6), note=st.text(st.sampled_from("é大😀 ")))
def test_every_name_is_coloured_at_its_column_of_utf_16(names: list[str], note: str) -> None:
    formula = f"'\"{note}\" != string({' + '.join(names)})'"
    text = f"{HEAD}    because: '{note}'\n    formula: {formula}\n"
    document = Document("policies/p/v1.yaml", text, FACTS)
    lines = Lines(text)
    found = [each for each in colours(document) if each.type == "variable"]
    assert [text[each.start : each.end] for each in found] == names
    for each in found:
        line, column = lines.place(each.start)
        assert {"line": line, "character": column} == place(text, each.start)
        assert index_of(text, {"line": line, "character": column}) == each.start
    assert all(isinstance(each, Colour) for each in found)


# --- the table of sections ----------------------------------------------------------------------------------------


def expressions(schema: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    """The paths at which a schema says that an expression stands."""
    said = {key: schema[key] for key in schema if key != "description"}
    found = {path} if said == {"type": EXPRESSION["type"]} else set()
    for name, part in schema.get("properties", {}).items():
        found |= expressions(part, (*path, name))
    if isinstance(schema.get("additionalProperties"), dict):
        found |= expressions(schema["additionalProperties"], (*path, "any"))
    if "items" in schema:
        found |= expressions(schema["items"], (*path, 0))
    for key in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(key, ()):
            found |= expressions(part, path)
    for key in {"then", "else"} & set(schema):
        found |= expressions(schema[key], path)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_where_a_schema_says_expression_one_is_read(kind: str) -> None:
    """The table of sections knows every place of every kind that the schema calls an expression."""
    found = expressions(policy_schema(kind)) - {("rules", 0, "requires", "any")}
    assert found
    assert {path for path in found if role_of(Sort.POLICY, path, is_key=False) not in FEEL} == set()
