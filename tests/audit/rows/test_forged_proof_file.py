"""Who can write to the output and to the proof file still cannot make another row look like what is on record."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from ledgers import opened
from made_run import Run, make_run, rows_and_rejects

from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.rows import proof_file
from ordain.audit.rows.proof_file import Begun
from ordain.audit.rows.row_check import check_rows
from ordain.audit.rows.row_erasure import erase_rows
from ordain.audit.rows.sealed_part import leaves_of, root_over, seal_part
from ordain.audit.rows.without_rows import rewrite

SIZE = 1_030


@pytest.fixture
def use(tmp_path: Path) -> Iterator[OpenLedger]:
    with opened(f"sqlite:///{tmp_path}/ledger.db") as made:
        yield made


@pytest.fixture
def run(use: OpenLedger, tmp_path: Path) -> Run:
    (tmp_path / "run").mkdir()
    return make_run(tmp_path / "run" / "decided.csv", rows_and_rejects(SIZE, [4]), use=use)


def told(use: OpenLedger, run: Run) -> list[str]:
    return [str(each) for each in check_rows(use, run.files).differences]


def change(run: Run, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(run.files.proof)) as database, database:
        assert database.execute(statement, values).rowcount == 1


def test_another_key_gives_other_leaves(use: OpenLedger, run: Run) -> None:
    change(run, "UPDATE block SET key = ? WHERE number = 1", os.urandom(32))
    assert told(use, run) == ["rows: rows 1,024 to 1,029: at least one of them is not what it was"]


def test_a_root_that_fits_changed_rows_is_not_the_one_on_record(use: OpenLedger, run: Run) -> None:
    text = run.files.output.read_bytes()
    run.files.output.write_bytes(text.replace(b"C-1026", b"C-9999"))
    with proof_file.opened(run.files.proof) as proof:
        salts = proof.block(1).salts
    texts = [each.replace("C-1026", "C-9999") for each in run.texts[1024:]]
    change(run, "UPDATE block SET root = ? WHERE number = 1", root_over(leaves_of(texts, salts)))
    assert told(use, run) == [
        "proof: the proof file is of another run, or was changed: it does not give the root on record"
    ]


def test_a_whole_run_sealed_again_is_not_the_one_on_record(use: OpenLedger, run: Run) -> None:
    with proof_file.opened(run.files.proof) as proof:
        about = {name: value for name, value in proof.about.items() if name != "rows"}
    proof_file.write(run.files.proof, about, [seal_part(run.texts, 0)])
    assert told(use, run)[0].startswith("proof: ")


def test_a_row_that_is_hidden_as_if_it_were_erased_is_missed(use: OpenLedger, run: Run) -> None:
    with proof_file.opened(run.files.proof, change=True) as proof:
        leaf = leaves_of(run.texts[1024:], proof.block(1).salts)[2]
        begun = Begun("0198c2f1-7a3e-7c11-9d2b-5f6a7b8c9d0e", {1026: leaf}, [])
        proof.begin(begun)
        proof.forget(begun)
    rewrite(run.files.output, [1025])  # one row before it is rejected
    assert told(use, run) == [
        "erasure: 1 row is erased by the entry `0198c2f1-7a3e-7c11-9d2b-5f6a7b8c9d0e`, and by the ledger it is 0"
    ]


def test_a_row_more_behind_an_erasure_on_record_is_told(use: OpenLedger, run: Run) -> None:
    erase_rows(use, run.files, "C-1026", private={})
    change(run, "UPDATE erased SET leaf = ?", os.urandom(32))
    assert told(use, run) == ["rows: rows 1,024 to 1,029: at least one of them is not what it was"]
    change(run, "DELETE FROM erased")
    assert told(use, run)[0].startswith("erasure: 0 rows are erased by the entry")
