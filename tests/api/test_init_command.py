"""`ordain init` makes a folder in which what it says to do next works."""

from __future__ import annotations

import shlex
from pathlib import Path

from served import ordain


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_commands_that_it_prints_work_in_the_folder_that_it_makes(tmp_path: Path) -> None:
    made = ordain(tmp_path, "init", "my demo")
    assert (made.returncode, made.stderr) == (0, "")
    enter, *commands = [shlex.split(line) for line in made.stdout.partition("Next:")[2].splitlines() if line]
    assert enter == ["cd", "my demo"]
    for _, *arguments in commands:
        done = ordain(tmp_path / "my demo", *arguments, ORDAIN_POLICIES="policies", ORDAIN_TIME_ZONE="UTC")
        assert (done.returncode, done.stderr) == (0, ""), arguments
    assert "Smaller orders pay a part of the cost." in done.stdout
    assert ".gitignore" in files_in(tmp_path / "my demo")


def test_it_writes_nothing_where_one_of_its_files_is(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo/facts.json").write_text("{}")
    refused = ordain(tmp_path, "init", "demo")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "`demo/facts.json`; nothing was written" in refused.stderr
    assert files_in(tmp_path / "demo") == {"facts.json": b"{}"}
