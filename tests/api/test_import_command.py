"""`ordain import jdm`: what is written, what is told, and what is left as it was."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from served import ROOT

from ordain.api.cli.main import main
from ordain.api.cli.whole_files import write_together
from ordain.engine.errors import ExportFailed

CASES = ROOT / "tests" / "cases" / "jdm"


def ordain(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(main, [str(each) for each in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def files_in(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_a_graph_becomes_a_folder_that_checks(tmp_path: Path) -> None:
    done = ordain("import", "jdm", CASES / "invoice.json", "--to", tmp_path / "policies")
    assert done.exit_code == 0
    assert done.stdout.endswith("2 of 2 tests pass\n")
    assert sorted(files_in(tmp_path / "policies")) == ["facts.yaml", "invoice/v1.yaml", "services.yaml"]
    checked = ordain("check", tmp_path / "policies")
    assert (checked.exit_code, "invoice@1" in checked.stdout) == (0, True)


def test_a_name_may_be_given(tmp_path: Path) -> None:
    assert ordain("import", "jdm", CASES / "plan-tier.json", "--to", tmp_path, "--name", "tiers").exit_code == 0
    assert (tmp_path / "tiers" / "v1.yaml").read_text().startswith("policy: tiers\n")
    refused = ordain("import", "jdm", CASES / "plan-tier.json", "--to", tmp_path, "--name", "../My Tiers")
    assert (refused.exit_code, "write it as `my-tiers`" in refused.stderr) == (2, True)


def test_differences_are_told_with_their_reason(tmp_path: Path) -> None:
    done = ordain("import", "jdm", CASES / "per-head.json", "--to", tmp_path)
    assert done.exit_code == 0
    assert "1 of 3 tests pass, 2 differ for a reason that is said" in done.stdout
    assert "test 2: CalculationFailed: `per_head` cannot be calculated: it divides by zero" in done.stderr
    assert "a division by zero is null in ZEN, and refuses the decision here" in done.stderr


def test_as_json_all_is_told(tmp_path: Path) -> None:
    done = ordain("import", "jdm", CASES / "scripted-score.json", "--to", tmp_path, "--json")
    told = json.loads(done.stdout)
    assert (told["policy"], len(told["files"])) == ("scripted-score", 3)
    assert [test["passed"] for test in told["tests"]] == [False, False, False]
    assert told["tests"][0]["differences"][0]["key"] == "score"
    assert any("node `score` cannot be said in a policy: it is a program" in note["message"] for note in told["notes"])


def test_a_difference_that_nothing_explains_is_exit_1(tmp_path: Path) -> None:
    graph = json.loads((CASES / "plan-tier.json").read_bytes())
    graph["tests"][0]["output"]["tier"] = "another"
    (tmp_path / "g.json").write_text(json.dumps(graph))
    done = ordain("import", "jdm", tmp_path / "g.json", "--to", tmp_path / "out")
    assert done.exit_code == 1
    assert '`tier` is "light", not "another"\n    nothing explains it' in done.stderr
    assert "3 of 4 tests pass, 1 for no reason that is known" in done.stdout


def test_nothing_is_written_over_unless_asked(tmp_path: Path) -> None:
    (tmp_path / "facts.yaml").write_text("facts: {}\n")
    done = ordain("import", "jdm", CASES / "plan-tier.json", "--to", tmp_path)
    assert (done.exit_code, files_in(tmp_path)) == (2, {"facts.yaml": "facts: {}\n"})
    assert "exists already" in done.stderr
    assert ordain("import", "jdm", CASES / "plan-tier.json", "--to", tmp_path, "--force").exit_code == 0
    assert len(files_in(tmp_path)) == 3


def test_files_are_written_all_or_none(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("before")
    (tmp_path / "c").mkdir()
    with pytest.raises(ExportFailed):
        write_together({tmp_path / "a": "after", tmp_path / "b": "new", tmp_path / "c": "no file can be here"})
    assert files_in(tmp_path) == {"a": "before"}


@pytest.mark.parametrize("text", [b"{", b'{"nodes": 1}', None])
def test_what_is_no_graph_is_refused(tmp_path: Path, text: bytes | None) -> None:
    file = tmp_path / "g.json"
    if text is not None:
        file.write_bytes(text)
    done = ordain("import", "jdm", file, "--to", tmp_path / "out")
    assert (done.exit_code, (tmp_path / "out").exists()) == (2, False)


@pytest.mark.parametrize("key", ["../outside.json", "/etc/hostname", "gone", "\0", ""])
def test_a_graph_reads_no_file_but_those_beside_it(tmp_path: Path, key: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    shutil.copy(CASES / "tax-of-country.json", tmp_path / "outside.json")
    graph: dict[str, Any] = json.loads((CASES / "invoice.json").read_bytes())
    next(node for node in graph["nodes"] if node["type"] == "decisionNode")["content"]["key"] = key
    (inside / "g.json").write_text(json.dumps(graph))
    done = ordain("import", "jdm", inside / "g.json", "--to", tmp_path / "out")
    assert "there is no graph" in done.stderr
