"""A request under a key is decided once: on each database, whoever sends it together with whom, for a day."""

from __future__ import annotations

import datetime as dt
import random
import threading
from collections import Counter
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from ledgers import DOCUMENTS, MASTER, decision, now, opened, restored, upgraded

from ordain.audit.entry.documents import Document
from ordain.audit.entry.once import Once
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.repeats import Found
from ordain.audit.ledger.writer import Begun
from ordain.audit.limits import LIMITS
from ordain.audit.store.rows import REQUEST_KEY
from ordain.audit.store.store import AskedBefore
from ordain.audit.verifier.check import verify
from ordain.engine.errors import NotRecorded

DAY = dt.timedelta(days=1)


def once(use: OpenLedger, key: str, asked: bytes = b"{}", service: str = "retention") -> Once:
    return use.repeats.once("", key, service, asked)


def keys_in(use: OpenLedger) -> int:
    with use.store.reading() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(REQUEST_KEY)).scalar_one())


def decisions_in(use: OpenLedger) -> int:
    use.settle()
    return use.reader.size() - 1


def test_what_was_asked_under_a_key_is_found_with_its_entry_and_told_from_another_request(use: OpenLedger) -> None:
    asked = once(use, "k")
    assert use.repeats.find([asked]) == {}
    receipt = use.ledger.append(decision(1), DOCUMENTS, once=asked)
    other, elsewhere = once(use, "k", b"[]"), once(use, "k", service="plan-advice")
    entry_id = UUID(receipt.entry_id)
    assert use.repeats.find([asked, once(use, "k2")]) == {asked: Found(entry_id, True)}
    assert use.repeats.find([other, elsewhere]) == {other: Found(entry_id, False), elsewhere: Found(entry_id, False)}
    assert use.repeats.find([use.repeats.once("ana", "k", "retention", b"{}")]) == {}, "another caller's"
    assert use.repeats.find([use.repeats.once("", "k", "retention", b"{}", 1)]) == {}, "a line of a batch"


def test_a_second_entry_under_a_key_is_not_written_and_the_rest_of_its_list_is(use: OpenLedger) -> None:
    use.ledger.append(decision(1), DOCUMENTS, once=once(use, "k1"))
    with pytest.raises(AskedBefore):
        use.ledger.append(decision(2), DOCUMENTS, once=once(use, "k1"))
    onces = [once(use, key) if key else None for key in ("k2", "k1", "", "k3", "k2")]
    came = use.ledger.append_each(map(decision, range(10, 15)), DOCUMENTS, onces)
    assert [isinstance(each, AskedBefore) for each in came] == [False, True, False, False, True]
    assert (decisions_in(use), keys_in(use)) == (4, 3)
    assert use.repeats.find([onces[0]])[onces[0]].entry_id == UUID(came[0].entry_id)  # type: ignore[index,union-attr]


def test_an_entry_that_cannot_be_written_leaves_no_key(use: OpenLedger) -> None:
    with pytest.raises(NotRecorded):
        use.ledger.append(decision(1), once=once(use, "k"))
    assert keys_in(use) == 0
    use.ledger.append(decision(1), DOCUMENTS, once=once(use, "k"))
    assert (decisions_in(use), keys_in(use)) == (1, 1)


def test_of_a_group_that_waits_for_one_commit_each_key_is_written_once(use: OpenLedger) -> None:
    use.ledger.append(decision(0), DOCUMENTS, once=once(use, "key 0"))
    told, came = threading.Event(), list[Begun]()

    def done(group: list[Begun]) -> None:
        came.extend(group)
        if len(came) == 60:
            told.set()

    for number in range(60):
        use.ledger.begin(decision(number % 7), DOCUMENTS, done, number, once(use, f"key {number % 20}"))
    assert told.wait(30)
    before = [begun.token for begun in came if isinstance(begun.error, AskedBefore)]
    assert [begun.error for begun in came if begun.error and not isinstance(begun.error, AskedBefore)] == []
    assert Counter(number % 20 for number in before) == {key: 3 if key == 0 else 2 for key in range(20)}
    assert (decisions_in(use), keys_in(use)) == (20, 20)


def test_several_who_write_the_same_keys_at_once_in_any_order_do_not_wait_for_each_other_for_ever(url: str) -> None:
    """Four ledgers open on one database: as many processes have. Each key is written by one of them."""
    with ExitStack() as stack:
        ledgers = [stack.enter_context(opened(url, busy_seconds=20, seconds=20)) for _ in range(4)]
        ledgers[0].ledger.append(decision(0), DOCUMENTS)
        written, faults = Counter[str](), list[object]()

        def work(use: OpenLedger, number: int) -> None:
            pick = random.Random(number)  # noqa: S311
            for turn in range(12):
                keys = [f"{turn}/{key}" for key in range(10)]
                pick.shuffle(keys)
                onces = [once(use, key) for key in keys]
                subjects = [pick.randrange(1000) for _ in keys]
                for key, came in zip(keys, use.ledger.append_each(map(decision, subjects), (), onces), strict=True):
                    if isinstance(came, AskedBefore):
                        if onces[keys.index(key)] not in use.repeats.find(onces):
                            faults.append(key)
                    elif isinstance(came, Exception):
                        faults.append(came)
                    else:
                        written[key] += 1

        threads = [threading.Thread(target=work, args=each) for each in zip(ledgers, range(4), strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert faults == []
        assert written == {f"{turn}/{key}": 1 for turn in range(12) for key in range(10)}
        assert (decisions_in(ledgers[0]), keys_in(ledgers[0])) == (121, 120)


def test_after_a_day_a_key_is_new_also_while_its_row_is_there(use: OpenLedger) -> None:
    asked, early = once(use, "k"), now() - DAY - dt.timedelta(seconds=1)
    use.ledger.append(decision(1, early), DOCUMENTS, once=asked)
    assert use.repeats.find([asked]) == {}
    receipt = use.ledger.append(decision(2), DOCUMENTS, once=asked)
    assert use.repeats.find([asked]) == {asked: Found(UUID(receipt.entry_id), True)}
    with pytest.raises(AskedBefore):
        use.ledger.append(decision(3), DOCUMENTS, once=asked)
    late = once(use, "late")
    use.ledger.append(decision(4, now() - DAY + dt.timedelta(minutes=1)), DOCUMENTS, once=late)
    assert late in use.repeats.find([late]), "a minute is left"
    assert (decisions_in(use), keys_in(use)) == (3, 2)


def test_a_beat_removes_old_keys_in_steps_and_no_entry(use: OpenLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    removed = list[int]()
    forget = type(use.store).forget_asked

    def counted(store: Any, since: bytes, before: bytes, most: int, *, lasting: bool) -> int:
        if lasting:
            return forget(store, since, before, most, lasting=lasting)
        removed.append(forget(store, since, before, min(most, 10), lasting=lasting))
        return removed[-1] and most  # as if each step were full

    early = now() - 2 * DAY
    onces = [once(use, f"old {number}") for number in range(25)]
    use.ledger.append_each([decision(number, early) for number in range(25)], DOCUMENTS, onces)
    use.ledger.append(decision(1), once=once(use, "new"))
    monkeypatch.setattr(type(use.store), "forget_asked", counted)
    use.settle()
    assert removed == [10, 10, 5, 0]
    assert (decisions_in(use), keys_in(use)) == (26, 1)


def test_neither_a_key_nor_what_was_asked_can_be_read_or_guessed_from_the_database(url: str, tmp_path: Path) -> None:
    with opened(url) as use, opened(f"sqlite:///{tmp_path}/other.db") as other:
        use.ledger.append(decision(1), DOCUMENTS, once=once(use, "zoe@example.org", b'{"subject":"C-1"}'))
        with use.store.reading() as connection:
            row = connection.execute(sa.select(REQUEST_KEY)).one()
        assert [len(part) for part in row] == [32, 32, 16]
        assert b"zoe" not in b"".join(row)
        theirs = once(other, "zoe@example.org", b'{"subject":"C-1"}')
        assert {row.digest, row.request}.isdisjoint(theirs), "each ledger has a key of its own for it"


def test_a_ledger_with_keys_verifies_and_one_that_leads_nowhere_is_found(use: OpenLedger, url: str) -> None:
    use.settle()
    use.ledger.append(decision(1), DOCUMENTS, once=once(use, "k"))
    assert verify(url, master_key=MASTER).findings == (), "also while it waits for its place"
    use.settle()
    assert verify(url, master_key=MASTER).findings == ()
    with use.store.transaction() as connection:
        row = {"digest": bytes(32), "request": bytes(32), "id": bytes(16)}
        connection.execute(sa.insert(REQUEST_KEY), row)
    (found,) = verify(url, master_key=MASTER).findings
    assert str(found) == f"file: the key of a request leads to {bytes(16).hex()}, which is no entry"
    with use.store.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE request_key")
    (found,) = verify(url, master_key=MASTER).findings
    assert str(found) == "file: the table `request_key` is missing"


def test_an_older_ledger_takes_keys_once_it_is_upgraded(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    url = restored(path)
    upgraded(path)
    newer = Document("policy", b"policy: newer\nversion: 1\n", "newer", 1)
    with opened(url) as use:
        entry = decision(1, under=(newer,))
        use.ledger.append(entry, (*DOCUMENTS, newer), once=once(use, "k"))
        use.settle()
        assert once(use, "k") in use.repeats.find([once(use, "k")])
    assert verify(path, master_key=MASTER)


def test_who_waits_for_another_process_that_decides_under_its_key_gets_that_answer(url: str) -> None:
    """On PostgreSQL the other's transaction is waited for; on SQLite one writes at a time."""
    if not url.startswith("postgresql"):
        return
    with opened(url, busy_seconds=10) as use, closing(psycopg.connect(url)) as other:
        asked = once(use, "k")
        first = use.ledger.append(decision(1), DOCUMENTS)
        other.execute(
            "INSERT INTO request_key (digest, request, id) VALUES (%s, %s, %s)",
            (*asked, UUID(first.entry_id).bytes),
        )
        came = list[object]()

        def work() -> None:
            came.extend(use.ledger.append_each([decision(2), decision(3)], DOCUMENTS, [asked, once(use, "k2")]))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        other.commit()
        thread.join(10)
        assert [isinstance(each, AskedBefore) for each in came] == [True, False]
        assert use.repeats.find([asked]) == {asked: Found(UUID(first.entry_id), True)}


def test_limits_fit_each_other() -> None:
    """What one beat removes keeps up with more than a server records."""
    assert LIMITS.repeats_kept == DAY.total_seconds()
    assert LIMITS.repeats_removed * LIMITS.repeats_steps / 10 > 4_000
