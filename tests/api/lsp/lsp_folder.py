"""A small policies directory for tests of the language server, in this process and as files."""

from __future__ import annotations

from pathlib import Path

from ordain.api.lsp.document import Document
from ordain.api.lsp.folder import Folder

FACTS = """\
facts:
  churn_risk:
    type: number
    unit: probability
    range: 0..1
    precision: 4
    source: [request, churn]
    personal: true
    meaning: the probability that the customer leaves
  tier: {type: text, values: [high, medium, low, "< 1 year", 大口], meaning: the customer's worth}
  is_new: {type: flag, default: false, meaning: whether the contract is new}
  tags: {type: list of text, values: [vip, blocked], meaning: what we know of the customer}
  joined: {type: date, optional: true, meaning: the first day}
  faith: {type: text, protected: true, personal: true, meaning: a religion}
  fee: {type: number, unit: INR, source: policy tariff, meaning: the fee per month}
"""
SERVICES = """\
services:
  quote:
    purpose: What it costs.
    policies: [tariff, offers]
    gives: [fee, offer]
"""
TARIFF = """\
policy: tariff
version: 1
kind: pricing
effective: 2026-01-01
owner: pricing
purpose: The fee.

constants:
  base: {value: 100, meaning: the list price}
  weight: 0.5

price:
  fee:
    formula: >-
      base * (1 + weight
      * churn_risk)
    currency: INR
    round: half up to 0.01
    because: The list price, and more where it is risky.

examples:
  - given: {churn_risk: 0.5}
    expect: {fee: 125}
"""
OFFERS = """\
policy: offers
version: 1
kind: decision
effective: 2026-01-01
owner: retention
purpose: What we offer.

decides:
  grade:
    gives: {type: text, values: [good, bad]}
    formula: 'if churn_risk > 0.5 then "bad" else "good"'
    because: By risk alone.
  offer:
    gives: {action: {type: text, values: [call, none]}, percent: number}
    hit policy: first
    rules:
      # the best ones
      - id: top
        when: {tier: high, grade: bad, "fee * 2": "> 10"}  # by phone
        then: {action: call, percent: 5}
        because: Zu teuer — 😀 für 大口.
      - {id: others, when: {churn_risk: "> 0.80"}, then: {action: call, percent: 1}}
    otherwise: {action: none, percent: 0}

examples:
  - given: {churn_risk: 0.6, tier: high, fee: 100}
    expect: {offer.action: call, grade: bad}
"""
FILES = {
    "facts.yaml": FACTS,
    "services.yaml": SERVICES,
    "tariff/v1.yaml": TARIFF,
    "offers/v1.yaml": OFFERS,
}


def written(folder: Path, **more: str) -> Path:
    """The directory as files, `policies` in a folder; the policies directory."""
    for name, text in {**FILES, **more}.items():
        file = folder / "policies" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder / "policies"


def folder_of(path: Path, **more: str) -> Folder:
    return Folder(written(path, **more))


def document(folder: Folder, file: str) -> Document:
    return folder.document(f"policies/{file}")
