"""Somebody writes to the database, without a key of the ledger: what the server does then, and what it does not."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from uuid import UUID

import orjson
import pytest
import sqlalchemy as sa
from ledgers import DOCUMENTS, decision, now, opened
from parts import where

from ordain.audit.anchors.places import FileAnchors
from ordain.audit.entry.canonical import canonical
from ordain.audit.entry.entry import Entry, Kind, new_id, payload_hash
from ordain.audit.entry.once import Once
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.proving import proof_file
from ordain.audit.ledger.reader import Status
from ordain.audit.privacy.erasure import Erased, erase, erase_due, hold
from ordain.audit.privacy.register import register
from ordain.audit.privacy.retention import retain
from ordain.audit.store.rows import CHECKPOINT, ENTRY, INBOX, REQUEST_KEY, SUBJECT_INDEX, SUBJECT_KEY
from ordain.audit.verifier.check import verify
from ordain.engine.errors import LedgerUnavailable, MalformedRequest, NotCovered, NotRecorded

BY = {"actor": "tests", "reason": "a letter"}


def fill(use: OpenLedger, subjects: int = 3, each: int = 2) -> None:
    for number in range(subjects * each):
        use.ledger.append(decision(number % subjects), DOCUMENTS)
    use.settle()


def change(use: OpenLedger, *statements: sa.Executable) -> None:
    """As somebody who has the password of the database, and nothing else."""
    with use.store.engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)


def key_of(use: OpenLedger, subject: str) -> bytes:
    with use.store.reading() as connection:
        found = connection.execute(sa.select(SUBJECT_KEY.c.key).where(SUBJECT_KEY.c.tag == use.keyring.tag(subject)))
        return bytes(found.scalar_one())


def statuses(use: OpenLedger) -> list[Status]:
    return [record.status for record in use.reader.records() if record.envelope["kind"] == Kind.DECISION]


def lead_all_to(use: OpenLedger, key: bytes) -> None:
    """Has every decision found under one key: by the index, or where the name of its key stands."""
    ids = [entry.id.bytes for entry in use.reader.entries() if entry.read()["kind"] == Kind.DECISION]
    if where(use.store) is ENTRY:
        change(use, sa.update(ENTRY).where(ENTRY.c.id.in_(ids)).values(key=key))
    else:
        change(
            use,
            sa.delete(SUBJECT_INDEX),
            *(sa.insert(SUBJECT_INDEX).values(key=key, id=each) for each in ids),
        )


def test_an_erasure_takes_nothing_from_those_whose_entries_were_moved_under_the_key(use: OpenLedger) -> None:
    fill(use)
    lead_all_to(use, key_of(use, "C-1"))
    with pytest.raises(LedgerUnavailable, match="what leads to this customer's entries was changed"):
        erase(use, "C-1", private=BY)
    if where(use.store) is not ENTRY:
        assert set(statuses(use)) == {Status.READABLE}


@pytest.mark.parametrize("kept", ["held", "until 2090"])
def test_what_was_taken_out_of_the_table_keeps_a_subject_all_the_same(use: OpenLedger, kept: str) -> None:
    fill(use)
    if kept == "held":
        hold(use, "C-1", True, private=BY)
    else:
        erase(use, "C-1", private=BY, not_before=dt.date(2090, 1, 1))
    change(use, sa.update(SUBJECT_KEY).values(hold=None, erase_not_before=None))
    assert erase_due(use, private=BY).entries == 0
    assert retain(use, now() + dt.timedelta(seconds=1), private=BY).payloads == 4, "those of the other two"
    asked = erase(use, "C-1", private=BY)
    assert asked.status is (Erased.HELD if kept == "held" else Erased.RESTRICTED)
    assert statuses(use).count(Status.EXPIRED) == 4


def test_who_never_asked_to_be_erased_is_not_due_by_what_somebody_wrote(use: OpenLedger) -> None:
    fill(use)
    change(use, sa.update(SUBJECT_KEY).values(erase_not_before="2020-01-01"))
    assert erase_due(use, private=BY).entries == 0


def test_a_hold_whose_entry_was_taken_from_its_subject_lets_nobody_be_erased(use: OpenLedger) -> None:
    fill(use)
    entry = hold(use, "C-1", True, private=BY).entry_id
    use.settle()
    parts = where(use.store)
    change(use, sa.update(parts).where(parts.c.id == UUID(entry).bytes).values(key=None))
    change(use, sa.update(SUBJECT_KEY).values(hold=None))
    with pytest.raises(LedgerUnavailable, match="somebody is held, and its key is gone"):
        erase(use, "C-1", private=BY)
    with pytest.raises(LedgerUnavailable, match="somebody is held, and its key is gone"):
        retain(use, now(), private=BY)


def test_verify_tells_of_an_erasure_while_a_hold_stood_also_after_a_removal_by_age(url: str) -> None:
    """As a server would leave it that believed the table."""
    with opened(url) as use:
        fill(use)
        hold(use, "C-1", True, private=BY)
        use.settle()
        key, parts = key_of(use, "C-1"), where(use.store)
        about = {"entries": 3, "keys": 1}
        use.note(Kind.ERASURE, about, {**BY, "keys": [key.hex()], "unsigned": []})
        gone = [sa.update(parts).where(parts.c.key == key).values(key=None)]
        if parts is not ENTRY:
            gone = [*gone, sa.delete(SUBJECT_INDEX).where(SUBJECT_INDEX.c.key == key)]
        change(use, *gone, sa.delete(SUBJECT_KEY).where(SUBJECT_KEY.c.key == key))
        use.settle()
        told = [str(finding) for finding in verify(url).findings]
        assert [each for each in told if "somebody is held, whose key is gone" in each]
        removed = sa.delete(parts) if parts is not ENTRY else sa.update(parts).values(sealed=None)
        change(use, removed.where(parts.c.key.is_(None)))
        use.note(Kind.RETENTION, {"before": "2090-01-01T00:00:00Z", "payloads": 3, "erased": 3}, BY)
        use.settle()
        told = [str(finding) for finding in verify(url).findings]
        assert [each for each in told if "somebody is held, whose key is gone" in each]


def forged(use: OpenLedger, kind: str, source: UUID, subject: str) -> UUID:
    """An entry in good form, made of another's envelope, with a private part that nobody sealed."""
    made, sealed = new_id(now()), b"nobody can open this"
    entry = use.reader.entry(source)
    assert entry is not None
    about = {"hold": False, "erase_not_before": None, "after": None} if kind == Kind.RESTRICTION else {}
    fields = {"id": str(made), "kind": kind, "payload_hash": payload_hash(sealed), "about": about}
    if kind != Kind.DECISION:
        fields |= {"outcome_class": None}
    envelope = canonical({**orjson.loads(entry.envelope), **fields})
    key = key_of(use, subject)
    if where(use.store) is ENTRY:
        change(
            use,
            sa.insert(ENTRY).values(
                leaf_index=use.reader.size(), id=made.bytes, envelope=envelope, key=key, sealed=sealed
            ),
        )
    else:
        change(
            use,
            sa.insert(where(use.store)).values(id=made.bytes, key=key, sealed=sealed),
            sa.insert(SUBJECT_INDEX).values(key=key, id=made.bytes),
            sa.insert(INBOX).values(id=made.bytes, envelope=envelope),
        )
    return made


@pytest.mark.parametrize("kind", [Kind.DECISION, Kind.RESTRICTION, Kind.READ, Kind.ACCESS, Kind.ERASURE, Kind.STOP])
def test_an_entry_that_was_written_into_the_table_is_not_signed_nor_proved(use: OpenLedger, kind: str) -> None:
    source = use.ledger.append(decision(1), DOCUMENTS).entry_id
    use.settle()
    made = forged(use, kind, UUID(source), "C-1")
    with pytest.raises(LedgerUnavailable, match="was not written here"):
        use.settle()
    with pytest.raises(NotCovered):
        proof_file(use.store, use.reader, made)


def test_the_public_part_of_an_entry_cannot_be_changed_before_it_is_signed(use: OpenLedger) -> None:
    """A read of somebody's record becomes the release of the hold on them: its private part opens as ever."""
    fill(use)
    entry = use.note(Kind.READ, {"action": "show", "entries": 1}, {"actor": "tests"}, "C-1").entry_id
    stored = use.reader.entry(UUID(entry))
    assert stored is not None
    about = {"hold": False, "erase_not_before": None, "after": None}
    envelope = canonical({**orjson.loads(stored.envelope), "kind": Kind.RESTRICTION, "about": about})
    table = ENTRY if where(use.store) is ENTRY else INBOX
    change(use, sa.update(table).where(table.c.id == UUID(entry).bytes).values(envelope=envelope))
    with pytest.raises(LedgerUnavailable, match="its public part is not the one that it was sealed with"):
        use.settle()


def test_what_was_erased_or_removed_before_it_was_signed_is_signed(use: OpenLedger) -> None:
    fill(use)
    use.ledger.append(decision(1), DOCUMENTS)
    erase(use, "C-1", private=BY)
    use.ledger.append(decision(2), DOCUMENTS)
    retain(use, now(), private=BY)
    made = use.settle()
    assert made is not None
    assert made.size == use.reader.size()


def test_a_private_part_without_its_key_that_no_erasure_names_is_not_signed(use: OpenLedger) -> None:
    fill(use)
    entry = use.ledger.append(decision(1), DOCUMENTS).entry_id
    parts = where(use.store)
    change(use, sa.update(parts).where(parts.c.id == UUID(entry).bytes).values(key=None))
    with pytest.raises(LedgerUnavailable, match="nothing on record says why it cannot be opened"):
        use.settle()


PLANTED = {
    "sqlite": (
        ["CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM entry WHERE leaf_index = new.leaf_index; END"],
        ["DROP TRIGGER t"],
    ),
    "postgresql": (
        [
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN DELETE FROM inbox WHERE id = NEW.id; RETURN NULL; END'",
            "CREATE TRIGGER t AFTER INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION f()",
        ],
        ["DROP TRIGGER t ON inbox"],
    ),
}


def test_code_in_the_database_that_drops_entries_lets_no_answer_out(use: OpenLedger, url: str) -> None:
    fill(use)
    planted, removed = PLANTED[use.store.engine.dialect.name]
    change(use, *map(sa.text, planted))
    for number in range(3):
        with pytest.raises(NotRecorded, match="something that may change what is written"):
            use.ledger.append(decision(number), DOCUMENTS)
    with pytest.raises(LedgerUnavailable, match="something that may change what is written"), opened(url):
        pass
    change(use, *map(sa.text, removed))
    assert use.ledger.append(decision(1), DOCUMENTS)


def test_a_row_that_a_table_does_not_take_is_no_recorded_entry(tmp_path: Path) -> None:
    """Even where a trigger was there, and known, when the ledger was opened."""
    with opened(f"sqlite:///{tmp_path}/ledger.db") as use:
        fill(use)
        use.store._guarded = False  # type: ignore[attr-defined]
        change(use, sa.text("CREATE TRIGGER t BEFORE INSERT ON entry BEGIN SELECT RAISE(IGNORE); END"))
        with pytest.raises(NotRecorded, match="does not take what is written"):
            use.ledger.append(decision(1), DOCUMENTS)


def test_a_stray_checkpoint_in_one_place_does_not_stop_signing_and_is_told(url: str, tmp_path: Path) -> None:
    places = [FileAnchors(tmp_path / "one"), FileAnchors(tmp_path / "two")]
    stray = tmp_path / "one" / "checkpoints" / "000" / "000" / "009" / f"000000009999-{'a' * 16}.checkpoint"
    with opened(url, places) as use:
        fill(use)
        stray.parent.mkdir(parents=True)
        stray.write_text("nobody's checkpoint\n")
        use.ledger.append(decision(1), DOCUMENTS)
        made = use.settle()
        assert made is not None
        assert made.size == use.reader.size()
        assert "does not hold" in use.unanchored()[str(tmp_path / "one")]
        assert use.unanchored()[str(tmp_path / "two")] == ""
    with opened(url, places) as use:
        assert use.settle() is not None
    assert [each for each in verify(url, anchors=[tmp_path / "one"]).findings if "9999" in each.message]
    (tmp_path / "two" / stray.relative_to(tmp_path / "one")).parent.mkdir(parents=True)
    (tmp_path / "two" / stray.relative_to(tmp_path / "one")).write_text("nor this\n")
    with pytest.raises(LedgerUnavailable, match="does not hold"), opened(url, places):
        pass


def test_a_checkpoint_that_is_stored_as_bytes_is_found(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with opened(url) as use:
        fill(use)
        change(use, sa.text("UPDATE checkpoint SET note = CAST(note AS BLOB)"))
    assert [finding.message for finding in verify(url).findings if "not stored as text" in finding.message]


def test_the_answer_of_one_request_is_not_given_to_another_by_who_can_change_the_table(use: OpenLedger) -> None:
    onces = [use.repeats.once("app", f"key-{number}", "retention", b"{}") for number in (1, 2)]
    ids = [use.ledger.append(decision(n), DOCUMENTS, once=once).entry_id for n, once in enumerate(onces)]
    assert all(found.same for found in use.repeats.find(onces).values())
    rows = {once: sa.update(REQUEST_KEY).where(REQUEST_KEY.c.digest == once.digest) for once in onces}
    change(
        use,
        rows[onces[0]].values(id=b"-"),
        rows[onces[1]].values(id=UUID(ids[0]).bytes),
        rows[onces[0]].values(id=UUID(ids[1]).bytes),
    )
    assert not any(found.same for found in use.repeats.find(onces).values())


def test_a_request_of_a_version_before_is_known_still(use: OpenLedger) -> None:
    once = Once(b"d" * 32, b"r" * 32)
    use.ledger.append(decision(1), DOCUMENTS, once=once)
    change(use, sa.update(REQUEST_KEY).values(request=once.request))
    assert use.repeats.find([once])[once].same


def test_nothing_younger_than_the_days_to_keep_is_removed_by_age(use: OpenLedger) -> None:
    fill(use)
    keep = dt.timedelta(days=365)
    with pytest.raises(MalformedRequest, match="records are kept for 365 days"):
        retain(use, now() + dt.timedelta(days=1), private=BY, keep=keep)
    assert retain(use, now() - keep, private=BY, keep=keep).payloads == 0
    assert set(statuses(use)) == {Status.READABLE}


def test_removal_by_age_can_be_of_one_service_or_law_and_be_tried_first(use: OpenLedger, url: str) -> None:
    for number in range(4):
        law = ("EU", "US")[number % 2]
        use.ledger.append(decision(number, jurisdiction=law, service=f"s{number // 2}"), DOCUMENTS)
    limit = now() + dt.timedelta(seconds=1)
    assert retain(use, limit, private=BY, jurisdiction="EU", dry_run=True).payloads == 2
    assert set(statuses(use)) == {Status.READABLE}
    assert retain(use, limit, private=BY, jurisdiction="EU", service="s1").payloads == 1
    assert retain(use, limit, private=BY, jurisdiction="EU").payloads == 1
    use.settle()
    left = {r.envelope["jurisdiction"] for r in use.reader.records() if r.status is Status.READABLE}
    assert left == {"US", None}
    assert verify(url).exit_code == 0
    parts = where(use.store)
    american = next(e for e in use.reader.entries() if e.read()["jurisdiction"] == "US")
    gone = sa.delete(parts) if parts is not ENTRY else sa.update(parts).values(sealed=None, key=None)
    change(use, gone.where(parts.c.id == american.id.bytes))
    assert [f for f in verify(url).findings if "too new to be removed by age" in f.message], (
        "no removal was of that law"
    )


def test_the_register_names_who_is_kept_why_and_until_when(use: OpenLedger) -> None:
    fill(use)
    held = hold(use, "C-1", True, private={"actor": "ana", "reason": "a lawsuit"})
    erase(use, "C-2", private={"actor": "ben", "reason": "asked"}, not_before=dt.date(2090, 1, 1))
    hold(use, "C-0", True, private=BY)
    hold(use, "C-0", False, private=BY)
    kept = register(use)
    assert [(each.subject, each.hold, each.not_before) for each in kept] == [
        ("C-1", True, None),
        ("C-2", False, "2090-01-01"),
    ]
    assert [(step.reason, step.actor) for each in kept for step in each.steps] == [
        ("a lawsuit", "ana"),
        ("asked", "ben"),
    ]
    assert kept[0].steps[0].entry_id == held.entry_id


def test_an_erasure_says_in_which_entry_it_is_on_record(use: OpenLedger) -> None:
    fill(use)
    data = erase(use, "C-1", private=BY).data()
    entry = use.reader.entry(UUID(data["receipt"]["entry_id"]))
    assert entry is not None
    assert (entry.read()["kind"], entry.leaf_hash.hex()) == (Kind.ERASURE, data["receipt"]["leaf_hash"])


def test_a_ledger_whose_checkpoints_were_taken_away_is_held_to_its_places(url: str, tmp_path: Path) -> None:
    with opened(url, [FileAnchors(tmp_path / "one")]) as use:
        fill(use)
        entry = next(e for e in use.reader.entries() if e.read()["kind"] == Kind.DECISION)
        changed = canonical({**entry.read(), "outcome_class": "deny"})
        change(
            use, sa.delete(CHECKPOINT), sa.update(ENTRY).where(ENTRY.c.id == entry.id.bytes).values(envelope=changed)
        )
        with pytest.raises(LedgerUnavailable):
            use.settle()


def test_an_entry_that_records_what_it_says_of_itself_is_made_by_entry_alone() -> None:
    """The hash of the sealed bytes stands once in an envelope, whatever texts are in it."""
    tricky = Entry(new_id(now()), now(), Kind.MODEL, {}, about={"note": '"payload_hash":"sha256:' + "0" * 64 + '"'})
    assert canonical(tricky.about).count(b'"payload_hash":"sha256:') == 0
