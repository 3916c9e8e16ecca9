"""When somebody was offered something last, and how often: counted from the ledger's own decisions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from answers import NOON, RETENTION
from served import settings_in

from ordain.api.ask import make_ask
from ordain.api.decide import decide
from ordain.api.facts.ledger_facts import LedgerFacts
from ordain.api.services import Services, wire
from ordain.audit.privacy.erasure import erase
from ordain.audit.records.replay import Replayer
from ordain.engine.errors import CustomerDataIncomplete
from ordain.engine.values.temporal import fixed_offset

FACTS = {name: value for name, value in RETENTION.items() if name != "offers_last_90_days"} | {
    "churn_risk": Decimal("0.85")
}
DAY = dt.timedelta(days=1)
NAMES = ("last_offer_on", "offers_last_90_days")


@pytest.fixture
def use(tmp_path: Path, policies: Path) -> Iterator[Services]:
    facts = policies / "facts.yaml"
    text = facts.read_text(encoding="utf-8")
    for name in NAMES:
        assert f"  {name}:\n" in text
        text = text.replace(f"  {name}:\n", f"  {name}:\n    source: [request, ledger]\n")
    facts.write_text(text, encoding="utf-8")
    wired = wire(settings_in(tmp_path, policies=policies))
    yield wired
    wired.close()


NOW = dt.datetime.fromisoformat(NOON)


def offered(use: Services, at: dt.datetime, subject: str = "C-1", **more: Any) -> Any:
    """Decided at that moment, by the service's clock."""
    then = replace(use, now=lambda: fixed_offset(at))
    return decide(make_ask("retention", subject, {**FACTS, **more}, None), then)


def told(use: Services, at: dt.datetime, subject: str = "C-1") -> dict[str, object]:
    found = LedgerFacts(use.ledger.reader, use.settings.zone).read(subject, NAMES, at)
    return {name: kept.value for name, kept in found.items()}


def test_who_was_never_offered_anything_has_none(use: Services) -> None:
    assert told(use, NOW) == {"last_offer_on": None, "offers_last_90_days": 0}


def test_an_offer_counts_for_whom_it_was_made_and_the_next_is_within_its_cooldown(use: Services) -> None:
    first = offered(use, NOW)
    assert first.as_json()["outcome"]["offer"]["action"] == "personal call"
    assert told(use, NOW + DAY) == {"last_offer_on": "2026-06-01", "offers_last_90_days": 1}
    assert told(use, NOW + DAY, "C-2") == {"last_offer_on": None, "offers_last_90_days": 0}
    again = offered(use, NOW + 5 * DAY)
    assert again.as_json()["outcome"]["offer"]["action"] == "none"
    record = use.ledger.reader.record(again.entry.id)
    assert record is not None
    assert record.private is not None
    source = {"source": "ledger as of 2026-06-06T12:00:00+05:30", "value": "2026-06-01"}
    assert record.private["facts"]["last_offer_on"] == source
    assert Replayer(use.ledger.reader).replay(record)


def test_what_gave_nothing_and_what_was_denied_is_no_offer(use: Services) -> None:
    offered(use, NOW)
    offered(use, NOW + 5 * DAY)  # within the cooldown: none
    offered(use, NOW + 40 * DAY, marketing_objection=True)
    assert told(use, NOW + 50 * DAY) == {"last_offer_on": "2026-06-01", "offers_last_90_days": 1}


def test_offers_leave_the_period_and_what_comes_later_does_not_count_yet(use: Services) -> None:
    for days in (0, 31, 62):
        offered(use, NOW + days * DAY)
    assert told(use, NOW + 63 * DAY)["offers_last_90_days"] == 3
    assert told(use, NOW + 91 * DAY)["offers_last_90_days"] == 2
    assert told(use, NOW + 40 * DAY) == {"last_offer_on": "2026-07-02", "offers_last_90_days": 2}


def test_what_the_request_says_goes_before(use: Services) -> None:
    offered(use, NOW)
    answer = offered(use, NOW + 5 * DAY, last_offer_on="2026-01-01", offers_last_90_days=0)
    assert answer.as_json()["outcome"]["offer"]["action"] == "personal call"


def test_of_who_is_restricted_or_erased_nothing_is_counted(use: Services) -> None:
    offered(use, NOW)
    keep = dt.timedelta(days=100_000)
    erase(use.ledger, "C-1", private={"reason": "asked"}, keep=keep)
    assert told(use, NOW + DAY) == {}
    with pytest.raises(CustomerDataIncomplete, match="needs `offers_last_90_days`, which is missing"):
        offered(use, NOW + DAY)
    offered(use, NOW, "C-2")
    erase(use.ledger, "C-2", private={"reason": "asked"})
    assert told(use, NOW + DAY, "C-2") == {"last_offer_on": None, "offers_last_90_days": 0}
