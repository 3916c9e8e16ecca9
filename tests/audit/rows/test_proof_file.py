"""The proof file: whole or not there, for its owner alone, and it says when it is damaged."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from ordain.audit.rows import proof_file
from ordain.audit.rows.proof_file import Begun, Shorter
from ordain.audit.rows.sealed_part import BLOCK_ROWS, leaves_of, root_over, seal_part
from ordain.engine.errors import ExportFailed, MalformedRequest

ROWS = 2 * BLOCK_ROWS + 7
TEXTS = [f"row {number}" for number in range(ROWS)]


def about() -> dict[str, object]:
    return {"run": str(uuid4()), "key": "id", "columns": [["id", "VARCHAR"]], "reject_columns": [], "more": {"of": 1}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "decided.proof"
    proof_file.write(made, about(), [seal_part(TEXTS, 0)])
    return made


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    told, part = about(), seal_part(TEXTS, 0)
    path = tmp_path / "decided.proof"
    assert proof_file.write(path, told, [part]) == part.root
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["decided.proof"]
    with proof_file.opened(path) as proof:
        assert proof.about == {**told, "rows": ROWS}
        assert (proof.rows, proof.key, proof.run) == (ROWS, "id", told["run"])
        blocks = list(proof.blocks())
        assert [(block.number, block.rows, block.first) for block in blocks] == [
            (0, 1024, 0),
            (1, 1024, 1024),
            (2, 7, 2048),
        ]
        for block in blocks:
            assert root_over(leaves_of(TEXTS[block.first : block.first + block.rows], block.salts)) == block.root
        assert root_over(proof.roots()) == part.root
        assert (proof.erased(), proof.erasures(), proof.begun()) == ([], {}, None)


def test_a_run_without_rows_has_a_proof_file_too(tmp_path: Path) -> None:
    proof_file.write(tmp_path / "x.proof", about(), [])
    with proof_file.opened(tmp_path / "x.proof") as proof:
        assert (proof.rows, list(proof.blocks())) == (0, [])


def test_it_takes_the_place_of_an_older_one_at_once(path: Path) -> None:
    proof_file.write(path, about(), [seal_part(["other"], 0)])
    with proof_file.opened(path) as proof:
        assert proof.rows == 1


def test_when_it_cannot_be_written_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(ExportFailed, match="cannot be written"):
        proof_file.write(tmp_path / "none" / "x.proof", about(), [])
    with pytest.raises(ValueError, match="begins at row 0, after 1 rows"):
        proof_file.write(tmp_path / "x.proof", about(), [seal_part(["a"], 0)] * 2)
    assert list(tmp_path.iterdir()) == []


def test_a_row_that_was_erased_leaves_its_leaf_and_no_key_of_its_block(path: Path) -> None:
    with proof_file.opened(path, change=True) as proof:
        block = proof.block(1)
        leaves = leaves_of(TEXTS[1024:2048], block.salts)
        secret = sqlite_value(path, "SELECT key FROM block WHERE number = 1")
        begun = Begun("entry", {1030: leaves[6], 1031: leaves[7]}, [Shorter("decided.csv", ROWS, [1030, 1031])])
        proof.begin(begun)
        assert proof.begun() == begun
        proof.forget(begun)
    with proof_file.opened(path) as proof:
        after = proof.block(1)
        assert after.erased == {1030: leaves[6], 1031: leaves[7]}
        assert after.salt(1029) == block.salt(1029)
        assert after.salt(1030) == proof_file.NO_SALT
        assert proof.erasures() == {"entry": 2}
        assert proof.begun() is None
        assert proof.block(0).erased == {}
    assert secret not in path.read_bytes()
    assert block.salt(1030) not in path.read_bytes()


def test_what_was_begun_can_be_taken_back(path: Path) -> None:
    with proof_file.opened(path, change=True) as proof:
        proof.begin(Begun("entry", {3: bytes(32)}, []))
        proof.begin(Begun("other", {4: bytes(32)}, []))
        assert proof.begun() == Begun("other", {4: bytes(32)}, [])
        proof.withdraw()
        assert proof.begun() is None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE block SET root = x'00' WHERE number = 1",
        "UPDATE block SET key = x'00' WHERE number = 1",
        "UPDATE block SET key = NULL WHERE number = 1",
        "DELETE FROM block WHERE number = 1",
        "INSERT INTO erased VALUES (1025, x'00', 'entry')",
        "DROP TABLE erased",
        "UPDATE about SET told = '{'",
        "UPDATE about SET told = '{}'",
        "DELETE FROM about",
    ],
)
def test_one_that_is_damaged_says_so(path: Path, change: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(change)
    with pytest.raises(MalformedRequest, match="is damaged"), proof_file.opened(path) as proof:
        list(proof.blocks())


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.proof"
    with pytest.raises(MalformedRequest, match="there is no"), proof_file.opened(path):
        pass
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(MalformedRequest, match="is damaged"), proof_file.opened(path):
        pass
    path.unlink()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE t (x)")
    with pytest.raises(MalformedRequest, match="is no proof file"), proof_file.opened(path):
        pass


def test_a_change_that_was_killed_half_way_is_taken_back(path: Path, tmp_path: Path) -> None:
    killed = tmp_path / "killed" / path.name
    killed.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA cache_size = 1")  # so that changed pages are written before the end
        database.execute("BEGIN IMMEDIATE")
        database.execute("UPDATE block SET key = NULL, salts = zeroblob(16384)")
        for name in (path.name, f"{path.name}-journal"):
            shutil.copy(path.with_name(name), killed.with_name(name))
        database.execute("ROLLBACK")
    assert killed.read_bytes() != path.read_bytes()
    with proof_file.opened(killed) as proof, proof_file.opened(path) as before:
        assert list(proof.blocks()) == list(before.blocks())


def sqlite_value(path: Path, query: str) -> bytes:
    with closing(sqlite3.connect(path)) as database:
        value = database.execute(query).fetchone()[0]
    assert isinstance(value, bytes)
    return value
