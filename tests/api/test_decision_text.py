"""What `ordain decide` shows: lines at the terminal's width, whole lines in a pipe, colours where they are wanted."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

from answers import ADVICE
from served import environment, ordain

REASON = "More than 90 percent of the plan is used.  [nearly-full]"


def _facts(folder: Path) -> tuple[str, ...]:
    (folder / "facts.json").write_text(json.dumps(ADVICE))
    return ("decide", "plan-advice", "--subject", "C-1", "--facts", "facts.json")


def _in_terminal(folder: Path, columns: int, **more: str) -> str:
    """What a terminal of that width is sent."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    command = [sys.executable, "-m", "ordain", *_facts(folder)]
    variables = environment(folder, **more)
    del variables["COLUMNS"]  # the terminal says
    with subprocess.Popen(command, cwd=folder, stdout=theirs, stderr=theirs, env=variables):
        os.close(theirs)
        sent = b""
        while True:
            try:
                more = os.read(ours, 4096)
            except OSError:  # how Linux says that the other end is closed
                break
            if not more:
                break
            sent += more
    os.close(ours)
    return sent.decode().replace("\r\n", "\n")


def test_a_terminal_gets_lines_of_its_width_under_their_label(tmp_path: Path) -> None:
    shown = _in_terminal(tmp_path, 48, NO_COLOR="1")
    assert all(len(line) <= 48 for line in shown.splitlines())
    assert REASON.split() == shown.split("[used_percent]")[1].split("policies")[0].split()
    assert "\x1b" not in shown


def test_a_terminal_gets_colours_unless_it_refuses_them(tmp_path: Path) -> None:
    assert "\x1b[1mplan-advice\x1b[0m for C-1" in _in_terminal(tmp_path, 80)


def test_a_pipe_gets_a_line_for_each(tmp_path: Path) -> None:
    shown = ordain(tmp_path, *_facts(tmp_path)).stdout
    assert f"             {REASON}\n" in shown
    assert "\x1b" not in shown
