"""The examples of docs/python.md run as they stand, where the shipped policies are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from doc_fragments import ROOT, Block, blocks


@pytest.mark.parametrize("block", blocks(ROOT / "docs/python.md"), ids=str)
def test_an_example_of_the_page_runs(tmp_path: Path, block: Block) -> None:
    (tmp_path / "policies").symlink_to(ROOT / "policies")
    run = [sys.executable, "-c", block.text]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
