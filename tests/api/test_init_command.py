"""`ordain init` makes a folder in which what it says to do next works."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
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


def test_a_link_in_its_way_is_refused_and_nothing_is_written_through_it(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo/policies").symlink_to(tmp_path / "elsewhere")
    refused = ordain(tmp_path, "init", "demo")
    assert refused.returncode == 2
    assert "`demo/policies` is a link" in refused.stderr
    assert files_in(tmp_path) == {}


def test_a_link_to_nothing_counts_as_a_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo/config.yaml").symlink_to("nowhere")
    refused = ordain(tmp_path, "init", "demo")
    assert refused.returncode == 2
    assert "there already: `demo/config.yaml`" in refused.stderr
    assert files_in(tmp_path) == {}


def test_a_name_that_no_file_system_takes_is_refused_in_a_sentence(tmp_path: Path) -> None:
    refused = ordain(tmp_path, "init", "a" * 300)
    assert refused.returncode == 2
    assert "cannot be made: file name too long" in refused.stderr


def test_a_name_with_a_dash_in_front_is_printed_so_that_a_shell_goes_there(tmp_path: Path) -> None:
    assert "cd ./-x\n" in ordain(tmp_path, "init", "--", "-x").stdout


@pytest.mark.parametrize(("folder", "tenant"), [("tenants/north", "north"), ("My Shop", "demo")])
def test_the_tenant_is_called_as_the_folder_where_it_can_be(tmp_path: Path, folder: str, tenant: str) -> None:
    assert ordain(tmp_path, "init", folder).returncode == 0
    assert f"\ntenant: {tenant}\n" in (tmp_path / folder / "config.yaml").read_text()
