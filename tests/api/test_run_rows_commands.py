"""`ordain audit rows verify, prove, erase` as people call them, and what `verify-proof` makes of a proof."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from answers import RETENTION
from made_run import Run, make_run, rows_and_rejects
from served import ordain_here, settings_in

from ordain.api.ledger import open_for

ROWS = 1_500
ENDINGS = [".parquet", ".csv", ""]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Run]]:
    """A folder with a ledger, and the run of each form of output by its ending; all signed."""
    folder = tmp_path_factory.mktemp("made")
    decide(folder, "C-77")
    opened = open_for(settings_in(folder))
    runs = {}
    for ending in ENDINGS:
        output = folder / "runs" / (ending or "folder") / f"decided{ending}"
        output.parent.mkdir(parents=True)
        runs[ending] = make_run(output, rows_and_rejects(ROWS, [3, 1400]), use=opened, part_rows=1024)
    opened.finish()
    return folder, runs


@pytest.fixture(params=ENDINGS)
def ending(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def folder(made: tuple[Path, dict[str, Run]], tmp_path: Path) -> Path:
    shutil.copytree(made[0], tmp_path / "copy")
    return tmp_path / "copy"


def decide(folder: Path, subject: str) -> None:
    (folder / "facts.json").write_text(json.dumps(RETENTION))
    at = ("--at", "2026-11-21T12:00:00+05:30")
    done = ordain_here(folder, "decide", "retention", "--subject", subject, "--facts", "facts.json", *at)
    assert done.returncode == 0, done.stderr


def output(folder: Path, ending: str) -> str:
    return str(folder / "runs" / (ending or "folder") / f"decided{ending}")


def told(folder: Path, *words: str, code: int = 0) -> dict[str, Any]:
    done = ordain_here(folder, "audit", *words, "--json")
    assert done.returncode == code, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout if code in (0, 1, 4) else done.stderr)
    return answer


def said(folder: Path, *words: str, code: int = 0) -> str:
    done = ordain_here(folder, "audit", *words)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_a_run_is_verified_and_says_what_differs(folder: Path, ending: str) -> None:
    where = output(folder, ending)
    assert said(folder, "rows", "verify", where).startswith("holds: 1,500 rows, 1,498 decided, 2 rejected, entry ")
    with duckdb.connect() as duck:
        rejects = str(Path(where).parent / f"decided.rejects{'.csv' if ending == '.csv' else '.parquet'}")
        duck.execute(f"CREATE TABLE t AS FROM '{rejects}'")
        duck.execute("UPDATE t SET error = 'another' WHERE row = 3")
        duck.execute(f"COPY t TO '{rejects}'")
    assert said(folder, "rows", "verify", where, code=1).splitlines() == [
        "rows: rows 0 to 1,023: at least one of them is not what it was",
        "does not hold: 1 difference",
    ]
    [difference] = told(folder, "rows", "verify", where, code=1)["differences"]
    assert (difference["what"], difference["first"], difference["last"]) == ("rows", 0, 1023)


def test_one_row_is_proved_to_a_stranger_and_no_other_is_shown(
    made: tuple[Path, dict[str, Run]], folder: Path, ending: str
) -> None:
    run, where = made[1][ending], output(folder, ending)
    proof = told(folder, "rows", "prove", where, "--key", "C-1234")
    assert [row["row"] for row in proof["rows"]] == [1234]
    assert proof["rows"][0]["text"] == run.texts[1234]
    assert "C-1235" not in json.dumps(proof)
    assert told(folder, "rows", "prove", where, "--row", "1234")["rows"] == proof["rows"]
    assert "1 row in " in said(folder, "rows", "prove", where, "--key", "C-1234", "-o", "row.json")
    assert (folder / "row.json").stat().st_mode & 0o777 == 0o600
    shown = said(folder, "verify-proof", "row.json", "--key", proof["entry"]["key"])
    assert "row 1,234 of that run: " in shown
    verified = told(folder, "verify-proof", "row.json", "--key", proof["entry"]["key"])
    assert verified["holds"]
    assert verified["envelope"]["about"]["run"] == run.entry.about["run"]
    assert verified["rows"] == [{"row": 1234, "values": json.loads(run.texts[1234])}]


@pytest.mark.parametrize("row", [0, 1023, 1024, 1400, 1499])
def test_any_row_is_proved_a_rejected_one_too(made: tuple[Path, dict[str, Run]], folder: Path, row: int) -> None:
    (folder / "row.json").write_text(
        json.dumps(proof := told(folder, "rows", "prove", output(folder, ".csv"), "--row", str(row)))
    )
    [verified] = told(folder, "verify-proof", "row.json", "--key", proof["entry"]["key"])["rows"]
    assert verified == {"row": row, "values": json.loads(made[1][".csv"].texts[row])}


def test_a_proof_that_was_changed_anywhere_does_not_hold(folder: Path) -> None:
    proof = told(folder, "rows", "prove", output(folder, ".csv"), "--key", "C-7")
    other = told(folder, "rows", "prove", output(folder, ".parquet"), "--key", "C-7")
    changes: list[tuple[str, Any]] = [
        ("text", proof["rows"][0]["text"].replace("7.50", "8.50")),
        ("salt", other["rows"][0]["salt"]),
        ("path", proof["rows"][0]["path"][:-1]),
        ("path", [*proof["rows"][0]["path"], proof["rows"][0]["path"][0]]),
        ("row", 8),
        ("row", -1),
        ("row", "7"),
        ("text", None),
        ("salt", "c2hvcnQ="),
        ("path", ["?"]),
        ("path", "no list"),
    ]
    wrong = []
    for name, value in changes:
        wrong.append(copy.deepcopy(proof))
        wrong[-1]["rows"][0][name] = value
    wrong += [{**proof, "entry": other["entry"]}, {**proof, "run": other["run"]}, {**proof, "rows": []}]
    wrong += [{**proof, "rows": None}, {**proof, "entry": None}, {**proof, "run": None}]
    for each in wrong:
        (folder / "row.json").write_text(json.dumps(each))
        refused = ordain_here(folder, "audit", "verify-proof", "row.json", "--key", proof["entry"]["key"])
        assert refused.returncode == 1, each
        assert "ProofRefused" in refused.stderr
    (folder / "row.json").write_text(json.dumps(proof))
    assert "holds" in said(folder, "verify-proof", "row.json", "--key", proof["entry"]["key"])


def test_a_row_of_another_entry_than_a_run_is_refused(folder: Path) -> None:
    proof = told(folder, "rows", "prove", output(folder, ".csv"), "--key", "C-7")
    [found] = [json.loads(line) for line in said(folder, "search", "--json").splitlines()]
    decided = told(folder, "prove", found["entry_id"])
    (folder / "row.json").write_text(json.dumps({**proof, "entry": decided}))
    refused = said(folder, "verify-proof", "row.json", "--key", proof["entry"]["key"], code=1)
    assert "the entry in the proof is of no run over a table" in refused


def test_a_person_is_erased_and_the_run_still_holds(folder: Path, ending: str) -> None:
    where = output(folder, ending)
    before = told(folder, "rows", "prove", where, "--key", "C-8")
    erased = told(folder, "rows", "erase", where, "--key", "C-7", "--reason", "request 4711", "--as", "ana")
    assert (erased["status"], erased["rows"], erased["finished"]) == ("erased", 1, 0)
    assert "1,497 decided, 2 rejected, 1 erased, still proven, entry " in said(folder, "rows", "verify", where)
    after = told(folder, "rows", "prove", where, "--key", "C-8")
    assert after["rows"] == before["rows"]
    assert "no row has the customer_id `C-7`" in said(folder, "rows", "prove", where, "--key", "C-7", code=2)
    assert "row 7 was erased" in said(folder, "rows", "prove", where, "--row", "7", code=2)
    assert "no row has the customer_id `C-7`" in said(folder, "rows", "erase", where, "--key", "C-7", "--yes", code=2)
    assert said(folder, "rows", "erase", where, "--finish") == "nothing was left to be done\n"
    [found] = [json.loads(line) for line in said(folder, "search", "--kind", "erasure", "--json").splitlines()]
    assert found["about"] == {"entries": 0, "keys": 0, "run": erased["run"], "rows": 1}
    shown = said(folder, "rows", "erase", where, "--key", "C-9", "--yes")
    assert shown.startswith(
        f"erased: 1 row of the run {erased['run']}; every other row is proved as before\non record: "
    )
    assert "holds" in said(folder, "verify")


def test_a_hold_and_the_days_of_the_law_are_told_with_code_4(folder: Path) -> None:
    where = output(folder, ".csv")
    said(folder, "hold", "C-77")
    held = ("rows", "erase", where, "--key", "C-77", "--yes")
    assert said(folder, *held, code=4) == "not erased: a legal hold stands; 1 row kept\n"
    said(folder, "hold", "C-77", "--release")
    done = ordain_here(folder, "audit", *held, ORDAIN_KEEP_DAYS="3650")
    assert done.returncode == 4
    assert done.stdout.startswith("not erased: 1 row kept until 20")


def test_erasing_from_the_ledger_says_that_outputs_of_runs_are_not_touched(folder: Path) -> None:
    those = "3 runs over tables are on record, whose outputs this does not touch: ordain audit rows erase OUTPUT"
    assert those in said(folder, "erase", "C-7", "--yes", code=2)
    assert those in said(folder, "erase", "C-77", "--yes")
    decide(folder, "C-78")
    assert told(folder, "erase", "C-78")["runs"] == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("prove",), "give --key or --row"),
        (("prove", "--key", "a", "--row", "1"), "give --key or --row"),
        (("prove", "--row", "1500"), "there is no row 1,500"),
        (("erase",), "say whose rows with --key, or give --finish"),
        (("erase", "--finish", "--key", "a"), "say whose rows with --key, or give --finish"),
    ],
)
def test_what_is_asked_wrongly_is_refused(folder: Path, words: tuple[str, ...], message: str) -> None:
    name, *options = words
    assert message in said(folder, "rows", name, output(folder, ".csv"), *options, code=2)


def test_a_run_that_no_checkpoint_covers_yet_cannot_be_proved(folder: Path) -> None:
    opened = open_for(settings_in(folder))
    make_run(folder / "new.csv", rows_and_rejects(3), use=opened)
    opened.close()
    shutil.copytree(folder, folder.with_name("unsigned"))
    refused = said(folder.with_name("unsigned"), "rows", "prove", "new.csv", "--row", "1", code=2)
    assert "make one: ordain audit checkpoint" in refused


def test_a_file_that_is_none_of_a_run_is_refused(folder: Path) -> None:
    (folder / "table.csv").write_text("a,b\n1,2\n")
    for command in (("verify",), ("prove", "--row", "1"), ("erase", "--key", "1", "--yes")):
        assert "which proves the rows" in said(folder, "rows", command[0], "table.csv", *command[1:], code=2)
