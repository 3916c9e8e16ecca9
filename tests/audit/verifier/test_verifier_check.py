"""A sound ledger holds, and what is wrong is told with its class, its place, and no more words than it takes."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from forge import Forge, postgresql_url, sample_ledger
from rewriting import edit
from tamper_case import REVISIONS

from ordain.audit.verifier.check import verify
from ordain.audit.verifier.findings import Failure
from ordain.engine.errors import SettingsError

Made = tuple[Forge, Path]


@pytest.fixture
def copy(made: Made, tmp_path: Path) -> Path:
    return Path(shutil.copy(made[1], tmp_path / "copy.db"))


def sql(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_a_sound_ledger_with_erasures_removals_and_two_keys_holds(made: Made) -> None:
    forge, path = made
    steps: list[tuple[int, int]] = []
    evidence = verify(
        path,
        anchors=forge.places,
        key=forge.key,
        master_key=forge.master,
        revisions=REVISIONS,
        progress=lambda done, total: steps.append((done, total)),
    )
    assert evidence.findings == ()
    assert evidence
    assert evidence.exit_code == 0
    assert evidence.first_bad is None
    assert (evidence.entries, evidence.checked, evidence.checkpoint_size, evidence.unsigned) == (600, 600, 600, 0)
    assert evidence.erased == sum(key is None for key, _ in forge.payloads.values()) > 0
    assert evidence.expired == 600 - len(forge.payloads) > 0
    assert evidence.opened == len(forge.payloads) - evidence.erased
    assert (evidence.anchors, evidence.anchored, evidence.documents) == (2, 600, len(forge.documents))
    assert steps[-1] == (600, 600)
    assert json.loads(json.dumps(evidence.data()))["holds"] is True


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 513])
def test_a_ledger_of_any_size_holds(tmp_path: Path, size: int) -> None:
    forge = Forge()
    while forge.size < size:
        forge.decide(f"C-{forge.size % 7}")
        if forge.size % 100 == 0:
            forge.checkpoint()
    forge.checkpoint()
    evidence = verify(forge.write(tmp_path / "ledger.db"), master_key=forge.master)
    assert evidence.findings == ()
    assert evidence.entries == size


def test_entries_after_the_newest_checkpoint_are_counted_and_no_fault(tmp_path: Path) -> None:
    evidence = verify(sample_ledger(60, unsigned=5).write(tmp_path / "ledger.db"))
    assert evidence
    assert (evidence.entries, evidence.unsigned, evidence.checkpoint_size) == (65, 5, 60)


def test_a_ledger_that_nobody_signed_does_not_hold(tmp_path: Path) -> None:
    evidence = verify(Forge().write(tmp_path / "ledger.db"))
    assert evidence.exit_code == Failure.SIGNATURE
    assert "nothing of the ledger is signed" in str(evidence.findings[0])


@pytest.mark.parametrize("ranged", [(0, 1), (0, 600), (255, 257), (512, 600), (599, 600)])
def test_a_range_of_a_sound_ledger_holds(made: Made, ranged: tuple[int, int]) -> None:
    forge, path = made
    evidence = verify(
        path, start=ranged[0], end=ranged[1], anchors=forge.places, key=forge.key, master_key=forge.master
    )
    assert evidence.findings == ()
    assert evidence.checked == ranged[1] - ranged[0]


def test_a_sample_is_the_same_for_the_same_seed_and_holds(made: Made) -> None:
    forge, path = made
    one, other = (verify(path, sample=40, seed=3, master_key=forge.master) for _ in range(2))
    assert one == other
    assert one
    assert one.checked == 40


def test_a_changed_entry_is_found_in_its_range_and_not_in_another(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection:
        edit(connection, 310, outcome_class="deny")
        connection.commit()
    evidence = verify(copy, start=305, end=315)
    assert (evidence.exit_code, evidence.first_bad) == (Failure.CONTENT, 310)
    assert verify(copy, start=0, end=310)
    whole = verify(copy)
    assert [(finding.failure, finding.leaf_index) for finding in whole.findings] == [(Failure.CONTENT, 310)]


def test_a_changed_tile_is_told_from_a_changed_entry(copy: Path) -> None:
    sql(copy, "UPDATE tile SET hashes = CAST(zeroblob(32) || substr(hashes, 33) AS BLOB) WHERE tile_index = 1")
    (finding,) = verify(copy).findings
    assert (finding.failure, finding.leaf_index) == (Failure.TREE, 256)
    assert verify(copy, start=256, end=260).exit_code == Failure.TREE


def test_a_wholly_changed_run_is_one_finding(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection:
        for place in range(300, 400):
            edit(connection, place, tenant="another")
        connection.commit()
    evidence = verify(copy)
    told = [finding for finding in evidence.findings if finding.leaf_index is not None]
    assert [(finding.leaf_index, finding.last_index) for finding in told] == [(300, 399)]
    assert evidence.first_bad == 300
    assert "entries 300 to 399" in str(told[0])


def test_an_entry_beyond_the_last_full_tile_is_narrowed_down_by_the_checkpoints(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection:
        edit(connection, 570, tenant="another")
        connection.commit()
    (finding,) = verify(copy).findings
    assert (finding.failure, finding.leaf_index, finding.last_index) == (Failure.TREE, 550, 599)


def test_many_findings_are_counted_and_not_all_told(copy: Path) -> None:
    sql(copy, "UPDATE entry SET envelope = 'x' WHERE leaf_index % 2", "UPDATE entry SET sealed = zeroblob(3)")
    evidence = verify(copy)
    assert len(evidence.findings) < 200
    assert evidence.unnamed > 100


def test_the_first_class_in_the_table_is_the_exit_code(copy: Path) -> None:
    sql(copy, "UPDATE document SET text = x'00'", "DELETE FROM tile")
    evidence = verify(copy)
    assert {finding.failure for finding in evidence.findings} == {Failure.TREE, Failure.DOCUMENT}
    assert evidence.exit_code == Failure.TREE == 12


def test_a_key_of_the_caller_must_be_the_ledgers(made: Made) -> None:
    forge, path = made
    assert verify(path, key=forge.key)
    evidence = verify(path, key=Forge(2).key)
    assert evidence.exit_code == Failure.SIGNATURE


def test_a_ledger_under_a_key_of_its_own_is_seen_by_who_knows_the_key(tmp_path: Path) -> None:
    forge, forged = sample_ledger(60), sample_ledger(60)
    forged.ledger, forged.origin = forge.ledger, forge.origin
    false = Forge(3)
    assert verify(false_ledger := sample_ledger(60, number=3).write(tmp_path / "false.db"))
    assert verify(false_ledger, key=false.key)
    assert verify(false_ledger, key=forge.key).exit_code == Failure.SIGNATURE


def test_a_checkpoint_by_a_key_that_was_replaced_is_refused(tmp_path: Path) -> None:
    forge = Forge()
    forge.decide("C-1")
    forge.checkpoint()
    old = forge.signers[0][1]
    forge.rotate()
    forge.signers = [(0, old), (99, forge.signers[1][1])]
    forge.checkpoint()
    evidence = verify(forge.write(tmp_path / "ledger.db"))
    assert evidence.exit_code == Failure.SIGNATURE
    assert any("had been replaced" in str(finding) for finding in evidence.findings)


def test_a_change_of_the_key_that_the_old_key_did_not_sign_is_refused(tmp_path: Path) -> None:
    forge = Forge()
    forge.rotate()
    place, (entry_id, envelope) = forge.size - 1, forge.entries[-1]
    forge.entries[place] = (entry_id, envelope.replace(b'"signature":"', b'"signature":"AAAA'))
    forge.checkpoint()
    evidence = verify(forge.write(tmp_path / "ledger.db"))
    assert evidence.exit_code == Failure.SIGNATURE
    assert any("did not sign for the new one" in str(finding) for finding in evidence.findings)


def test_an_anchor_place_of_another_ledger_is_refused(made: Made, tmp_path: Path) -> None:
    other = sample_ledger(20, (tmp_path / "place",), number=9)
    evidence = verify(made[1], anchors=other.places)
    assert evidence.exit_code == Failure.ANCHOR
    assert "belongs to another ledger" in str(evidence.findings[0])


def test_an_anchor_place_that_holds_nothing_says_so(made: Made, tmp_path: Path) -> None:
    assert verify(made[1], anchors=[tmp_path]).exit_code == Failure.ANCHOR


def test_checkpoints_in_nested_folders_and_their_timestamps_are_read(tmp_path: Path) -> None:
    forge = Forge(nested=True)
    forge.anchor_at(tmp_path / "place")
    forge.decide("C-1")
    forge.checkpoint()
    next((tmp_path / "place").rglob("*.checkpoint")).with_suffix(".tsr").write_bytes(b"reply")
    evidence = verify(forge.write(tmp_path / "ledger.db"), anchors=forge.places)
    assert evidence.findings == ()
    assert (evidence.anchored, evidence.stamped) == (2, 1)


def test_what_a_recovery_gave_up_is_not_held_against_the_ledger(tmp_path: Path) -> None:
    place = tmp_path / "place"
    forge = Forge()
    forge.anchor_at(place)
    forge.decide("C-1")
    forge.checkpoint()
    for _ in range(5):
        forge.decide("C-2")
    forge.checkpoint()
    lost = {"size": 2, "root": "", "lost_size": forge.size, "lost_root": ""}
    del forge.entries[2:], forge.notes[1:]
    forge.payloads = {key: row for key, row in forge.payloads.items() if key in {each for each, _ in forge.entries}}
    forge.index = {row for row in forge.index if row[1] in forge.payloads}
    forge.keys = {key: row for key, row in forge.keys.items() if key != forge.of_subject["C-2"]}
    assert verify(forge.write(tmp_path / "cut.db"), anchors=[place]).exit_code == Failure.ANCHOR
    entry = verify_id(forge, forge.append("recovery", about=lost))
    (place / "recovered").mkdir()
    (place / "recovered" / "0001").write_text(json.dumps({**lost, "entry": entry, "time": ""}) + "\n")
    forge.checkpoint()
    assert verify(forge.write(tmp_path / "ledger.db"), anchors=[place]).findings == ()
    (place / "recovered" / "0001").write_text(json.dumps({**lost, "entry": "none", "time": ""}) + "\n")
    assert verify(tmp_path / "ledger.db", anchors=[place]).exit_code == Failure.ANCHOR


def verify_id(forge: Forge, entry_id: bytes) -> str:
    return next(json.loads(envelope)["id"] for each, envelope in forge.entries if each == entry_id)


def test_a_key_on_the_erasure_list_that_is_back_is_found(made: Made, copy: Path) -> None:
    forge, _ = made
    (name,) = sorted((forge.places[0] / "erased").iterdir())[:1]
    sql(copy, f"INSERT INTO subject_key VALUES (x'{name.name[:32]}', randomblob(32), randomblob(60), NULL, NULL)")
    evidence = verify(copy, anchors=forge.places)
    assert any("there again" in finding.message for finding in evidence.findings if finding.failure is Failure.ERASURE)


def test_erasures_are_counted_against_all_lists_together_and_not_from_before_the_first(tmp_path: Path) -> None:
    forge = Forge()
    for subject in ("C-1", "C-2", "C-3", "C-4"):
        forge.decide(subject)
    forge.erase("C-1")
    forge.checkpoint()
    forge.anchor_at(tmp_path / "one", tmp_path / "two")
    forge.decide("C-2")
    forge.checkpoint()
    for subject, place in (("C-2", "one"), ("C-3", "two")):
        forge.places = [tmp_path / place]  # the other was out of reach
        forge.erase(subject)
    forge.places = [tmp_path / "one", tmp_path / "two"]
    forge.checkpoint()
    path = forge.write(tmp_path / "ledger.db")
    assert verify(path, anchors=forge.places).findings == ()
    (listed,) = (tmp_path / "one" / "erased").iterdir()
    listed.with_name(f"{listed.name}.withdrawn").touch()  # in doubt whether it came about, and it did
    assert verify(path, anchors=forge.places).findings == ()
    listed.rename(listed.with_name(f"{listed.name[:33]}{'0' * 36}"))
    listed.with_name(f"{listed.name}.withdrawn").rename(listed.with_name(f"{listed.name[:33]}{'0' * 36}.withdrawn"))
    evidence = verify(path, anchors=forge.places)
    assert evidence.exit_code == Failure.ERASURE
    assert "2 keys were destroyed since the first anchor, and 1 are on the erasure lists" in str(evidence.findings[0])


def test_an_erasure_says_how_many_keys_it_destroyed(tmp_path: Path) -> None:
    forge = Forge()
    forge.append("erasure", about={"entries": 0})
    forge.checkpoint()
    assert verify(forge.write(tmp_path / "ledger.db")).exit_code == Failure.CONTENT


def test_a_checkpoint_that_only_an_anchor_has_is_no_fault_where_its_root_is_right(made: Made, copy: Path) -> None:
    forge, _ = made
    sql(copy, "DELETE FROM checkpoint WHERE size = 300 OR size = 600")
    evidence = verify(copy, anchors=forge.places)
    assert evidence.findings == ()
    assert (evidence.anchored, evidence.unsigned) == (600, 50)


@pytest.mark.parametrize("table", ["entry", "subject_key", "tile"])
def test_a_table_without_its_index_is_found_and_read_to_the_end(copy: Path, table: str) -> None:
    sql(
        copy,
        f"CREATE TABLE again AS SELECT * FROM {table}",
        f"DROP TABLE {table}",
        f"ALTER TABLE again RENAME TO {table}",
    )
    evidence = verify(copy)
    assert Failure.FILE in {finding.failure for finding in evidence.findings}
    assert evidence.checked == 600


def test_another_master_key_opens_nothing(made: Made) -> None:
    evidence = verify(made[1], master_key=bytes(32))
    assert evidence.exit_code == Failure.PAYLOAD
    assert evidence.opened == 0


def test_what_has_no_meaning_is_refused_before_anything_is_read(made: Made, tmp_path: Path) -> None:
    path = made[1]
    with pytest.raises(SettingsError, match="no ledger at"):
        verify(tmp_path / "none.db")
    with pytest.raises(SettingsError, match="no anchor place"):
        verify(path, anchors=[tmp_path / "none"])
    with pytest.raises(SettingsError, match="key"):
        verify(path, key="nonsense")
    with pytest.raises(SettingsError, match="master key has 5 bytes"):
        verify(path, master_key=b"short")
    with pytest.raises(SettingsError, match="no range"):
        verify(path, start=600, end=601)
    with pytest.raises(SettingsError, match="sample"):
        verify(path, sample=0)
    with pytest.raises(SettingsError, match="names no ledger"):
        verify("mysql://host/database")
    (tmp_path / "empty.db").touch()
    with pytest.raises(SettingsError, match="is empty"):
        verify(f"sqlite:///{tmp_path / 'empty.db'}")


def test_columns_of_any_type_are_findings_and_never_failures(tmp_path: Path) -> None:
    forge = sample_ledger(270, (tmp_path / "place",))
    path, copy = forge.write(tmp_path / "ledger.db"), tmp_path / "copy.db"
    with closing(sqlite3.connect(path)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        columns = [(table, row[1]) for table in tables for row in connection.execute(f"PRAGMA table_info({table})")]
    for table, column in columns:
        some = "" if table == "subject_key" else " WHERE rowid % 97 = 1"
        for value in ("1.5", "'text'", "x'ff'", "CAST(x'ff' AS TEXT)", "'9223372036854775807'"):
            shutil.copyfile(path, copy)
            try:
                sql(copy, f"UPDATE OR REPLACE {table} SET {column} = {value}{some}")
            except sqlite3.IntegrityError:
                continue  # one of the few columns whose type SQLite does enforce
            verify(copy, anchors=forge.places, master_key=forge.master)
            verify(copy, anchors=forge.places, master_key=forge.master, sample=5, seed=1)


def test_a_ledger_in_postgresql_holds_and_what_waits_is_counted(postgresql: str) -> None:
    forge = sample_ledger(600)
    for at in range(3):
        forge.decide(f"C-{20 + at}", policy=2, waiting=True)
    forge.write_postgresql(postgresql)
    evidence = verify(postgresql, key=forge.key, master_key=forge.master)
    assert evidence.findings == ()
    assert (evidence.entries, evidence.unsequenced, evidence.opened) == (600, 3, len(forge.payloads) - evidence.erased)
    assert verify(postgresql, sample=20, seed=1, master_key=forge.master).findings == ()
    assert verify(postgresql, start=500, end=600, master_key=forge.master).findings == ()


@pytest.mark.parametrize(
    ("statement", "failure"),
    [
        ("UPDATE entry SET envelope = envelope || ' ' WHERE leaf_index = 300", Failure.CONTENT),
        ("DELETE FROM entry WHERE leaf_index = 300", Failure.CONTENT),
        ("UPDATE payload SET sealed = sealed || ' ' WHERE id = (SELECT id FROM entry WHERE leaf_index = 300)", 11),
        ("UPDATE inbox SET envelope = envelope || ' '", Failure.CONTENT),
        ("DELETE FROM payload WHERE id IN (SELECT id FROM inbox)", Failure.PAYLOAD),
        ("DELETE FROM tile", Failure.TREE),
        ("UPDATE checkpoint SET note = replace(note, '600', '599') WHERE size = 600", Failure.SIGNATURE),
        ("UPDATE sequencer SET size = 5", Failure.FILE),
        ("DROP TABLE subject_index", Failure.FILE),
        ("ALTER TABLE entry ENABLE ROW LEVEL SECURITY", Failure.FILE),
        ("CREATE RULE r AS ON INSERT TO entry DO INSTEAD NOTHING", Failure.FILE),
        ("ALTER TABLE tile DROP CONSTRAINT tile_pkey", Failure.FILE),
    ],
)
def test_tampering_in_postgresql_is_found(postgresql: str, statement: str, failure: int) -> None:
    forge = sample_ledger(600)
    forge.decide("C-20", policy=2, waiting=True)
    forge.write_postgresql(postgresql)
    with psycopg.connect(postgresql) as connection:
        connection.execute(statement.encode())
    assert verify(postgresql).exit_code == failure


def test_a_database_that_cannot_be_reached_or_has_no_ledger_is_told(postgresql: str) -> None:
    with pytest.raises(SettingsError, match="no ledger in the database"):
        verify(postgresql)
    with pytest.raises(SettingsError, match="cannot be read"):
        verify(postgresql_url().rpartition("/")[0] + "/no_such_database")
