"""What `ordain batch` refuses as a whole, in plain words and before anything is decided; and what spoils one row."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from any_time import at_any_time
from served import ROOT, ordain_here

HEAD = "subject,usage_gb,plan_gb\n"


def _refused(folder: Path, given: str, output: str = "out.parquet", *more: str, service: str = "plan-advice") -> str:
    before = {path.name for path in folder.iterdir()} | {"ordain.db", "keys", "ordain.db-wal", "ordain.db-shm"}
    done = ordain_here(folder, "batch", service, given, output, *more)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    left = {path.name for path in folder.iterdir()} - before
    assert not {name for name in left if name.startswith("out")}, left
    return done.stderr


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("in.csv", "usage_gb,plan_gb\n1,2\n", "has no column `subject`"),
        ("in.csv", "subject,usage_bg,plan_gb\na,1,2\n", "did you mean `usage_gb`"),
        ("in.csv", "subject;usage_gb;plan_gb\na;1;2\n", "semicolons"),
        ("in.csv", "", "`in.csv`"),
        ("in.csv", 'subject,usage_gb,plan_gb\n"a,1,2\n', "quotation mark"),
        ("in.csv", "subject,usage_gb,usage_gb\na,1,2\n", "`usage_gb` twice"),
        ("in.parquet", "no parquet", "is no Parquet file"),
        ("in.xlsx", "x", "is not a table that can be read here"),
        ("in.jsonl", "{}", "ordain decide --table"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    assert said in _refused(tmp_path, name)


def test_names_that_are_not_there_are_refused(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(HEAD + "a,1,2\n")
    (tmp_path / "empty").mkdir()
    assert "there is no file `away.csv`" in _refused(tmp_path, "away.csv")
    assert "has no files" in _refused(tmp_path, "empty")
    assert "does not say what it is to be" in _refused(tmp_path, "in.csv", "out.xlsx")
    assert "there is no folder" in _refused(tmp_path, "in.csv", "away/out.csv")
    assert "no run into `out.csv` was stopped" in _refused(tmp_path, "in.csv", "out.csv", "--resume")
    assert "no database" in _refused(tmp_path, "in.csv", "out.csv", "--table", "customers")
    assert "which table" in _refused(tmp_path, "postgresql://localhost/x", "out.csv")
    told = _refused(tmp_path, "postgresql://me:secret@localhost/x", "out.csv", "--table", "customers")
    assert "PGPASSWORD" in told
    assert "secret" not in told
    nobody = _refused(tmp_path, "postgresql://localhost:1/x", "out.csv", "--table", "customers")
    assert "does not answer" in nobody
    assert "nothing" in _refused(tmp_path, "in.csv", service="nothing")
    (tmp_path / "out.rejects.csv").write_text("mine")
    assert "`out.rejects.csv` is there already" in _refused(tmp_path, "in.csv", "out.csv")


def test_a_fact_that_only_a_request_has_needs_its_column(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("subject,access_role\na,app\n")
    told = _refused(tmp_path, "in.csv", service="access")
    assert "has no column `access_right`, which" in told


def test_a_service_of_the_moment_takes_no_other(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("subject,usage_gb,plan_gb\na,1,2\n")
    shipped = {"ORDAIN_POLICIES": str(ROOT / "policies")}
    done = ordain_here(tmp_path, "batch", "retention", "in.csv", "out.csv", "--at", "2026-01-31", **shipped)
    assert done.returncode == 2
    assert "takes no `at`" in done.stderr
    told = _refused(tmp_path, "in.csv", "out.csv", "--at", "1999-01-31", service="plan-advice")
    assert "days ago" in told


def test_files_of_a_folder_have_one_kind_and_the_same_columns(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    pq.write_table(pa.table({"subject": ["a"], "usage_gb": [1], "plan_gb": [2]}), folder / "a.parquet")
    pq.write_table(pa.table({"subject": ["b"], "usage_gb": ["1"], "plan_gb": [2]}), folder / "b.parquet")
    assert "`usage_gb` is VARCHAR in" in _refused(tmp_path, "in")
    pq.write_table(pa.table({"subject": ["b"], "plan_gb": [2]}), folder / "b.parquet")
    assert "has a column `usage_gb`, and" in _refused(tmp_path, "in")
    (folder / "b.parquet").rename(folder / "b.csv")
    assert "several kinds" in _refused(tmp_path, "in")


def test_columns_of_other_types_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"subject": ["a"], "usage_gb": [True], "plan_gb": [2]}), tmp_path / "in.parquet")
    assert "`usage_gb` of `in.parquet` is BOOLEAN" in _refused(tmp_path, "in.parquet")
    pq.write_table(pa.table({"subject": [1.5], "usage_gb": [1], "plan_gb": [2]}), tmp_path / "in.parquet")
    assert "floating point" in _refused(tmp_path, "in.parquet")
    columns = {"subject": ["a"], "usage_gb": [1], "plan_gb": [2], "row": [1]}
    pq.write_table(pa.table(columns), tmp_path / "in.parquet")
    assert "a column `row`" in _refused(tmp_path, "in.parquet", "out.parquet", "--keep", "row")
    columns = {"subject": ["a"], "usage_gb": [1], "plan_gb": [2], "status": ["x"]}
    pq.write_table(pa.table(columns), tmp_path / "in.parquet")
    assert "`status` cannot be kept" in _refused(tmp_path, "in.parquet", "out.parquet", "--keep", "status")


def test_bad_rows_go_to_the_rejects_with_their_reasons(tmp_path: Path) -> None:
    rows = ["a,1,2", "b,one,2", ",1,2", "d,1", "e,,2", "f,1e3,2", "g,-1,2", f"{'h' * 201},1,2", "i, 1.50 ,2", "j,1,2,3"]
    (tmp_path / "in.csv").write_text(HEAD + "\n".join(rows) + "\n")
    done = ordain_here(tmp_path, "batch", "plan-advice", "in.csv", "out.csv")
    assert done.returncode == 1, done.stderr
    assert "3 rows decided" in done.stdout
    with (tmp_path / "out.csv").open(newline="") as file:
        assert [row["subject"] for row in csv.DictReader(file)] == ["a", "f", "i"]
    with (tmp_path / "out.rejects.csv").open(newline="") as file:
        rejected = {int(row["row"]): row for row in csv.DictReader(file)}
    assert sorted(rejected) == [1, 2, 3, 4, 6, 7, 9]
    told = {row: f"{each['error_code']}: {each['error']}" for row, each in rejected.items()}
    assert "DataQualityIssue: `usage_gb`" in told[1]
    assert "one" in told[1]
    assert "MalformedRequest: `subject`" in told[2]
    assert "MalformedRequest: row 4" in told[3]
    assert "CustomerDataIncomplete" in told[4]
    assert "DataQualityIssue" in told[6]
    assert "MalformedRequest: `subject`" in told[7]
    assert rejected[9]["subject"] == "j"


def test_a_table_without_rows_has_an_output_without_rows(tmp_path: Path) -> None:
    schema = pa.schema([("subject", pa.string()), ("usage_gb", pa.int32()), ("plan_gb", pa.int32())])
    pq.write_table(schema.empty_table(), tmp_path / "in.parquet")
    done = ordain_here(tmp_path, "batch", "plan-advice", "in.parquet", "out.parquet")
    assert done.returncode == 0, done.stderr
    made = pq.read_table(tmp_path / "out.parquet")
    assert made.num_rows == 0
    assert "advice.action" in made.column_names


def test_numbers_in_floating_point_count_as_they_are_written(tmp_path: Path) -> None:
    columns = {"subject": ["a", "b", "c"], "usage_gb": [0.1, 1e-05, 1e5], "plan_gb": [2.5, 3.0, 1.0]}
    pq.write_table(pa.table(columns), tmp_path / "in.parquet")
    done = ordain_here(tmp_path, "batch", "plan-advice", "in.parquet", "out.parquet")
    assert done.returncode == 0, done.stderr
    assert pq.read_table(tmp_path / "out.parquet")["subject"].to_pylist() == ["a", "b", "c"]


def test_numbers_that_a_computer_made_are_to_be_rounded(tmp_path: Path) -> None:
    columns = {"subject": ["a"], "usage_gb": [0.1 + 0.2], "plan_gb": [2.5]}
    pq.write_table(pa.table(columns), tmp_path / "in.parquet")
    told = _refused(tmp_path, "in.parquet")
    assert "`usage_gb` of `in.parquet` has numbers with 17 digits" in told
    assert "CAST(" in told


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_name_that_looks_like_a_pattern_is_a_name(tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "it's [1]*"
    folder.mkdir()
    for name, subject in (("a[1]", "b"), ("a1", "a")):
        if ending == "csv":
            (folder / f"{name}.csv").write_text(f"{HEAD}{subject},1,2\n")
        else:
            columns = {"subject": [subject], "usage_gb": [1], "plan_gb": [2]}
            pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    done = ordain_here(tmp_path, "batch", "plan-advice", f"{folder}/a[1].{ending}", f"{folder}/out?[2].{ending}")
    assert done.returncode == 0, done.stderr
    made = folder / f"out?[2].{ending}"
    assert "b" in made.read_text() if ending == "csv" else pq.read_table(made)["subject"].to_pylist() == ["b"]
    assert ordain_here(tmp_path, "audit", "rows", "verify", str(made)).returncode == 0


def test_a_service_that_is_stopped_decides_no_table(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(HEAD + "a,1,2\n")
    assert ordain_here(tmp_path, "decide", "plan-advice", "--subject", "a", "--facts", _facts(tmp_path)).returncode == 0
    stop = ("service", "stop", "plan-advice", "--reason", "tests", "--as", "chen")
    assert ordain_here(tmp_path, *stop).returncode == 0
    done = ordain_here(tmp_path, "batch", "plan-advice", "in.csv", "out.csv")
    assert done.returncode != 0
    assert "stopped" in done.stderr
    assert not (tmp_path / "out.csv").exists()


def test_where_another_service_answers_the_table_is_decided_by_that_one(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(HEAD + "a,1,2\n")
    policies = shutil.copytree(at_any_time(), tmp_path / "policies")
    services = (policies / "services.yaml").read_text()
    again = "  advice-else:\n    purpose: p\n    policies: [plan-advice]\n    gives: [advice]\n"
    services = services.replace("    gives: [advice]\n", f"    gives: [advice]\n    fallback: advice-else\n{again}")
    (policies / "services.yaml").write_text(services)
    own = {"ORDAIN_POLICIES": str(policies)}
    facts = _facts(tmp_path)
    done = ordain_here(tmp_path, "decide", "plan-advice", "--subject", "a", "--facts", facts, **own)
    assert done.returncode == 0, done.stderr
    stop = ("service", "stop", "plan-advice", "--reason", "tests", "--as", "chen", "--fallback")
    stopped = ordain_here(tmp_path, *stop, **own)
    assert stopped.returncode == 0, stopped.stderr
    done = ordain_here(tmp_path, "batch", "plan-advice", "in.csv", "out.csv", **own)
    assert done.returncode == 2
    assert "ordain batch advice-else" in done.stderr
    assert not (tmp_path / "out.csv").exists()
    assert ordain_here(tmp_path, "batch", "advice-else", "in.csv", "out.csv", **own).returncode == 0


def _facts(folder: Path) -> str:
    (folder / "facts.json").write_text('{"usage_gb": 1, "plan_gb": 2}')
    return str(folder / "facts.json")
