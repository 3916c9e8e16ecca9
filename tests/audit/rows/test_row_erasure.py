"""A person is erased from a run: nothing of them is left, all other rows are proved as before, and it is on record."""

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledgers import DOCUMENTS, decision, now, opened
from made_run import Run, a_row, make_run, rows_and_rejects

from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.privacy.erasure import erase, hold
from ordain.audit.rows import proof_file
from ordain.audit.rows.recorded_runs import rows_erased
from ordain.audit.rows.row_check import check_rows
from ordain.audit.rows.row_erasure import RowErasure, RowsErased, erase_rows, finish_erasure
from ordain.audit.rows.row_proofs import row_proof
from ordain.audit.rows.sealed_part import BLOCK_ROWS
from ordain.audit.verifier.check import verify
from ordain.engine.errors import MalformedRequest, NotRecorded, UnknownSubject

ENDINGS = [".parquet", ".csv", ""]
WHY = {"actor": "officer", "reason": "request 4711"}


@pytest.fixture(scope="module")
def use(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenLedger]:
    with opened(f"sqlite:///{tmp_path_factory.mktemp('ledger')}/ledger.db") as made:
        yield made


def told(use: OpenLedger, run: Run) -> list[str]:
    return [str(each) for each in check_rows(use, run.files).differences]


def everything_in(folder: Path) -> bytes:
    """The bytes of all files, Parquet ones as their rows."""
    found = []
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        if path.suffix == ".parquet":
            with duckdb.connect() as duck:
                found.append(json.dumps(duck.execute(f"FROM '{path}'").fetchall(), default=str).encode())
        else:
            found.append(path.read_bytes())
    return b"".join(found)


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_rows_are_gone_and_everything_else_holds(use: OpenLedger, tmp_path: Path, ending: str) -> None:
    rows = rows_and_rejects(2 * BLOCK_ROWS + 9, [4])
    rows[3] = a_row(3, "P-1")
    rows[BLOCK_ROWS + 1], rows[BLOCK_ROWS + 2] = a_row(8, "P-1"), "P-1"
    run = make_run(tmp_path / f"decided{ending}", rows, use=use, part_rows=BLOCK_ROWS)
    before = {path.name: path.stat() for path in run.files.parts()}
    salts = {}
    with proof_file.opened(run.files.proof) as proof:
        salts = {row: proof.block(row // BLOCK_ROWS).salt(row) for row in (3, 4, BLOCK_ROWS + 1, BLOCK_ROWS + 2)}
    erased = erase_rows(use, run.files, "P-1", private=WHY)
    assert erased.receipt is not None
    assert erased == RowErasure(RowsErased.DONE, run.entry.about["run"], 3, receipt=erased.receipt)
    assert rows_erased(use, run.entry.about["run"]) == {erased.receipt.entry_id: 3}
    evidence = check_rows(use, run.files)
    assert [str(each) for each in evidence.differences] == []
    assert (evidence.erased, evidence.rejected, evidence.decided) == (3, 1, len(rows) - 4)
    left = everything_in(tmp_path)
    assert b"P-1" not in left
    assert salts[4] in left
    assert not any(salt in left for row, salt in salts.items() if row != 4)
    assert {path.name: path.stat().st_mode for path in run.files.parts()} == {
        name: stat.st_mode for name, stat in before.items()
    }
    if not ending:  # the file without a row of theirs was not touched
        assert (tmp_path / "decided" / "part-00002.parquet").stat().st_mtime_ns == before[
            "part-00002.parquet"
        ].st_mtime_ns
    assert not list(tmp_path.rglob(".*"))
    with pytest.raises(UnknownSubject, match="no row has the customer_id `P-1`"):
        erase_rows(use, run.files, "P-1", private=WHY)


def test_what_goes_on_record_says_nothing_of_the_person(use: OpenLedger, tmp_path: Path) -> None:
    run = make_run(tmp_path / "decided.csv", rows_and_rejects(5), use=use)
    erased = erase_rows(use, run.files, "C-2", private=WHY)
    assert erased.receipt is not None
    use.settle()
    [record] = [each for each in use.reader.records() if str(each.entry.id) == erased.receipt.entry_id]
    assert record.envelope["kind"] == "erasure"
    assert record.envelope["about"] == {"entries": 0, "keys": 0, "run": run.entry.about["run"], "rows": 1}
    assert record.private == {**WHY, "keys": [], "unsigned": []}
    assert b"C-2" not in record.entry.envelope


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_after_any_erasures_the_run_holds_and_every_other_row_is_proved_as_before(
    use: OpenLedger, tmp_path: Path, data: st.DataObject
) -> None:
    people = [f"P-{number}" for number in range(4)]
    size = data.draw(st.sampled_from([1, 7, BLOCK_ROWS, BLOCK_ROWS + 5, 2 * BLOCK_ROWS + 3]))
    rows = rows_and_rejects(size, data.draw(st.sets(st.integers(0, size - 1), max_size=5)))
    for at in sorted(data.draw(st.sets(st.integers(0, size - 1), max_size=9))):
        person = data.draw(st.sampled_from(people))
        rows[at] = person if isinstance(rows[at], str) else a_row(at, person)
    folder = tmp_path / str(uuid4())
    folder.mkdir()
    output = folder / f"decided{data.draw(st.sampled_from(ENDINGS))}"
    run = make_run(
        output, rows, use=use, part_rows=data.draw(st.sampled_from([3, BLOCK_ROWS])) if size < 9 else BLOCK_ROWS
    )
    use.settle()
    gone = set()
    for person in data.draw(st.lists(st.sampled_from(people), unique=True, max_size=3)):
        theirs = {at for at, row in enumerate(rows) if (row if isinstance(row, str) else row[0]) == person}
        if theirs:
            assert erase_rows(use, run.files, person, private=WHY).rows == len(theirs)
            gone |= theirs
    assert told(use, run) == []
    assert check_rows(use, run.files).erased == len(gone)
    for at in data.draw(st.sets(st.integers(0, size - 1), max_size=4)):
        if at in gone:
            with pytest.raises(UnknownSubject, match="was erased"):
                row_proof(use, run.files, row=at)
        else:
            assert row_proof(use, run.files, row=at)["rows"][0]["text"] == run.texts[at]
    if size > len(gone) and data.draw(st.booleans()):
        _change_one(output, data.draw(st.integers(0, 10**6)), run)
        assert told(use, run) != []


def _change_one(output: Path, which: int, run: Run) -> None:
    """Changes one row of the output or, if there is none, of the rejects."""
    paths = [*run.files.parts(), *([run.files.rejects] if run.files.rejects.exists() else [])]
    with duckdb.connect() as duck:
        for path in paths:
            read = f"read_csv('{path}', all_varchar = true, header = true)" if path.suffix == ".csv" else f"'{path}'"
            count = duck.execute(f"SELECT count(*) FROM {read}").fetchall()[0][0]
            if not count:
                continue
            duck.execute(f"CREATE TABLE old AS SELECT *, row_number() OVER () - 1 AS n FROM {read}")
            duck.execute(f"UPDATE old SET customer_id = customer_id || '?' WHERE n = {which % count}")
            kind = "csv, HEADER" if path.suffix == ".csv" else "parquet"
            duck.execute(f"COPY (SELECT * EXCLUDE (n) FROM old ORDER BY n) TO '{path}' (FORMAT {kind})")
            return


class Stopped(Exception):
    pass


@pytest.mark.parametrize(("ending", "times"), [(".csv", 2), (".parquet", 1), ("", 1)])
def test_one_that_was_interrupted_anywhere_is_finished_by_asking_again(
    use: OpenLedger, tmp_path: Path, ending: str, times: int
) -> None:
    rows = rows_and_rejects(2 * BLOCK_ROWS + 9, [4])
    rows[3], rows[BLOCK_ROWS + 1], rows[BLOCK_ROWS + 2] = a_row(3, "P-1"), a_row(8, "P-1"), "P-1"
    steps: list[str] = []
    first = make_run(_folder(tmp_path) / f"decided{ending}", rows, use=use, part_rows=BLOCK_ROWS)
    erase_rows(use, first.files, "P-1", private=WHY, step=steps.append)
    assert len(steps) == (6 if not ending else 5)
    for stop in range(len(steps)):
        run = make_run(_folder(tmp_path) / f"decided{ending}", rows, use=use, part_rows=BLOCK_ROWS)

        def stop_at(step: str, stop: int = stop) -> None:
            if step == steps[stop]:
                raise Stopped

        for _ in range(times):
            with pytest.raises(Stopped):
                erase_rows(use, run.files, "P-1", private=WHY, step=stop_at)
        recorded = rows_erased(use, run.entry.about["run"])
        assert bool(recorded) is (stop > 1)
        if stop > 0:
            assert told(use, run) == [
                "erasure: an erasure was begun and is not finished: `ordain audit rows erase ... --finish`"
            ]
        done = finish_erasure(use, run.files) if stop % 2 else erase_rows(use, run.files, "P-1", private=WHY)
        assert done.finished == (3 if recorded else 0)
        if stop == 1:
            assert done.rows == 0  # it was not on record: nothing had been done, and it is taken back
            assert told(use, run) == []
            erase_rows(use, run.files, "P-1", private=WHY)
        assert told(use, run) == []
        assert list(rows_erased(use, run.entry.about["run"]).values()) == [3]
        assert b"P-1" not in everything_in(run.files.output.parent)
        with proof_file.opened(run.files.proof) as proof:
            assert proof.begun() is None


def _folder(tmp_path: Path) -> Path:
    made = tmp_path / str(uuid4())
    made.mkdir()
    return made


def test_another_erasure_finishes_first_what_was_interrupted(use: OpenLedger, tmp_path: Path) -> None:
    run = make_run(tmp_path / "decided.csv", rows_and_rejects(9), use=use)

    def stop(step: str) -> None:
        if step == "destroying keys":
            raise Stopped

    with pytest.raises(Stopped):
        erase_rows(use, run.files, "C-2", private=WHY, step=stop)
    done = erase_rows(use, run.files, "C-3", private=WHY)
    assert (done.rows, done.finished) == (2, 1)
    assert told(use, run) == []
    assert sorted(rows_erased(use, run.entry.about["run"]).values()) == [1, 1]


def test_what_cannot_be_recorded_is_not_done(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with opened(url, busy_seconds=0.1) as use:
        run = make_run(_folder(tmp_path) / "decided.csv", rows_and_rejects(9), use=use)
        before = run.files.output.read_bytes()
        with closing(sqlite3.connect(tmp_path / "ledger.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(NotRecorded):
                erase_rows(use, run.files, "C-2", private=WHY)
        assert run.files.output.read_bytes() == before
        assert erase_rows(use, run.files, "C-2", private=WHY).rows == 1
        assert told(use, run) == []


def test_two_at_once_do_not_get_in_each_others_way(use: OpenLedger, tmp_path: Path) -> None:
    run = make_run(tmp_path / "decided.csv", rows_and_rejects(9), use=use)

    def another(_step: str) -> None:
        with pytest.raises(MalformedRequest, match="another command erases rows of this run"):
            erase_rows(use, run.files, "C-3", private=WHY)

    erase_rows(use, run.files, "C-2", private=WHY, step=another)
    assert told(use, run) == []


def test_rows_that_are_not_what_was_recorded_are_not_erased_as_if_they_were(use: OpenLedger, tmp_path: Path) -> None:
    run = make_run(tmp_path / "decided.csv", rows_and_rejects(9), use=use)
    run.files.output.write_bytes(run.files.output.read_bytes().replace(b"C-7", b"C-0"))
    before = run.files.output.read_bytes()
    with pytest.raises(MalformedRequest, match="among the rows 0 to 8 is one that is not what it was"):
        erase_rows(use, run.files, "C-2", private=WHY)
    assert run.files.output.read_bytes() == before


def test_a_file_that_was_changed_while_an_erasure_was_interrupted_is_not_cut(use: OpenLedger, tmp_path: Path) -> None:
    run = make_run(tmp_path / "decided.csv", rows_and_rejects(9), use=use)

    def stop(step: str) -> None:
        if step.startswith("writing"):
            raise Stopped

    with pytest.raises(Stopped):
        erase_rows(use, run.files, "C-2", private=WHY, step=stop)
    whole = run.files.output.read_bytes()
    run.files.output.write_bytes(b"\n".join(whole.split(b"\n")[:4]) + b"\n")
    with pytest.raises(MalformedRequest, match="has 3 rows, and had 9 when the erasure was begun"):
        finish_erasure(use, run.files)
    run.files.output.write_bytes(whole)
    assert finish_erasure(use, run.files).finished == 1
    assert told(use, run) == []
    assert finish_erasure(use, run.files).rows == 0


def test_a_legal_hold_and_the_days_that_the_law_asks_for_stand_against_it(use: OpenLedger, tmp_path: Path) -> None:
    run = make_run(tmp_path / "decided.csv", rows_and_rejects(9), use=use)
    before = run.files.output.read_bytes()
    use.ledger.append(decision(2), DOCUMENTS)
    hold(use, "C-2", True, private=WHY)
    held = erase_rows(use, run.files, "C-2", private=WHY)
    assert (held.status, held.rows, held.receipt) == (RowsErased.HELD, 1, None)
    hold(use, "C-2", False, private=WHY)
    kept = erase_rows(use, run.files, "C-2", private=WHY, keep=dt.timedelta(days=30))
    assert (kept.status, kept.not_before) == (RowsErased.KEPT, (now() + dt.timedelta(days=30)).date())
    assert run.files.output.read_bytes() == before
    assert erase_rows(use, run.files, "C-2", private=WHY, keep=dt.timedelta(0)).status is RowsErased.DONE


def test_a_ledger_with_rows_erased_verifies_and_signs(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with opened(url) as use:
        run = make_run(_folder(tmp_path) / "decided.csv", rows_and_rejects(9), use=use)
        use.ledger.append(decision(2), DOCUMENTS)
        erase_rows(use, run.files, "C-2", private=WHY)
        erase(use, "C-2", private=WHY)
        use.settle()
    assert verify(url)
    assert verify(url, master_key=bytes(range(32)))
