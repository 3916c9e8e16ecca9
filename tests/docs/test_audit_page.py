"""The page about questions lists those that are tested, each with its command.

`python tests/docs/test_audit_page.py` writes the table anew.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PAGE, CASES = ROOT / "docs" / "audit.md", ROOT / "tests" / "cases" / "audit_questions.yaml"
MARK = "<!-- the questions: tests/docs/test_audit_page.py writes and holds them -->\n"
NAMES = {
    "denier": "POLICY@VERSION/RULE",
    "fired": "POLICY@VERSION/RULE",
    "subject": "C-9",
    "text": "price-bounds@1",
    "model": "churn@3",
    "asked": "2026-11-30",
}
"""What stands on the page for the names of the cases."""


def table() -> str:
    questions = yaml.safe_load(CASES.read_text(encoding="utf-8"))["questions"]
    rows = [f"| {each['who']} | {each['asks']} | `{_command(each['command'])}` |" for each in questions]
    return "\n".join(["", "| who asks | what | command |", "|---|---|---|", *rows, ""])


def _command(words: list[object]) -> str:
    told = shlex.join(str(word).format(**NAMES) for word in words).replace(" --limit 1000000", "")
    return told.replace("|", "\\|")


def written() -> str:
    before, _, after = PAGE.read_text(encoding="utf-8").partition(MARK)
    _, heading, rest = after.partition("\n## ")
    return f"{before}{MARK}{table()}{heading}{rest}"


def test_the_page_lists_the_questions_that_are_tested() -> None:
    assert PAGE.read_text(encoding="utf-8") == written()


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
