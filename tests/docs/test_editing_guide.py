"""The guide for editors is right: its snippets can be read, name schemas that exist, and its example comes out so."""

from __future__ import annotations

import json
import re
import tomllib
from fnmatch import fnmatch
from typing import Any

import click
import pytest
import yaml
from doc_fragments import ROOT, Block, blocks

from ordain.api.cli.main import main
from ordain.engine.errors import PolicyError
from ordain.engine.policy.fmt import formatted, section_order
from ordain.engine.policy.load import HEADER
from ordain.engine.policy.schema import NAMES

GUIDE = ROOT / "docs/editing.md"
TEXT = GUIDE.read_text(encoding="utf-8")
JSON = [block for block in blocks(GUIDE) if block.kind == "json"]
YAML = [block for block in blocks(GUIDE) if block.kind == "yaml"]
FILES = [*sorted((ROOT / "policies").glob("**/*.yaml"))]


def with_key(key: str) -> Any:
    """The one snippet of JSON or YAML that has a key at its top."""
    read = [*(json.loads(block.text) for block in JSON), *(yaml.safe_load(block.text) for block in YAML)]
    (fragment,) = (data for data in read if key in data)
    return fragment


@pytest.mark.parametrize("block", JSON, ids=str)
def test_a_snippet_of_json_is_json(block: Block) -> None:
    assert isinstance(json.loads(block.text), dict)


@pytest.mark.parametrize("block", YAML, ids=str)
def test_a_snippet_of_yaml_is_yaml(block: Block) -> None:
    assert isinstance(yaml.safe_load(block.text), dict)


def test_every_block_of_the_guide_is_of_a_kind_that_is_tested() -> None:
    assert len(JSON) >= 3
    assert len(YAML) >= 3
    assert {block.kind for block in blocks(GUIDE)} == {
        "json",
        "yaml",
        "sh",
        "yaml before",
        "yaml after",
        "lua",
        "toml",
        "elisp",
    }


@pytest.mark.parametrize("schemas", [with_key("yaml.schemas")["yaml.schemas"], with_key("yaml")["yaml"]["schemas"]])
def test_the_settings_give_each_file_of_the_policies_its_one_schema(schemas: dict[str, list[str]]) -> None:
    for file in FILES:
        # In the editors' patterns a `*` does not go over a `/`.
        shown = str(file.relative_to(ROOT))
        named = [
            name
            for name, patterns in schemas.items()
            for pattern in patterns
            if fnmatch(shown, pattern) and shown.count("/") == pattern.count("/")
        ]
        wanted = file.stem if file.stem in ("facts", "services") else "policy"
        assert named == [f"./.ordain/schemas/{wanted}.json"]


def test_the_guide_lists_the_schemas_that_are_written() -> None:
    table = TEXT.split("| file | for |")[1].split("\n\n")[0]
    assert sorted(re.findall(r"`(\w+)\.json`", table)) == sorted(NAMES)


def test_the_commands_of_the_guide_exist_with_their_options() -> None:
    lines = [line for block in blocks(GUIDE) if block.kind == "sh" for line in block.text.splitlines()]
    hooks = with_key("repos")["repos"][0]["hooks"]
    tasks = with_key("tasks")["tasks"]
    for line in [*lines, *(hook["entry"] for hook in hooks), *(task["command"] for task in tasks)]:
        program, name, *rest = line.split("#")[0].split()
        command = main.get_command(click.Context(main), name)
        assert program == "ordain"
        assert command is not None, line
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in rest if word.startswith("--")} <= options, line


def test_every_editor_starts_the_language_server() -> None:
    """Its settings name the command, and those in TOML are TOML."""
    for kind in ("lua", "toml", "elisp"):
        (block,) = [block for block in blocks(GUIDE) if block.kind == kind]
        assert re.search(r"""['"]ordain['"]""", block.text)
        assert re.search(r"""['"]lsp['"]""", block.text)
    (toml,) = [block.text for block in blocks(GUIDE) if block.kind == "toml"]
    assert tomllib.loads(toml)["language-server"]["ordain"] == {"command": "ordain", "args": ["lsp"]}


def test_the_hooks_run_for_policies() -> None:
    for hook in with_key("repos")["repos"][0]["hooks"]:
        assert all(re.search(hook["files"], str(file.relative_to(ROOT))) for file in FILES)
        assert not re.search(hook["files"], "config.yaml")


def test_the_pattern_of_the_task_finds_the_place_in_what_check_says() -> None:
    (pattern,) = (task["problemMatcher"]["pattern"] for task in with_key("tasks")["tasks"] if task["problemMatcher"])
    with pytest.raises(PolicyError) as caught:
        formatted(b"policy: a\npolicy; [b\n", "policies/a/v1.yaml")
    match = re.match(pattern["regexp"], str(caught.value).splitlines()[0])
    assert match is not None
    places = [match[pattern[part]] for part in ("file", "line", "column")]
    assert places == ["policies/a/v1.yaml", "3", "1"]
    assert match[pattern["message"]].startswith("this is not YAML")


def test_the_example_of_the_style_comes_out_as_shown() -> None:
    before, after = (block.text for block in blocks(GUIDE) if block.kind in ("yaml before", "yaml after"))
    assert formatted(before.encode(), "v1.yaml").decode() == after
    assert formatted(after.encode(), "v1.yaml").decode() == after


def test_the_guide_names_the_sections_in_their_order() -> None:
    (said,) = re.findall(r"one order: (.*?), with an empty line", TEXT, re.DOTALL)
    named = re.findall(r"`([a-z ]+)`", said)
    assert set(named) == {*HEADER, "notice"}
    assert named == [key for key in section_order("compliance") if key not in ("where", "rules")]
