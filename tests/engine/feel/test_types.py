"""The type checker: golden expressions with their types or faults, and what holds for all types."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ordain.engine.errors import Span
from ordain.engine.feel.syntax import parse, tree
from ordain.engine.feel.syntax.typenames import NotAType, resolve
from ordain.engine.feel.typing.checker import Checked, check, untyped
from ordain.engine.feel.typing.fitting import fits, is_known, joined, substituted
from ordain.engine.values.types import (
    ANY,
    NULL,
    NUMBER,
    SIMPLE,
    TEXT,
    Kind,
    Type,
    context_of,
    list_of,
    range_of,
    type_named,
)

ORIGIN = Span("case", 1, 1)
GOLDEN: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "cases" / "types.yaml").read_text("utf-8"))


def type_of(written: Any) -> Type:
    """A type as the cases write it: a name, with `?` when it may be null; a list of values; or a mapping."""
    if isinstance(written, list):
        return replace(TEXT, values=tuple(written))
    if isinstance(written, dict) and "list" in written:
        return list_of(type_of(written["list"]))
    if isinstance(written, dict) and "function" in written:
        return Type(Kind.FUNCTION, parameters=tuple(map(type_of, written["function"])), item=type_of(written["gives"]))
    if isinstance(written, dict):
        return context_of({name: type_of(part) for name, part in written.items()})
    name = written.removesuffix("?")
    inner = name.removeprefix("range of ")
    found = type_named(inner)
    assert found is not None, written
    return replace(range_of(found) if inner != name else found, optional=written.endswith("?"))


def shown(type: Type) -> str:
    """A type with all that is inside it, in one line."""
    end = "?" if type.optional else ""
    if type.kind in (Kind.LIST, Kind.RANGE):
        return f"{type.kind} of {shown(type.item or ANY)}{end}"
    if type.kind is Kind.CONTEXT:
        return "{" + ", ".join(f"{name}: {shown(part)}" for name, part in type.fields.items()) + "}" + end
    if type.kind is Kind.FUNCTION:
        return f"function({', '.join(map(shown, type.parameters))}) -> {shown(type.item or ANY)}{end}"
    return f"{type.kind}{end}"


SCOPE = {name: type_of(written) for name, written in GOLDEN["scope"].items()}
NAMED = {name: type_of(written) for name, written in GOLDEN["types"].items()}


def fields_of(types: Mapping[str, Type]) -> set[str]:
    found: set[str] = set()
    for of in types.values():
        inner = of.item.fields if of.item is not None else of.fields
        found |= {*inner, *fields_of(inner)}
    return found


FIELDS = fields_of(SCOPE)


def checked(text: str) -> Checked:
    return check(parse.expression(text, ORIGIN, (*SCOPE, *NAMED), FIELDS), SCOPE, types=NAMED)


def outcome(found: Checked) -> dict[str, str]:
    """What came of a check in the form of the cases: the type, or the words of the first fault."""
    if not found.issues:
        return {"type": shown(found.type)}
    issue = found.issues[0]
    assert issue.span is not None
    return {"message": issue.message, "hint": issue.hint, "under": issue.span.text}


def named(case: Any) -> str:
    return str(case["text"])[:70]


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=named)
def test_an_expression_has_the_type_or_the_fault_written_down(case: dict[str, Any]) -> None:
    assert outcome(checked(case["text"])) == {key: part for key, part in case.items() if key != "text"}


def test_no_expression_stands_twice() -> None:
    texts = [case["text"] for case in GOLDEN["cases"]]
    assert len(texts) == len(set(texts)) >= 120


@pytest.mark.parametrize("case", [case for case in GOLDEN["cases"] if "type" in case], ids=named)
def test_every_part_of_an_expression_without_fault_has_a_type(case: dict[str, Any]) -> None:
    found = checked(case["text"])
    assert [node for node in tree.walk(found.tree) if node.type is tree.UNTYPED] == []


@pytest.mark.parametrize("case", GOLDEN["cells"], ids=named)
def test_a_cell_is_a_flag_or_has_the_fault_written_down(case: dict[str, Any]) -> None:
    test = parse.unary_tests(case["text"], ORIGIN, SCOPE, FIELDS)
    assert test is not None
    wanted = {key: part for key, part in case.items() if key not in ("text", "of")}
    assert outcome(check(test, SCOPE, type_of(case["of"]))) == wanted


@pytest.mark.parametrize("case", GOLDEN["reads"], ids=named)
def test_the_names_an_expression_reads_are_those_of_the_scope_in_their_order(case: dict[str, Any]) -> None:
    found = checked(case["text"])
    assert not found.issues
    assert list(found.reads) == case["reads"]


@pytest.mark.parametrize("case", GOLDEN["names"], ids=named)
def test_a_name_means_the_type_written_down(case: dict[str, Any]) -> None:
    name = parse.type_name(case["text"], ORIGIN)
    if "type" in case:
        assert shown(resolve(name, NAMED)) == case["type"]
        return
    with pytest.raises(NotAType) as caught:
        resolve(name, NAMED)
    assert (str(caught.value), caught.value.hint) == (case["message"], case["hint"])


def test_an_item_definition_hides_a_name_of_ordain_but_none_of_feel() -> None:
    types = {"text": NUMBER, "string": NUMBER}
    assert resolve(tree.TypeName("text"), types) == NUMBER
    assert resolve(tree.TypeName("string"), types) == TEXT


@pytest.mark.parametrize("name", ["list", "number"])
def test_a_type_with_too_many_types_inside_is_refused(name: str) -> None:
    with pytest.raises(NotAType):
        resolve(tree.TypeName(name, (tree.TypeName("number"), tree.TypeName("text"))), {})


def test_a_called_function_has_a_signature_and_a_name_in_its_place_too() -> None:
    found = checked("abs(price)")
    assert isinstance(found.tree, tree.Call)
    assert found.tree.signature is not None
    assert found.tree.signature.text.endswith("-> number")
    assert found.tree.function.type.kind is Kind.FUNCTION


def test_a_duration_of_years_is_refused_where_one_of_days_was_expected_when_the_policy_was_loaded() -> None:
    found = checked('duration("P" + "1Y")')
    assert isinstance(found.tree, tree.Call)
    assert found.tree.signature is not None
    read = found.tree.signature.python
    assert read("P1D") == dt.timedelta(days=1)
    with pytest.raises(ValueError, match=r"read it with months"):
        read("P1Y")


def test_an_untyped_expression_has_no_faults_and_reads_every_name_in_it() -> None:
    found = untyped(parse.expression("nothing + many[sku > 1] + many[2] + abs(1)", ORIGIN, SCOPE, FIELDS))
    assert (found.issues, found.lenient, found.type) == ((), True, ANY)
    assert found.reads == ("nothing", "many", "sku", "abs")


def test_loops_inside_loops_that_read_what_they_gave_are_checked_in_good_time() -> None:
    text = "count(partial)"
    for depth in range(16):
        text = f"sum(for x{depth} in 1..2 return {text} + count(partial))"
    assert outcome(checked(text)) == {"type": "number"}


simple = st.sampled_from([*SIMPLE.values(), NULL, replace(NUMBER, optional=True), replace(TEXT, values=("a", "b"))])
types = st.recursive(
    simple,
    lambda inner: st.one_of(
        inner.map(list_of),
        inner.map(range_of),
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3).map(context_of),
        st.builds(
            lambda takes, gives: Type(Kind.FUNCTION, parameters=tuple(takes), item=gives),
            st.lists(inner, max_size=2),
            inner,
        ),
    ),
    max_leaves=6,
)


@given(types)
def test_a_type_joined_with_itself_or_with_an_unknown_one_is_the_same(type: Type) -> None:
    assert joined(type, type) == type
    assert joined(type, ANY) == joined(ANY, type) == (replace(ANY, optional=True) if type == NULL else type)


@given(types, types)
def test_two_types_are_joined_whichever_comes_first_and_both_fit_what_they_have_in_common(one: Type, two: Type) -> None:
    both, turned = joined(one, two), joined(two, one)
    assert (both is None) == (turned is None)
    if both is None or turned is None:
        return
    for part in (one, two, turned):
        assert fits(both, part, {}, inside=True)


@given(types)
def test_a_variable_takes_any_type_that_is_no_null_and_stands_for_it(type: Type) -> None:
    variable = replace(ANY, variable="T")
    bound: dict[str, Type] = {}
    if type == NULL:
        assert not fits(variable, type, bound)
        return
    assert fits(variable, type, bound)
    assert substituted(list_of(variable), bound) == list_of(replace(type, optional=False))
    assert not is_known(substituted(list_of(variable), {}))
