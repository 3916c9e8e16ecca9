"""docs/facts.md: its examples load, and it tells of every key that a fact may have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ordain.engine.policy.load_facts import FACT, load_vocabulary

PAGE = (Path(__file__).parents[2] / "docs/facts.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_loads(number: int) -> None:
    assert load_vocabulary(EXAMPLES[number].encode(), "facts.yaml").facts


def test_every_key_is_told_and_shown_in_an_example() -> None:
    keys = set(FACT["properties"])
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == keys
    shown = "".join(EXAMPLES)
    assert {key for key in keys if not re.search(rf"\b{key}:", shown)} == set()


def test_a_range_in_square_brackets_needs_the_quotes_that_the_page_asks_for() -> None:
    with pytest.raises(Exception, match="range"):
        load_vocabulary(b"facts: {a: {type: number, range: [0..1], meaning: m}}", "facts.yaml")
