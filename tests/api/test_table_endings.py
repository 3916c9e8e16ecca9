"""`ordain decide --table`: how a run ends, and what its exit code, its summary and its errors say."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from uuid import UUID

import pytest
from answers import QUOTE
from click.testing import CliRunner
from served import ordain_here
from stopped_tables import (
    answers_of,
    decide_table,
    end_group,
    has_answers,
    ids_on_record,
    ids_told,
    started,
    stopped_late,
    table_in,
    wait_for,
)

from ordain.api.cli.ending import Ended, ending_interrupts
from ordain.api.cli.main import main


@pytest.mark.parametrize(("processes", "number", "code"), [("1", signal.SIGTERM, 143), ("2", signal.SIGINT, 130)])
def test_a_run_that_a_signal_ends_says_so_by_its_exit_code_and_goes_on(
    tmp_path: Path, processes: str, number: signal.Signals, code: int
) -> None:
    table_in(tmp_path, 16_000)
    running = started(tmp_path, "--processes", processes)
    wait_for(lambda: has_answers(tmp_path))
    ended, said = end_group(running, number)
    assert ended == code
    assert "go on with --resume" in said
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    assert ordain_here(tmp_path, "audit", "verify").returncode == 0
    decide_table(tmp_path, "--resume", "--processes", "1")
    assert sorted(ids_told(tmp_path)) == sorted(ids_on_record(tmp_path))


def test_answers_that_cannot_be_written_have_an_exit_code_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table_in(tmp_path, 12)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ordain.api.cli.whole_tables.batch_run.BatchRun._write", full)
        said = decide_table(tmp_path, code=5)
    assert "no space left on device" in said
    assert "go on with --resume" in said
    decide_table(tmp_path, "--resume")


def test_every_command_that_is_interrupted_exits_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ordain.api.cli.decide_once.wire", interrupted)
    done = CliRunner().invoke(main, ["decide", "plan-advice", "--subject", "x", "--facts", "y"])
    assert done.exit_code == 130


def test_an_ending_that_python_drops_comes_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    class Tidied:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    def ends() -> None:
        with ending_interrupts() as look:
            tidied = Tidied()
            del tidied
            look()

    with pytest.raises(Ended) as ended:
        ends()
    assert ended.value.number == signal.SIGTERM
    assert "Exception ignored" not in capsys.readouterr().err


def test_a_signal_that_comes_twice_at_once_ends_in_order() -> None:
    def ends() -> None:
        with ending_interrupts():
            try:
                signal.raise_signal(signal.SIGINT)
            finally:
                signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Ended) as ended:
        ends()
    assert ended.value.number == signal.SIGINT


def test_the_summary_calls_each_number_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_in(tmp_path, 12)
    stopped_late(tmp_path, monkeypatch, 4)
    table.write_text(table.read_text() + "K-99,abc,100\nK-99,7,100\n")
    said = decide_table(tmp_path, "--resume", code=1)
    assert said.startswith("1 row decided, ")
    earlier = "4 rows answered by an earlier run; 8 rows recorded by an earlier run and answered now"
    assert f"a second; 1 row refused; {earlier}; the answers are in `t.csv.decisions.jsonl`" in said
    done = ordain_here(tmp_path, "decide", "plan-advice", "--table", "t.csv", "--out", "o.jsonl", "--json")
    assert json.loads(done.stdout) == {"found": 0, "decided": {"decided": 13}, "refused": 1, "out": "o.jsonl"}


def test_verdicts_are_counted_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text(json.dumps({"subject": "C-1", "facts": QUOTE}))
    done = ordain_here(tmp_path, "decide", "price-quote", "--table", "q.jsonl")
    assert done.stdout.startswith("1 row decided (1 permit), ")


def test_the_errors_of_a_run_have_its_id(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("subject,usage_gb,plan_gb\nC-1,abc,100\nC-2,95,100\n,1,2\n")
    decide_table(tmp_path, code=1)
    answers = [json.loads(line) for line in answers_of(tmp_path).read_bytes().splitlines()]
    ids = [answer["error"]["requestId"] for answer in answers if "error" in answer]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert UUID(ids[0]).version == 7


HINTS = {
    "subject,usage_gb,plan_gb,favourite_colour": "rename it, or leave it out: --ignore-column 'favourite_colour'",
    "subject,usage_gb,plan_bg": "did you mean `plan_gb`? If so, rename it; else leave it out: --ignore-column",
    "customer,usage_gb,plan_gb": "say which column does: --subject-column NAME",
    "Subject,usage_gb,plan_gb": "say which column does: --subject-column 'Subject'",
}


@pytest.mark.parametrize("heading", HINTS)
def test_a_heading_that_does_not_fit_says_what_to_write(tmp_path: Path, heading: str) -> None:
    (tmp_path / "t.csv").write_text(f"{heading}\n" + ",".join("1" for _ in heading.split(",")) + "\n")
    said = decide_table(tmp_path, code=2)
    assert HINTS[heading] in said
    assert "nearest:" not in said


def test_all_forms_of_a_table_are_named(tmp_path: Path) -> None:
    (tmp_path / "small.txt").write_text("x")
    done = ordain_here(tmp_path, "decide", "plan-advice", "--table", "small.txt")
    assert "its name must end in .csv, .jsonl, .ndjson or .parquet" in done.stderr
