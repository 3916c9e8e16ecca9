"""Opening a ledger: it must be the one, and all of the one, that its anchors commit to."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from databases import database
from ledgers import DOCUMENTS, ENGINE, MASTER, SEED, decision, now, opened

from ordain.audit.anchors.places import FileAnchors
from ordain.audit.entry.entry import Kind
from ordain.audit.entry.keys import LocalMasterKey
from ordain.audit.ledger.checkpointer import newest_note, rotated_keys
from ordain.audit.ledger.open_ledger import Keys, OpenLedger
from ordain.audit.ledger.opening import open_ledger, open_store
from ordain.audit.ledger.recovery import recover
from ordain.audit.ledger.rotation import rotate
from ordain.audit.privacy.erasure import erase
from ordain.audit.tlog.checkpoint import VerifyKey, open_note
from ordain.audit.tlog.merkle import root
from ordain.audit.tlog.tiles import TileSubtrees
from ordain.engine.errors import LedgerRolledBack, LedgerUnavailable, SettingsError

BY = {"actor": "tests"}


def fill(use: OpenLedger, first: int, last: int) -> list[str]:
    return [use.ledger.append(decision(number), DOCUMENTS).entry_id for number in range(first, last)]


@pytest.fixture
def place(tmp_path: Path) -> FileAnchors:
    return FileAnchors(tmp_path / "anchors")


@pytest.fixture
def backup(path: Path, place: FileAnchors) -> Path:
    """A ledger of 21 entries at `path`, anchored at 11 and at 21, and a backup of it from the time of 11."""
    kept = path.with_name("backup.db")
    with opened(f"sqlite:///{path}", [place]) as use:
        fill(use, 0, 10)
        use.settle()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"VACUUM INTO '{kept}'")
        fill(use, 10, 20)
        use.settle()
    return kept


def restore(path: Path, backup: Path) -> None:
    for file in path.parent.glob("ledger.db*"):
        file.unlink()
    shutil.copy(backup, path)


def tamper(path: Path, as_text: bool = False) -> None:
    """Changes an entry of the file; SQLite would also take it as text."""
    changed = "replace(envelope, 'permit', 'denies')"
    with closing(sqlite3.connect(path)) as connection:
        value = changed if as_text else f"CAST({changed} AS BLOB)"
        connection.execute(f"UPDATE entry SET envelope = {value} WHERE leaf_index = 3")
        connection.commit()


def reopened(
    path: Path, place: FileAnchors, seed: bytes = SEED, master: bytes = MASTER, lost: bool = False
) -> OpenLedger:
    store = open_store(f"sqlite:///{path}")
    try:
        keys = Keys(LocalMasterKey(master), seed)
        return open_ledger(store, keys, [place], tenant="demo", engine=ENGINE, now=now, lost=lost)
    except BaseException:
        store.close()
        raise


def test_a_ledger_shorter_than_its_newest_anchor_does_not_open(path: Path, place: FileAnchors, backup: Path) -> None:
    restore(path, backup)
    with pytest.raises(LedgerRolledBack, match=r"11 entries; .* keeps a signed checkpoint of 21"):
        reopened(path, place)


def test_a_ledger_rewritten_before_its_newest_anchor_does_not_open(path: Path, place: FileAnchors) -> None:
    with opened(f"sqlite:///{path}", [place]) as use:
        fill(use, 0, 10)
        use.settle()
    tamper(path)
    with pytest.raises(LedgerRolledBack, match="first 11 entries are not those"):
        reopened(path, place)


def test_an_entry_of_another_type_is_damage_and_no_traceback(path: Path, place: FileAnchors) -> None:
    with opened(f"sqlite:///{path}", [place]) as use:
        fill(use, 0, 10)
        use.settle()
    tamper(path, as_text=True)
    with pytest.raises(LedgerUnavailable, match="damaged"):
        reopened(path, place)


def test_another_ledger_does_not_open_on_the_anchors_of_this_one(tmp_path: Path, place: FileAnchors) -> None:
    with opened(f"sqlite:///{tmp_path}/one.db", [place]) as use:
        use.settle()
    with pytest.raises(LedgerRolledBack, match="holds the checkpoints of the ledger"):
        reopened(tmp_path / "two.db", place)


def test_a_key_of_another_ledger_is_refused(path: Path, place: FileAnchors) -> None:
    reopened(path, place).close()
    with pytest.raises(SettingsError, match="signing key is not the one"):
        reopened(path, place, seed=bytes(32))
    with pytest.raises(LedgerUnavailable, match="master key does not open"):
        reopened(path, place, master=bytes(32))


def test_after_a_loss_the_log_goes_on_and_says_what_was_lost(path: Path, place: FileAnchors, backup: Path) -> None:
    restore(path, backup)
    use = reopened(path, place, lost=True)
    recovered = recover(use, private=BY)
    use.settle()
    use.close()
    assert (recovered.size, recovered.lost_size) == (11, 21)
    use = reopened(path, place)
    entry = next(use.reader.entries(11))
    assert entry.read()["kind"] == Kind.RECOVERY
    assert entry.read()["about"]["lost_size"] == 21
    fill(use, 100, 115)
    use.settle()
    use.close()
    assert [anchored.size for anchored in place.all()] == [11, 12, 27]
    assert [anchored.size for anchored in place.lost()] == [21]
    reopened(path, place).close()


def test_nobody_who_was_erased_comes_back_with_a_backup(path: Path, place: FileAnchors, backup: Path) -> None:
    with opened(f"sqlite:///{path}", [place]) as use:
        erase(use, "C-3", private=BY)
        use.settle()
    restore(path, backup)
    use = reopened(path, place, lost=True)
    recover(use, private=BY)
    use.close()
    with opened(f"sqlite:///{path}", [place]) as use:
        assert use.reader.ids_of("C-3") == []
        assert [entry.read()["kind"] for entry in use.reader.entries(11)] == [Kind.RECOVERY, Kind.ERASURE]


def test_a_ledger_that_has_everything_is_not_recovered(path: Path, place: FileAnchors, backup: Path) -> None:
    use = reopened(path, place, lost=True)
    with pytest.raises(SettingsError, match="nothing is lost"):
        recover(use, private=BY)
    use.close()


def test_a_changed_backup_is_not_recovered(path: Path, place: FileAnchors, backup: Path) -> None:
    restore(path, backup)
    tamper(path)
    use = reopened(path, place, lost=True)
    with pytest.raises(LedgerRolledBack, match="not those of the checkpoint"):
        recover(use, private=BY)
    use.close()


def test_a_new_key_signs_after_a_rotation_and_the_old_one_vouches_for_it(path: Path, place: FileAnchors) -> None:
    other = bytes(reversed(SEED))
    with opened(f"sqlite:///{path}", [place]) as use:
        fill(use, 0, 5)
        first = use.identity.key
        use.settle()
        key = rotate(use, SEED, other, private=BY)
        with pytest.raises(LedgerUnavailable, match="another key signs"):
            use.settle()
    with pytest.raises(SettingsError, match="signing key is not the one"):
        reopened(path, place)
    use = reopened(path, place, seed=other)
    fill(use, 5, 9)
    use.settle()
    note = newest_note(use.store)
    assert note is not None
    assert open_note(note, [VerifyKey.parse(key)]).size == 11
    assert [str(before) for before in rotated_keys(use.reader.entries(), use.identity.origin, key)] == [first]
    use.close()
    reopened(path, place, seed=other).close()


def test_a_tree_that_does_not_go_on_from_what_was_signed_is_not_signed(path: Path, place: FileAnchors) -> None:
    with opened(f"sqlite:///{path}") as use:
        fill(use, 0, 9)
        use.settle()
    tamper(path)
    with opened(f"sqlite:///{path}") as use:
        fill(use, 9, 10)
        with pytest.raises(LedgerUnavailable, match="not those that were signed"):
            use.settle()


def test_a_checkpoint_covers_what_was_acknowledged_and_an_idle_ledger_gets_no_new_one(
    use: OpenLedger,
) -> None:
    ids = fill(use, 0, 20)
    made = use.settle()
    assert made is not None
    assert made.size == 21
    assert use.settle() == made
    indices = {entry.leaf_index for entry in map(use.reader.entry, map(UUID, ids)) if entry is not None}
    assert indices == set(range(1, 21))


def test_a_place_that_is_down_gets_the_next_checkpoint(tmp_path: Path, path: Path) -> None:
    good, bad = FileAnchors(tmp_path / "good"), FileAnchors(tmp_path / "bad")
    with opened(f"sqlite:///{path}", [good, bad]) as use:
        use.settle()
        (tmp_path / "bad").rename(tmp_path / "away")
        fill(use, 0, 3)
        use.settle()
        assert list(use.checkpointer.unanchored) == [bad.name]
        (tmp_path / "away").rename(tmp_path / "bad")
        fill(use, 3, 5)
        use.settle()
        assert not use.checkpointer.unanchored
    assert [anchored.size for anchored in good.all()] == [1, 4, 6]
    assert [anchored.size for anchored in bad.all()] == [1, 6]


def test_a_process_that_founds_a_ledger_beside_another_uses_the_same(path: Path) -> None:
    with opened(f"sqlite:///{path}") as one, opened(f"sqlite:///{path}") as two:
        assert one.identity == two.identity
    with database() as url, opened(url) as one, opened(url) as two:
        assert one.identity == two.identity


def test_a_key_that_took_over_on_postgresql_opens_the_ledger_before_its_entry_has_a_place(place: FileAnchors) -> None:
    other = bytes(reversed(SEED))
    with database() as url:
        with opened(url, [place]) as use:
            fill(use, 0, 5)
            use.settle()
            rotate(use, SEED, other, private=BY)
        store = open_store(url)
        keys = Keys(LocalMasterKey(MASTER), other)
        use = open_ledger(store, keys, [place], tenant="demo", engine=ENGINE, now=now)
        assert [entry.read()["kind"] for entry in use.reader.waiting()] == [Kind.KEY]
        made = use.settle()
        assert made is not None
        assert made.size == 7
        use.close()


def test_a_server_does_not_sign_less_than_it_signed_before(path: Path, place: FileAnchors) -> None:
    """The database went back while the server runs, as after a failover to a copy without the last commits."""
    with opened(f"sqlite:///{path}", [place]) as use:
        fill(use, 0, 5)
        use.settle()
        fill(use, 5, 9)
        use.settle()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("DELETE FROM checkpoint WHERE size > 6")
            connection.execute("DELETE FROM entry WHERE leaf_index > 6")
            connection.commit()
        fill(use, 9, 14)
        with pytest.raises(LedgerRolledBack, match="10 entries were signed"):
            use.settle()
    assert [anchored.size for anchored in place.all()] == [6, 10]


def test_tiles_that_somebody_else_stored_are_not_believed(path: Path, place: FileAnchors) -> None:
    """A full tile, stored before its leaves are there, would let an entry be signed that never was."""
    with opened(f"sqlite:///{path}", [place]) as use:
        fill(use, 0, 3)
        use.settle()
        hashes = [entry.leaf_hash for entry in use.reader.entries()] + [bytes(32)] * 252
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("INSERT INTO tile VALUES (0, 0, ?)", (b"".join(hashes),))
            connection.commit()
        fill(use, 3, 6)
        made = use.settle()
        assert made is not None
        leaves = [entry.leaf_hash for entry in use.reader.entries()]
        assert made.root == root(len(leaves), TileSubtrees(lambda *_: None, lambda start, end: leaves[start:end]))
        use.ledger.append_all([decision(number) for number in range(300)], DOCUMENTS)
        with pytest.raises(LedgerUnavailable, match="tile 0 of level 0 is not that of the entries"):
            use.settle()


def test_a_place_that_is_gone_does_not_come_back_as_a_new_one(tmp_path: Path, path: Path) -> None:
    one, two = FileAnchors(tmp_path / "one"), FileAnchors(tmp_path / "two")
    with opened(f"sqlite:///{path}", [one, two]) as use:
        use.settle()
    (tmp_path / "two").rename(tmp_path / "away")
    with opened(f"sqlite:///{path}", [one, two]) as use:
        fill(use, 0, 3)
        use.settle()
        assert list(use.checkpointer.unanchored) == [two.name]
    assert not (tmp_path / "two").exists()
    (tmp_path / "one").rename(tmp_path / "away-too")
    with pytest.raises(LedgerRolledBack, match="none of"):
        reopened(path, one)


def test_a_new_place_learns_who_was_erased(tmp_path: Path, path: Path) -> None:
    one, two = FileAnchors(tmp_path / "one"), FileAnchors(tmp_path / "two")
    with opened(f"sqlite:///{path}", [one]) as use:
        fill(use, 0, 3)
        erase(use, "C-1", private=BY)
        use.settle()
    store = open_store(f"sqlite:///{path}")
    keys = Keys(LocalMasterKey(MASTER), SEED)
    open_ledger(store, keys, [two], tenant="demo", engine=ENGINE, now=now, new_places=True).close()
    assert two.erased() == one.erased() != set()
