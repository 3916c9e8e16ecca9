"""How long proofs take: each shipped policy and service, and tables of 20 to 2,000 rules in front of two limits."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.tables import Result
from ordain.engine.catalog import Catalog, Texts, load_catalog, read_texts
from ordain.engine.prove.policy_proofs import PolicyProofs
from ordain.engine.prove.proving import questions

ROOT = Path(__file__).parents[1]
SIZES = (20, 200, 2_000)
SECONDS = 120
_AT = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
_FACTS = b"""facts:
  usage: {type: number, range: 0..100000, precision: 2, meaning: m}
  tenure: {type: number, range: 0..1200, precision: 0, meaning: m}
  segment: {type: text, values: [s00, s01, s02, s03, s04, s05, s06, s07, s08, s09], meaning: m}
  floor: {type: number, range: 0..100, precision: 2, meaning: m}
  ceiling: {type: number, range: 0..100, precision: 2, meaning: m}
"""
_SERVICES = b"services: {big: {purpose: A table., policies: [big], gives: [price]}}\n"
_TEXT = """policy: big
version: 1
kind: decision
effective: 2026-01-01
owner: benchmark
purpose: A table in front of two limits.
decides:
  percent:
    gives: number
    hit policy: HIT
    rules:
RULES
OTHERWISE
  above: {gives: number, formula: "max(percent * 1.05, floor)"}
  price: {gives: number, formula: "min(above, ceiling)"}
prove:
  - price <= ceiling
  - price >= floor or price = ceiling
examples:
  - given: {usage: 1, tenure: 1, segment: s00, floor: 1, ceiling: 2}
    refused: NotTried
"""


def _table(size: int, hit_policy: str, *, gap: bool) -> Catalog:
    """Bands of usage for each of ten segments; under `first` an `otherwise` in the place of the last band's end."""
    lines = []
    bands = size // 10
    for number in range(size):
        segment, band = number % 10, number // 10
        low, high = 100_000 * band / bands, 100_000 * (band + 1) / bands
        if gap and number == size // 2:
            continue
        end = "]" if band == bands - 1 else ")"
        cells = f'segment: s{segment:02}, usage: "[{low:.2f}..{high:.2f}{end}"'
        lines.append(f"      - {{id: r{number}, when: {{{cells}}}, then: {number % 40}}}")
    otherwise = "    otherwise: 0" if hit_policy == "first" else ""
    text = _TEXT.replace("HIT", hit_policy).replace("RULES", "\n".join(lines)).replace("OTHERWISE", otherwise)
    return load_catalog(Texts(_FACTS, _SERVICES, {"policies/big/v1.yaml": text.encode()}), run_examples=False)


def run() -> Result:
    """Each question once: a proof of a policy is asked for once, too."""
    rows: dict[str, dict[str, Any]] = {}
    catalog = load_catalog(read_texts(ROOT / "policies"), run_examples=False)
    for of, _, answer in questions(catalog, (), _AT, SECONDS):
        proof = answer()
        row = rows.setdefault(of, {"questions": 0, "all": 0.0, "longest": 0.0, "answers": {}})
        row["questions"] += 1
        row["all"] += proof.seconds
        row["longest"] = max(row["longest"], proof.seconds)
        row["answers"][str(proof.found)] = row["answers"].get(str(proof.found), 0) + 1
    for hit_policy, gap in (("first", False), ("unique", False), ("unique", True)):
        for size in SIZES:
            policies = _table(size, hit_policy, gap=gap)
            start = perf_counter()
            proofs = [
                answer()
                for _, answer in PolicyProofs(policies.versions["big"][-1], policies.vocabulary, SECONDS).questions()
            ]
            name = f"{hit_policy}{', a gap' if gap else ''}: {size:,} rules, two limits behind"
            counts: dict[str, int] = {}
            for proof in proofs:
                counts[str(proof.found)] = counts.get(str(proof.found), 0) + 1
            longest = max(proof.seconds for proof in proofs)
            rows[name] = {
                "questions": len(proofs),
                "all": perf_counter() - start,
                "longest": longest,
                "answers": counts,
            }
    for row in rows.values():
        row["all"], row["longest"] = round(row["all"], 3), round(row["longest"], 3)
        row["answers"] = ", ".join(f"{count} {found}" for found, count in sorted(row["answers"].items()))
    columns = {"questions": "questions", "all": "all, s", "longest": "longest, s", "answers": "answers"}
    notes = (
        "The policies and services as shipped; tables are SYNTHETIC: a text of ten values and a number in bands.",
        "From the plan to the answer, a customer that refutes it looked for near an example and decided; one run.",
    )
    return Result("Proofs", columns, rows, notes)
