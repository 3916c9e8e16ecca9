"""Answers of the solver, as people read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from ordain.api.cli.terminal import OUT
from ordain.engine.examples.example_text import entry_lines, flow_value
from ordain.engine.late import late
from ordain.engine.values.types import Value

_STYLES = {"proved": "green", "false": "red", "unknown": "yellow", "not covered": "yellow"}
_INDENT = " " * 14


def print_proof(proof: Any) -> None:
    """One answer (`engine.prove.proof.Proof`); a customer stands there as an example would give it."""
    found = str(proof.found)
    OUT.print(Text(f"  {found:<12}", style=_STYLES[found]).append(Text(proof.asked, style="default")))
    for line in _more(proof):
        OUT.print(Text(_INDENT + line))


def _more(proof: Any) -> list[str]:
    lines = [f"because: {proof.because}"] if proof.because else []
    if proof.why:
        lines.append(proof.why)
    if proof.customer is not None:
        lines += _entry("- given", proof.customer.facts)
        if proof.customer.other:
            lines += _entry("the other", proof.customer.other)
        lines.append(f"  at: {proof.customer.at.date()}")
        lines.append(f"decided: {proof.said}")
    return [*lines, *(f"note: {each}" for each in proof.limits)]


def _entry(key: str, facts: Mapping[str, Value]) -> list[str]:
    given = {name: flow_value(value) for name, value in facts.items() if value is not None}
    return entry_lines(key, given, "")


def print_end(proofs: Sequence[Any]) -> None:
    """How many of each, and what was taken of facts that do not say it themselves."""
    counts = Counter(str(proof.found) for proof in proofs)
    OUT.print()
    OUT.print(Text(", ".join(f"{counts[found]} {found}" for found in _STYLES if counts[found]) or "nothing to prove"))
    assumed: tuple[str, ...] = late("ordain.engine.backends.smt.world:ASSUMED")
    if proofs:
        OUT.print(Text(f"for all customers whose facts are within their declared ranges; {'; '.join(assumed)}"))
