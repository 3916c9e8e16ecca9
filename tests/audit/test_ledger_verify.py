"""Whatever is changed in the stored ledger, verification finds it and names the entry."""

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ledger_sample import CONTACT, DOCUMENTS, OFFER, VOCABULARY, body, entry_id

from audit.canonical import canonical
from audit.chain import GENESIS, link
from audit.ledger import Ledger
from audit.store import Store
from audit.verify import verify
from engine.errors import SettingsError

ENTRIES = 5
COLUMNS = ("seq", "id", "time", "kind", "service", "subject", "prev_hash", "hash", "body")


INSERT = (
    "INSERT INTO entry SELECT {}, id || 'x', time, kind, service, subject, hash, hash, body FROM entry WHERE seq = 5"
)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed ledger of five entries; the third is the first under a second policy."""
    path = tmp_path_factory.mktemp("original") / "ledger.db"
    store = Store(f"sqlite:///{path}")
    ledger = Ledger(store)
    for number in range(1, ENTRIES + 1):
        ledger.append(body(number, (OFFER, CONTACT) if number > 2 else (OFFER,)), DOCUMENTS)
    ledger.close()
    store.close()
    return path


@pytest.fixture
def copy(original: Path, path: Path) -> Path:
    shutil.copy(original, path)
    return path


@pytest.fixture
def tamper(copy: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.text_factory = bytes
        yield connection


def flips(value: Any) -> list[tuple[str, Any]]:
    """`value` with one byte changed, for each of its bytes (every 7th of a long one), as SQL and its argument."""
    if value is None:
        return [("?", "x")]
    if isinstance(value, int):
        return [("?", value ^ (1 << 8 * place)) for place in range(7)]
    changed = []
    for place in range(0, len(value), 7 if len(value) > 200 else 1):
        data = bytearray(value)
        data[place] ^= 1 << place % 8
        changed.append(bytes(data))
    return [("?", data) for data in changed]


@pytest.mark.parametrize("column", COLUMNS)
def test_one_byte_changed_in_any_column_of_any_entry_is_found_and_the_entry_named(
    copy: Path, tamper: sqlite3.Connection, column: str
) -> None:
    tried = 0
    text = column in ("id", "time", "kind", "service", "subject")
    for seq in range(1, ENTRIES + 1):
        [value] = tamper.execute(f"SELECT {column} FROM entry WHERE seq = ?", (seq,)).fetchone()
        for term, changed in flips(value):
            to = f"CAST({term} AS TEXT)" if text else term
            place = changed if column == "seq" else seq
            if column == "seq" and changed in range(1, ENTRIES + 1):
                continue  # taken
            tamper.execute(f"UPDATE entry SET {column} = {to} WHERE seq = ?", (changed, seq))
            evidence = verify(copy)
            assert not evidence
            assert any(
                (found.seq, found.entry_id) == (place, entry_id(seq)) and f"entry {place} " in str(found)
                for found in evidence.findings
            ), (changed, evidence.findings)
            tamper.execute(f"UPDATE entry SET {column} = {to} WHERE seq = ?", (value, place))
            tried += 1
    assert tried >= ENTRIES * 3
    assert verify(copy)


@pytest.mark.parametrize("column", ["digest", "kind", "name", "version", "text"])
def test_one_byte_changed_in_any_column_of_a_kept_text_is_found_and_named_with_an_entry(
    copy: Path, tamper: sqlite3.Connection, column: str
) -> None:
    rows = tamper.execute(f"SELECT rowid, digest, {column} FROM document").fetchall()
    assert len(rows) == 4
    for rowid, recorded, value in rows:
        first = entry_id(3 if recorded.decode() == CONTACT.reference.digest else 1)
        for term, changed in flips(value or None):
            to = f"CAST({term} AS TEXT)" if column in ("digest", "kind", "name") else term
            tamper.execute(f"UPDATE document SET {column} = {to} WHERE rowid = ?", (changed, rowid))
            found = [finding for finding in verify(copy).findings if recorded.decode() in finding.document]
            assert any(first in str(finding) for finding in found), (changed, found)
            tamper.execute(f"UPDATE document SET {column} = {to} WHERE rowid = ?", (value, rowid))
    assert verify(copy)


@pytest.mark.parametrize("column", COLUMNS[1:])
def test_a_column_of_another_storage_class_is_found(copy: Path, tamper: sqlite3.Connection, column: str) -> None:
    other = "TEXT" if column in ("prev_hash", "hash", "body") else "BLOB"
    tamper.execute(f"UPDATE entry SET {column} = CAST({column} AS {other}) WHERE seq = 2")
    assert any(found.seq == 2 for found in verify(copy).findings)


@pytest.mark.parametrize(
    ("statements", "entry", "says"),
    [
        (["DELETE FROM entry WHERE seq = 1"], 2, "it stands first: what stood before it is missing"),
        (["DELETE FROM entry WHERE seq = 3"], 4, "it follows entry 2: what stood before it is missing"),
        (
            ["DELETE FROM entry WHERE seq = 3", "UPDATE entry SET seq = seq - 1 WHERE seq > 3"],
            3,
            "it was written after an entry hashed",
        ),
        (
            [
                "UPDATE entry SET seq = 99 WHERE seq = 2",
                "UPDATE entry SET seq = 2 WHERE seq = 4",
                "UPDATE entry SET seq = 4 WHERE seq = 99",
            ],
            2,
            "it was written after an entry hashed",
        ),
        (
            [INSERT.format(6)],
            6,
            "do not hash to the recorded hash",
        ),
        (
            [INSERT.format(-4)],
            -4,
            "it stands first",
        ),
        (
            ["UPDATE entry SET body = (SELECT body FROM entry AS e WHERE e.seq = 7 - entry.seq) WHERE seq IN (3, 4)"],
            3,
            "do not hash to the recorded hash",
        ),
    ],
    ids=["first deleted", "deleted", "deleted, renumbered", "reordered", "inserted", "inserted before", "swapped"],
)
def test_entries_deleted_reordered_inserted_or_swapped_are_found(
    copy: Path, tamper: sqlite3.Connection, statements: list[str], entry: int, says: str
) -> None:
    for statement in statements:
        tamper.execute(statement)
    findings = verify(copy).findings
    assert any(found.seq == entry and says in found.message for found in findings), findings


def write(tamper: sqlite3.Connection, data: bytes, **columns: Any) -> None:
    """Appends as somebody would who knows how the chain is made."""
    seq, previous = tamper.execute("SELECT seq, hash FROM entry ORDER BY seq DESC").fetchone() or (0, GENESIS)
    row = {name: value for name, value in body(6).items() if name in COLUMNS} | columns
    row |= {"seq": seq + 1, "prev_hash": previous, "hash": link(previous, data), "body": data}
    tamper.execute(f"INSERT INTO entry ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (canonical(body(6)).replace(b'"v":1', b'"v": 1'), "not in canonical form"),
        (canonical(body(6)).replace(b'"v":1', b'"v":1,"v":1'), "not in canonical form"),
        (canonical(body(6)).replace(b'"v":1', b'"v":1.5'), "not in canonical form"),
        (canonical(body(6)).replace(b'"30"', rb'"\ud800"'), "not in canonical form"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not JSON"),
        (canonical(body(6) | {"policies": 1}), "`policies` must be a list"),
        (canonical(body(6) | {"service": "other"}), "its `service` column says retention, its body other"),
        (canonical(body(6) | {"subject": "\x1b[2J"}), "its body '\\x1b[2J'"),
    ],
)
def test_a_well_chained_entry_with_a_wrong_body_is_found(
    copy: Path, tamper: sqlite3.Connection, data: bytes, says: str
) -> None:
    write(tamper, data)
    findings = verify(copy).findings
    assert any(found.seq == 6 and says in found.message for found in findings), findings


def test_the_same_decision_recorded_twice_is_found(copy: Path, tamper: sqlite3.Connection) -> None:
    tamper.execute("CREATE TABLE twice AS SELECT * FROM entry")
    tamper.execute("DROP TABLE entry")
    tamper.execute("ALTER TABLE twice RENAME TO entry")
    write(tamper, canonical(body(5)), **{name: body(5)[name] for name in ("id", "time", "subject")})
    assert [str(found) for found in verify(copy).findings] == [
        f"entry 6 ({entry_id(5)}): its id stands 2 times in the ledger"
    ]


def test_a_kept_text_that_is_gone_or_was_slipped_in_is_found(copy: Path, tamper: sqlite3.Connection) -> None:
    tamper.execute("DELETE FROM document WHERE kind = 'vocabulary'")
    tamper.execute("INSERT INTO document SELECT 'sha256:0', kind, name, 9, text FROM document WHERE name = 'contact'")
    said = [str(found) for found in verify(copy).findings]
    first = f"entry 1 ({entry_id(1)})"
    assert f"document vocabulary ({VOCABULARY.reference.digest}): it is not kept; named by {first} and 4 more" in said
    assert any("policy `contact` version 9 (sha256:0): its text does not hash to its digest" in one for one in said)
    tamper.execute("UPDATE document SET digest = ? WHERE version = 9", (CONTACT.reference.digest,))
    assert any("version 9" in str(f) and "no entry names it so" in str(f) for f in verify(copy).findings)


def test_a_lost_table_and_foreign_marks_are_findings(copy: Path, tamper: sqlite3.Connection) -> None:
    tamper.execute("PRAGMA user_version = 7")
    tamper.execute("PRAGMA application_id = 1")
    tamper.execute("DROP TABLE document")
    said = " ".join(str(found) for found in verify(copy).findings)
    assert "user_version is 7" in said
    assert "application_id is 1" in said
    assert "has lost a table" in said


def content(path: Path) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return [connection.execute(f"SELECT * FROM {name}").fetchall() for name in ("entry", "document")]


def test_one_byte_changed_anywhere_in_the_file_is_found_unless_it_holds_nothing(original: Path, path: Path) -> None:
    data, pick, found = original.read_bytes(), random.Random(8785), 0  # noqa: S311  # repeatable, not secret
    for _ in range(400):
        changed = bytearray(data)
        changed[pick.randrange(len(data))] ^= pick.randrange(1, 256)
        path.write_bytes(changed)
        evidence = verify(path)
        if evidence:
            assert content(path) == content(original)
        else:
            found += 1
    assert found > 50


def test_a_torn_file_is_found(copy: Path) -> None:
    data = copy.read_bytes()
    for size in (10, 3000, 4096, 9000, len(data) - 4096):
        copy.write_bytes(data[:size])
        assert not verify(copy)


def test_the_evidence_says_what_was_checked(original: Path) -> None:
    seen: list[tuple[int, int]] = []
    evidence = verify(original, lambda done, total: seen.append((done, total)))
    assert evidence
    assert (evidence.count, evidence.documents, evidence.findings) == (ENTRIES, 4, ())
    assert (evidence.first_time, evidence.last_time) == (body(1)["time"], body(ENTRIES)["time"])
    head = GENESIS
    for number in range(1, ENTRIES + 1):
        head = link(head, canonical(body(number, (OFFER, CONTACT) if number > 2 else (OFFER,))))
    assert evidence.head == head.hex()
    assert seen == [(ENTRIES, ENTRIES)]


def test_an_empty_ledger_verifies_and_a_missing_one_is_an_error(store: Store, tmp_path: Path) -> None:
    assert verify(store.path)
    with pytest.raises(SettingsError, match="there is no ledger at"):
        verify(tmp_path / "none.db")


def test_verifying_writes_nothing_and_sees_what_is_not_yet_checkpointed(ledger: Ledger, path: Path) -> None:
    ledger.append(body(1), DOCUMENTS)
    before = path.read_bytes()
    assert verify(path).count == 1
    assert path.read_bytes() == before


def test_a_trigger_is_found_because_it_could_change_what_is_written(copy: Path, tamper: sqlite3.Connection) -> None:
    tamper.execute("CREATE TRIGGER lose AFTER INSERT ON entry BEGIN DELETE FROM entry WHERE seq = NEW.seq; END")
    tamper.commit()
    found = verify(copy)
    assert not found
    assert any("trigger `lose`" in str(finding) for finding in found.findings)
