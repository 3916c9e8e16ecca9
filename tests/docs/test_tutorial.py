"""Who follows a page step by step sees what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from doc_fragments import Block
from walkthrough import PAGES, Step, walk

_BLOCK = Block("console", "", "page.md", 1)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_command_of_a_page_prints_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    count = 0
    for step in walk(page, tmp_path):
        count += 1
        if not step.agrees:
            where = f"{step.block}: `{step.command}`"
            assert (step.code, step.printed) == (step.code_shown, step.shown), where
            pytest.fail(f"{where} prints other lines than those around `...`")
    assert count == page.read_text(encoding="utf-8").count("\n$ ") > 0


@pytest.mark.parametrize(
    ("shown", "code", "agrees"),
    [
        ("one\ntwo\nthree\n", 0, True),
        ("one\n...\nthree\n", 0, True),
        ("...\nthree\n", 0, True),
        ("one\n...\n", 0, True),
        ("one\n...\ntwo\n", 0, False),
        ("one\nthree\n", 0, False),
        ("", 0, False),
        ("one\n...\nthree\n", 1, False),
    ],
)
def test_lines_left_out_are_the_only_ones_that_may_differ(shown: str, code: int, agrees: bool) -> None:
    assert Step(_BLOCK, "ordain", shown, code, "one\ntwo\nthree\n", 0).agrees == agrees
