"""What a person who knows no YAML and no FEEL writes wrongly: what is said of it, and that to do as it says helps."""

from __future__ import annotations

from typing import Any

import pytest
from check_cases import SLIP_FAMILIES, slip_files, texts_in
from feel_cases import cases
from policy_cases import findings

from ordain.engine.check.findings import check_policies
from ordain.engine.errors import Issue, Level, PolicyError

EVERY = [(family, case) for family in SLIP_FAMILIES for case in cases(f"slips/{family}.yaml")]


def found(files: dict[str, str]) -> list[Issue]:
    """Every error and warning."""
    issues = check_policies(texts_in(files)).issues
    return [issue for issue in issues if issue.level is not Level.NOTE]


def told(issues: list[Issue]) -> list[dict[str, Any]]:
    """Findings as the cases write them; the level only where it is no error."""
    return [
        {"code": issue.code, **({} if issue.level is Level.ERROR else {"level": str(issue.level)}), **said}
        for issue, said in zip(issues, findings(PolicyError(issues)), strict=True)
    ]


def named(case: Any) -> str:
    return case["case"] if isinstance(case, dict) else case


def test_the_policies_themselves_have_neither_error_nor_warning() -> None:
    assert told(found(slip_files({"place": "version: 1", "written": "version: 1"}))) == []


@pytest.mark.parametrize(("family", "case"), EVERY, ids=named)
def test_a_slip_is_answered_with_these_words_at_this_place(family: str, case: dict[str, Any]) -> None:
    assert case["findings"]
    assert told(found(slip_files(case))) == case["findings"]


@pytest.mark.parametrize(("family", "case"), EVERY, ids=named)
def test_each_edit_that_a_hint_holds_gives_the_text_written_down_and_leads_to_nothing_worse(
    family: str, case: dict[str, Any]
) -> None:
    files = slip_files(case)
    before = found(files)
    edits = [edit for issue in before for edit in issue.replacements]
    becomes = []
    for edit in edits:
        after = {**files, edit.file: edit.applied(files[edit.file])}
        lines = after[edit.file].split("\n")
        becomes.append(lines[edit.line - 1].strip())
        left = found(after)
        if "then" in case:
            places = {(issue.span.file, issue.span.line, issue.span.column) for issue in before if issue.span}
            assert [issue.code for issue in left] == case["then"]
            assert not any((i.span.file, i.span.line, i.span.column) in places for i in left if i.span)
        else:
            assert told(left) == []
    assert becomes == case.get("becomes", [])


def changed(*edits: tuple[str, str, str]) -> dict[str, str]:
    """The files of the cases, edited: in which, what, and what is written instead."""
    files = slip_files({"place": "version: 1", "written": "version: 1"})
    for file, before, after in edits:
        assert files[file].count(before) == 1, before
        files[file] = files[file].replace(before, after)
    return files


def test_a_cell_null_where_a_value_is_called_so_is_told_how_the_value_is_written() -> None:
    facts = ("policies/facts.yaml", "values: [high, medium, low]", 'values: [high, medium, low, "null"]')
    for cell, codes in (("null", ["dead-rule", "name"]), ("'\"null\"'", ["name"])):
        issues = found(changed(facts, ("policies/advice/v1.yaml", "when: {tier: high}", f"when: {{tier: {cell}}}")))
        assert [issue.code for issue in issues] == codes
        assert all("'\"null\"'" in issue.hint for issue in issues)


def test_an_order_of_declared_values_is_an_error_in_the_newest_version_alone() -> None:
    """An older text may be on record, and nobody changes it any more."""
    ordered = ("policies/advice/v1.yaml", "when: {tier: high}", 'when: {tier: "> high"}')
    (issue,) = found(changed(ordered))
    assert (issue.code, issue.level) == ("value-order", Level.ERROR)
    files = changed(ordered)
    right = changed()["policies/advice/v1.yaml"].replace("version: 1", "version: 2").replace("2026-01-01", "2026-06-01")
    levels = [issue.level for issue in found(files | {"policies/advice/v2.yaml": right}) if issue.code == "value-order"]
    assert levels == [Level.WARNING]
