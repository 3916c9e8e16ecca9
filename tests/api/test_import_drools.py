"""`ordain import drools-xls` and `ordain table --import` of a sheet in Camunda's layout: what is written and told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from openpyxl import Workbook
from served import ROOT

from ordain.api.cli.main import main

DISCOUNT: list[list[object]] = [
    ["RuleSet", "shop"],
    ["Sequential", "true"],
    [],
    ["RuleTable Discount"],
    ["CONDITION", "CONDITION", "ACTION"],
    ["Order", "Order", None],
    ["itemsCount > $param", "tier", "o.setDiscount($param);"],
    ["Items", "Tier", "Discount"],
    [3, None, 10],
    [10, "gold", 20],
]
DISH: list[list[object]] = [
    [None, "Input", "Input", "Output"],
    [None, "Season", "Guests", "Dish"],
    [],
    [None, "season", "guests", "dish"],
    ["FIRST", "string", "integer", "string"],
    [None, "Summer", ">= 10", "Buffet"],
    [None, "-", "-", "Stew"],
]


def ordain(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(main, [str(each) for each in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def saved(file: Path, rows: list[list[object]]) -> Path:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(file)
    return file


def test_a_drools_table_becomes_a_folder_that_checks(tmp_path: Path) -> None:
    done = ordain("import", "drools-xls", saved(tmp_path / "d.xlsx", DISCOUNT), "--to", tmp_path / "policies")
    assert (done.exit_code, "2 rules of 2; read what is listed" in done.stdout) == (0, True)
    assert "so the last row stands first here" in done.stderr
    checked = ordain("check", tmp_path / "policies")
    assert "no rule of `discount` covers items_count 3, tier other [gap]" in checked.stdout
    assert checked.stdout.endswith("ok service discount: discount\n1 warning\n")
    again = ordain("import", "drools-xls", tmp_path / "d.xlsx", "--to", tmp_path / "policies")
    assert (again.exit_code, "exists already" in again.stderr) == (2, True)


def test_a_rule_that_is_left_out_is_listed_and_ends_with_1(tmp_path: Path) -> None:
    rows = [*DISCOUNT[:6], ["itemsCount > $param", "tier matches", "o.setDiscount($param);"], *DISCOUNT[7:]]
    file = saved(tmp_path / "d.xlsx", rows)
    done = ordain("import", "drools-xls", file, "--to", tmp_path, "--name", "bonus", "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["policy"], told["rules"], told["left_out"]) == (1, "bonus", 1, 1)
    assert any("row 10, column B: the whole rule is left out" in note for note in told["notes"])


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("d.xls", b"\xd0\xcf\x11\xe0", "save an .xls or .ods file as .xlsx first"),
        ("d.xlsx", b"PK\x03\x04 no zip", "this is not an XLSX file"),
        ("d.csv", b"RuleTable x,\nCONDITION,ACTION\n", "no rule of the table"),
        ("d.csv", b"a,b\n1,2\n", "no table is found"),
    ],
)
def test_a_file_that_is_none_is_refused_with_a_sentence(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    done = ordain("import", "drools-xls", tmp_path / name, "--to", tmp_path / "policies")
    assert (done.exit_code, said in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / "policies").exists()


def test_a_sheet_of_camunda_comes_in_without_a_question(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    file = saved(tmp_path / "dish.xlsx", DISH)
    arguments = ("table", "--import", file, "--new", "dish", "--directory", tmp_path / "policies")
    shown = ordain(*arguments)
    assert (shown.exit_code, shown.stdout.startswith("policy: dish\n")) == (0, True), shown.stderr
    assert not (tmp_path / "policies/dish").exists()
    assert ordain(*arguments, "--write").exit_code == 0
    assert "  guests:\n" in (tmp_path / "policies/facts.yaml").read_text(encoding="utf-8")
    checked = ordain("check", tmp_path / "policies")
    assert "dish@1" in checked.stdout


def test_the_simple_form_is_asked_for_by_its_name(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    file = saved(tmp_path / "dish.xlsx", [["season", "guests", "dish"], ["Summer", ">= 10", "Buffet"]])
    arguments = (
        "table",
        "--import",
        file,
        "--new",
        "dish",
        "--directory",
        tmp_path / "policies",
        "--layout",
        "camunda",
    )
    assert "guests: " in ordain(*arguments).stdout
    told = ordain(*arguments, "--column", "season=leave out")
    assert (told.exit_code, "`--column` is for sheets of people" in told.stderr) == (2, True)
