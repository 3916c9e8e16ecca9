"""The reference of the language is what it would be written as, and every example on it comes out as it says."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import pytest
from doc_fragments import ROOT

from ordain.engine.errors import OrdainError, PolicyError, Span
from ordain.engine.explain.trial import decided, tried
from ordain.engine.feel.functions import FUNCTIONS, GROUPS, reference
from ordain.engine.feel.functions.operators import PROPERTIES
from ordain.engine.feel.runtime.describe import describe_value
from ordain.engine.feel.syntax import parse
from ordain.engine.feel.syntax.tree import In
from ordain.engine.limits import LIMITS

AT = dt.datetime(2026, 3, 15, 21, 30, tzinfo=dt.UTC)
PAGES = {name: (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("feel.md", "feel-cheat-sheet.md")}
MODES = pytest.mark.parametrize("lenient", [False, True], ids=["strict", "lenient"])
_CELL = re.compile(r"(?<!\\)\|")


def rows(*heads: str) -> list[tuple[str, ...]]:
    """The rows of all tables of both pages that begin with these headings, without the backticks."""
    return [row for text in PAGES.values() for row in _rows(text, heads)]


def _rows(text: str, heads: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    inside = False
    for line in text.splitlines():
        cells = [cell.strip().replace("\\|", "|") for cell in _CELL.split(line)[1:-1]]
        if inside and cells and not set(line) <= set("|-"):
            yield tuple(cell.strip("`") for cell in cells[: len(heads)])
        inside = bool(cells) and (inside or tuple(cells[: len(heads)]) == heads)


def value_of(text: str, lenient: bool) -> str:
    """What a text gives, as FEEL writes it."""
    return describe_value(tried(text, {}, AT, lenient=lenient).value)


def outcome(text: str) -> str:
    """What a text gives in a policy: its value, or the name of the error."""
    try:
        return value_of(text, False)
    except OrdainError as error:
        return error.code


WRITTEN = rows("write", "gives")
CELLS = rows("cell", "holds for", "not for")


def test_the_limits_on_the_page_are_those_of_the_engine() -> None:
    written = " ".join(PAGES["feel.md"].partition("\n## Limits\n")[2].split())
    for sentence in (
        f"in a policy has at most {LIMITS.expression_characters:,} characters and {LIMITS.expression_levels} levels",
        f"in a `.dmn` file {LIMITS.lenient_characters:,} characters",
        f"A loop has at most {LIMITS.loop_rounds:,} rounds",
        f"One decision has {LIMITS.work:,} units of work",
        f"A text that is made has at most {LIMITS.text_characters:,} characters",
        f"a value {LIMITS.value_parts:,} parts",
        f"is nested at most {LIMITS.value_levels} levels deep",
    ):
        assert sentence in written


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_it_would_be_written(name: str) -> None:
    assert PAGES[name] == reference.pages()[name], "run `ordain feel reference`"


def test_no_place_of_a_template_is_left_open() -> None:
    assert [name for name, text in PAGES.items() if "{{" in text] == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_has_a_meaning_an_example_and_a_result_on_the_page(name: str) -> None:
    each = FUNCTIONS[name]
    assert each.meaning
    assert each.example
    assert each.result
    assert all(line in PAGES["feel.md"].splitlines() for line in reference.signatures(name, each))


@MODES
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_example_of_a_function_gives_its_result(name: str, lenient: bool) -> None:
    each = FUNCTIONS[name]
    assert value_of(each.example, lenient) == value_of(each.result, lenient)


@MODES
@pytest.mark.parametrize(("text", "gives"), WRITTEN)
def test_what_the_pages_write_gives_what_they_say(text: str, gives: str, lenient: bool) -> None:
    assert value_of(text, lenient) == value_of(gives, lenient)


@MODES
@pytest.mark.parametrize(("cell", "yes", "no"), CELLS)
def test_a_cell_holds_for_what_the_pages_say_and_not_for_the_other(cell: str, yes: str, no: str, lenient: bool) -> None:
    origin = Span("cell", 1, 1)
    test = parse.unary_tests(cell, origin, lenient=lenient)
    if test is None:
        assert (cell, no) == ("-", "")
        return
    results = [
        decided(In(origin, parse.expression(value, origin, lenient=lenient), (test,)), {}, AT, lenient=lenient).value
        for value in (yes, no)
    ]
    assert results[0] is True
    assert results[1] is not True


@pytest.mark.parametrize(("text", "strict", "lenient"), rows("write", "in a policy", "in a .dmn file"))
def test_null_is_treated_as_the_page_says(text: str, strict: str, lenient: str) -> None:
    assert value_of(text, True) == lenient
    assert outcome(text) == strict


@pytest.mark.parametrize(("wrong", "right"), rows("instead of", "write"))
def test_a_common_mistake_is_one_and_what_to_write_instead_is_right(wrong: str, right: str) -> None:
    known = {"a": 1, "b": 2, "c": 3, "x": 4}
    if right.startswith(">"):
        parse.unary_tests(right, Span("cell", 1, 1))
    else:
        parse.expression(right, Span("x", 1, 1), known)
    if wrong == "2026-01-31":
        assert value_of(wrong, False) == "1994"
        return
    with pytest.raises(PolicyError):
        tried(wrong, known, AT)


def test_the_pages_have_examples_of_every_kind() -> None:
    assert len(WRITTEN) > 60
    assert len(CELLS) > 15
    assert all(f"### Functions: {heading.lower()}" in PAGES["feel.md"] for heading in GROUPS)
    assert all(f"`{name}`" in PAGES["feel.md"] for names in PROPERTIES.values() for name in names)


@pytest.mark.parametrize("name", PAGES)
def test_every_link_within_a_page_leads_to_one_heading(name: str) -> None:
    headings = re.findall(r"^#+ (.+)$", PAGES[name], re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]
    links = set(re.findall(r"\]\(#([^)]+)\)", PAGES[name]))
    assert [link for link in links if anchors.count(link) != 1] == []


def test_the_index_has_every_function() -> None:
    assert all(f"[`{name}`](#functions-" in PAGES["feel.md"] for name in FUNCTIONS)


def test_the_cheat_sheet_fits_one_printed_page() -> None:
    printed = [line for line in PAGES["feel-cheat-sheet.md"].splitlines() if line and not set(line) <= set("|-")]
    assert len(printed) <= 62
    assert max(map(len, printed)) <= 150
