"""The page about guardrails: its plan can be read, and its table is what the bounds say."""

from __future__ import annotations

import json
import math
import re

import pytest
from doc_fragments import ROOT, blocks

from ordain.engine.sequential.confidence import Comparison, precision, radius
from ordain.engine.sequential.guardrail import Plan
from ordain.engine.sequential.plan_text import plan_of

PAGE = ROOT / "docs/guardrails.md"
ROWS = re.findall(
    r"^\| ([\d,]+) \| ([\d.]+) points \| ([\d.]+) points \| ([\d.]+) percent \|$",
    PAGE.read_text(encoding="utf-8"),
    re.MULTILINE,
)


def plan() -> Plan:
    (written,) = (block.text for block in blocks(PAGE) if block.kind == "json")
    return plan_of(json.loads(written))


def test_the_plan_of_the_page_can_be_read() -> None:
    assert [guardrail.name for guardrail in plan().guardrails] == ["denied may not rise", "price may not fall"]


def test_what_need_not_be_written_is_as_the_page_says() -> None:
    usual = plan()
    for name in ("alpha", "ratio_alpha", "tight_at", "least"):
        assert f"| `{name}` | {getattr(usual, name)} |" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_harm_that_is_seen_is_the_bounds(row: tuple[str, ...]) -> None:
    """At a small share of 5 percent, where the weight is 95 percent of the customers; the worse rate varies more."""
    weight = 0.95 * int(row[0].replace(",", ""))
    far = radius(Comparison(0, 0, 0, 0, 0, 1.0, weight), precision(1_000, 0.05), 0.05)

    def rise(rate: float) -> float:
        harm = 0.01
        for _ in range(100):
            harm = far * math.sqrt((rate + harm) * (1 - rate - harm))
        return harm

    assert [float(text) for text in row[1:]] == [round(100 * harm, 1) for harm in (rise(0.1), rise(0.01), far / 2)]


def test_the_table_has_rows() -> None:
    assert len(ROWS) == 5
