"""A small shop of SYNTHETIC customers, decided about and on record: what backtests are tested on."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from served import ROOT, ordain_here

CASES = ROOT / "tests" / "cases" / "backtest" / "policies"
REGIONS, AGES = ("north", "south", "east"), ("young", "middle", "old")
CUSTOMERS = 150


def customers(count: int = CUSTOMERS) -> list[dict[str, str]]:
    """Rows of a table: incomes from 0 to 9,950, regions and age groups in turns of different length."""
    return [
        {
            "subject": f"C-{number}",
            "income": str(number * 50 % 10_000 * 4 % 10_000),
            "region": REGIONS[number % 3],
            "age_group": AGES[number // 3 % 3],
        }
        for number in range(count)
    ]


def table_in(folder: Path, rows: Iterable[dict[str, str]], name: str = "customers.csv") -> Path:
    rows = list(rows)
    with (folder / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return folder / name


class Shop:
    """`ordain` in one folder, under the policies of the cases; `variables` are those of its environment."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.policies = Path(shutil.copytree(CASES, folder / "policies"))
        self.variables = {"ORDAIN_POLICIES": str(self.policies), **variables}

    def run(self, *arguments: str, code: int = 0) -> str:
        """What it printed: on standard error where the code says bad input."""
        done = ordain_here(self.folder, *arguments, **self.variables)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr if code == 2 else done.stdout

    def decide(self, rows: Iterable[dict[str, str]], name: str = "customers.csv") -> list[dict[str, Any]]:
        """Decides and records them; the answers."""
        table_in(self.folder, rows, name)
        self.run("decide", "terms", "--table", name)
        return [json.loads(line) for line in (self.folder / f"{name}.decisions.jsonl").read_bytes().splitlines()]

    def backtest(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.run("backtest", *arguments, "--json", code=code))
        return told

    def exported(self) -> list[dict[str, Any]]:
        """All decisions as a reviewer's export has them."""
        self.run("audit", "export", "all.jsonl", "--role", "reviewer", "--replace")
        return [json.loads(line) for line in (self.folder / "all.jsonl").read_bytes().splitlines()]


Decided = tuple[str, Decimal, str]
"""Tier, fee and verdict."""


def decided(facts: dict[str, Any], gold_from: int) -> Decided:
    """What the policies say of a customer where gold begins at that income: written here once more, by hand."""
    income = Decimal(facts["income"]["value"])
    tier = "gold" if income >= gold_from else "plain"
    flat = Decimal(30) if facts["region"]["value"] == "east" else Decimal(25)
    fee = (income / 100).quantize(Decimal("0.01"), ROUND_HALF_UP) if tier == "gold" else flat
    return tier, fee, "deny" if tier == "gold" and facts["age_group"]["value"] == "young" else "permit"


def flows_of(flow: dict[str, Any]) -> Counter[tuple[str, str]]:
    return Counter({(each["old"], each["new"]): each["count"] for each in flow["flows"]})
