"""The VS Code extension: its parts are there, say the same, and start a command that exists."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import click
import pytest
from shipped import ROOT

from ordain.api.cli.main import main

FOLDER = ROOT / "editors/vscode"
PACKAGE: dict[str, Any] = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))
SCRIPT = (FOLDER / "extension.js").read_text(encoding="utf-8")


def test_the_package_says_what_an_extension_has_to() -> None:
    assert PACKAGE["name"] == "ordain"
    assert re.fullmatch(r"\d+\.\d+\.\d+", PACKAGE["version"])
    assert re.fullmatch(r"\^1\.\d+\.\d+", PACKAGE["engines"]["vscode"])
    assert PACKAGE["activationEvents"] == ["workspaceContains:**/facts.yaml"]
    for file in (PACKAGE["main"], *(each["configuration"] for each in PACKAGE["contributes"]["languages"])):
        assert (FOLDER / file).is_file()
    assert json.loads((FOLDER / "language-configuration.json").read_text())["comments"] == {"lineComment": "#"}


def test_what_it_needs_is_pinned_and_nothing_of_it_is_kept_here() -> None:
    (version,) = PACKAGE["dependencies"].values()
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert "scripts" not in PACKAGE
    kept = subprocess.run(["git", "ls-files", "editors"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "node_modules" not in kept


def test_it_starts_a_command_that_exists_with_settings_that_are_declared() -> None:
    settings = PACKAGE["contributes"]["configuration"]["properties"]
    assert settings["ordain.command"]["default"] == "ordain"
    (name,) = settings["ordain.arguments"]["default"]
    assert main.get_command(click.Context(main), name) is not None
    assert {f"ordain.{name}" for name in re.findall(r'settings\.get\("(\w+)"', SCRIPT)} == set(settings)
    declared = {each["command"] for each in PACKAGE["contributes"]["commands"]}
    assert set(re.findall(r'registerCommand\("([\w.]+)"', SCRIPT)) == declared
    assert set(re.findall(r'require\("([\w-]+)(?:/node)?"\)', SCRIPT)) == {"path", "vscode", *PACKAGE["dependencies"]}


def test_the_script_can_be_read_by_node() -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not on this machine")
    subprocess.run(["node", "--check", str(FOLDER / "extension.js")], check=True, timeout=120)
