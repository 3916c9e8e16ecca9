"""What ships beside the program, and the commands that its pages tell."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
_FENCE = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def told(page: str, kind: str) -> str:
    """The one fenced block of that kind on a page of docs/operations."""
    text = (ROOT / "docs/operations" / page).read_text(encoding="utf-8")
    (block,) = (each["text"] for each in _FENCE.finditer(text) if each["kind"] == f"sh {kind}")
    return str(block)


def shell(
    script: str, folder: Path, environment: dict[str, str], also: tuple[Path, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Runs a script as somebody would paste it; `ordain` and `python3` are those of the tests, `also` more programs."""
    programs = folder / ".programs"
    programs.mkdir(exist_ok=True)
    for name, command in (("ordain", f"{shlex.quote(sys.executable)} -m ordain"), ("python3", sys.executable)):
        (programs / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (programs / name).chmod(0o755)
    path = os.pathsep.join(map(str, (programs, *also, os.environ["PATH"])))
    return run(["bash", "-eu", "-c", script], cwd=folder, env={**environment, "PATH": path}, timeout=120)


def run(command: list[str], **how: Any) -> subprocess.CompletedProcess[str]:
    """Runs it to its end, whatever that is."""
    done: subprocess.CompletedProcess[str] = subprocess.run(command, check=False, capture_output=True, text=True, **how)
    return done
