"""What `ordain audit verify` asks of the entries of runs, and of those that say that rows were erased."""

import datetime as dt
from pathlib import Path
from uuid import uuid4

import pytest
from ledgers import now, opened
from made_run import make_run, rows_and_rejects

from ordain.audit.entry.entry import Entry, Kind, new_id
from ordain.audit.entry.keys import OPERATION
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.rows.recorded_runs import count_runs, erasure_of, recorded_run, recorded_runs
from ordain.audit.rows.row_check import check_rows
from ordain.audit.rows.row_erasure import erase_rows
from ordain.audit.rows.row_proofs import row_proof
from ordain.audit.verifier.check import verify
from ordain.audit.verifier.findings import Failure
from ordain.engine.errors import LedgerUnavailable


def findings(use: OpenLedger, path: Path) -> list[tuple[Failure, str]]:
    use.settle()
    return [(each.failure, each.message) for each in verify(f"sqlite:///{path}").findings]


@pytest.mark.parametrize(
    ("erased", "wrong"), [([3], False), ([3, 4], False), ([8], True), ([3, 5], True), ([-1], True)]
)
def test_no_more_rows_are_erased_of_a_run_than_it_had(
    path: Path, tmp_path: Path, erased: list[int], wrong: bool
) -> None:
    with opened(f"sqlite:///{path}") as use:
        run = make_run(tmp_path / "decided.csv", rows_and_rejects(7), use=use).entry.about["run"]
        for rows in erased:
            use.ledger.append(erasure_of(new_id(now()), use, run, rows, {}))
        said = f"it tells of {erased[-1]} rows erased of the run {run}, which has not so many left"
        assert findings(use, path) == ([(Failure.ERASURE, said)] if wrong else [])


def test_rows_are_erased_of_runs_that_are_on_record(path: Path, tmp_path: Path) -> None:
    with opened(f"sqlite:///{path}") as use:
        make_run(tmp_path / "decided.csv", rows_and_rejects(7), use=use)
        run = str(uuid4())
        use.ledger.append(erasure_of(new_id(now()), use, run, 1, {}))
        assert findings(use, path) == [
            (Failure.ERASURE, f"it tells of rows erased of the run {run}, which is not on record")
        ]


def test_the_entry_of_a_run_says_all_that_one_says(path: Path) -> None:
    with opened(f"sqlite:///{path}") as use:
        moment = dt.datetime.now(dt.UTC)
        entry = Entry(new_id(moment), moment, Kind.BATCH, {}, OPERATION, "retention", about={"run": "x"})
        use.ledger.append(entry)
        [(failure, message)] = findings(use, path)
        assert failure is Failure.CONTENT
        assert message.startswith("its `about` does not say run, rows, decided, rejected, rows_root")
        with pytest.raises(LedgerUnavailable, match="of a run is damaged"):
            list(recorded_runs(use))


def test_runs_are_found_among_all_else(use: OpenLedger, tmp_path: Path) -> None:
    use.operate(Kind.STOP, "retention", {}, {"actor": "ana", "reason": "it is not a run"})
    made = [make_run(tmp_path / f"{number}.csv", rows_and_rejects(number), use=use) for number in (3, 4)]
    use.note(Kind.ACCESS, {"action": "made"}, {})
    assert [run.run for run in recorded_runs(use)] == [each.entry.about["run"] for each in made]
    assert count_runs(use) == 2
    found = recorded_run(use, made[1].entry.about["run"])
    assert found is not None
    assert (found.rows, found.root, found.entry_id) == (4, made[1].root, made[1].entry.id)
    assert recorded_run(use, str(uuid4())) is None


def test_rows_are_erased_with_a_ledger_in_each_database(use: OpenLedger, tmp_path: Path) -> None:
    run = make_run(tmp_path / "decided.parquet", rows_and_rejects(9, [2]), use=use)
    for person in ("C-2", "C-7"):
        assert erase_rows(use, run.files, person, private={}).rows == 1
    use.settle()
    evidence = check_rows(use, run.files)
    assert (evidence.differences, evidence.erased) == ([], 2)
    assert row_proof(use, run.files, key="C-8")["rows"][0]["text"] == run.texts[8]
    assert verify(use.store.engine.url.render_as_string(hide_password=False))
