"""The full analysis of decision tables by size: time, and what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from time import process_time
from typing import Any

from bench.table_cases import SERVICES, VOCABULARY, BigTable
from bench.tables import Result
from ordain.engine.catalog import Catalog, Texts, load_catalog
from ordain.engine.check.tables.examined import findings
from ordain.engine.errors import Issue

SIZES = (20, 200, 2_000)
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Shape:
    """SYNTHETIC tables of one shape. `rules` gives `when` and `then` of each rule."""

    name: str
    hit_policy: str
    rules: Callable[[int], list[tuple[str, str]]]

    def text(self, size: int) -> str:
        lines = "".join(
            f"      - {{id: r{number}, when: {{{when}}}, then: {then}}}\n"
            for number, (when, then) in enumerate(self.rules(size))
        )
        head = f"  percent:\n    gives: number\n    hit policy: {self.hit_policy}\n    rules:\n"
        return _HEAD + head + lines + _EXAMPLE

    def load(self, size: int) -> Catalog:
        texts = Texts(VOCABULARY, SERVICES, {"policies/big/v1.yaml": self.text(size).encode()})
        return load_catalog(texts, run_examples=False)


_HEAD = """policy: big
version: 1
kind: decision
effective: 2026-01-01
owner: benchmark
purpose: A table of a size that people complain of.
decides:
"""
_EXAMPLE = """examples:
  - given: {segment: s00, usage_gb: 1, tenure_months: 1, autopay: true}
    expect: {percent: 0}
"""


def _grid(size: int) -> list[tuple[str, str]]:
    """Cells that meet at their borders and leave nothing out, but for one in a hundred that is missing."""
    random = Random(size)  # noqa: S311 - test data, nothing secret
    wide = max(2, round((size / 10) ** 0.5))
    rules = []
    for number in range(size):
        text, rest = number % 5, number // 5
        flag, rest = rest % 2, rest // 2
        usage, tenure = _range(rest % wide, wide), _range(rest // wide, -(-size // (10 * wide)))
        when = f'segment: s{text:02}, usage_gb: "{usage}", tenure_months: "{tenure}", autopay: {str(flag == 0).lower()}'
        if random.random() > 0.01:
            rules.append((when, str(number % 40)))
    return rules


def _range(place: int, of: int) -> str:
    if of == 1:
        return ">= 0"
    if place == 0:
        return "< 7"
    return f">= {place * 7}" if place == of - 1 else f"[{place * 7}..{place * 7 + 7})"


def _crossing(size: int) -> list[tuple[str, str]]:
    """Ranges drawn at random in every column: nearly all bounds differ, and rules cross each other."""
    random = Random(size)  # noqa: S311 - test data, nothing secret
    rules = []
    for number in range(size):
        ranges = []
        for name in ("usage_gb", "tenure_months"):
            low, width = random.randrange(100_000), random.randrange(1, 40_000)
            ranges.append(f'{name}: "[{low / 100:.2f}..{(low + width) / 100:.2f})"')
        when = f"segment: s{random.randrange(20):02}, {', '.join(ranges)}, autopay: {random.choice(('true', 'false'))}"
        rules.append((when, str(number % 40)))
    return rules


def _random_order(size: int) -> list[tuple[str, str]]:
    """The tables that `tables` times decisions with: random order, a few rules that ask nothing of one column."""
    table = BigTable.of("percent", "segment", size, seed=size)
    rules = []
    for rule in table.rules:
        cells = [f'{name}: "{cell}"' for name, cell in table.cells(rule).items()]
        rules.append((", ".join(cells), rule.gives))
    return rules


GRID = Shape("unique, a grid with holes", "unique", _grid)
SHAPES = (
    Shape("first, random order", "first", _random_order),
    GRID,
    Shape("first, ranges that cross", "first", _crossing),
    Shape("any, ranges that cross", "any", _crossing),
)


def run() -> Result:
    """Loads each table, then runs all checks on it; processor time of this process alone."""
    rows: dict[str, dict[str, Any]] = {}
    for shape in SHAPES:
        for size in SIZES:
            start = process_time()
            catalog = shape.load(size)
            loaded = process_time() - start
            seconds, issues = min((_timed(catalog) for _ in range(ROUNDS)), key=lambda timed: timed[0])
            counts = Counter(issue.code for issue in issues)
            rows[f"{shape.name}: {size:,} rules"] = {
                "load": round(loaded, 3),
                "check": round(seconds, 3),
                "findings": ", ".join(f"{code} {count}" for code, count in sorted(counts.items())),
            }
    columns = {"load": "load s", "check": "all checks s", "findings": "findings told"}
    notes = (
        "Four columns: a text with 20 values, two numbers with two digits after the point, a flag.",
        f"Seconds of one processor; the fastest of {ROUNDS} rounds. load: from YAML to a compiled policy.",
        "At most 5 gaps, 10 overlaps and 10 mergeable groups of a table are told.",
    )
    return Result("Analysis of decision tables by size", columns, rows, notes)


def _timed(catalog: Catalog) -> tuple[float, list[Issue]]:
    [loaded] = catalog.policies()
    start = process_time()
    issues = findings(loaded, catalog.vocabulary)
    return process_time() - start, issues
