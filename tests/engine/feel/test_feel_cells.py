"""Golden unary tests: which values a cell holds for, or the words of the error."""

from __future__ import annotations

from typing import Any

import pytest
from feel_cases import AT, ORIGIN, cases, policy_of, scope_of, type_of, values_of, words

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.errors import OrdainError, PolicyError
from ordain.engine.feel.syntax.tree import Literal
from ordain.engine.feel.typing.checker import check
from ordain.engine.policy.draft import Draft
from ordain.engine.policy.facts import Fact, Vocabulary
from ordain.engine.policy.model import Column, HitPolicy, Output, Rule, Table
from ordain.engine.text.source import Node
from ordain.engine.values.types import FLAG, Value, read

GOLDEN = cases("cells.yaml")
SCOPE = scope_of(GOLDEN["facts"])


def holds(column: str, cell: str, raw: object) -> bool:
    """Whether a cell of one column holds for a value. Raises PolicyError, or DecisionError."""
    draft = Draft(Vocabulary({name: Fact(name, of, optional=of.optional) for name, of in SCOPE.items()}))
    heading = draft.formula(Node(column, ORIGIN, column))
    assert heading is not None
    test = draft.cell(Node(cell, ORIGIN, cell), heading.type)
    if draft.issues:
        raise PolicyError(draft.issues)
    yes, no = (check(Literal(ORIGIN, flag, type=FLAG), {}) for flag in (True, False))
    rule = Rule("only", (test,), None, (yes,), "", ORIGIN)
    table = Table("found", (Column(column, heading),), (Output("", FLAG),), HitPolicy.FIRST, (rule,), ORIGIN, (no,))
    values: dict[str, Value] = values_of(GOLDEN["facts"], {})
    values[column] = None if raw is None else read(type_of(GOLDEN["facts"][column]["type"]), raw, stored=True)
    compile_policy(policy_of(table, reads=tuple(SCOPE))).run(values, AT, [])
    return bool(values["found"])


@pytest.mark.parametrize("case", GOLDEN["cells"], ids=lambda case: f"{case['of']}: {case['cell'][:40]}")
def test_a_cell_holds_for_the_values_written_down_and_no_others(case: dict[str, Any]) -> None:
    assert case["holds"] or case["fails"]
    found = {str(raw): holds(case["of"], case["cell"], raw) for raw in (*case["holds"], *case["fails"])}
    wanted = {str(raw): True for raw in case["holds"]} | {str(raw): False for raw in case["fails"]}
    assert found == wanted


@pytest.mark.parametrize("case", GOLDEN["faults"], ids=lambda case: f"{case['of']}: {case['cell'][:40]}")
def test_a_wrong_cell_is_refused_with_its_words(case: dict[str, Any]) -> None:
    wanted = {key: part for key, part in case.items() if key not in ("of", "cell", "for")}
    with pytest.raises(OrdainError) as caught:
        holds(case["of"], case["cell"], case.get("for"))
    assert {"error": caught.value.code, **words(caught.value)} == wanted


@pytest.mark.parametrize("many", [100, 180, 400, 1500])
def test_a_cell_may_list_as_many_values_as_its_length_allows(many: int) -> None:
    cell = ", ".join(str(number) for number in range(many))
    assert holds("count", cell, str(many - 1))
    assert not holds("count", cell, str(many))


def test_an_empty_declared_value_does_not_stop_the_reading_of_cells() -> None:
    draft = Draft(Vocabulary({}))
    assert draft.cell(Node("basic", ORIGIN, "basic"), type_of(["", "basic"])) is not None
    assert not draft.issues
