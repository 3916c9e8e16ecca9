"""What `verify` finds: any single change of output, rejects or proof file, and nothing where nothing was changed."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledgers import now, opened
from made_run import a_row, make_run, rows_and_rejects

from ordain.audit.entry.entry import new_id
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.rows.recorded_runs import erasure_of
from ordain.audit.rows.row_check import Evidence, check_rows
from ordain.audit.rows.run_files import RunFiles
from ordain.audit.rows.sealed_part import BLOCK_ROWS
from ordain.engine.errors import MalformedRequest

ENDINGS = [".parquet", ".csv", ""]
SIZE = 3 * BLOCK_ROWS + 11
REJECTED = [0, 5, BLOCK_ROWS, SIZE - 1]


@pytest.fixture(scope="module")
def use(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenLedger]:
    with opened(f"sqlite:///{tmp_path_factory.mktemp('ledger')}/ledger.db") as made:
        yield made


def told(evidence: Evidence) -> list[str]:
    return [str(each) for each in evidence.differences]


def rewrite_parquet(path: Path, query: str) -> None:
    """Writes a Parquet file anew with what a query gives of `old`."""
    with duckdb.connect() as duck:
        duck.execute(f"CREATE TABLE old AS FROM '{path}'")
        duck.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York"])
def test_a_run_as_it_was_written_holds(use: OpenLedger, tmp_path: Path, ending: str, zone: str) -> None:
    run = make_run(
        tmp_path / f"decided{ending}", rows_and_rejects(SIZE, REJECTED), use=use, part_rows=BLOCK_ROWS, zone=zone
    )
    seen: list[tuple[int, int]] = []
    evidence = check_rows(use, run.files, lambda done, total: seen.append((done, total)))
    assert told(evidence) == []
    assert evidence
    assert seen[-1] == (SIZE, SIZE)
    assert evidence.data() == {
        "holds": True,
        "run": run.entry.about["run"],
        "rows": SIZE,
        "decided": SIZE - 4,
        "rejected": 4,
        "erased": 0,
        "entry_id": str(run.entry.id),
        "root": f"sha256:{run.root.hex()}",
        "differences": [],
        "unnamed": 0,
    }


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("rejected", [[], [0, 1, 2]])
def test_a_run_of_no_row_or_of_rejected_ones_alone_holds(
    use: OpenLedger, tmp_path: Path, ending: str, rejected: list[int]
) -> None:
    output = tmp_path / f"decided{ending}"
    run = make_run(output, rows_and_rejects(len(rejected), rejected), use=use)
    assert told(check_rows(use, run.files)) == (
        [f"files: there is no output `{output}`"] if not ending and not rejected else []
    )


CHANGES = {
    "a text": "REPLACE (CASE customer_id WHEN 'C-1500' THEN 'C-9' ELSE customer_id END AS customer_id) FROM old",
    "an amount": "REPLACE (CASE customer_id WHEN 'C-1500' THEN 9 ELSE amount END AS amount) FROM old",
    "a null": "REPLACE (CASE customer_id WHEN 'C-1501' THEN NULL ELSE verdict END AS verdict) FROM old",
    "a list": "REPLACE (CASE customer_id WHEN 'C-1501' THEN [] ELSE reasons END AS reasons) FROM old",
    "the order": "FROM old ORDER BY CASE customer_id WHEN 'C-1500' THEN 1501.6 ELSE amount END",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_row_is_found_in_its_block(use: OpenLedger, tmp_path: Path, change: str) -> None:
    run = make_run(tmp_path / "decided.parquet", rows_and_rejects(SIZE, REJECTED), use=use)
    rewrite_parquet(run.files.output, f"SELECT * {CHANGES[change]}")
    assert told(check_rows(use, run.files)) == ["rows: rows 1,024 to 2,047: at least one of them is not what it was"]


@pytest.mark.parametrize("gone", [1, 3, 70])
def test_missing_rows_are_counted_and_the_rest_is_not_blamed(use: OpenLedger, tmp_path: Path, gone: int) -> None:
    run = make_run(tmp_path / "decided.parquet", rows_and_rejects(SIZE, REJECTED), use=use)
    rewrite_parquet(run.files.output, f"SELECT * FROM old WHERE amount < 1100 OR amount > {1100 + gone}")
    assert told(check_rows(use, run.files)) == [
        "rows: rows 1,024 to 2,047: at least one of them is not what it was",
        f"count: {gone} row{'s are' if gone > 1 else ' is'} missing",
    ]


def test_added_rows_are_counted_and_the_rest_is_not_blamed(use: OpenLedger, tmp_path: Path) -> None:
    run = make_run(tmp_path / "decided.parquet", rows_and_rejects(SIZE, REJECTED), use=use)
    rewrite_parquet(
        run.files.output, "FROM old UNION ALL FROM old WHERE amount < 1200 AND amount > 1100 ORDER BY amount"
    )
    assert told(check_rows(use, run.files)) == [
        "rows: rows 1,024 to 2,047: at least one of them is not what it was",
        "count: there are 100 rows more than the run had",
    ]


def test_a_row_added_at_the_end_is_counted(use: OpenLedger, tmp_path: Path) -> None:
    run = make_run(tmp_path / "decided.parquet", rows_and_rejects(SIZE), use=use)
    rewrite_parquet(run.files.output, "FROM old UNION ALL (FROM old LIMIT 1)")
    assert told(check_rows(use, run.files)) == ["count: there are 1 row more than the run had"]


def test_a_part_of_a_folder_that_is_missing_is_missing_alone(use: OpenLedger, tmp_path: Path) -> None:
    run = make_run(tmp_path / "decided", rows_and_rejects(SIZE), use=use, part_rows=BLOCK_ROWS)
    (tmp_path / "decided" / "part-00001.parquet").unlink()
    assert told(check_rows(use, run.files)) == [
        "rows: rows 1,024 to 2,047: at least one of them is not what it was",
        "count: 1,024 rows are missing",
    ]


def test_rejected_rows_that_are_missing_twice_or_changed_are_found(use: OpenLedger, tmp_path: Path) -> None:
    run = make_run(tmp_path / "decided.parquet", rows_and_rejects(SIZE, REJECTED), use=use)
    kept = tmp_path / "kept.parquet"
    shutil.copy(run.files.rejects, kept)
    for query, expected in (
        ("FROM old WHERE row <> 5", ["count: 1 row is missing"]),
        ("FROM old UNION ALL FROM old WHERE row = 5", ["count: there are 1 row more than the run had"]),
        ("SELECT * REPLACE (CASE row WHEN 5 THEN 'no' ELSE error END AS error) FROM old", []),
    ):
        shutil.copy(kept, run.files.rejects)
        rewrite_parquet(run.files.rejects, query)
        found = told(check_rows(use, run.files))
        assert (
            found[-1:] == expected
            if expected
            else found == ["rows: rows 0 to 1,023: at least one of them is not what it was"]
        )
    run.files.rejects.unlink()
    assert "count: 4 rows are missing" in told(check_rows(use, run.files))


def test_other_bytes_are_told_even_when_every_row_is_as_it_was(use: OpenLedger, tmp_path: Path) -> None:
    run = make_run(tmp_path / "decided.parquet", rows_and_rejects(20, [3]), use=use)
    rewrite_parquet(run.files.output, "SELECT * FROM old")
    assert told(check_rows(use, run.files)) == [
        "bytes: `decided.parquet` is another file than the run wrote, though every row is as it was"
    ]


def test_the_proof_file_of_another_run_or_ledger_is_told(use: OpenLedger, tmp_path: Path) -> None:
    run = make_run(tmp_path / "decided.csv", rows_and_rejects(20), use=use)
    other = make_run(tmp_path / "other.csv", rows_and_rejects(20, [1]), use=use)
    stranger = make_run(tmp_path / "stranger.csv", rows_and_rejects(20))
    shutil.copy(other.files.proof, run.files.proof)
    assert told(check_rows(use, run.files)) == [
        f"proof: the output is that of the run `{run.entry.about['run']}`, and the proof file of the run "
        f"`{other.entry.about['run']}`"
    ]
    with closing(sqlite3.connect(run.files.proof)) as database, database:
        database.execute(
            "UPDATE about SET told = replace(told, ?, ?)", (other.entry.about["run"], run.entry.about["run"])
        )
    assert told(check_rows(use, run.files)) == [
        "proof: the proof file is of another run, or was changed: it does not give the root on record"
    ]
    assert told(check_rows(use, stranger.files)) == [
        f"run: the ledger has no run `{stranger.entry.about['run']}`, which the proof file names"
    ]


def test_an_erasure_that_the_ledger_does_not_know_or_knows_alone_is_told(use: OpenLedger, tmp_path: Path) -> None:
    run = make_run(tmp_path / "decided.csv", rows_and_rejects(20), use=use)
    entry = erasure_of(new_id(now()), use, run.entry.about["run"], 2, {})
    use.ledger.append(entry)
    assert told(check_rows(use, run.files)) == [
        f"erasure: 0 rows are erased by the entry `{entry.id}`, and by the ledger it is 2"
    ]


def test_without_a_proof_file_or_an_output_there_is_nothing_to_compare(use: OpenLedger, tmp_path: Path) -> None:
    run = make_run(tmp_path / "decided.csv", rows_and_rejects(20), use=use)
    run.files.output.unlink()
    assert told(check_rows(use, run.files)) == [f"files: there is no output `{run.files.output}`"]
    with pytest.raises(MalformedRequest, match="there is no"):
        check_rows(use, RunFiles(tmp_path / "none.csv"))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_byte_that_is_changed_is_found(use: OpenLedger, tmp_path: Path, data: st.DataObject) -> None:
    """Of the output, of the rejects, and of what the proof file says of rows."""
    folder = tmp_path / str(uuid4())
    folder.mkdir()
    ending = data.draw(st.sampled_from([".csv", ".parquet"]))
    rows = data.draw(st.lists(st.sampled_from(["C-7", *range(50)]), min_size=1, max_size=20))
    run = make_run(folder / f"decided{ending}", [row if isinstance(row, str) else a_row(row) for row in rows], use=use)
    assert check_rows(use, run.files)
    files = [each for each in (run.files.output, run.files.rejects) if each.exists()]
    path = data.draw(st.sampled_from(files))
    changed = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(changed) - 1))
    changed[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(changed)
    assert not check_rows(use, run.files)
