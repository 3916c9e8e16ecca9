"""Policies and models as an installation has them: broken, edited after use, damaged or missing."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from answers import ADVICE, NOON, QUOTE, RETENTION, body, error_in
from flask.testing import FlaskClient
from ports import free_port
from served import ROOT, edit, install_models, ordain, ordain_here, settings_in

from ordain.api.http.app import app_for
from ordain.api.services import Services, wire
from ordain.engine.errors import PolicyChanged

BROKEN = [
    pytest.param(
        "plan-advice/v1.yaml",
        "usage_gb / plan_gb, 2)",
        'usage_gb / "plan", 2)',
        '11:22: `/` does not work here: `100 * usage_gb` is a number and `"plan"` a text\n'
        '    100 * usage_gb / "plan"\n',
        id="a type error",
    ),
    pytest.param(
        "plan-advice/v1.yaml",
        "usage_gb / plan_gb, 2)",
        "usage_bg / plan_gb, 2)",
        "11:28: unknown fact `usage_bg`\n    usage_bg\n    hint: did you mean `usage_gb`?\n",
        id="an unknown fact",
    ),
    pytest.param(
        "plan-advice/v1.yaml",
        "owner: products",
        "owner: products\nowner: pricing",
        "6:1: `owner` appears twice; first in line 5\n    owner\n    hint: keep one of them\n",
        id="a duplicate key",
    ),
    pytest.param(
        "facts.yaml",
        "  plan_min_price:",
        "  base_price:",
        "12:3: `base_price` appears twice; first in line 6\n    base_price\n    hint: keep one of them\n",
        id="a fact declared twice",
    ),
    pytest.param(
        "plan-advice/v1.yaml",
        'used_percent: "< 30"',
        'used_percent: "<= 30"',
        "39:5: example 4 of `plan-advice@1` ended in RulesDisagree: "
        "`mostly-empty` and `in-between` of `advice` apply at once, and its hit policy is unique\n"
        "    hint: narrow one of them, or choose another hit policy\n",
        id="an overlap under unique that an example meets",
    ),
    pytest.param(
        "price-bounds/v1.yaml",
        "    if limits conflict: [ceiling, yearly-rise, step, floor]\n",
        "      - {id: lowest, at least: 700}\n      - {id: highest, at most: 600}\n",
        "27:32: `lowest` at 700 is above `highest` at 600: no price fits\n    700\n"
        "    hint: swap them, or say which wins in `if limits conflict`\n",
        id="a constant floor above a constant ceiling",
    ),
    pytest.param(
        "retention-offer/v1.yaml",
        "clv_tier: medium}",
        "clv_tier: medum}",
        "27:48: `medum` is neither one of the values nor a fact\n    medum\n    hint: did you mean `medium`?\n",
        id="an unknown value",
    ),
    pytest.param(
        "services.yaml",
        "[plan-advice]",
        "[plan-advise]",
        "36:3: the service `plan-advice` names an unknown policy: `plan-advise`\n    plan-advice\n"
        "    hint: did you mean `plan-advice`?\n",
        id="a service without its policy",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "told"), BROKEN)
def test_a_broken_policy_is_found_by_check_with_its_place(
    tmp_path: Path, policies: Path, file: str, old: str, new: str, told: str
) -> None:
    edit(policies / file, old, new)
    done = ordain_here(tmp_path, "check", str(policies), "--level", "error", "--json")
    assert (done.returncode, done.stderr) == (1, "")
    assert f"policies/{file}:{told}" in [_as_told(finding) for finding in json.loads(done.stdout)]


def _as_told(finding: dict[str, Any]) -> str:
    """A finding of `check --json` in the words of an error."""
    text = f"    {finding['text']}\n" if finding["text"] else ""
    hint = f"    hint: {finding['hint']}\n" if finding["hint"] else ""
    return f"{finding['file']}:{finding['line']}:{finding['column']}: {finding['message']}\n{text}{hint}"


def test_all_findings_of_all_files_are_told_at_once(tmp_path: Path, policies: Path) -> None:
    edit(policies / "plan-advice/v1.yaml", "usage_gb / plan_gb, 2)", "usage_bg / plan_bg, 2)")
    edit(policies / "retention-offer/v1.yaml", "clv_tier: medium}", "clv_tier: medum}")
    edit(policies / "price-proposal/v1.yaml", "currency: INR", "currency: INR\n    colour: red")
    for command in (
        ("check",),
        ("decide", "plan-advice", "--subject", "C-1", "--facts", "none.json"),
        ("serve", "--port", str(free_port())),
    ):
        done = ordain(tmp_path, *command, ORDAIN_POLICIES=str(policies))
        assert done.returncode == (1 if command == ("check",) else 2)
        assert "Traceback" not in done.stderr
        told = done.stdout.replace(": error: ", ": ") if command == ("check",) else done.stderr
        for place, name in (("11:28", "usage_bg"), ("11:39", "plan_bg")):
            assert f"policies/plan-advice/v1.yaml:{place}: unknown fact `{name}`" in told
        # One decision loads what its service asks, and nothing else.
        for place in ("retention-offer/v1.yaml:27:48: `medum`", "price-proposal/v1.yaml:19:5: unknown field `colour`"):
            assert (f"policies/{place}" in told) == (command[0] != "decide")
    assert not (tmp_path / "ordain.db").exists()


def test_an_overlap_that_no_example_meets_is_refused_when_a_decision_meets_it(tmp_path: Path, policies: Path) -> None:
    edit(policies / "plan-advice/v1.yaml", 'used_percent: "< 30"', 'used_percent: "< 29.995"')
    edit(policies / "plan-advice/v1.yaml", 'used_percent: "[30..90]"', 'used_percent: "[29.99..90]"')
    edit(policies / "plan-advice/v1.yaml", "usage_gb: 29.99,", "usage_gb: 29.9,")
    use = wire(settings_in(tmp_path, policies=policies))
    client = app_for(use).test_client()
    refused = client.post("/v1/decisions/plan-advice", data=body({"usage_gb": 29.99, "plan_gb": 100}))
    assert refused.status_code == 422
    error = error_in(refused.data)
    assert error["code"] == "RulesDisagree"
    assert error["message"] == "`mostly-empty` and `in-between` of `advice` apply at once, and its hit policy is unique"
    assert error["details"][0]["place"].startswith("policies/plan-advice/v1.yaml:")
    assert use.ledger.reader.size() == 1
    assert client.post("/v1/decisions/plan-advice", data=body(ADVICE)).status_code == 200
    use.close()


def test_a_floor_above_the_ceiling_in_the_facts_is_a_pricing_constraint_violation(
    client: FlaskClient, use: Services
) -> None:
    answer = client.post("/v1/decisions/price-quote", data=body({**QUOTE, "plan_min_price": 601}, at=NOON))
    assert answer.status_code == 422
    error = error_in(answer.data)
    assert (error["code"], error["severity"]) == ("PricingConstraintViolation", "high")
    assert error["message"] == "`floor-below-ceiling` does not hold: the plan's lowest price is above its highest"
    assert use.ledger.reader.size() == 1


# --- a version that was used ------------------------------------------------------------------------------------


def _digest(file: Path) -> str:
    return "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()


def test_an_edited_version_that_was_used_stops_everything_by_name_and_digests(tmp_path: Path, policies: Path) -> None:
    settings = settings_in(tmp_path, policies=policies)
    use = wire(settings)
    assert app_for(use).test_client().post("/v1/decisions/plan-advice", data=body(ADVICE)).status_code == 200
    use.close()
    used, unused = policies / "plan-advice/v1.yaml", policies / "retention-offer/v1.yaml"
    before = _digest(used)
    edit(unused, "Very likely to leave", "Likely to leave")
    wire(settings).close()  # nothing was decided under that one yet, so it may change
    edit(used, "A smaller plan would do.", "A smaller plan would do!")
    with pytest.raises(PolicyChanged) as caught:
        wire(settings)
    assert caught.value.message == (
        "policy `plan-advice` version 1 was edited after it had decided or been activated: "
        f"used with digest `{before}`, now `{_digest(used)}`"
    )
    (tmp_path / "facts.json").write_text(json.dumps(ADVICE))
    decide = ("decide", "plan-advice", "--subject", "C-1", "--facts", "facts.json")
    for command in (decide, ("serve", "--port", str(free_port()))):
        refused = ordain(tmp_path, *command, ORDAIN_POLICIES=str(policies))
        assert (refused.returncode, refused.stdout) == (2, "")
        assert refused.stderr.startswith("PolicyChanged\npolicy `plan-advice` version 1 was edited")
        assert "hint: `ordain audit text plan-advice@1` prints it as it was: put that back, and " in refused.stderr
    shutil.copy(used, policies / "plan-advice/v2.yaml")
    edit(policies / "plan-advice/v2.yaml", "version: 1", "version: 2")
    shutil.copy(ROOT / "policies/plan-advice/v1.yaml", used)
    again = wire(settings)
    answer = app_for(again).test_client().post("/v1/decisions/plan-advice", data=body(ADVICE)).get_json()
    assert answer["policies"][0]["version"] == 2
    again.close()


def test_a_version_edited_while_the_service_runs_changes_nothing(tmp_path: Path, policies: Path) -> None:
    use = wire(settings_in(tmp_path, policies=policies))
    client = app_for(use).test_client()
    first = client.post("/v1/decisions/plan-advice", data=body(ADVICE)).get_json()
    edit(policies / "plan-advice/v1.yaml", "The next plan up fits", "Anything fits")
    second = client.post("/v1/decisions/plan-advice", data=body(ADVICE)).get_json()
    assert (first["outcome"], first["policies"]) == (second["outcome"], second["policies"])
    use.close()


# --- models -----------------------------------------------------------------------------------------------------


def _flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


DAMAGES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "one bit of the trees": ("model.ubj", _flip, "`model.ubj` is damaged: its digest is not the one in `SHA256SUMS`"),
    "truncated trees": (
        "model.ubj",
        lambda file: file.write_bytes(file.read_bytes()[:100]),
        "`model.ubj` is damaged: its digest is not the one in `SHA256SUMS`",
    ),
    "empty trees": (
        "model.ubj",
        lambda file: file.write_bytes(b""),
        "`model.ubj` is damaged: its digest is not the one in `SHA256SUMS`",
    ),
    "missing trees": ("model.ubj", Path.unlink, "`model.ubj` cannot be read: no such file or directory"),
    "one bit of the card": ("card.json", _flip, "`card.json` is damaged: its digest is not the one in `SHA256SUMS`"),
    "a missing card": ("card.json", Path.unlink, "`card.json` cannot be read: no such file or directory"),
    "what was learned beside the trees": (
        "model.json",
        _flip,
        "`model.json` is damaged: its digest is not the one in `SHA256SUMS`",
    ),
    "other sums": ("SHA256SUMS", _flip, "its signature is not by the key that signs models here"),
    "no signature": ("SIGNATURE", Path.unlink, "`SIGNATURE` cannot be read: no such file or directory"),
    "missing sums": ("SHA256SUMS", Path.unlink, "`SHA256SUMS` cannot be read: no such file or directory"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_model_refuses_only_the_decisions_that_need_it(tmp_path: Path, models: Path, damage: str) -> None:
    name, spoil, what = DAMAGES[damage]
    copied = install_models(models, tmp_path)
    spoil(copied / "churn/1" / name)
    use = wire(settings_in(tmp_path))
    client = app_for(use).test_client()
    unscored = {fact: value for fact, value in RETENTION.items() if fact != "churn_risk"}
    refused = client.post("/v1/decisions/retention", data=body(unscored, at=NOON))
    assert refused.status_code == 503
    error = error_in(refused.data)
    assert (error["code"], error["severity"]) == ("ModelDegradationDetected", "high")
    assert error["message"] == f"model `churn` version 1: {what}"
    assert error["details"][0]["hint"] == "run: ordain train churn --promote"
    assert use.ledger.reader.size() == 2  # of which one makes the model live
    assert client.post("/v1/decisions/plan-advice", data=body(ADVICE)).status_code == 200
    assert client.post("/v1/decisions/retention", data=body(RETENTION, at=NOON)).status_code == 200
    assert client.post("/v1/decisions/price-quote", data=body(QUOTE, at=NOON)).status_code == 200
    assert client.get("/healthz").get_json()["models"] == [
        {"model": "churn", "version": None, "state": "unusable", "fault": f"model `churn` version 1: {what}"}
    ]
    use.close()


def test_models_list_says_which_version_is_damaged(tmp_path: Path, models: Path) -> None:
    copied = install_models(models, tmp_path)
    shutil.copytree(copied / "churn/1", copied / "churn/2")
    listed = ordain_here(tmp_path, "models", "list")
    assert listed.returncode == 0
    rows = [line.split("│")[1:8] for line in listed.stdout.splitlines() if line.startswith("│")]
    cells = [[cell.strip() for cell in row] for row in rows]
    assert [(row[0], row[1], row[2], row[6]) for row in cells] == [
        ("churn", "1", "live", "ok"),
        ("churn", "2", "candidate", "model `churn` version 2: `card.json` is the card of another model"),
    ]


def test_models_list_says_when_there_is_none(tmp_path: Path) -> None:
    listed = ordain_here(tmp_path, "models", "list")
    assert (listed.returncode, listed.stdout) == (0, "no model is trained yet; run: ordain train churn\n")
