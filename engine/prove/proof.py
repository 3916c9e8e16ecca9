"""One question and its answer: what was asked of every customer, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ordain.engine.backends.smt.asking import Customer, Found
from ordain.engine.errors import Span
from ordain.engine.values.types import Value, plain


@dataclass(frozen=True, slots=True)
class Proof:
    """`of` is a policy `name@version` or a service. `why` says why there is no answer; `said` what deciding for the
    customer gave. `limits` are what a reader has to know of the answer; `seconds` is what it took.

    `derived`: the kind or the service is asked this, and no `prove:` line.
    """

    of: str
    asked: str
    found: Found
    span: Span
    why: str = ""
    customer: Customer | None = None
    said: str = ""
    because: str = ""
    limits: tuple[str, ...] = ()
    seconds: float = 0.0
    derived: bool = True


def as_data(proof: Proof) -> dict[str, Any]:
    """An answer for programs: facts as an example of a policy has them."""
    told: dict[str, Any] = {"of": proof.of, "asked": proof.asked, "answer": str(proof.found)}
    told |= {"at": f"{proof.span.file}:{proof.span.line}:{proof.span.column}"}
    if proof.because:
        told["because"] = proof.because
    if proof.why:
        told["why"] = proof.why
    if proof.customer is not None:
        told["customer"] = given(proof.customer.facts)
        if proof.customer.other:
            told["other_customer"] = given(proof.customer.other)
        told["decided_at"] = proof.customer.at.date().isoformat()
        told["said"] = proof.said
    if proof.limits:
        told["limits"] = list(proof.limits)
    return told | {"seconds": round(proof.seconds, 3)}


def given(facts: Mapping[str, Value]) -> dict[str, Any]:
    """Facts as JSON; those that are missing are left out."""
    return {name: plain(value) for name, value in facts.items() if value is not None}
