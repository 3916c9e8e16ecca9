"""Rules edited in a sheet come back as they were meant, and what is wrong there is said by row and column."""

from __future__ import annotations

from typing import Any

import pytest
from sheet_cases import cases, edited, findings, loaded, returned, text_with

from ordain.engine.errors import PolicyError


def named(part: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in cases(part)]


@pytest.mark.parametrize("form", ["csv", "semicolons", "xlsx"])
@pytest.mark.parametrize("case", named("edits"))
def test_only_what_was_edited_in_the_sheet_changes_in_the_file(case: dict[str, Any], form: str) -> None:
    policy = loaded(text_with(case["before"], case.get("kind", "decision")))
    back = returned(policy, edited(policy, case["sheet"]), form)
    assert back.text.decode() == text_with(case["after"], case.get("kind", "decision"))


@pytest.mark.parametrize("case", named("edits"))
def test_lines_that_end_as_on_windows_stay_so(case: dict[str, Any]) -> None:
    kind = case.get("kind", "decision")
    policy = loaded(text_with(case["before"], kind).replace("\n", "\r\n"))
    back = returned(policy, edited(policy, case["sheet"]))
    assert back.text.decode() == text_with(case["after"], kind).replace("\n", "\r\n")


@pytest.mark.parametrize("case", named("faults"))
def test_what_is_wrong_in_a_sheet_is_said_by_row_and_column(case: dict[str, Any]) -> None:
    policy = loaded(text_with(case["before"], case.get("kind", "decision")))
    book = edited(policy, case["sheet"])
    with pytest.raises(PolicyError) as caught:
        returned(policy, book, "xlsx")
    assert findings(caught.value) == case["findings"]
    with pytest.raises(PolicyError) as same:
        returned(policy, book, "csv")
    assert len(same.value.issues) == len(caught.value.issues)
