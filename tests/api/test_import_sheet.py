"""`ordain table --import`: a sheet that somebody made becomes a policy; what it leaves open is asked or told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from served import ROOT, ordain_here

ROWS = "Tier;Months;Discount;Why\nHigh;12+;10 %;Loyal and valuable\nLow;any;5 %;\n"
TOLD = ("--column", "Months=when contract_months")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    (tmp_path / "sheet.csv").write_text(ROWS, encoding="utf-8")
    return tmp_path


def imported(folder: Path, *more: str, code: int = 0, file: str = "sheet.csv", new: str = "loyalty") -> tuple[str, str]:
    done = ordain_here(folder, "table", "--import", file, "--new", new, "--directory", "policies", *more)
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


def test_it_is_shown_then_written_and_then_decides(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*.yaml")}
    shown, about = imported(folder, *TOLD)
    assert "policy: loyalty" in shown
    assert "column `Tier`: when clv_tier" in about
    assert "nothing is written without --write" in about
    assert {path: path.read_bytes() for path in folder.rglob("*.yaml")} == before
    written, _ = imported(folder, *TOLD, "--write", "--owner", "loyalty team")
    assert "2 rows became rules of loyalty@1" in written
    services = folder / "policies/services.yaml"
    entry = "  loyalty:\n    purpose: Discounts for loyal customers.\n    policies: [loyalty]\n    gives: [loyalty]\n"
    services.write_text(services.read_text() + entry)
    checked = ordain_here(folder, "check", "policies").stdout
    assert "2 warnings" in checked  # cases of `medium`, and of `high` below 12 months, are in no row
    assert "no rule of" in checked
    assert "contract_months:\n    type: number" in (folder / "policies/facts.yaml").read_text()
    facts = folder / "facts.json"
    facts.write_text(json.dumps({"clv_tier": "high", "contract_months": 13}))
    done = ordain_here(
        folder,
        "decide",
        "loyalty",
        "--subject",
        "C-1",
        "--facts",
        "facts.json",
        ORDAIN_POLICIES=str(folder / "policies"),
    )
    assert "discount_percent 10" in " ".join(done.stdout.split())
    assert "Loyal and valuable" in done.stdout
    assert "there is a policy `loyalty` already" in imported(folder, *TOLD, "--write", code=2)[1]


def test_without_a_terminal_every_question_is_told_with_how_to_answer_it(folder: Path) -> None:
    _, said = imported(folder, code=2)
    assert "What is column B, `Months`? It holds `12+`, `any`" in said
    assert '--column "Months=..." with one of: ' in said


def test_as_json_it_says_what_each_column_is(folder: Path) -> None:
    data = json.loads(imported(folder, *TOLD, "--json")[0])
    assert data["columns"] == {
        "Tier": "when clv_tier",
        "Months": "when contract_months",
        "Discount": "then discount_percent",
        "Why": "because",
    }
    assert data["written"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--import", "sheet.csv"), "the new policy has no name"),
        (("--import", "sheet.csv", "--new", "My Policy"), "`My Policy` is no name for a policy"),
        (("retention-offer", "--import", "sheet.csv", "--new", "x"), "`--import` makes a new policy"),
        (("--import", "sheet.csv", "--new", "x", "--out", "y.csv"), "`--import` makes a new policy"),
        (("--import", "sheet.csv", "--new", "x", "--column", "Months"), "`--column Months`: a heading, `=` and"),
        (("--import", "sheet.csv", "--new", "x", "--sheet", "S"), "a CSV file has one sheet, without a name"),
        (("--import", "none.csv", "--new", "x"), "`none.csv` cannot be read"),
        (("--import", "sheet.xls", "--new", "x"), "is neither a .csv nor a .xlsx file"),
        (("--new", "x"), "go with `--import`"),
        ((), "no policy is named"),
    ],
)
def test_what_does_not_go_together_is_told(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    done = ordain_here(folder, "table", *arguments, "--directory", "policies")
    assert done.returncode == 2
    assert said in done.stderr
    assert not (folder / "policies/x").exists()
