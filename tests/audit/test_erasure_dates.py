"""When somebody may be erased: after the days to keep, and whatever the clock once said."""

from __future__ import annotations

import datetime as dt

import pytest
from ledgers import DOCUMENTS, now, opened
from test_erasure import BY, JANE, about_jane

from ordain.audit.privacy.erasure import Erased, erase, erase_due


def test_with_days_to_keep_a_new_decision_puts_off_what_was_due(url: str) -> None:
    clock = [dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)]
    keep = dt.timedelta(days=365)
    with opened(url, at=lambda: clock[0]) as use:
        use.ledger.append(about_jane(1, clock[0]), DOCUMENTS)
        erase(use, JANE, private=BY, keep=keep)
        clock[0] = dt.datetime(2026, 12, 31, 12, tzinfo=dt.UTC)
        use.ledger.append(about_jane(2, clock[0]), DOCUMENTS)
        clock[0] = dt.datetime(2027, 1, 2, 12, tzinfo=dt.UTC)
        assert erase_due(use, private=BY, keep=keep).entries == 0
        clock[0] = dt.datetime(2028, 1, 1, 12, tzinfo=dt.UTC)
        assert erase_due(use, private=BY, keep=keep).entries == 3


@pytest.mark.parametrize("days", [0, 30])
def test_an_entry_made_while_the_clock_stood_years_ahead_keeps_nobody_from_being_erased(url: str, days: int) -> None:
    clock, keep = [now()], dt.timedelta(days=days)
    with opened(url, at=lambda: clock[0]) as use:
        use.ledger.append(about_jane(1, clock[0]), DOCUMENTS)
        use.ledger.append(about_jane(2, clock[0] + dt.timedelta(days=40 * 365)), DOCUMENTS)
        asked = erase(use, JANE, private=BY, keep=keep)
        if days:
            assert (asked.status, asked.not_before) == (Erased.RESTRICTED, (clock[0] + keep).date())
            clock[0] += keep + dt.timedelta(days=1)
            assert erase_due(use, private=BY, keep=keep).entries == 3
        else:
            assert (asked.status, asked.entries) == (Erased.DONE, 2)
