"""The command line: nothing that is printed commands a terminal, and nothing is read that never ends."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from answers import ADVICE
from served import ROOT, environment, ordain_here

from ordain.api.cli.clean_output import cleaned

FACTS = "usage_gb: 95\nplan_gb: 100\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b]0;title\x07b", "a\\x1b]0;title\\x07b"),
        ("\x1b[2J\x1b[8m", "\\x1b[2J\\x1b[8m"),
        ("\x9b1A\x7f", "\\x9b1A\\x7f"),
        ("1\r2\r\n3\t4", "1\\r2\r\n3\t4"),
        ("\u202eabc\u2066\u2028", "\\u202eabc\\u2066\\u2028"),
        ("\x1b[1m\x1b[31mred\x1b[0m, \x1b[1;32mgreen\x1b[0m", "\x1b[1m\x1b[31mred\x1b[0m, \x1b[1;32mgreen\x1b[0m"),
        ("Zoë 😀 مرحبا", "Zoë 😀 مرحبا"),
    ],
)
def test_what_would_command_a_terminal_is_written_out(text: str, shown: str) -> None:
    assert cleaned(text) == shown


def test_a_terminal_gets_no_sequence_of_somebodys_data_and_a_pipe_gets_all(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ordain", "service", "show", "a\x1b]0;x\x07b"]
    piped = subprocess.run(command, cwd=ROOT, env=environment(tmp_path), check=False, capture_output=True, timeout=120)
    assert b"there is no service `a\x1b]0;x\x07b`" in piped.stderr
    ours, theirs = pty.openpty()
    subprocess.run(command, cwd=ROOT, env=environment(tmp_path), check=False, stdout=theirs, stderr=theirs, timeout=120)
    os.close(theirs)
    seen = os.read(ours, 10_000)
    os.close(ours)
    assert b"\x1b]" not in seen
    assert b"\\x1b]0;x\\x07b" in seen


@pytest.mark.parametrize(
    "arguments",
    [
        ("dmn", "run", "pipe", "--facts", "facts.yaml"),
        ("dmn", "convert", "pipe"),
        ("feel", "eval", "1", "--facts", "pipe"),
        ("decide", "plan-advice", "--subject", "C-1", "--facts", "pipe"),
        ("train", "churn", "--table", "pipe", "--mapping", "telco"),
        ("train", "churn", "--data", "facts.yaml", "--mapping", "pipe"),
        ("feel", "eval", "1", "--facts", "/dev/zero"),
    ],
)
def test_no_command_waits_for_a_pipe_or_reads_a_device(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "facts.yaml").write_text(FACTS)
    done = ordain_here(tmp_path, *arguments)
    assert done.returncode == 2
    assert "cannot be read: it is not a file, but a pipe or a device" in done.stderr


def test_a_link_out_of_the_folder_of_policies_is_refused_and_not_quoted(tmp_path: Path, policies: Path) -> None:
    (tmp_path / "secret").write_text("password: hunter2: x\n")
    (policies / "price-bounds/v2.yaml").symlink_to(tmp_path / "secret")
    done = ordain_here(tmp_path, "check", str(policies))
    assert done.returncode in (1, 2)
    assert "price-bounds/v2.yaml` is a link that leads out of the folder of policies" in done.stdout + done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_a_decision_whose_answer_cannot_be_written_says_that_it_is_on_record(tmp_path: Path) -> None:
    (tmp_path / "facts.yaml").write_text("".join(f"{name}: {value}\n" for name, value in ADVICE.items()))
    decide = ("decide", "plan-advice", "--subject", "C-1", "--facts", "facts.yaml", "--json")
    command = [sys.executable, "-m", "ordain", *decide]
    with Path("/dev/full").open("w") as full:
        streams = {"stdout": full, "stderr": subprocess.PIPE}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment(tmp_path), check=False, text=True, timeout=120, **streams
        )
    assert done.returncode == 5
    entry = done.stderr.partition("decided and on record as ")[2].partition(";")[0]
    assert "the answer could not be written: no space left on device" in done.stderr
    assert ordain_here(tmp_path, "audit", "show", entry).returncode == 0


def test_in_a_deleted_folder_that_is_what_is_said(tmp_path: Path) -> None:
    (gone := tmp_path / "gone").mkdir()
    code = f"import os, shutil; os.chdir({str(gone)!r}); shutil.rmtree('.' + '/../gone')\n"
    code += "import sys; sys.argv = ['ordain', 'check']; from ordain.api.cli.main import main; main()"
    path = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(tmp_path, **path), check=False, capture_output=True, timeout=120
    )
    assert done.returncode == 2
    assert b"the folder that this was called in has been deleted" in done.stderr
    assert b"Traceback" not in done.stderr
