"""A directory with one policy that uses one shared part, and what becomes of it with other texts."""

from __future__ import annotations

from collections.abc import Mapping

from policy_cases import HEAD

from ordain.engine.catalog import Texts

FACTS = """\
facts:
  city: {type: text, values: [Pune, Mumbai, Delhi], meaning: Where the customer lives.}
  asked_on: {type: date, meaning: The day of the request.}
  net: {type: number, meaning: The net amount.}
"""
SERVICES = "services: {sample: {purpose: A case., policies: [sample], gives: [answer]}}"
INDIA = """\
shared: india
version: 1
owner: operations
purpose: What holds everywhere in India.

constants:
  vip_cities: [Pune, Mumbai]
  gst: {value: 0.18, meaning: as a fraction}

calendars:
  maharashtra:
    years: 2026..2027
    closed: [Saturday, Sunday]
    holidays:
      2026-01-26: Republic Day
      2027-01-26: Republic Day

functions:
  with_gst: "function(amount: number) amount * (1 + gst)"
"""


def policy(answer: str, example: str, *, uses: str = "[india@1]", kind: str = "text", more: str = "") -> str:
    """A policy whose decision `answer` is a formula; `example` is the one line of its example."""
    formula = answer.replace("'", "''")
    return (
        HEAD.format(kind="decision")
        + (f"uses: {uses}\n" if uses else "")
        + more
        + f"decides:\n  answer: {{gives: {kind}, formula: '{formula}'}}\nexamples:\n  - {example}\n"
    )


def texts(sample: str, shared: Mapping[str, str] | None = None, facts: str = FACTS) -> Texts:
    """The texts of a directory with the policy `sample` and shared parts by `<name>/v<N>`."""
    files = {"india/v1": INDIA} if shared is None else shared
    return Texts(
        facts.encode(),
        SERVICES.encode(),
        {"policies/sample/v1.yaml": sample.encode()},
        shared={f"policies/shared/{name}.yaml": text.encode() for name, text in files.items()},
    )
