"""`ordain fmt` and `ordain schema`, run as people run them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from served import ROOT, ordain_here

from ordain.engine.policy.kinds import KINDS
from ordain.engine.policy.schema import NAMES, editor_schema

PLAIN = 'owner: "me"  # who\npolicy:   a\n'
FORMATTED = "policy: a\nowner: me  # who\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A policies directory with one file that is not in the style."""
    (tmp_path / "policies/a").mkdir(parents=True)
    (tmp_path / "policies/a/v1.yaml").write_text(PLAIN)
    (tmp_path / "policies/services.yaml").write_text("services: {}\n")
    return tmp_path


# --- fmt ----------------------------------------------------------------------------------------------------------


def test_a_directory_is_formatted_in_place_and_then_there_is_nothing_to_do(folder: Path) -> None:
    file = folder / "policies/a/v1.yaml"
    file.chmod(0o640)
    done = ordain_here(folder, "fmt", "policies")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "formatted policies/a/v1.yaml\n2 files, 1 formatted\n"
    assert file.read_text() == FORMATTED
    assert file.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in file.parent.iterdir()) == ["v1.yaml"]
    assert ordain_here(folder, "fmt", "policies").stdout == "2 files, 0 formatted\n"


def test_check_writes_nothing_and_exits_with_1_when_a_file_would_change(folder: Path) -> None:
    done = ordain_here(folder, "fmt", "--check", "policies/a/v1.yaml")
    assert (done.returncode, done.stdout) == (1, "would change policies/a/v1.yaml\n1 file, 1 would change\n")
    assert (folder / "policies/a/v1.yaml").read_text() == PLAIN
    assert ordain_here(folder, "fmt", "--check", "policies/services.yaml").returncode == 0


def test_diff_shows_what_would_change(folder: Path) -> None:
    done = ordain_here(folder, "fmt", "--diff", "policies/a/v1.yaml")
    assert done.returncode == 0
    assert done.stdout.splitlines()[:6] == [
        "--- policies/a/v1.yaml",
        "+++ policies/a/v1.yaml (formatted)",
        "@@ -1,2 +1,2 @@",
        '-owner: "me"  # who',
        "-policy:   a",
        "+policy: a",
    ]
    assert ordain_here(folder, "fmt", "--diff", "--check", "policies/a/v1.yaml").returncode == 1
    assert (folder / "policies/a/v1.yaml").read_text() == PLAIN


def test_stdout_prints_the_text_exactly(folder: Path) -> None:
    text = 'policy: a\npurpose: "[bold]\ta :smile: ' + "word " * 60 + '"\n'
    (folder / "policies/a/v1.yaml").write_text(text)
    assert ordain_here(folder, "fmt", "--stdout", "policies/a/v1.yaml").stdout == text
    assert ordain_here(folder, "fmt", "--stdout", "--check", "policies/a/v1.yaml").returncode == 2


def test_a_file_that_cannot_be_formatted_is_left_alone_and_the_others_are_done(folder: Path) -> None:
    (folder / "policies/b").mkdir()
    broken = folder / "policies/b/v1.yaml"
    broken.write_text("policy: [a\n")
    done = ordain_here(folder, "fmt", "policies", "nowhere.yaml")
    assert done.returncode == 2
    assert "policies/b/v1.yaml:1:9: the `[` is never closed" in done.stderr
    assert "there is no file `nowhere.yaml`" in done.stderr
    assert "Traceback" not in done.stderr
    assert broken.read_text() == "policy: [a\n"
    assert (folder / "policies/a/v1.yaml").read_text() == FORMATTED


def test_a_text_that_would_change_its_meaning_is_left_alone(folder: Path) -> None:
    file = folder / "policies/a/v1.yaml"
    file.write_text('policy: "a\u2028  b"\nowner:   x\n', encoding="utf-8")
    before = file.read_bytes()
    done = ordain_here(folder, "fmt", "policies/a/v1.yaml")
    assert done.returncode == 2
    assert "v1.yaml:1:10: formatting would change the meaning here, so the file is left as it is" in done.stderr
    assert file.read_bytes() == before


def test_a_folder_without_policies_is_said_to_have_none(tmp_path: Path) -> None:
    done = ordain_here(tmp_path, "fmt", ".")
    assert (done.returncode, "`.` holds no policies" in done.stderr) == (2, True)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_cannot_be_written_leaves_the_file_as_it_is(folder: Path) -> None:
    (folder / "policies/a").chmod(0o500)
    done = ordain_here(folder, "fmt", "policies/a/v1.yaml")
    (folder / "policies/a").chmod(0o700)
    assert (done.returncode, "cannot be written: permission denied" in done.stderr) == (2, True)
    assert (folder / "policies/a/v1.yaml").read_text() == PLAIN


def test_the_shipped_policies_need_no_formatting(tmp_path: Path) -> None:
    done = ordain_here(tmp_path, "fmt", "--check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(" files, 0 would change\n")


def test_the_help_says_that_a_version_in_use_is_not_formatted(tmp_path: Path) -> None:
    text = " ".join(ordain_here(tmp_path, "fmt", "--help").stdout.split())
    assert "A version that has decided anything, as the ledger" in text


# --- schema -------------------------------------------------------------------------------------------------------


class _AsWritten(yaml.SafeLoader):
    """As an editor reads YAML for JSON Schema: a date stays the text that stands there."""


_AsWritten.yaml_implicit_resolvers = {
    first: [each for each in resolvers if each[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(text: str | bytes) -> Any:
    return yaml.load(text, _AsWritten)  # noqa: S506 - a SafeLoader


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    to = tmp_path_factory.mktemp("schemas") / "new/folder"
    done = ordain_here(to.parents[1], "schema", "--all", str(to))
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(file.name for file in to.iterdir()) == sorted(f"{name}.json" for name in NAMES)
    return {name: json.loads((to / f"{name}.json").read_text(encoding="utf-8")) for name in NAMES}


def valid(schema: Any, data: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(schema).is_valid(data))


def properties(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every property that a schema names or allows, with its path. What an `if` asks is no property."""
    if not isinstance(schema, dict):
        return
    for key, part in schema.get("properties", {}).items():
        yield f"{path}/{key}", part
        yield from properties(part, f"{path}/{key}")
    if isinstance(others := schema.get("additionalProperties"), dict):
        yield f"{path}/*", others
        yield from properties(others, f"{path}/*")
    for key in ("items", "then", "else"):
        yield from properties(schema.get(key), path)
    for key in ("anyOf", "allOf", "oneOf"):
        for part in schema.get(key, ()):
            yield from properties(part, path)


@pytest.mark.parametrize("name", NAMES)
def test_every_property_of_a_schema_has_a_text_to_show(schemas: dict[str, Any], name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schemas[name])
    jsonschema.Draft7Validator.check_schema(schemas[name])
    parts = list(properties(schemas[name]))
    assert len(parts) >= 3
    assert [path for path, part in parts if not part.get("description", "").strip()] == []


def test_the_schema_of_any_policy_takes_all_shipped_ones_and_no_others(schemas: dict[str, Any]) -> None:
    files = sorted((ROOT / "policies").glob("*/v*.yaml"))
    assert {read(file.read_bytes())["kind"] for file in files} == set(KINDS)
    for file in files:
        assert valid(schemas["policy"], read(file.read_bytes())), file
    for name in ("facts", "services"):
        data = read((ROOT / f"policies/{name}.yaml").read_bytes())
        assert valid(schemas[name], data)
        assert not valid(schemas["policy"], data)


MISTAKES = [
    ("kind: decision", "kind: decison"),
    ("kind: decision", "kind: pricing"),
    ("hit policy: unique", "hit policy: uniqe"),
    ("version: 1", "version: one"),
    ("version: 1", "version: 0"),
    ("version: 1\n", ""),
    ("owner: products", "ovner: products"),
    ("effective: 2026-01-01", "effective: 1 January 2026"),
    ("policy: plan-advice", "policy: Plan Advice"),
    ("    because: Usage", "    becuase: Usage"),
    ("    gives: number\n", ""),
    ("      - id: mostly-empty\n        when", "      - when"),
]


@pytest.mark.parametrize(("right", "wrong"), MISTAKES)
@pytest.mark.parametrize("name", ["policy", "decision"])
def test_a_typical_mistake_is_underlined(schemas: dict[str, Any], name: str, right: str, wrong: str) -> None:
    text = (ROOT / "policies/plan-advice/v1.yaml").read_text(encoding="utf-8")
    assert right in text
    assert valid(schemas[name], read(text))
    assert not valid(schemas[name], read(text.replace(right, wrong, 1)))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("facts", "facts: {a: {type: number}}"),
        ("facts", "facts: {a: {type: number, meaning: x, optinal: true}}"),
        ("services", "services: {a: {purpose: x, policies: [], gives: [y]}}"),
        ("services", "services: {a: {purpose: x, policies: [p], gives: [y], if denied: refused}}"),
    ],
)
def test_a_typical_mistake_in_the_other_files_is_underlined(schemas: dict[str, Any], name: str, text: str) -> None:
    assert not valid(schemas[name], read(text))


def test_a_schema_is_printed_or_written_alone(tmp_path: Path) -> None:
    assert json.loads(ordain_here(tmp_path, "schema").stdout) == editor_schema("policy")  # of no folder's names
    assert json.loads(ordain_here(tmp_path, "schema", "facts").stdout) == editor_schema("facts")
    assert ordain_here(tmp_path, "schema", "facts", "--all", "out").stdout == "out/facts.json\n"
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["facts.json"]
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "out").write_text("a file")
    refused = ordain_here(tmp_path, "schema", "--all", "out/below")
    assert (refused.returncode, "cannot be written" in refused.stderr) == (2, True)
    assert ordain_here(tmp_path, "schema", "facst").returncode == 2
