"""The worked example of the page about DMN models comes out as it says: run, decided as a policy, converted."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from doc_fragments import ROOT, blocks

from ordain.api.cli.main import main

PAGE = ROOT / "docs/dmn.md"
MODEL = ROOT / "docs/examples/add-on.dmn"
_MADE_ANEW = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16}\.\.\.")


def block(kind: str) -> str:
    (text,) = (each.text for each in blocks(PAGE) if each.kind == kind)
    return text


def lines(text: str) -> list[str]:
    """A text's lines with single spaces, without what each answer has of its own."""
    return [" ".join(_MADE_ANEW.sub("...", line).split()) for line in text.splitlines() if line.strip()]


def ordain(*arguments: str | Path) -> str:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(main, [str(each) for each in arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    file = tmp_path / "facts.json"
    file.write_text(block("json facts"), encoding="utf-8")
    return file


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The settings of an installation that has the example among its policies, as the page says."""
    policies = tmp_path / "policies"
    shutil.copytree(ROOT / "policies", policies)
    (policies / "add-ons").mkdir()
    shutil.copy(MODEL, policies / "add-ons/v1.dmn")
    with (policies / "services.yaml").open("a", encoding="utf-8") as services:
        services.write(block("yaml service"))
    settings = tmp_path / "config.yaml"
    settings.write_text("database_url: sqlite:///ordain.db\npolicies: policies\nmodels: models\nkeys: keys\n")
    return settings


def test_the_example_runs_as_shown(facts: Path) -> None:
    assert lines(ordain("dmn", "run", MODEL, "--facts", facts, "--trace")) == lines(block("text run"))


def test_the_example_decides_as_a_policy_as_shown_and_replays(facts: Path, installed: Path) -> None:
    assert "ok add-ons@1" in ordain("--config", installed, "check")
    asked = ("--config", installed, "decide", "add-ons", "--subject", "C-9", "--facts", facts)
    assert lines(ordain(*asked)) == lines(block("text decide"))
    identity = json.loads(ordain(*asked, "--json"))["decision_id"]
    assert json.loads(ordain("--config", installed, "replay", identity, "--json"))["agreeing"] == 1
    said = ordain("--config", installed, "audit", "explain", identity)
    assert "Nearly all of a small plan is used." in said


def test_the_example_becomes_a_policy_that_decides_the_same(facts: Path, installed: Path, tmp_path: Path) -> None:
    ordain("dmn", "convert", MODEL, "--to", tmp_path / "made")
    text = (tmp_path / "made/add-ons/v1.yaml").read_text(encoding="utf-8")
    example = f"given: {block('json facts').strip()}\n  expect: {{add_on.offer: data, share_used: 0.95}}"
    text = text.replace("examples: []", f"examples:\n- {example}")
    policies = tmp_path / "policies/add-ons"
    (policies / "v1.dmn").unlink()
    (policies / "v1.yaml").write_text(text, encoding="utf-8")
    services = policies.parent / "services.yaml"
    services.write_text(services.read_text(encoding="utf-8").replace("gives: [Add-on]", "gives: [add_on]"))
    assert "ok add-ons@1" in ordain("--config", installed, "check")
