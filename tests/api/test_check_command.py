"""`ordain check`: what it prints for people, for programs and for code hosts, and with which exit code."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from served import ROOT, SECONDS, edit, environment, ordain_here

from ordain.api.watching import changes, stamps
from ordain.engine.catalog import read_texts
from ordain.engine.check.codes import CHECKS
from ordain.engine.errors import PolicyError

WRONG = '        when: {churn_risk: "> 0.80", clv_tier: medum}\n'


@pytest.fixture
def broken(policies: Path) -> Path:
    """Policies with an error, and with a warning in another file."""
    edit(policies / "retention-offer/v1.yaml", "clv_tier: medium}", "clv_tier: medum}")
    edit(policies / "plan-advice/v1.yaml", 'used_percent: "> 90"', 'used_percent: "> 91"')
    return policies


def test_findings_are_shown_with_their_line_and_what_is_wrong_underlined(tmp_path: Path, broken: Path) -> None:
    done = ordain_here(tmp_path, "check", str(broken))
    assert (done.returncode, done.stderr) == (1, "")
    assert (
        "policies/retention-offer/v1.yaml:27:48: error: `medum` is neither one of the values nor a fact "
        "[undeclared-value]\n"
        f"    {WRONG}"
        f"    {' ' * 47}^^^^^\n"
        "    hint: did you mean `medium`?\n"
    ) in done.stdout
    assert "policies/plan-advice/v1.yaml:" in done.stdout
    assert ": warning: no rule of `advice` covers " in done.stdout
    assert "ok retention-offer@1" not in done.stdout
    assert "ok price-bounds@1  bounds" in done.stdout
    assert "ok service price-quote: " in done.stdout
    assert "ok service retention: " not in done.stdout
    assert "\n1 error, 1 warning (" in done.stdout


def test_nothing_found_is_said_and_exits_with_0(tmp_path: Path, policies: Path) -> None:
    done = ordain_here(tmp_path, "check", str(policies))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("nothing found (")


def test_the_level_decides_what_is_shown_and_what_counts(tmp_path: Path, policies: Path) -> None:
    edit(policies / "plan-advice/v1.yaml", 'used_percent: "> 90"', 'used_percent: "> 91"')
    edit(policies / "plan-advice/v1.yaml", "examples:", "constants: {rate: 3}\nexamples:")
    edit(policies / "plan-advice/v1.yaml", "{usage_gb: 30,", "{usage_gb: 20,")
    codes = {}
    for level in ("error", "warning", "note"):
        done = ordain_here(tmp_path, "check", str(policies), "--level", level, "--json")
        codes[level] = {finding["level"] for finding in json.loads(done.stdout)}
        assert done.returncode == (1 if codes[level] else 0)
    assert codes["warning"] - codes["error"] == {"warning"}
    assert codes["note"] - codes["warning"] == {"note"}


def test_as_json_each_finding_has_its_place_its_code_and_its_page(tmp_path: Path, broken: Path) -> None:
    done = ordain_here(tmp_path, "check", str(broken), "--format", "json")
    assert (done.returncode, done.stderr) == (1, "")
    (finding,) = (each for each in json.loads(done.stdout) if each["code"] == "undeclared-value")
    text = (broken / "retention-offer/v1.yaml").read_text()
    line = text[: text.index("medum")].count("\n") + 1
    assert finding == {
        "file": "policies/retention-offer/v1.yaml",
        "line": line,
        "column": 48,
        "end_column": 53,
        "text": "medum",
        "message": "`medum` is neither one of the values nor a fact",
        "hint": "did you mean `medium`?",
        "replacements": [
            {"file": "policies/retention-offer/v1.yaml", "line": line, "column": 48, "old": "medum", "new": "medium"}
        ],
        "level": "error",
        "code": "undeclared-value",
        "page": "docs/checks.md#undeclared-value",
    }
    assert ordain_here(tmp_path, "check", str(broken), "--json").stdout == done.stdout


def sarif(folder: Path, *more: str) -> dict[str, Any]:
    done = ordain_here(folder, "check", "policies", "--format", "sarif", *more)
    assert done.stderr == ""
    data: dict[str, Any] = json.loads(done.stdout)
    return data


def test_sarif_has_all_that_version_2_1_0_requires(tmp_path: Path, broken: Path) -> None:
    log = sarif(tmp_path, "--pages", "https://rules.example/checks", "--level", "note")
    assert (log["version"], set(log)) == ("2.1.0", {"$schema", "version", "runs"})
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "Ordain"
    rules = driver["rules"]
    assert [rule["id"] for rule in rules] == list(CHECKS)
    for rule in rules:
        assert rule["helpUri"] == f"https://rules.example/checks#{rule['id']}"
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
        for text in ("shortDescription", "fullDescription", "help"):
            assert rule[text]["text"]
    assert run["columnKind"] == "unicodeCodePoints"
    assert {result["level"] for result in run["results"]} == {"error", "warning", "note"}
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        (place,) = (location["physicalLocation"] for location in result["locations"])
        assert (tmp_path / place["artifactLocation"]["uri"]).is_file()
        region = place["region"]
        assert region["startLine"] >= 1
        assert 1 <= region["startColumn"] < region["endColumn"]
        line = (tmp_path / place["artifactLocation"]["uri"]).read_text().splitlines()[region["startLine"] - 1]
        assert region["endColumn"] <= len(line) + 1
    prints = [result["partialFingerprints"]["finding/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)


def test_without_an_address_the_rules_of_sarif_have_their_help_as_text(tmp_path: Path, policies: Path) -> None:
    driver = sarif(tmp_path)["runs"][0]["tool"]["driver"]
    assert "informationUri" not in driver
    assert all("helpUri" not in rule and rule["help"]["text"] for rule in driver["rules"])


def test_without_findings_sarif_has_an_empty_list_of_results(tmp_path: Path, policies: Path) -> None:
    assert sarif(tmp_path)["runs"][0]["results"] == []


def test_the_fingerprint_of_a_finding_stays_when_its_line_moves(tmp_path: Path, broken: Path) -> None:
    def prints() -> set[str]:
        results = sarif(tmp_path)["runs"][0]["results"]
        return {result["partialFingerprints"]["finding/v1"] for result in results}

    before = prints()
    edit(broken / "retention-offer/v1.yaml", "policy:", "# one\n# two\npolicy:")
    edit(broken / "plan-advice/v1.yaml", "policy:", "# one\npolicy:")
    assert before
    assert prints() == before


@pytest.mark.parametrize("code", CHECKS)
def test_every_code_is_explained(tmp_path: Path, code: str) -> None:
    done = ordain_here(tmp_path, "check", "--explain", code)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{code} (")
    assert CHECKS[code].finds in done.stdout


def test_an_unknown_code_is_bad_input_with_a_hint(tmp_path: Path) -> None:
    done = ordain_here(tmp_path, "check", "--explain", "overlaps")
    assert done.returncode == 2
    assert "there is no code `overlaps`; did you mean `overlap`?" in done.stderr


def test_the_page_of_codes_is_written_to_a_file(tmp_path: Path) -> None:
    done = ordain_here(tmp_path, "check", "--reference", "checks.md")
    assert done.returncode == 0
    assert (tmp_path / "checks.md").read_bytes() == (ROOT / "docs/checks.md").read_bytes()
    assert ordain_here(tmp_path, "check", "--reference", "no/such/checks.md").returncode == 2


def test_a_file_that_would_not_be_read_is_a_finding(tmp_path: Path, policies: Path) -> None:
    (policies / "plan-advice/v1.yaml").rename(policies / "plan-advice/v1.yml")
    done = ordain_here(tmp_path, "check", str(policies))
    assert done.returncode == 1
    assert done.stdout.startswith("error: `policies/plan-advice/v1.yml` would not be read [file]\n")
    assert len(sarif(tmp_path)["runs"][0]["results"]) == 1


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("plan-advice/v3.yaml.txt", "call it v3.yaml"),
        ("plan-advice/old/v1.yaml", "move it to policies/plan-advice, or out of the folder of policies"),
    ],
)
def test_a_file_that_looks_like_a_policy_and_is_not_read_is_refused(tmp_path: Path, name: str, hint: str) -> None:
    policies = tmp_path / "policies"
    shutil.copytree(ROOT / "policies", policies)
    (policies / name).parent.mkdir(exist_ok=True)
    shutil.copy(policies / "plan-advice/v1.yaml", policies / name)
    with pytest.raises(PolicyError) as caught:
        read_texts(policies)
    (issue,) = caught.value.issues
    assert (issue.message, issue.hint) == (f"`policies/{name}` would not be read", hint)


def test_all_files_that_would_not_be_read_are_told_at_once(tmp_path: Path) -> None:
    policies = tmp_path / "policies"
    shutil.copytree(ROOT / "policies", policies)
    names = ("plan-advice/v2.yml", "plan-advice/v3.yaml.txt", "plan-advice/v4.yaml.bak")
    for name in names:
        shutil.copy(policies / "plan-advice/v1.yaml", policies / name)
    with pytest.raises(PolicyError) as caught:
        read_texts(policies)
    assert [issue.message for issue in caught.value.issues] == [
        f"`policies/{name}` would not be read" for name in names
    ]


def test_warnings_stop_no_decision(tmp_path: Path, policies: Path) -> None:
    edit(policies / "plan-advice/v1.yaml", 'used_percent: "> 90"', 'used_percent: "> 91"')
    (tmp_path / "facts.json").write_text('{"usage_gb": 95, "plan_gb": 100}')
    named = ("decide", "plan-advice", "--subject", "C-1", "--facts", "facts.json")
    assert ordain_here(tmp_path, "check", str(policies)).returncode == 1
    assert ordain_here(tmp_path, *named, ORDAIN_POLICIES=str(policies)).returncode == 0


def test_a_fact_that_no_model_on_file_gives_is_found_in_the_policies_of_the_settings(
    tmp_path: Path, policies: Path
) -> None:
    edit(policies / "facts.yaml", "source: [request, churn]", "source: churn")
    (tmp_path / "models").mkdir()
    done = ordain_here(tmp_path, "check", "--json", ORDAIN_POLICIES=str(policies))
    assert {finding["code"] for finding in json.loads(done.stdout)} == {"unfed-fact"}
    version = tmp_path / "models/churn/1"
    version.mkdir(parents=True)
    card = {"name": "churn", "version": 1, "features": [{"name": "tenure_months", "protected": False}]}
    (version / "card.json").write_text(json.dumps(card))
    done = ordain_here(tmp_path, "check", "--json", ORDAIN_POLICIES=str(policies))
    assert json.loads(done.stdout) == []


def test_changes_of_files_are_noticed_once_they_are_quiet(policies: Path) -> None:
    seen = changes(policies, stamps(policies), 0.02)
    before = stamps(policies)
    assert "plan-advice/v1.yaml" in before

    def touched() -> None:
        edit(policies / "plan-advice/v1.yaml", "owner: products", "owner: others")
        (policies / "new").mkdir()
        (policies / "new/v1.yaml").write_text("policy: new\n")
        (policies / "notes.txt").write_text("not a policy")

    later = threading.Timer(0.2, touched)
    later.start()
    assert set(next(seen)) <= {"new/v1.yaml", "plan-advice/v1.yaml"}
    later.join()


def test_watching_checks_again_after_a_change_and_ends_well_when_interrupted(tmp_path: Path, policies: Path) -> None:
    command = [sys.executable, "-u", "-m", "ordain", "check", str(policies), "--watch"]
    output = tmp_path / "output.txt"
    with output.open("w") as out:
        # Whoever runs the tests in the background may have them ignore interrupts, and a child inherits that.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            running = subprocess.Popen(command, cwd=tmp_path, env=environment(tmp_path), stdout=out, stderr=out)
        finally:
            signal.signal(signal.SIGINT, before)
        try:
            _wait(output, "watching ")
            edit(policies / "retention-offer/v1.yaml", "clv_tier: medium}", "clv_tier: medum}")
            _wait(output, "changed: retention-offer/v1.yaml")
            _wait(output, "1 error")
            running.send_signal(signal.SIGINT)
            assert running.wait(SECONDS) == 0
        finally:
            running.kill()
            running.wait()
    assert "[undeclared-value]" in output.read_text()
    assert "Traceback" not in output.read_text()


def _wait(output: Path, text: str) -> None:
    until = time.monotonic() + SECONDS
    while text not in output.read_text():
        assert time.monotonic() < until, f"no `{text}` in {output.read_text()}"
        time.sleep(0.05)


def test_watching_shows_text_only(tmp_path: Path, policies: Path) -> None:
    assert ordain_here(tmp_path, "check", str(policies), "--watch", "--json").returncode == 2


def test_the_hooks_for_pre_commit_name_commands_that_there_are(tmp_path: Path) -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert [hook["id"] for hook in hooks] == ["ordain-check", "ordain-fmt"]
    for hook in hooks:
        assert {"id", "name", "description", "entry", "language", "files", "pass_filenames"} == set(hook)
        assert re.compile(hook["files"]).search("policies/plan-advice/v1.yaml")
        program, *arguments = hook["entry"].split()
        assert program == "ordain"
        assert ordain_here(tmp_path, *arguments, "--help").returncode == 0


def test_a_pipe_among_the_policies_is_no_file_and_nothing_waits_for_it(tmp_path: Path, policies: Path) -> None:
    os.mkfifo(policies / "price-bounds/v2.yaml")
    done = ordain_here(tmp_path, "check", str(policies))
    assert done.returncode == 1
    assert "price-bounds/v2.yaml` cannot be read: it is not a file, but a pipe or a device" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_an_output_that_cannot_be_written_is_said_so(policies: Path) -> None:
    command = [sys.executable, "-m", "ordain", "check", str(policies)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False)
    assert done.returncode == 2
    assert "the output cannot be written: no space left on device" in done.stderr
    assert "Traceback" not in done.stderr
