"""SYNTHETIC decision tables of any size, in the form of each contestant, and customers to decide.

Rules are cells of a grid, text by text: a range of usage and one of tenure, some with a flag; some ask nothing of
one column. They stand in random order, the last one asks nothing at all. Numbers have two digits after the point
at most, and queries fall on bounds too: for such numbers floats order as decimals do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from random import Random
from typing import Any

from bench import zen_peer

Bounds = tuple[Decimal, Decimal]
"""From the first, included, to the second, excluded."""

USAGE_STEP, TENURE_STEP = Decimal("7.25"), Decimal(6)
TEXTS = 20


@dataclass(frozen=True, slots=True)
class TableRule:
    """None asks nothing."""

    text: str | None
    usage: Bounds | None
    tenure: Bounds | None
    autopay: bool | None
    gives: str


@dataclass(frozen=True, slots=True)
class BigTable:
    """`asks` is the column of the text, `gives` the output: a number, or with `classes` a text `c00` to `c19`."""

    name: str
    asks: str
    rules: tuple[TableRule, ...]
    classes: bool

    @classmethod
    def of(cls, name: str, asks: str, size: int, seed: int, *, prefix: str = "s", classes: bool = False) -> BigTable:
        random = Random(seed)  # noqa: S311 - test data, nothing secret
        texts = min(TEXTS, max(4, size // 5))
        wide = ceil((size / texts) ** 0.5) + 1
        cells = [(text, usage, tenure) for text in range(texts) for usage in range(wide) for tenure in range(wide)]
        rules = [_rule(random, prefix, place, classes) for place in random.sample(cells, size - 1)]
        return cls(name, asks, (*rules, TableRule(None, None, None, None, _gives(random, classes))), classes)

    def yaml(self) -> str:
        """The table as a policy writes it."""
        allowed = ", ".join(f"c{number:02}" for number in range(TEXTS))
        gives = f"{{type: text, values: [{allowed}]}}" if self.classes else "number"
        head = f"  {self.name}:\n    gives: {gives}\n    hit policy: first\n    rules:\n"
        return head + "".join(
            f"      - {{id: r{number}, when: {_flow(self.cells(rule))}, then: {rule.gives}}}\n"
            for number, rule in enumerate(self.rules)
        )

    def cells(self, rule: TableRule) -> dict[str, str]:
        cells = {self.asks: rule.text, "usage_gb": _range(rule.usage), "tenure_months": _range(rule.tenure)}
        cells["autopay"] = None if rule.autopay is None else str(rule.autopay).lower()
        return {name: cell for name, cell in cells.items() if cell is not None}

    def zen(self) -> dict[str, Any]:
        """The table as a node of zen-engine."""
        inputs = (self.asks, "usage_gb", "tenure_months", "autopay")
        rules = []
        for number, rule in enumerate(self.rules):
            cells = self.cells(rule)
            if rule.text is not None:
                cells[self.asks] = f'"{rule.text}"'
            rules.append((f"r{number}", cells, f'"{rule.gives}"' if self.classes else rule.gives))
        content = zen_peer.first_hit(inputs, self.name, rules)
        return {"id": self.name, "name": self.name, "type": "decisionTableNode", "content": content}

    def by_hand(self) -> Callable[..., Any]:
        """The table as a programmer would write it: an if-chain over decimals, no trace."""
        known: dict[str, Any] = {}
        lines = [f"def decide({self.asks}, usage_gb, tenure_months, autopay):"]
        for rule in self.rules:
            tests = [] if rule.text is None else [f"{self.asks} == {rule.text!r}"]
            for name, bounds in (("usage_gb", rule.usage), ("tenure_months", rule.tenure)):
                if bounds is not None:
                    low, high = (_constant(known, bound) for bound in bounds)
                    tests.append(f"{low} <= {name} < {high}")
            if rule.autopay is not None:
                tests.append("autopay" if rule.autopay else "not autopay")
            gives = repr(rule.gives) if self.classes else _constant(known, Decimal(rule.gives))
            lines.append(f"    if {' and '.join(tests) or 'True'}: return {gives}")
        exec("\n".join(lines), known)  # noqa: S102 - source made here, of numbers and texts made here
        function: Callable[..., Any] = known["decide"]
        return function


def _rule(random: Random, prefix: str, place: tuple[int, int, int], classes: bool) -> TableRule:
    text, usage, tenure = place
    free = random.choices(("", "text", "usage", "tenure"), (94, 2, 2, 2))[0]
    return TableRule(
        None if free == "text" else f"{prefix}{text:02}",
        None if free == "usage" else (usage * USAGE_STEP, (usage + 1) * USAGE_STEP),
        None if free == "tenure" else (tenure * TENURE_STEP, (tenure + 1) * TENURE_STEP),
        random.choice((True, False)) if random.random() < 0.2 else None,
        _gives(random, classes),
    )


def _gives(random: Random, classes: bool) -> str:
    return f"c{random.randrange(TEXTS):02}" if classes else str(Decimal(random.randrange(400)) / 10)


def _range(bounds: Bounds | None) -> str | None:
    return None if bounds is None else f"[{bounds[0]}..{bounds[1]})"


def _flow(cells: Mapping[str, str]) -> str:
    return (
        "{"
        + ", ".join(f'{name}: "{cell}"' if ".." in cell else f"{name}: {cell}" for name, cell in cells.items())
        + "}"
    )


def _constant(known: dict[str, Any], number: Decimal) -> str:
    name = f"n{number}".replace(".", "_")
    known[name] = number
    return name


def queries(table: BigTable, count: int, seed: int) -> list[dict[str, Any]]:
    """Customers by fact. Most lie in the cell of a rule picked at random, one in ten beyond the grid: its last rule."""
    random = Random(seed)  # noqa: S311 - test data, nothing secret
    drawn = []
    for number in range(count):
        rule = random.choice(table.rules[:-1])
        usage, tenure = (_inside(random, rule.usage, USAGE_STEP), _inside(random, rule.tenure, TENURE_STEP))
        if number % 10 == 9:
            usage, tenure = Decimal(100_000), Decimal(100_000)
        autopay = rule.autopay if rule.autopay is not None else random.random() < 0.5
        text = rule.text or f"s{random.randrange(4):02}"
        drawn.append({"segment": text, "usage_gb": usage, "tenure_months": tenure, "autopay": autopay})
    return drawn


def _inside(random: Random, bounds: Bounds | None, step: Decimal) -> Decimal:
    low = Decimal(0) if bounds is None else bounds[0]
    return low + random.randrange(int(step * 100)) * Decimal("0.01") * (random.random() < 0.9)


_SEGMENTS = ", ".join(f"s{number:02}" for number in range(TEXTS))
VOCABULARY = f"""facts:
  segment: {{type: text, values: [{_SEGMENTS}], meaning: a group of customers}}
  usage_gb: {{type: number, range: 0..1000000, precision: 2, meaning: usage in a month}}
  tenure_months: {{type: number, range: 0..1000000, precision: 2, meaning: for how long they have been with us}}
  autopay: {{type: flag, meaning: whether they pay automatically}}
""".encode()
SERVICES = b"services:\n  offer: {purpose: A large table., policies: [big], gives: [percent]}\n"


def policy(tables: Sequence[BigTable], example: Mapping[str, Any], expected: str) -> bytes:
    """The YAML policy of these tables, of which the last gives `percent`."""
    given = ", ".join(f"{name}: {str(value).lower()}" for name, value in example.items())
    return (
        "policy: big\nversion: 1\nkind: decision\neffective: 2026-01-01\nowner: benchmark\n"
        "purpose: Tables of a size that people complain of.\n\ndecides:\n"
        + "".join(table.yaml() for table in tables)
        + f"\nexamples:\n  - given: {{{given}}}\n    expect: {{percent: {expected}}}\n"
    ).encode()
