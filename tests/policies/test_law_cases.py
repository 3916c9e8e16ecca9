"""Cases of law as data, decided and recorded as any request is: what the law says of them, by which source.

The compliance policies and services are the shipped ones. What stands before them gives exactly the price and the
channel of the case, except where a case asks the service `price-quote` itself.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ordain.api.decide import Ask, decide
from ordain.api.services import Services, wire
from ordain.api.settings import Settings

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "tests" / "cases" / "law").glob("*.yaml"))
CASES = [{"file": file.stem, **case} for file in FILES for case in yaml.safe_load(file.read_text())]
KEYS = {"file", "case", "service", "channel", "at", "facts", "verdict", "why", "source"}
EXPECTED = {"names", "never", "denied_by", "obliges", "text", "cites", "confidence"}

USUAL: dict[str, dict[str, Any]] = {
    "price-law": {
        "price": 500,
        "solely_automated": False,
        "score_drawn_on_strongly": False,
        "is_existing_subscriber": False,
        "commitment_months": 0,
        "auto_renews": False,
    },
    "contact-law": {"marketing_objection": False, "opted_out_channels": [], "message_generated": False},
    "price-quote": {
        "base_price": 500,
        "demand": 0.3,
        "price_elasticity": -0.3,
        "churn_risk": 0.1,
        "plan_min_price": 400,
        "plan_max_price": 600,
        "current_price": 500,
        "contract_start": "2025-08-01",
        "contract_price": 500,
        "plan": "standard",
        "tenure_months": 15,
    },
}
"""What a case need not say: a price of 500 for a new customer, or a message to somebody who never objected."""
_HEAD = "policy: {name}\nversion: 1\nkind: {kind}\neffective: 2020-01-01\nowner: tests\npurpose: The case's own.\n"
PRICE = _HEAD.format(name="grandfathering", kind="pricing") + (
    "price: {price: {formula: case_price, currency: INR, round: half up to 0.01}}\n"
    "examples: [{given: {case_price: 1}, expect: {price: 1}}]\n"
)
OFFER = _HEAD.format(name="retention-offer", kind="decision") + (
    "decides:\n"
    "  offer:\n"
    "    gives:\n"
    "      action: {type: text, values: [personal call, e-mail, automated campaign, loyalty reward, none]}\n"
    "      discount_percent: number\n"
    "      channel: {type: text, values: [phone, e-mail, sms, none]}\n"
    "    rules:\n"
    "      - {id: phone, when: {case_channel: phone}, then: {action: none, discount_percent: 0, channel: phone}}\n"
    "      - {id: mail, when: {case_channel: e-mail}, then: {action: none, discount_percent: 0, channel: e-mail}}\n"
    "      - {id: sms, when: {case_channel: sms}, then: {action: none, discount_percent: 0, channel: sms}}\n"
    "examples: [{given: {case_channel: sms}, expect: {offer.channel: sms}}]\n"
)
FACTS = (
    "  case_price: {type: number, unit: INR, meaning: the price of the case}\n"
    "  case_channel: {type: text, values: [phone, e-mail, sms], meaning: the channel of the case}\n"
)


def _wired(folder: Path, policies: Path) -> Services:
    return wire(
        Settings(
            database_url=f"sqlite:///{folder}/ordain.db",
            policies=policies,
            models=folder / "models",
            keys=folder / "keys",
            tenant="tests",
            time_zone="UTC",
            at_ahead_days=3_660,
        )
    )


def _ask_for(policies: Path, *names: str) -> None:
    """Only these services; a denial is answered, with all its reasons, rather than refused."""
    file = policies / "services.yaml"
    services = yaml.safe_load(file.read_text())["services"]
    services["price-quote"].pop("if denied")
    services["price-law"] = {**services["price-quote"], "gives": ["price"]}
    services["price-law"]["policies"] = services["price-quote"]["policies"][2:]
    services["contact-law"] = {**services["retention"], "at": "allowed"}
    file.write_text(yaml.safe_dump({"services": {name: services[name] for name in names}}))


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Services]]:
    """By service: the shipped policies with their own prices, and with the price and channel of the case."""
    folder = tmp_path_factory.mktemp("law")
    shipped, cases = (Path(shutil.copytree(ROOT / "policies", folder / name)) for name in ("shipped", "cases"))
    _ask_for(shipped, "price-quote")
    _ask_for(cases, "price-law", "contact-law")
    (cases / "grandfathering" / "v1.yaml").write_text(PRICE)
    (cases / "retention-offer" / "v1.yaml").write_text(OFFER)
    (cases / "facts.yaml").write_text((cases / "facts.yaml").read_text() + FACTS)
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    real, own = _wired(folder / "a", shipped), _wired(folder / "b", cases)
    yield {"price-quote": real, "price-law": own, "contact-law": own}
    real.close()
    own.close()


def _asked(case: dict[str, Any]) -> Ask:
    facts: dict[str, Any] = {**USUAL[case["service"]], **case["facts"]}
    if case["service"] == "price-law":
        facts["case_price"] = facts.pop("price")
    if case["service"] == "contact-law":
        facts["case_channel"] = case.get("channel", "e-mail")
    at = case["at"]
    if not isinstance(at, dt.datetime):
        at = dt.datetime.combine(at, dt.time(12), dt.UTC)
    return Ask(case["service"], "C-1", {name: _sent(value) for name, value in facts.items() if value is not None}, at)


def _sent(value: object) -> object:
    """A value of YAML as a request has it."""
    return value.isoformat() if isinstance(value, dt.date) else str(value) if isinstance(value, float) else value


@pytest.mark.parametrize("case", CASES, ids=[f"{case['file']}: {case['case']}" for case in CASES])
def test_the_law_says_so(services: dict[str, Services], case: dict[str, Any]) -> None:
    answer = decide(_asked(case), services[case["service"]]).as_json()
    law = {each["rule"]: each for each in answer["reasons"] if "source" in each}
    assert answer["verdict"] == case["verdict"], law
    for rule in case.get("names", ()):
        assert rule in law
    for rule in case.get("never", ()):
        assert rule not in law
    if case["verdict"] == "deny":
        assert {rule for rule, each in law.items() if each["verdict"] == "deny"} == set(case["denied_by"])
    for rule, word in case.get("cites", {}).items():
        assert word in law[rule]["source"]
    for rule, confidence in case.get("confidence", {}).items():
        assert law[rule]["confidence"] == confidence
    for key in case.get("obliges", ()):
        assert any(key in duty for duty in answer["obligations"]), answer["obligations"]
    if "text" in case:
        assert [duty["disclose"] for duty in answer["obligations"] if "disclose" in duty] == [case["text"]]


def test_every_case_says_why_and_by_which_source_and_expects_something() -> None:
    for case in CASES:
        assert case.keys() <= KEYS | EXPECTED, case["case"]
        assert case["why"].endswith("."), case["case"]
        assert case["source"], case["case"]
        assert EXPECTED & case.keys(), case["case"]
        assert ("denied_by" in case) == (case["verdict"] == "deny"), case["case"]
    assert len(CASES) >= 60
    assert max(Counter((case["file"], case["case"]) for case in CASES).values()) == 1
