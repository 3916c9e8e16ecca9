"""`ordain cases`: examples out to a sheet, rows decided, and new cases into the policy's file."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from openpyxl import load_workbook
from served import ROOT, ordain_here

POLICY = "policies/retention-offer/v1.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    return tmp_path


def cases(folder: Path, *arguments: str, code: int = 0) -> str:
    done = ordain_here(folder, "cases", "retention-offer", *arguments, "--directory", "policies")
    assert done.returncode == code, done.stderr
    return done.stdout if code < 2 else done.stderr


def add_row(file: Path, **cells: object) -> int:
    """One more row in the workbook, as a person types it; percent and dates are of the spreadsheet's own."""
    book = load_workbook(file)
    page = book["cases"]
    headings = [cell.value for cell in page[1]]
    row = page.max_row + 1
    for name, value in cells.items():
        cell = page.cell(row, headings.index(name.replace("__", ": ").replace("_DOT_", ".")) + 1)
        cell.number_format = "0%" if isinstance(value, float) and "percent" in name else "General"
        cell.value = value
    book.save(file)
    return row


KNOWN = {"given__churn_risk": 0.91, "given__clv_tier": "low", "given__offers_last_90_days": 0}


def test_a_case_added_in_a_spreadsheet_is_decided_and_put_into_the_policy(folder: Path) -> None:
    assert "written: cases.xlsx" in cases(folder, "--out", "cases.xlsx")
    row = add_row(folder / "cases.xlsx", **KNOWN, expect__offer_DOT_discount_percent=0.1)
    before = (folder / POLICY).read_bytes()
    assert cases(folder, "--in", "cases.xlsx") == f"retention-offer@1: {row - 1} cases, all as expected\n"
    assert (folder / POLICY).read_bytes() == before
    assert f"1 case added to {POLICY}" in cases(folder, "--in", "cases.xlsx", "--add")
    after = (folder / POLICY).read_bytes()
    assert after.startswith(before)
    assert b"given: {churn_risk: 0.91, clv_tier: low, offers_last_90_days: 0}" in after
    again = cases(folder, "--in", "cases.xlsx", "--add")
    assert "no new case to add" in again
    assert f"examples already: {row - 1} rows" in again
    assert (folder / POLICY).read_bytes() == after


def test_a_case_with_another_result_is_told_by_row_and_column_and_added_only_when_asked(folder: Path) -> None:
    cases(folder, "--out", "cases.xlsx")
    row = add_row(folder / "cases.xlsx", **KNOWN, expect__offer_DOT_action="none")
    before = (folder / POLICY).read_bytes()
    said = cases(folder, "--in", "cases.xlsx", "--add", code=1)
    assert f"row {row}, column " in said
    assert "offer.action: expected none, actual e-mail" in said
    assert f"not added, as the result is another: 1 row ({row}); --force adds them too" in said
    assert (folder / POLICY).read_bytes() == before
    assert "1 case added" in cases(folder, "--in", "cases.xlsx", "--add", "--force", code=1)
    assert ordain_here(folder, "check", "policies").returncode == 1
    assert "example 12: offer.action: expected none, actual e-mail" in cases(folder, code=1)


def test_a_row_that_lacks_a_fact_is_decided_as_a_service_answers_and_is_told_when_it_is_not_added(folder: Path) -> None:
    cases(folder, "--out", "cases.xlsx")
    lacking = {name: text for name, text in KNOWN.items() if name != "given__offers_last_90_days"}
    row = add_row(folder / "cases.xlsx", **lacking, expect__offer_DOT_action="e-mail")
    asking = add_row(folder / "cases.xlsx", **KNOWN)
    said = cases(folder, "--in", "cases.xlsx", "--add", code=1)
    assert f"row {row}, column " in said
    assert "refused: expected decided, actual CustomerDataIncomplete" in said
    assert f"not added, as an example gives all facts that the policy needs: 1 row ({row})" in said
    assert f"not added, as nothing is expected: 1 row ({asking})" in said


def test_the_rows_come_out_again_with_what_was_decided(folder: Path) -> None:
    cases(folder, "--out", "cases.xlsx")
    add_row(folder / "cases.xlsx", **KNOWN, expect__offer_DOT_action="none")
    cases(folder, "--in", "cases.xlsx", "--out", "judged.csv", code=1)
    table = list(csv.reader(io.StringIO((folder / "judged.csv").read_bytes().decode("utf-8-sig"), newline="")))
    headings = next(line for line in table if line[:1] == ["at"])
    last = dict(zip(headings, table[-1], strict=True))
    assert (last["expect: offer.action"], last["actual: offer.action"]) == ("none", "e-mail")
    assert last["verdict"] == "differs: offer.action is e-mail, not none"
    assert last["actual: offer.discount_percent"] == "10"
    said = json.loads(cases(folder, "--in", "judged.csv", "--json", code=1))
    assert [case["row"] for case in said["cases"] if not case["ok"]] == [len(table)]
    assert "exists already" in cases(folder, "--in", "judged.csv", "--out", "judged.csv", code=2)


def test_a_text_that_would_run_as_a_formula_is_a_text_in_both_forms(folder: Path) -> None:
    text = (folder / POLICY).read_text(encoding="utf-8")
    (folder / POLICY).write_text(
        text.replace("  - given: {churn_risk: 0.85", "  # =cmd()\n  - given: {churn_risk: 0.85", 1)
    )
    cases(folder, "--out", "cases.csv")
    assert "'=cmd()" in (folder / "cases.csv").read_text(encoding="utf-8-sig")
    cases(folder, "--out", "cases.xlsx")
    page = load_workbook(folder / "cases.xlsx")["cases"]
    (cell,) = [cell for row in page.iter_rows() for cell in row if cell.value == "=cmd()"]
    assert (cell.data_type, cell.quotePrefix) in (("s", True), ("s", 1))


def test_files_and_options_that_cannot_be_are_refused_with_a_sentence(folder: Path) -> None:
    assert "there are no cases to add without `--in`" in cases(folder, "--add", code=2)
    assert "neither a .csv nor a .xlsx" in cases(folder, "--out", "cases.ods", code=2)
    ordain_here(folder, "table", "retention-offer", "--out", "rules.csv", "--directory", "policies")
    assert "holds no test cases" in cases(folder, "--in", "rules.csv", code=2)
    cases(folder, "--out", "cases.csv")
    done = ordain_here(folder, "cases", "plan-advice", "--in", "cases.csv", "--directory", "policies")
    assert (done.returncode, "not of `plan-advice`" in done.stderr) == (2, True)
    done = ordain_here(folder, "table", "retention-offer", "--in", "cases.csv", "--directory", "policies")
    assert (done.returncode, "has no rules called `cases`" in done.stderr) == (2, True)
