"""A SYNTHETIC catalogue of as many policies as wanted, of all sorts, in the form of a policies directory.

Ten areas of business, in each the same mix: of ten policies six are tables of 20 rules with an expression before and
after, one is a price, one its bounds, one an offer, and one a list of compliance rules. Every policy has constants or
thresholds of its own and examples that hold; a service asks for the four that depend on each other, or for a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from random import Random

AREAS = ("mobile", "fibre", "tv", "roaming", "device", "cloud", "security", "voice", "energy", "insurance")
REGIONS = ("north", "south", "east", "west")
TEN = 10
"""Policies in one set, whose parts use each other."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The files of a policies directory by their path below it."""

    files: dict[str, str]

    def write(self, folder: Path) -> None:
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def catalogue(policies: int, seed: int = 0) -> Texts:
    """So many policies, a multiple of ten, with their vocabulary and services."""
    random = Random(seed)  # noqa: S311 - test data, nothing secret
    sets = [(AREAS[number % len(AREAS)], number) for number in range(policies // TEN)]
    files = {"facts.yaml": _vocabulary(sets), "services.yaml": _services(sets)}
    for area, number in sets:
        for name, text in _set(random, area, number):
            files[f"{name}/v1.yaml"] = text
    return Texts(files)


def _vocabulary(sets: list[tuple[str, int]]) -> str:
    lines = ["# SYNTHETIC: invented facts of invented products.", "facts:"]
    lines += [
        f"  region: {{type: text, values: [{', '.join(REGIONS)}], meaning: where the customer lives}}",
        "  tenure_months: {type: number, range: 0..1200, meaning: for how many months they have been with us}",
        "  churn_risk: {type: number, unit: probability, range: 0..1, precision: 4, meaning: the risk that they leave}",
        "  marketing_consent: {type: flag, meaning: whether they agreed to be written to}",
        "  is_minor: {type: flag, meaning: whether they are under age}",
    ]
    for area in AREAS:
        lines += [
            f"  {area}_usage: {{type: number, range: 0..100000, meaning: {area} used last month}}",
            f'  {area}_allowance: {{type: number, range: "(0..100000]", meaning: what the {area} plan includes}}',
            f'  {area}_list_price: {{type: number, unit: EUR, range: "(0..100000]", meaning: {area} as listed}}',
            f"  {area}_lowest: {{type: number, unit: EUR, range: 0..100000, meaning: the lowest price of {area}}}",
            f"  {area}_highest: {{type: number, unit: EUR, range: 0..100000, meaning: the highest price of {area}}}",
        ]
    for area, number in sets:
        price, offer = f"price-{area}-{number}", f"offer-{area}-{number}"
        lines += [
            f"  quoted_{number}: {{type: number, unit: EUR, source: policy {price}, meaning: what the formula asks}}",
            f"  last_offer_{number}_on: {{type: date, optional: true, meaning: when the last one was made}}",
            f"  offer_{number}s_last_90_days: {{type: number, range: 0..100, meaning: how many were made}}",
            f"  offer_{number}:",
            "    type: context",
            "    fields: {action: {type: text, values: [call, e-mail, none]}, percent: number}",
            f"    source: policy {offer}",
            f"    meaning: what is offered for {area}",
        ]
    return "\n".join(lines) + "\n"


def _services(sets: list[tuple[str, int]]) -> str:
    lines = ["services:"]
    for area, number in sets:
        lines += [
            f"  quote-{number}:",
            f"    purpose: What {area} costs one customer, and whether it may be asked.",
            f"    policies: [price-{area}-{number}, bounds-{area}-{number}]",
            f"    gives: [bounded_{number}]",
            f"  keep-{number}:",
            f"    purpose: What a customer of {area} is offered.",
            f"    policies: [offer-{area}-{number}, contact-{area}-{number}]",
            f"    gives: [offer_{number}]",
            f"  advice-{number}:",
            f"    purpose: Which plan of {area} fits.",
            f"    policies: [advice-{area}-{number}-0]",
            f"    gives: [advice_{number}_0]",
        ]
    return "\n".join(lines) + "\n"


def _set(random: Random, area: str, number: int) -> Iterator[tuple[str, str]]:
    for copy in range(6):
        yield f"advice-{area}-{number}-{copy}", _advice(random, area, number, copy)
    yield f"price-{area}-{number}", _price(random, area, number)
    yield f"bounds-{area}-{number}", _bounds(random, area, number)
    yield f"offer-{area}-{number}", _offer(random, area, number)
    yield f"contact-{area}-{number}", _contact(random, area, number)


def _head(name: str, kind: str, purpose: str) -> str:
    return f"policy: {name}\nversion: 1\nkind: {kind}\neffective: 2026-01-01\nowner: products\npurpose: {purpose}\n\n"


def _advice(random: Random, area: str, number: int, copy: int) -> str:
    """Five bands of usage and four regions: 20 rules, of which exactly one holds."""
    bounds = sorted(random.sample(range(10, 200), 4))
    bands = [f"< {bounds[0]}", *(f"[{low}..{high})" for low, high in pairwise(bounds))]
    bands.append(f">= {bounds[3]}")
    inside = [0, *bounds]
    rate = Decimal(random.randrange(5, 40))
    text = _head(f"advice-{area}-{number}-{copy}", "decision", f"Which {area} plan fits what was really used.")
    text += f"constants:\n  rate_percent: {{value: {rate}, meaning: what a step to the next plan costs in percent}}\n"
    text += f"  longest_months: {random.randrange(24, 240)}\n\ndecides:\n  used_percent:\n    gives: number\n"
    text += f"    formula: decimal(100 * {area}_usage / {area}_allowance, 2)\n"
    text += "    because: Usage as a share of what the plan includes.\n"
    text += (
        f"  advice_{number}_{copy}:\n    gives:\n      plan: {{type: text, values: [smaller, same, larger, largest]}}\n"
    )
    text += "      months: number\n    hit policy: unique\n    rules:\n"
    examples = []
    for band, cell in enumerate(bands):
        for region in REGIONS:
            plan = ("smaller", "smaller", "same", "larger", "largest")[band]
            months = random.randrange(1, 25)
            text += f'      - id: {region}-{band}\n        when: {{used_percent: "{cell}", region: {region}}}\n'
            text += f"        then: {{plan: {plan}, months: {months}}}\n"
            text += f"        because: In the {region} with usage {cell.strip('[)')} a plan that is {plan} fits.\n"
            examples.append((region, inside[band], plan, months))
    text += "  step_cost:\n    gives: number\n    formula: >-\n      if tenure_months > longest_months then 0\n"
    text += f"      else decimal(used_percent * rate_percent / 100, 2) + advice_{number}_{copy}.months\n\nexamples:\n"
    for region, used, plan, months in random.sample(examples, 6):
        text += f"  - given: {{{area}_usage: {used}, {area}_allowance: 100, region: {region}, tenure_months: 1}}\n"
        cost = f"{Decimal(used) * rate / 100 + months:.2f}"
        text += f"    expect: {{advice_{number}_{copy}.plan: {plan}, step_cost: {cost}}}\n"
    return text


def _price(random: Random, area: str, number: int) -> str:
    weight, risk = Decimal(random.randrange(1, 40)) / 100, Decimal(random.randrange(1, 40)) / 100
    text = _head(f"price-{area}-{number}", "pricing", f"A price for {area}, from usage and the risk of leaving.")
    text += f"constants:\n  usage_weight: {{value: {weight}, meaning: how much full usage adds}}\n"
    text += f"  risk_weight: {{value: {risk}, meaning: how much certain leaving takes off}}\n\nprice:\n"
    text += f"  quoted_{number}:\n    formula: >-\n      {area}_list_price\n"
    text += f"      * (1 + usage_weight * min({area}_usage / {area}_allowance, 1) - risk_weight * churn_risk)\n"
    text += "    currency: EUR\n    round: half up to 0.01\n    because: The list price, moved by usage and risk.\n\n"
    text += "examples:\n"
    for used, chance in ((0, "0"), (100, "0"), (0, "0.5"), (50, "1")):
        price = 100 * (1 + weight * Decimal(used) / 100 - risk * Decimal(chance))
        text += f"  - given: {{{area}_list_price: 100, {area}_usage: {used}, {area}_allowance: 100, "
        text += f"churn_risk: {chance}}}\n    expect: {{quoted_{number}: {price:.2f}}}\n"
    return text


def _bounds(random: Random, area: str, number: int) -> str:
    margin = random.randrange(5, 30)
    text = _head(f"bounds-{area}-{number}", "bounds", f"No price of {area} leaves its range.")
    text += (
        f"constants:\n  margin: {{value: {Decimal(margin) / 100}, meaning: how far it may be above the list price}}\n\n"
    )
    text += f"bounds:\n  bounded_{number}:\n    starts from: quoted_{number}\n    limits:\n"
    text += f"      - {{id: floor, at least: {area}_lowest, because: Not sold below its lowest price.}}\n"
    text += f"      - {{id: ceiling, at most: {area}_highest, because: Not sold above its highest price.}}\n"
    text += f"      - {{id: list, at most: {area}_list_price * (1 + margin), because: Never far above the list.}}\n"
    text += "    if limits conflict: [ceiling, list, floor]\n    round: half up to 1.00\n\nmust hold:\n"
    text += f"  - id: floor-below-ceiling\n    that: {area}_lowest <= {area}_highest\n"
    text += "    because: the lowest price is above the highest\n\nexamples:\n"
    for quoted, low, high, bounded in ((100, 50, 150, 100), (40, 50, 150, 50), (160, 50, 80, 80)):
        text += f"  - given: {{quoted_{number}: {quoted}, {area}_lowest: {low}, {area}_highest: {high}, "
        text += f"{area}_list_price: 150}}\n    expect: {{bounded_{number}: {bounded}}}\n"
    return text


def _offer(random: Random, area: str, number: int) -> str:
    text = _head(f"offer-{area}-{number}", "intervention", f"What a customer of {area} who may leave is offered.")
    text += f"decides:\n  offer_{number}:\n    gives:\n"
    text += "      action: {type: text, values: [call, e-mail, none]}\n      percent: number\n"
    text += "    hit policy: first\n    rules:\n"
    steps = sorted(random.sample(range(20, 99), 5), reverse=True)
    rows = []
    for rank, step in enumerate(steps):
        for region in REGIONS:
            percent, action = random.randrange(5, 50), "call" if rank < 2 else "e-mail"
            text += f'      - id: {region}-{step}\n        when: {{churn_risk: "> 0.{step}", region: {region}}}\n'
            text += f"        then: {{action: {action}, percent: {percent}}}\n"
            text += f"        because: More than {step} percent likely to leave, in the {region}.\n"
            rows.append((region, step, action, percent))
    text += (
        "\notherwise: {action: none, percent: 0}\nlimits: {cooldown: 30 days, at most: 3 per 90 days}\n\nexamples:\n"
    )
    for region, step, action, percent in random.sample(rows, 4):
        text += f"  - given: {{churn_risk: 0.{step}01, region: {region}, offer_{number}s_last_90_days: 0}}\n"
        text += f"    expect: {{offer_{number}.action: {action}, offer_{number}.percent: {percent}}}\n"
    text += f"  - given: {{churn_risk: 0.1, region: north, offer_{number}s_last_90_days: 0}}\n"
    text += f"    expect: {{offer_{number}.action: none}}\n"
    return text


def _contact(random: Random, area: str, number: int) -> str:
    text = _head(f"contact-{area}-{number}", "compliance", f"Whether we may write to a customer about {area}.")
    text += "notice: SYNTHETIC rules, not legal advice.\n\nrules:\n"
    for rule, (applies, permits) in enumerate(
        (
            ("not(is_minor)", "marketing_consent"),
            ("is_minor", f'offer_{number}.action = "none"'),
            (f"offer_{number}.percent > {random.randrange(30, 45)}", "tenure_months >= 1 and not(is_minor)"),
            (f'region = "north" and offer_{number}.action = "call"', "tenure_months > 0"),
            (f"{area}_usage > {random.randrange(100, 1000)} and churn_risk < 0.5", "marketing_consent or is_minor"),
            ('region in ("south", "east")', "tenure_months <= 1200"),
        )
    ):
        text += f"  - id: rule-{rule}\n    status: in force\n"
        text += f'    where: offer_{number}.action != "none"\n    source: House rule {rule} for {area}\n'
        text += f"    checked on: 2026-01-0{rule + 1}\n    applies when: {applies}\n    permits when: '{permits}'\n"
        text += "    because: A person must have agreed, and must be of age.\n"
    facts = f"region: west, tenure_months: 12, churn_risk: 0.9, {area}_usage: 10"
    text += "\nexamples:\n"
    for consent, minor, verdict in (("true", "false", "permit"), ("false", "false", "deny"), ("true", "true", "deny")):
        text += f"  - given: {{offer_{number}: {{action: call, percent: 10}}, marketing_consent: {consent}, "
        text += f"is_minor: {minor}, {facts}}}\n    expect: {{verdict: {verdict}}}\n"
    return text
