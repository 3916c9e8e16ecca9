"""The examples of docs/clients.md run as they stand, against a server on another port."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from served import ROOT, Server

PAGE = (ROOT / "docs/clients.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python(?: typed)?\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SAID = (
    "CustomerDataIncomplete: `used_percent` of plan-advice@1 needs `plan_gb`, which is missing",
    "",
    "decided",
    "The next plan up fits your usage better.",
)
"""What each example prints, among more."""


@pytest.fixture(scope="module")
def folder(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the command of the page has written its module."""
    folder = tmp_path_factory.mktemp("page")
    (command,) = re.findall(r"^ordain-client (\S+ --out \S+)", PAGE, re.MULTILINE)
    run(server, folder, "-m", "ordain_client.generate", *command.split())
    return folder


def run(server: Server, folder: Path, *arguments: str) -> str:
    here = [each.replace("127.0.0.1:8080", f"127.0.0.1:{server.port}") for each in arguments]
    done = subprocess.run(
        [sys.executable, *here],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "clients/python")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_of_the_page_runs(server: Server, folder: Path, number: int) -> None:
    assert len(EXAMPLES) == len(SAID)
    said = run(server, folder, "-c", EXAMPLES[number])
    assert said
    assert SAID[number] in said
