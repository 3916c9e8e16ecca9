"""Retention by age: old private parts go, envelopes and proofs stay."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from databases import database
from ledgers import DOCUMENTS, decision, opened

from ordain.audit.entry.entry import Entry, Kind
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.reader import Status
from ordain.audit.limits import LIMITS
from ordain.audit.privacy import retention
from ordain.audit.privacy.erasure import erase, hold
from ordain.audit.privacy.retention import retain
from ordain.audit.store.partitions import month_partitions, months_before
from ordain.audit.store.rows import ENTRY, PAYLOAD, SUBJECT_KEY
from ordain.audit.verifier.check import verify

BY = {"actor": "tests"}
YEAR = 2025


def day(month: int, number: int = 15) -> dt.datetime:
    return dt.datetime(YEAR, month, number, 12, tzinfo=dt.UTC)


def fill(use: OpenLedger, months: range) -> list[UUID]:
    """An entry a month about each of C-1 and C-2, and one about nobody."""
    ids = []
    for month in months:
        for number in (1, 2):
            ids.append(UUID(use.ledger.append(decision(number, day(month)), DOCUMENTS).entry_id))
        made = decision(0, day(month))
        use.ledger.append(Entry(made.id, day(month), Kind.MODEL, {"note": "trained"}, about={"action": "trained"}))
    return ids


def states(use: OpenLedger) -> list[tuple[str, Status]]:
    use.settle()
    return [
        (record.envelope["time"][:7], record.status) for record in use.reader.records() if record.envelope["service"]
    ]


def test_what_is_older_than_the_limit_goes_and_the_rest_stays(use: OpenLedger) -> None:
    fill(use, range(1, 5))
    retained = retain(use, day(3, 1), private=BY)
    assert (retained.payloads, retained.erased) == (4, 0)
    assert [status for month, status in states(use) if month < "2025-03"] == [Status.EXPIRED] * 4
    assert [status for month, status in states(use) if month >= "2025-03"] == [Status.READABLE] * 4
    about = [entry.read()["about"] for entry in use.reader.entries() if entry.read()["kind"] == Kind.RETENTION]
    assert about == [{"before": "2025-03-01T12:00:00.000000Z", "payloads": 4, "erased": 0}]


def test_what_is_about_nobody_stays_readable(use: OpenLedger) -> None:
    fill(use, range(1, 3))
    retain(use, day(12), private=BY)
    use.settle()
    models = [record for record in use.reader.records() if record.envelope["kind"] == Kind.MODEL]
    assert [record.status for record in models] == [Status.READABLE] * 2


def test_a_hold_keeps_its_subject_and_what_was_erased_is_counted(use: OpenLedger) -> None:
    fill(use, range(1, 4))
    hold(use, "C-1", True, private=BY)
    erase(use, "C-2", private=BY)
    retained = retain(use, day(12), private=BY)
    assert (retained.payloads, retained.erased) == (3, 3)
    assert {status for _, status in states(use)} == {Status.READABLE, Status.EXPIRED}
    assert len(use.reader.ids_of("C-1")) == 4, "with the entry of the hold"


def test_who_is_restricted_until_a_later_day_is_kept_until_then(use: OpenLedger) -> None:
    ids = fill(use, range(1, 3))
    erase(use, "C-1", private=BY, not_before=dt.date(2090, 1, 1))
    assert retain(use, day(12), private=BY).payloads == 2, "those of C-2"
    assert [record.status for record in map(use.reader.record, ids) if record].count(Status.RESTRICTED) == 2


def test_a_subject_of_whom_nothing_is_left_has_no_key(use: OpenLedger) -> None:
    fill(use, range(1, 3))
    retain(use, day(12), private=BY)
    assert use.reader.ids_of("C-1") == use.reader.ids_of("C-2") == []
    with use.store.reading() as connection:
        assert connection.execute(sa.select(SUBJECT_KEY.c.tag)).scalars().all() == [use.keyring.tag(None)]


def test_nothing_old_leaves_no_entry(use: OpenLedger) -> None:
    fill(use, range(3, 4))
    assert retain(use, day(1), private=BY).payloads == 0
    use.settle()
    assert not [entry for entry in use.reader.entries() if entry.read()["kind"] == Kind.RETENTION]


def test_postgresql_drops_whole_months() -> None:
    with database() as url, opened(url) as use:
        with use.store.transaction() as connection:
            month_partitions(connection, dt.date(YEAR, 1, 1), 6)
        fill(use, range(1, 7))
        hold(use, "C-1", True, private=BY)
        retained = retain(use, day(4, 20), private=BY)
        assert (retained.payloads, retained.erased, retained.partitions) == (4, 0, 3), "C-2 of four months"
        with use.store.reading() as connection:
            assert [name for name in months_before(connection, dt.date(YEAR, 12, 1)) if name < "payload_2025_04"] == []
            left = connection.execute(sa.select(sa.func.count()).select_from(PAYLOAD)).scalar()
        assert left == 1 + 6 + 6 + 2 + 1 + 4, "leaf 0, about nobody, C-1 held, C-2 of two months, hold, four removals"
        assert len([s for _, s in states(use) if s is Status.READABLE]) == 8
        again = retain(use, day(4, 20), private=BY)
        assert (again.payloads, again.partitions) == (0, 0)


def test_the_file_of_a_ledger_gives_back_nothing_of_what_was_removed(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/ledger.db") as use:
        fill(use, range(1, 3))
        with use.store.reading() as connection:
            sealed = connection.execute(sa.select(ENTRY.c.sealed).order_by(ENTRY.c.id)).scalars().all()
        house = sealed[-1]
        before = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert all(part[:200] in before for part in sealed)
        retain(use, day(12), private=BY)
        after = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert sum(part[:200] in after for part in sealed) == 3, "leaf 0 and what is about nobody"
        assert house[:200] in after


def test_payloads_that_came_before_their_months_partition_move_into_it() -> None:
    """A server that was away for months: its first entries stand in the default partition."""
    with database() as url, opened(url) as use:
        ids = fill(use, range(1, 3))
        with use.store.transaction() as connection:
            month_partitions(connection, dt.date(YEAR, 1, 1), 3)
        with use.store.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM payload_2025_01").scalar() == 3
            assert connection.exec_driver_sql("SELECT count(*) FROM payload_2025_02").scalar() == 3
        assert {record.status for record in map(use.reader.record, ids) if record} == {Status.READABLE}
        assert use.settle() is not None


def test_a_removal_in_many_steps_counts_each_payload_once(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """More is old than one transaction takes, some of it erased: what verification adds up is exact."""
    monkeypatch.setattr(retention, "LIMITS", replace(LIMITS, payloads_at_once=3))
    with opened(url) as use:
        fill(use, range(1, 8))
        erase(use, "C-2", private=BY)
        retained = retain(use, day(12), private=BY)
        assert (retained.payloads, retained.erased) == (14, 7)
        use.settle()
        abouts = [entry.read()["about"] for entry in use.reader.entries() if entry.read()["kind"] == Kind.RETENTION]
        assert (sum(a["payloads"] for a in abouts), sum(a["erased"] for a in abouts)) == (14, 7)
    assert verify(url).exit_code == 0
