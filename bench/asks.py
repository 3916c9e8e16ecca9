"""Requests for the HTTP benchmark: SYNTHETIC customers, all of whom may be decided about and are permitted."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

_AT = "2026-11-21T12:00:00+05:30"
_CONTACT = {
    "jurisdiction": "IN",
    "marketing_objection": False,
    "opted_out_channels": [],
    "consented_channels": ["phone", "e-mail", "sms"],
    "consent_kind": "explicit",
    "promotions_blocked": False,
    "recipient_time_zone": "Asia/Kolkata",
}
_CONTRACT = {
    "contract_start": "2025-03-01",
    "contract_price": 500,
    "plan": "standard",
    "tenure_months": 20,
    "jurisdiction": "IN",
    "price_personalised": True,
    "personal_data_inputs": ["usage", "contract"],
    "pays_by_e_mandate": False,
    "plan_enrolled_on": "2025-03-01",
    "plan_validity_months": 1,
    "upfront_paid": False,
}
_PLAN = {"base_price": 500, "plan_min_price": 400, "plan_max_price": 600}
TIERS = ("high", "medium", "low")


def price_quotes(count: int) -> list[bytes]:
    """For `price-quote`, with the churn risk sent. No two limits leave less than a rupee between them."""
    random = _random()
    prices = [random.randrange(420, 600) for _ in range(count)]
    return [
        _body(
            number,
            **_PLAN,
            **_CONTRACT,
            current_price=price,
            price_12_months_ago=price - random.randrange(30),
            competitor_price=random.randrange(490, 650),
            demand=_fraction(random),
            price_elasticity=-_fraction(random),
            churn_risk=_fraction(random),
        )
        for number, price in enumerate(prices)
    ]


def retentions(count: int) -> list[bytes]:
    """For `retention`, with the churn risk sent."""
    random = _random()
    return [_timeless(number, **_retention(random), churn_risk=_fraction(random)) for number in range(count)]


def scored_retentions(held_out: Path, count: int) -> list[bytes]:
    """For `retention`, with the churn model's inputs in place of the risk: rows kept from its training."""
    random = _random()
    rows = [json.loads(line)["facts"] for line in held_out.read_text().splitlines()[:count]]
    return [_timeless(number, **_retention(random), **row) for number, row in enumerate(rows)]


def plan_advices(count: int) -> list[bytes]:
    """For `plan-advice`."""
    random = _random()
    return [_body(number, usage_gb=random.randrange(1, 120), plan_gb=100) for number in range(count)]


def _retention(random: Random) -> dict[str, Any]:
    return {"clv_tier": random.choice(TIERS), "offers_last_90_days": random.randrange(3), **_CONTACT}


def _body(number: int, **facts: Any) -> bytes:
    return json.dumps({"subject": f"SYNTHETIC-{number}", "at": _AT, "facts": facts}).encode()


def _timeless(number: int, **facts: Any) -> bytes:
    """For a service that takes no `at`."""
    return json.dumps({"subject": f"SYNTHETIC-{number}", "facts": facts}).encode()


def _random() -> Random:
    return Random(3)  # noqa: S311 - test data, nothing secret


def _fraction(random: Random) -> float:
    return random.randrange(10_001) / 10_000
