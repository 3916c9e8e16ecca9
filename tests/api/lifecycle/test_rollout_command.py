"""`ordain rollout` as people type it: what it says, and what it says to a slip."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from guarded import write
from served import ordain_here

from ordain.engine.lifecycle.bucket import bucket

GUARDRAILS = "guardrails:\n  - {metric: fee, may not: rise, pause: 1, revert: 2 }\nleast: 20\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return submitted(tmp_path)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, for what begins nothing."""
    return submitted(tmp_path_factory.mktemp("untouched"))


def submitted(tmp_path: Path) -> Path:
    """The first version decides, the second is approved, the third submitted."""
    write(tmp_path, 1, 0)
    said(run(tmp_path, "policy", "adopt", "--reason", "it begins", "--as", "chen"))
    for number in (2, 3):
        write(tmp_path, number, 10 * number)
        assert "is submitted" in said(run(tmp_path, "policy", "submit", f"fees@{number}", "--as", "asha"))
    said(run(tmp_path, "policy", "approve", "fees@2", "--as", "bela"))
    (tmp_path / "guardrails.yaml").write_text(GUARDRAILS)
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    chosen = {"ORDAIN_POLICIES": str(folder / "policies"), "ORDAIN_APPROVALS": "named"}
    return ordain_here(folder, *arguments, **chosen)


def said(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def roll(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(folder, "rollout", *arguments, "--as", "chen")


def shown(folder: Path) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(said(run(folder, "rollout", "show", "--json")))
    return told


def test_a_roll_out_from_its_start_to_its_end(folder: Path) -> None:
    assert "nothing is rolled out" in said(run(folder, "rollout", "show"))
    begun = roll(folder, "start", "fees@2", "--steps", "0.5,5,100", "--every", "12h", "--guardrails", "guardrails.yaml")
    assert said(begun).startswith("fees@2 decides for 0.5 % of the customers from ")
    drawn = said(run(folder, "rollout", "show", "--subject", "C-1"))
    among = "is among" if bucket("fees@2", "C-1") < 50 else "is not among"
    assert f"C-1 {among} the 0.5 % of fees@2: bucket {bucket('fees@2', 'C-1')} of 10,000" in drawn
    (on,) = shown(folder)
    assert (on["percent"], [stage["percent"] for stage in on["stages"]]) == ("0.5", ["0.5", "5", "100"])
    assert on["guards"]["guardrails"] == [{"metric": "fee", "may not": "rise", "pause": "1", "revert": "2"}]
    assert "decides for 30 %" in said(roll(folder, "share", "fees", "30"))
    assert "stays until: ordain rollout resume fees" in said(roll(folder, "pause", "fees", "--reason", "a look"))
    assert "100 % of the customers from" in said(roll(folder, "resume", "fees", "--reason", "fine"))
    history = said(run(folder, "policy", "history", "fees"))
    assert all(step in history for step in ("rollout start", "rollout share", "rollout pause", "rollout resume"))
    assert "decides for everybody" in said(roll(folder, "revert", "fees", "--reason", "enough"))
    assert shown(folder) == []


def test_what_was_tried_beside_is_compared_in_the_report_of_a_backtest(folder: Path) -> None:
    said(roll(folder, "shadow", "fees@3", "--share", "50"))
    subjects = [f"C-{number}" for number in range(12)]
    for subject in subjects:
        facts = json.dumps({"base": 5})
        (folder / "facts.json").write_text(facts)
        said(run(folder, "decide", "quote", "--subject", subject, "--facts", "facts.json"))
    beside = sum(bucket("fees@3", subject) < 5_000 for subject in subjects)
    told = json.loads(said(run(folder, "backtest", "fees@3", "--shadow", "--json")))
    assert (told["compared"], told["changed"]) == (beside, beside)
    assert 0 < beside < len(subjects)
    assert run(folder, "backtest", "fees@2", "--shadow", "--json").returncode != 0


def test_a_watch_looks_once_and_tells_what_each_roll_out_comes_to(folder: Path) -> None:
    said(roll(folder, "start", "fees@2", "--steps", "50", "--guardrails", "guardrails.yaml"))
    (told,) = map(json.loads, said(run(folder, "rollout", "watch", "--once", "--json")).splitlines())
    assert (told["policy"], told["standing"], told["done"]) == ("fees", "watch", None)
    assert "`fee` has not been seen of both versions yet" in told["says"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["start", "fees@2"], "5 shares, and nothing says when each begins"),
        (["start", "fees@2", "--steps", "1,fife"], "`fife` is no share of customers"),
        (["start", "fees@2", "--steps", "1,,5"], "`` is no share of customers"),
        (["start", "fees@2", "--steps", "1,0.001"], "`0.001` is no share of customers"),
        (["start", "fees@2", "--steps", "101"], "`101` is no share of customers"),
        (["start", "fees@2", "--steps", "5,1", "--every", "7d"], "1 % after 5 %"),
        (["start", "fees@2", "--steps", "1,5", "--every", "a week"], "`a week` is no period"),
        (["start", "fees@2", "--steps", "1", "--from", "tomorrow"], "`tomorrow` is no day"),
        (["start", "fees@2", "--steps", "1", "--from", "2020-01-01"], "is past"),
        (["start", "fees@2", "--steps", "1", "--where", "region"], "`region` names no fact and values"),
        (["start", "fees@2", "--steps", "1", "--where", "a=b", "--where", "a=c"], "`a` is named twice"),
        (["start", "fees@2", "--steps", "1", "--where", "regio=north"], "there is no fact `regio`"),
        (["start", "fees@2", "--steps", "1", "--guardrails", "none.yaml"], "there is no file `none.yaml`"),
        (["start", "fees@3", "--steps", "1"], "`fees@3` is not approved"),
        (["start", "fess@2", "--steps", "1"], "there is no version `fess@2`"),
        (["shadow", "fees@3", "--share", "half"], "`half` is no share"),
        (["share", "fees", "10"], "no version of `fees` is rolled out"),
        (["revert", "fess", "--reason", "x"], "there is no policy `fess`"),
        (["start", "fees@2", "--steps", "1", "--role", "editor"], "the role `editor` may not do this"),
    ],
)
def test_a_slip_is_told_in_a_sentence_and_changes_nothing(untouched: Path, arguments: list[str], text: str) -> None:
    done = roll(untouched, *arguments)
    assert done.returncode == 2, done.stdout
    assert text in done.stderr
    assert "Traceback" not in done.stderr
    assert shown(untouched) == []


def test_facts_that_no_request_had_to_bring_before_are_named_at_the_start(folder: Path) -> None:
    write(folder, 4, 40)
    facts, file = folder / "policies/facts.yaml", folder / "policies/fees/v4.yaml"
    facts.write_text(facts.read_text() + "  extra: {type: number, meaning: something new}\n")
    file.write_text(file.read_text().replace("base + 40", "base + extra").replace("{base: 0}", "{base: 0, extra: 40}"))
    said(run(folder, "policy", "submit", "fees@4", "--as", "asha"))
    said(run(folder, "policy", "approve", "fees@4", "--as", "bela"))
    done = roll(folder, "start", "fees@4", "--steps", "100")
    assert "decides for 100 %" in said(done)
    assert "fees@4 needs `extra`, which no request had to bring before" in done.stderr


def test_the_history_of_a_time_says_what_is_rolled_out_then(folder: Path) -> None:
    said(roll(folder, "start", "fees@2", "--steps", "5,50", "--every", "1d"))
    then = said(run(folder, "policy", "history", "fees", "--at", "2099-01-01"))
    assert "fees@1 decides at 2099-01-01" in then
    assert "fees@2 is rolled out then, to 50 % of the customers" in then


def test_a_fact_is_not_renamed_past_a_version_that_is_rolled_out(folder: Path) -> None:
    said(roll(folder, "start", "fees@2", "--steps", "5"))
    (folder / "policies/fees/v3.yaml").unlink()
    done = run(folder, "rename", "fact", "base", "basis")
    assert done.returncode == 2
    assert "`fees@2` is rolled out" in done.stderr
