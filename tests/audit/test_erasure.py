"""Erasing a person: what is left in the files, what still holds, and what stands against it."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from databases import Cluster, binaries
from ledgers import DOCUMENTS, MASTER, decision, now, opened
from parts import sealed_of

from ordain.audit.anchors.places import FileAnchors
from ordain.audit.entry.entry import Entry, Kind
from ordain.audit.entry.sealing import DoesNotOpen, unseal
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.reader import Status
from ordain.audit.privacy import erasure
from ordain.audit.privacy.erasure import Erased, erase, erase_due, hold
from ordain.audit.privacy.retention import retain
from ordain.audit.store.rows import PAYLOAD, SUBJECT_INDEX, SUBJECT_KEY
from ordain.engine.errors import LedgerUnavailable, NotRecorded, UnknownSubject

JANE = "jane.roe@example.org"
SECRETS = ("jane.roe@example.org", "Zoë Quartermaine", "17 Larkspur Lane")
BY = {"actor": "tests", "reason": "asked for by letter"}


def about_jane(number: int, at: dt.datetime | None = None) -> Entry:
    made = decision(number, at)
    private = {**made.private, "subject": JANE}
    private["facts"] = {"name": {"value": SECRETS[1]}, "address": {"value": SECRETS[2]}}
    return decision(number, at, id=made.id, subject=JANE, private=private)


def fill(use: OpenLedger, entries: int = 6) -> list[UUID]:
    """As many entries about Jane as about others; the ids of hers."""
    ids = []
    for number in range(entries):
        use.ledger.append(decision(number), DOCUMENTS)
        ids.append(UUID(use.ledger.append(about_jane(number), DOCUMENTS).entry_id))
    return ids


def statuses(use: OpenLedger, ids: list[UUID]) -> set[Status]:
    return {record.status for record in map(use.reader.record, ids) if record is not None}


def raw(folder: Path) -> bytes:
    """Every byte of every file there: database, write-ahead log, index, anchors."""
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def told_by(data: bytes, use: OpenLedger, key: bytes, ids: list[UUID]) -> str:
    """What somebody learns who has these bytes AND the master key: all that any wrapped key in them opens."""
    context = b"ordain data key 1\0" + use.identity.ledger.bytes + key + use.keyring.tag(JANE)
    master = AESGCM(MASTER)
    for start in range(len(data) - 60):
        try:
            secret = master.decrypt(data[start : start + 12], data[start + 12 : start + 60], context)
        except InvalidTag:
            continue
        return "".join(_opened(use, secret, entry_id) for entry_id in ids)
    return ""


def _opened(use: OpenLedger, secret: bytes, entry_id: UUID) -> str:
    entry = use.reader.entry(entry_id)
    sealed = sealed_of(use.store, entry_id)
    assert entry is not None
    try:
        return unseal(secret, entry_id.bytes, sealed, bytes.fromhex(entry.read()["key_commitment"])).decode()
    except DoesNotOpen:
        return ""


def key_of(use: OpenLedger) -> tuple[bytes, bytes, bytes]:
    """Jane's key as the database has it: its name, her tag, the wrapped key."""
    columns = SUBJECT_KEY.c
    with use.store.reading() as connection:
        wanted = sa.select(columns.key, columns.tag, columns.wrapped)
        row = connection.execute(wanted.where(columns.tag == use.keyring.tag(JANE))).one()
    return row[0], row[1], row[2]


def test_what_the_raw_files_say_of_a_person_is_found_before_an_erasure_and_not_after(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    place = FileAnchors(tmp_path / "anchors")
    with opened(f"sqlite:///{folder}/ledger.db", [place]) as use:
        ids = fill(use)
        key, tag, wrapped = key_of(use)
        before = raw(folder)
        assert tag in before
        assert wrapped in before
        assert all(secret in told_by(before, use, key, ids) for secret in SECRETS)

        assert erase(use, JANE, private=BY).status is Erased.DONE

        after = raw(tmp_path)
        assert len(after) > 100_000
        assert tag not in after
        assert wrapped not in after
        assert told_by(after, use, key, ids) == ""
        # Sealed before it was written, a person's plain text never was in a file at all.
        for data in (before, after):
            assert not [secret for secret in SECRETS if secret.encode() in data]
        assert all(entry_id.bytes in after for entry_id in ids), "the search finds what is there"


def test_after_an_erasure_the_entries_are_there_and_nothing_opens_them(use: OpenLedger) -> None:
    ids = fill(use)
    leaves = {entry_id: entry.leaf_hash for entry_id in ids if (entry := use.reader.entry(entry_id))}
    erasure = erase(use, JANE, private=BY)
    assert (erasure.status, erasure.entries) == (Erased.DONE, len(ids))
    assert statuses(use, ids) == {Status.ERASED}
    assert {i: e.leaf_hash for i in ids if (e := use.reader.entry(i))} == leaves
    assert use.reader.ids_of(JANE) == []
    with pytest.raises(UnknownSubject):
        erase(use, JANE, private=BY)


def test_others_stay_readable_and_the_erasure_is_on_record(use: OpenLedger) -> None:
    fill(use, 3)
    erase(use, JANE, private=BY)
    use.settle()
    records = list(use.reader.records())
    kinds = [record.envelope["kind"] for record in records]
    assert kinds.count(Kind.DECISION) == 6
    assert sum(r.status is Status.READABLE and r.envelope["kind"] == Kind.DECISION for r in records) == 3
    [erasure] = [record for record in records if record.envelope["kind"] == Kind.ERASURE]
    assert erasure.envelope["about"] == {"entries": 3, "keys": 1}
    assert erasure.private is not None
    assert erasure.private["reason"] == BY["reason"]
    assert JANE not in str(erasure.merged())


def test_a_customer_who_comes_back_is_recorded_under_a_new_key(use: OpenLedger) -> None:
    old = fill(use, 2)
    erase(use, JANE, private=BY)
    new = UUID(use.ledger.append(about_jane(9), DOCUMENTS).entry_id)
    assert statuses(use, old) == {Status.ERASED}
    assert statuses(use, [new]) == {Status.READABLE}
    assert use.reader.ids_of(JANE) == [new]


def test_a_server_that_knows_the_old_key_does_not_seal_under_it(url: str) -> None:
    """Another process erases: this one still has the key in memory."""
    with opened(url) as server, opened(url) as command:
        old = fill(server, 2)
        erase(command, JANE, private=BY)
        new = UUID(server.ledger.append(about_jane(9), DOCUMENTS).entry_id)
        assert statuses(server, old) == {Status.ERASED}
        assert statuses(command, [new]) == {Status.READABLE}


def test_records_that_must_be_kept_are_restricted_until_their_day(url: str) -> None:
    clock = [dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)]
    with opened(url, at=lambda: clock[0]) as use:
        ids = [UUID(use.ledger.append(about_jane(n, clock[0]), DOCUMENTS).entry_id) for n in range(2)]
        erasure = erase(use, JANE, private=BY, keep=dt.timedelta(days=365))
        assert (erasure.status, erasure.not_before) == (Erased.RESTRICTED, dt.date(2027, 3, 1))
        assert statuses(use, ids) == {Status.RESTRICTED}
        assert all((r := use.reader.record(i)) is not None and r.private is None for i in ids)
        clock[0] = dt.datetime(2027, 2, 28, 23, tzinfo=dt.UTC)
        assert erase_due(use, private=BY).entries == 0
        again = erase(use, JANE, private=BY, keep=dt.timedelta(days=365))
        assert again.not_before == dt.date(2027, 3, 1), "asking again makes the records no younger"
        clock[0] = dt.datetime(2027, 3, 1, 0, 1, tzinfo=dt.UTC)
        assert erase_due(use, private=BY).entries > len(ids), "with the entries that restricted her"
        assert statuses(use, ids) == {Status.ERASED}


def test_what_is_restricted_opens_only_for_who_asks_for_that(url: str) -> None:
    with opened(url) as use:
        ids = fill(use, 1)
        erase(use, JANE, private=BY, not_before=dt.date(2090, 1, 1))
        assert statuses(use, ids) == {Status.RESTRICTED}
    with opened(url, restricted=True) as use:
        record = use.reader.record(ids[0])
        assert record is not None
        assert record.private is not None
        assert record.private["subject"] == JANE


def test_a_legal_hold_stands_against_erasure_and_retention(use: OpenLedger) -> None:
    ids = fill(use, 2)
    hold(use, JANE, True, private=BY)
    assert erase(use, JANE, private=BY).status is Erased.HELD
    assert erase_due(use, private=BY).entries == 0
    retain(use, now() + dt.timedelta(minutes=1), private=BY)
    assert statuses(use, ids) == {Status.RESTRICTED}
    hold(use, JANE, False, private=BY)
    assert erase_due(use, private=BY).entries >= 2
    assert statuses(use, ids) == {Status.ERASED}


def test_a_restored_backup_loses_again_what_was_erased(tmp_path: Path) -> None:
    url, file, place = f"sqlite:///{tmp_path}/ledger.db", tmp_path / "ledger.db", FileAnchors(tmp_path / "anchors")
    with opened(url, [place]) as use:
        ids = fill(use, 2)
        with closing(sqlite3.connect(file)) as connection:
            connection.execute(f"VACUUM INTO '{tmp_path}/backup.db'")
        erase(use, JANE, private=BY)
    shutil.copy(tmp_path / "backup.db", file)
    # No checkpoint was anchored since the backup, so the ledger is not shorter than it may be.
    with opened(url, [place]) as use:
        assert statuses(use, ids) == {Status.ERASED}
        erasures = [entry for entry in use.reader.entries() if entry.read()["kind"] == Kind.ERASURE]
        assert [entry.read()["about"] for entry in erasures] == [{"entries": 2, "keys": 1}]
    with opened(url, [place]) as use:
        assert sum(entry.read()["kind"] == Kind.ERASURE for entry in use.reader.entries()) == 1, "once"


def test_an_erasure_that_no_place_can_list_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    url, place = f"sqlite:///{tmp_path}/ledger.db", FileAnchors(tmp_path / "anchors")
    with opened(url, [place]) as use:
        ids = fill(use, 1)
        (tmp_path / "anchors" / "erased").write_text("a file where a folder belongs")
        with pytest.raises(Exception, match="anchors"):
            erase(use, JANE, private=BY)
        assert statuses(use, ids) == {Status.READABLE}


def test_an_erasure_ends_whole_or_not_at_all(tmp_path: Path) -> None:
    """Another connection holds the database: nothing of the erasure is in it."""
    file = tmp_path / "ledger.db"
    with opened(f"sqlite:///{file}", busy_seconds=0.1) as use:
        ids = fill(use, 2)
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(NotRecorded, match="locked"):
                erase(use, JANE, private=BY)
        assert use.reader.ids_of(JANE) == ids
        assert statuses(use, ids) == {Status.READABLE}


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[Cluster, Path]]:
    # Not in pytest's folder, which the server's user may not enter.
    with tempfile.TemporaryDirectory() as folder:
        started = Cluster(Path(folder))
        yield started, Path(folder)
        started.stop()


def test_postgresql_never_has_a_persons_plain_text_in_a_file_or_a_dump(cluster: tuple[Cluster, Path]) -> None:
    server, folder = cluster
    with opened(server.url()) as use:
        fill(use)
        use.settle()
        _, tag, wrapped = key_of(use)
        before = dump(server)
        assert tag.hex() in before
        assert wrapped.hex() in before
        erase(use, JANE, private=BY)
        after = dump(server)
        with use.store.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("CHECKPOINT")
        files = raw(folder)
    assert len(after) > 10_000
    assert tag.hex() not in after
    assert wrapped.hex() not in after
    for secret in SECRETS:
        assert secret not in before
        assert secret.encode() not in files
    assert b"retention-offer" in files, "the search finds what is there"


def dump(server: Cluster) -> str:
    """Everything in the database as text, by PostgreSQL's own program or table by table."""
    program = binaries() / "pg_dump"
    if program.exists():
        done = subprocess.run([program, "--inserts", server.url()], capture_output=True, text=True, check=True)
        return done.stdout
    with opened(server.url()) as use, use.store.reading() as connection:
        rows = [row for table in (SUBJECT_KEY, SUBJECT_INDEX, PAYLOAD) for row in connection.execute(sa.select(table))]
    return "\n".join(" ".join(v.hex() if isinstance(v, bytes) else str(v) for v in row) for row in rows)


def test_a_hold_that_comes_between_looking_and_erasing_wins(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The erasure has looked when another process puts the subject under a hold."""
    with opened(url) as use, opened(url) as other:
        ids = fill(use, 2)
        listing = erasure._list

        def hold_first(*arguments: object) -> None:
            monkeypatch.setattr(erasure, "_list", listing)
            hold(other, JANE, True, private=BY)
            listing(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(erasure, "_list", hold_first)
        assert erase(use, JANE, private=BY).status is Erased.HELD
        assert statuses(use, ids) == {Status.RESTRICTED}


def test_an_erasure_that_failed_does_not_happen_later_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, place, file = f"sqlite:///{tmp_path}/ledger.db", FileAnchors(tmp_path / "anchors"), tmp_path / "ledger.db"
    with opened(url, [place], busy_seconds=0.1) as use:
        fill(use, 1)
        listing = erasure._list
        with closing(sqlite3.connect(file, isolation_level=None)) as blocking:

            def then_blocked(*arguments: object) -> None:
                listing(*arguments)  # type: ignore[arg-type]
                blocking.execute("BEGIN IMMEDIATE")

            monkeypatch.setattr(erasure, "_list", then_blocked)
            with pytest.raises(NotRecorded, match="locked"):
                erase(use, JANE, private=BY)
        monkeypatch.undo()
        later = UUID(use.ledger.append(about_jane(9), DOCUMENTS).entry_id)
    with opened(url, [place]) as use:
        assert statuses(use, [later]) == {Status.READABLE}
        assert erase(use, JANE, private=BY).status is Erased.DONE


def test_a_list_that_the_ledger_did_not_write_destroys_nothing(tmp_path: Path) -> None:
    url, place = f"sqlite:///{tmp_path}/ledger.db", FileAnchors(tmp_path / "anchors")
    with opened(url, [place]) as use:
        ids = fill(use, 1)
        with use.store.reading() as connection:
            keys = connection.execute(sa.select(SUBJECT_KEY.c.key)).scalars().all()
        for key in keys:
            place.note_erasure(key, str(ids[0]), "time", "00" * 32)
    with opened(url, [place]) as use:
        assert statuses(use, ids) == {Status.READABLE}
        assert all(record.status is Status.READABLE for record in use.reader.records())


def test_swapped_tags_do_not_erase_the_wrong_person(use: OpenLedger) -> None:
    ids = fill(use, 1)
    tags = [use.keyring.tag(subject) for subject in (JANE, "C-0")]
    with use.store.transaction() as connection:
        for old, new in ((tags[0], b"aside"), (tags[1], tags[0]), (b"aside", tags[1])):
            connection.execute(sa.update(SUBJECT_KEY).where(SUBJECT_KEY.c.tag == old).values(tag=new))
    with pytest.raises(LedgerUnavailable, match="does not open"):
        erase(use, JANE, private=BY)
    with pytest.raises(LedgerUnavailable):
        use.reader.record(ids[0])


def test_a_read_of_somebody_who_was_just_erased_makes_no_new_key(use: OpenLedger) -> None:
    fill(use, 1)
    erase(use, JANE, private=BY)
    with pytest.raises(UnknownSubject):
        use.note(Kind.READ, {"action": "show", "entries": 1}, BY, JANE)
    with use.store.reading() as connection:
        wanted = sa.select(SUBJECT_KEY.c.key).where(SUBJECT_KEY.c.tag == use.keyring.tag(JANE))
        assert connection.execute(wanted).first() is None


def test_an_erasure_forged_in_the_database_is_not_signed(use: OpenLedger) -> None:
    fill(use, 2)
    use.settle()
    with use.store.transaction() as connection:
        ready = use.ledger.prepare(decision(99, kind=Kind.ERASURE, subject=None, about={"entries": 1, "keys": 1}))
        use.store.add(connection, replace(ready, sealed=bytes(len(ready.sealed))))
    with pytest.raises(LedgerUnavailable):
        use.settle()
