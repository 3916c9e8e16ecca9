"""SYNTHETIC events and snapshots of the shipped features."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from ordain.models.store.records import Event, Snapshot

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def usage(id: str, gb: str, days_ago: int = 0, subject: str = "cust-1", known_after: int = 0) -> Event:
    """Data used so many days ago, of which we learned `known_after` days later."""
    happened = NOW - days_ago * DAY
    return Event(id, subject, "usage", happened, happened + known_after * DAY, {"gb": Decimal(gb)})


def payment(id: str, status: str, days_ago: int = 0, subject: str = "cust-1") -> Event:
    happened = NOW - days_ago * DAY
    return Event(id, subject, "payment", happened, happened, {"status": status, "amount": Decimal("499.00")})


def crm(days_ago: int, known_days_ago: int, plan: str = "premium", subject: str = "cust-1") -> Snapshot:
    fields = {"plan": plan, "plan_gb": Decimal(100), "contract_start": dt.date(2024, 1, 31)}
    return Snapshot(subject, "crm", NOW - days_ago * DAY, NOW - known_days_ago * DAY, fields)
