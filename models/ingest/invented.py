"""SYNTHETIC customers as a store of features gets them: events and snapshots, up to a moment.

They are those of `models.data.synthetic`: what their records come to at that moment is what the table says of them, but
for rounding. Invented, for demos and tests, never evidence about real people; their names begin with `SYNTHETIC-`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np

from ordain.models.data.synthetic import INVENTED, PLAN_OF, customers
from ordain.models.store.records import Event, Snapshot

Row = dict[str, Any]

_DAY = dt.timedelta(days=1)
_STEP = 5
"""Days between reports of usage."""
_TOPICS = ("speed", "bill", "outage")
_RANGE = Decimal("0.7"), Decimal("1.4")
"""Of the list price: the lowest and the highest price of a plan."""


def records(count: int, seed: int, at: dt.datetime) -> tuple[list[Event], list[Snapshot]]:
    """Of `count` customers; all of it had happened, and was known, an hour before `at`."""
    random = np.random.default_rng([seed, 2])
    events: list[Event] = []
    snapshots: list[Snapshot] = []
    for made in customers(count, seed).to_dict("records"):
        row = {str(column): value for column, value in made.items()}
        subject = f"{INVENTED}{str(row['subject']).removeprefix('S-')}"
        snapshots += _snapshots(subject, row, at, random)
        events += _events(subject, row, at, random)
    return events, snapshots


def _snapshots(subject: str, row: Row, at: dt.datetime, random: np.random.Generator) -> Iterator[Snapshot]:
    price, plan = Decimal(int(row["monthly_price"])), PLAN_OF[int(row["plan_gb"])]
    began = _months_before(at.date(), int(row["contract_months"]))
    known = dt.datetime.combine(began, dt.time(), at.tzinfo)
    known = min(known, at - _DAY)
    crm: Row = {
        "plan": plan,
        "plan_gb": Decimal(int(row["plan_gb"])),
        "current_price": price,
        "customer_since": began,
        "contract_start": began,
        "contract_price": price,
        "contract_end": _months_before(began, -24),
        "auto_renews": True,
        "plan_enrolled_on": began,
        "plan_validity_months": Decimal(1),
        "upfront_paid": False,
        "pays_by_e_mandate": bool(random.random() < 0.5),
        "jurisdiction": "IN",
        "marketing_objection": bool(random.random() < 0.05),
        "vulnerable_customer": False,
    }
    if row["contract_months"] >= 12:
        crm["price_12_months_ago"] = price
    low, high = _RANGE
    terms: Row = {"base_price": price, "plan_min_price": price * low, "plan_max_price": price * high}
    elasticity = Decimal(f"{row['elasticity'] + random.normal(0.0, 0.15):.2f}")
    for source, fields in (("crm", crm), ("tariff", terms), ("research", {"elasticity": elasticity})):
        yield Snapshot(subject, source, known, known, fields)


def _events(subject: str, row: Row, at: dt.datetime, random: np.random.Generator) -> Iterator[Event]:
    last = at - dt.timedelta(hours=1)

    def event(kind: str, days: float, **fields: Any) -> Event:
        moment = (last - days * _DAY).replace(microsecond=0)
        return Event(f"{subject}-{kind}-{days:.3f}", subject, kind, moment, moment, fields)

    lately = Decimal(f"{row['usage_gb']:.1f}") / (30 // _STEP)
    before = lately / (1 - Decimal(f"{row['usage_decline_percent']:.1f}") / 100)
    for days in range(0, 120, _STEP):
        used = lately if days < 30 else before
        yield event("usage", days, gb=used.quantize(Decimal("0.001")))
    yield event("login", int(row["days_since_login"]))
    price = Decimal(int(row["monthly_price"]))
    for month in range(6):
        yield event("payment", month * 30 + 2, status="paid", amount=price)
    for number in range(int(row["payment_failures"])):
        yield event("payment", 5.5 + number * 27, status="failed", amount=price)
    for number in range(int(row["tickets"])):
        yield event("ticket", 1.25 + number * 4, topic=str(random.choice(_TOPICS)))


def _months_before(day: dt.date, months: int) -> dt.date:
    """The same day of a month so many before, or its 28th."""
    number = day.year * 12 + day.month - 1 - months
    return dt.date(number // 12, number % 12 + 1, min(day.day, 28))
