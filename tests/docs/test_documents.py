"""The documents hold together: links, records of decisions, the worked example, no paths of a machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from doc_fragments import DOCUMENTS, ROOT, blocks

from ordain.engine.text.source import parse

RECORDS = sorted((ROOT / "docs/adr").glob("*.md"))
_LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)(?:#[^)]*)?\)")
_MACHINE = re.compile(rb"(?<![\w.<>~-])/(?:work|root|home)/[\w.]")
"""An absolute path below one of the folders in which somebody's checkout may stand."""


def example() -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs/examples/price_weights.py")], capture_output=True, text=True, check=True
    )
    return done.stdout


def files_of_the_project() -> list[Path]:
    """What git tracks or would track; all files where there is no repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    names = [os.fsdecode(name) for name in listed.stdout.split(b"\0") if name]
    files = [ROOT / name for name in names] if listed.returncode == 0 else list(ROOT.glob("[a-z]*/**/*.*"))
    return [file for file in files if file.is_file()]


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_the_relative_links_of_a_document_lead_somewhere(file: Path) -> None:
    links = _LINK.findall(file.read_text(encoding="utf-8"))
    assert [link for link in links if not (file.parent / link).exists()] == []


@pytest.mark.parametrize("file", RECORDS, ids=lambda file: file.stem)
def test_a_record_of_a_decision_has_its_number_and_three_parts(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith(f"# {int(file.name[:4])}. ")
    assert [line for line in lines if line.startswith("## ")] == ["## Context", "## Decision", "## Consequences"]
    assert len(lines) <= 60


def test_the_records_of_decisions_are_numbered_without_a_gap() -> None:
    assert [int(file.name[:4]) for file in RECORDS] == list(range(1, len(RECORDS) + 1))


def test_the_worked_example_prints_what_its_page_quotes() -> None:
    (quoted,) = (block.text for block in blocks(ROOT / "docs/worked-example.md") if block.kind == "text price-weights")
    assert example() == quoted


def test_the_weights_of_the_policy_are_the_fitted_ones_rounded_to_4_digits() -> None:
    fitted = [Decimal(line.split()[-1]) for line in example().splitlines()[:3]]
    path = ROOT / "policies/price-proposal/v1.yaml"
    constants = parse(path.read_bytes(), path.name)["constants"]
    names = ("demand_weight", "elasticity_weight", "churn_weight")
    assert [constants[name]["value"].value for name in names] == fitted


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    wrong = {
        str(file.relative_to(ROOT)): match.group().decode()
        for file in files_of_the_project()
        if (match := _MACHINE.search(file.read_bytes()))
    }
    assert wrong == {}


@pytest.mark.parametrize("folder", ["work", "root", "home"])
def test_a_path_of_a_machine_would_be_found(folder: str) -> None:
    for text in ("/{}/main", "in `/{}/x`", "file:///{}/me"):
        assert _MACHINE.search(text.format(folder).encode())
    assert not _MACHINE.search(f"../{folder}/x and docs/{folder}/x".encode())
