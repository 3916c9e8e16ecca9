"""The page about features: its example runs and prints what is quoted, its definitions load, its tables are whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from doc_fragments import ROOT, blocks

from ordain.models.features.definition import Aggregation
from ordain.models.features.definitions import definitions_from, read_definitions
from ordain.models.limits import LIMITS

PAGE = ROOT / "docs/features.md"


def block(kind: str) -> str:
    (found,) = (block.text for block in blocks(PAGE) if block.kind == kind)
    return found


def test_the_example_prints_what_the_page_quotes(tmp_path: Path) -> None:
    run = [sys.executable, "-W", "error", "-c", block("python")]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert (done.stdout, done.stderr) == (block("text features"), "")


def test_the_definitions_of_the_page_are_those_that_are_shipped() -> None:
    shown, shipped = definitions_from(block("yaml").encode(), "page").features, read_definitions().features
    assert {name: shown[name].digest for name in shown} == {name: shipped[name].digest for name in shown}


def test_every_aggregation_and_every_limit_stands_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [str(each) for each in Aggregation if f"`{each}`" not in text] == []
    assert f"more than {LIMITS.records_at_reading:,} events" in text
    assert f"{LIMITS.feature_whole_digits} digits before the point and {LIMITS.feature_part_digits} after it" in text
    assert LIMITS.stale_seconds == 5 * 60
