"""`ordain prove`, `ordain diff --prove`, and what `ordain check` proves: words, JSON and exit codes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from time import sleep

import pytest
from served import SECONDS, edit, environment, ordain_here

from ordain.api.cli.checking import proved
from ordain.engine.catalog import load_catalog, read_texts


def test_what_is_proved_is_said_and_exits_with_0(tmp_path: Path, policies: Path) -> None:
    done = ordain_here(tmp_path, "prove", "retention-offer", "--directory", str(policies))
    assert (done.returncode, done.stderr) == (0, "")
    assert "retention-offer@1\n  proved      every customer gets an outcome\n" in done.stdout
    assert "\n1 proved\nfor all customers whose facts are within their declared ranges; " in done.stdout


def test_what_is_false_is_shown_by_a_customer_and_exits_with_1(tmp_path: Path, policies: Path) -> None:
    done = ordain_here(tmp_path, "prove", "grandfathering@1", "--directory", str(policies))
    assert (done.returncode, done.stderr) == (1, "")
    assert "false       the promise `founders` never makes `price` higher than it is without a promise" in done.stdout
    assert "- given: {bounded_price: 550, contract_start: " in done.stdout
    assert "decided: promise.id founders, promise.price " in done.stdout


def test_what_is_not_covered_is_said_with_its_place_and_exits_with_3(tmp_path: Path, policies: Path) -> None:
    edit(policies / "retention-offer/v1.yaml", "examples:\n", "prove:\n  - string length(clv_tier) < 9\n\nexamples:\n")
    done = ordain_here(tmp_path, "prove", "retention-offer", "--directory", str(policies))
    assert (done.returncode, done.stderr) == (3, "")
    assert "not covered `string length(clv_tier) < 9`" in done.stdout
    assert "line 47, column 5: `string length`: what is inside of a text" in " ".join(done.stdout.split())


def test_answers_are_told_to_programs(tmp_path: Path, policies: Path) -> None:
    done = ordain_here(tmp_path, "prove", "price-bounds", "--directory", str(policies), "--json")
    proofs = json.loads(done.stdout)["proofs"]
    (false,) = (each for each in proofs if each["answer"] != "proved")
    assert false["answer"] == "false"
    assert false["of"] == "price-bounds@1"
    assert set(false["customer"]) >= {"proposed_price", "plan_min_price", "plan_max_price", "current_price"}
    assert " does not hold: " in false["said"]


def test_a_name_that_nothing_has_is_refused(tmp_path: Path, policies: Path) -> None:
    done = ordain_here(tmp_path, "prove", "retention-ofer", "--directory", str(policies))
    assert done.returncode == 2
    assert "there is no policy or service `retention-ofer`" in done.stderr + done.stdout
    assert "retention-offer" in done.stderr + done.stdout


def test_without_the_solver_it_says_what_to_install(tmp_path: Path, policies: Path) -> None:
    script = "import sys; sys.modules['z3'] = None; from ordain.api.cli.main import main; main()"
    command = [sys.executable, "-c", script, "prove", "--directory", str(policies)]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 2
    assert "A proof about a policy needs z3-solver, which is not installed" in done.stderr
    assert "ordain[prove]" in done.stderr


@pytest.fixture
def later(policies: Path) -> Path:
    """A second version of the bounds, in other words."""
    first = policies / "price-bounds/v1.yaml"
    text = first.read_text(encoding="utf-8").replace("version: 1\n", "version: 2\n")
    (policies / "price-bounds/v2.yaml").write_text(text, encoding="utf-8")
    return policies


def test_two_versions_that_decide_alike_are_proved_to_do_so(tmp_path: Path, later: Path) -> None:
    edit(later / "price-bounds/v2.yaml", "competitor_price * (1 + competitor_margin)", "competitor_price * 115 / 100")
    done = ordain_here(tmp_path, "diff", "price-bounds@1", "@2", "--directory", str(later), "--prove", "--budget", "60")
    assert (done.returncode, done.stderr) == (0, "")
    assert "proved      both decide every customer alike" in done.stdout


def test_of_two_versions_that_do_not_one_customer_is_shown(tmp_path: Path, later: Path) -> None:
    edit(later / "price-bounds/v2.yaml", "competitor_margin: {value: 0.15", "competitor_margin: {value: 0.16")
    done = ordain_here(
        tmp_path, "diff", "price-bounds@1", "@2", "--directory", str(later), "--prove", "--budget", "60", "--json"
    )
    assert (done.returncode, done.stderr) == (1, "")
    told = json.loads(done.stdout)
    assert told["answer"] == "false"
    assert told["customer"]["competitor_price"]
    assert told["said"].startswith("price-bounds@1: bounded_price ")


def test_check_refutes_a_claim_of_a_policy(tmp_path: Path, policies: Path) -> None:
    claim = "prove:\n  - offer.discount_percent <= 20\n\nexamples:\n"
    edit(policies / "retention-offer/v1.yaml", "examples:\n", claim)
    done = ordain_here(tmp_path, "check", str(policies))
    assert done.returncode == 1
    said = "warning: it is not true of every customer that `offer.discount_percent <= 20`: "
    assert said in done.stdout
    assert "hint: a customer: churn_risk: 0.8" in done.stdout


def test_check_says_nothing_of_a_claim_that_is_true(tmp_path: Path, policies: Path) -> None:
    claim = "prove:\n  - offer.discount_percent <= 30\n\nexamples:\n"
    edit(policies / "retention-offer/v1.yaml", "examples:\n", claim)
    done = ordain_here(tmp_path, "check", str(policies))
    assert (done.returncode, done.stderr) == (0, "")


def test_check_says_how_many_claims_it_did_not_come_to(
    policies: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(proved, "LIMITS", replace(proved.LIMITS, checked_seconds=-1.0))
    texts = read_texts(policies)
    assert proved.claim_issues(texts, load_catalog(texts, run_examples=False).policies()) == []
    assert "6 claims of policies were not looked at in the time" in capsys.readouterr().err


def test_a_budget_is_a_number(tmp_path: Path, policies: Path) -> None:
    for command in (["prove"], ["diff", "--prove", "price-bounds@1", "price-bounds@1"]):
        done = ordain_here(tmp_path, *command, "--directory", str(policies), "--budget", "nan")
        assert done.returncode == 2
        assert "is not a number that can be counted to" in " ".join(done.stderr.split())


def test_a_name_that_a_policy_and_a_service_have_is_told_once(tmp_path: Path, policies: Path) -> None:
    done = ordain_here(tmp_path, "prove", "xyzzy", "--directory", str(policies))
    assert done.returncode == 2
    assert done.stderr.count("plan-advice") <= 1


HARD = """\
facts:
  signed_on: {type: date, meaning: m}
  months_more: {type: number, range: -10..10, precision: 0, meaning: m}
"""
CLAIMS = """\
prove:
  - x = 1
  - signed_on + months(months_more) - months(months_more) <= signed_on
"""


@pytest.mark.parametrize("signal_sent", [signal.SIGINT, signal.SIGTERM])
def test_a_long_question_ends_when_the_command_is_ended(tmp_path: Path, signal_sent: signal.Signals) -> None:
    (tmp_path / "policies" / "sample").mkdir(parents=True)
    (tmp_path / "policies" / "facts.yaml").write_text(HARD)
    (tmp_path / "policies" / "services.yaml").write_text(
        "services:\n  act: {purpose: p, policies: [sample], gives: [x]}\n"
    )
    (tmp_path / "policies" / "sample" / "v1.yaml").write_text(
        "policy: sample\nversion: 1\nkind: decision\neffective: 2026-01-01\nowner: tests\npurpose: A case.\n"
        f"{CLAIMS}decides:\n  x: {{gives: number, formula: '1'}}\nexamples:\n  - given: {{}}\n    expect: {{x: 1}}\n"
    )
    command = [sys.executable, "-u", "-m", "ordain", "prove", "--directory", "policies", "--budget", "3600", "sample"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            while "proved" not in process.stdout.readline():  # the first question is answered, the second begins
                assert process.poll() is None
            sleep(2)  # into the long one
            process.send_signal(signal_sent)
            _, errors = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
    assert process.returncode in (130, -signal_sent)
    assert "Traceback" not in errors
