"""Tables under `functions` in grids and sheets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from policy_cases import HEAD

from ordain.api.cli.main import main

FACTS = "facts:\n  lines: {type: list of number, meaning: Gigabytes of each line.}\n"
SERVICES = "services: {s: {purpose: P., policies: [sample], gives: [total]}}\n"
POLICY = (
    HEAD.format(kind="decision")
    + """
functions:
  fee:
    takes: {gb: number}
    gives: number
    hit policy: first
    rules:
      # few use so much
      - {id: heavy, when: {gb: "> 100"}, then: gb * 2, because: "{gb} is much."}
      - {id: light, then: 50}
decides:
  total: {gives: number, formula: sum(for gb in lines return fee(gb))}
examples:
  - given: {lines: [1, 200]}
    expect: {total: 450, fired: [heavy, light]}
"""
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    held = tmp_path / "policies"
    (held / "sample").mkdir(parents=True)
    (held / "facts.yaml").write_text(FACTS, encoding="utf-8")
    (held / "services.yaml").write_text(SERVICES, encoding="utf-8")
    (held / "sample/v1.yaml").write_text(POLICY, encoding="utf-8")
    return held


def table(folder: Path, *options: object) -> str:
    result = CliRunner().invoke(main, ["table", "sample", *map(str, options), "--directory", str(folder)])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_called_table_is_shown_as_a_grid(folder: Path) -> None:
    (shown,) = json.loads(table(folder, "fee", "--json"))["tables"]
    assert shown["name"] == "fee"
    assert "> 100" in json.dumps(shown)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_the_rules_of_a_called_table_go_out_and_come_back_byte_for_byte(folder: Path, ending: str) -> None:
    sheet = folder / f"fee.{ending}"
    table(folder, "--out", sheet)
    table(folder, "--in", sheet, "--replace")
    assert (folder / "sample/v1.yaml").read_text(encoding="utf-8") == POLICY


def test_a_rule_that_is_changed_in_a_sheet_is_changed_in_the_file(folder: Path) -> None:
    sheet = folder / "fee.csv"
    table(folder, "--out", sheet)
    sheet.write_text(sheet.read_text(encoding="utf-8-sig").replace("> 100", "> 150"), encoding="utf-8")
    assert "takes:,gb: number" in sheet.read_text(encoding="utf-8")
    table(folder, "--in", sheet, "--replace")
    assert (folder / "sample/v1.yaml").read_text(encoding="utf-8") == POLICY.replace("> 100", "> 150")
