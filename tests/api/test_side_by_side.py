"""One request decided by several versions side by side: drafts and submitted ones too, nothing on record."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from answers import error_in
from callers import bearer, keeper
from flask.testing import FlaskClient
from served import edit, ordain_here, settings_in

from ordain.api.http.app import app_for
from ordain.api.services import Services, wire

ADVICE = {"usage_gb": 95, "plan_gb": 100}
ASKED = {"subject": "C-9", "facts": ADVICE, "at": "2026-06-01T12:00:00+05:30"}


def version(policies: Path, number: int, first_day: str = "2999-01-01") -> Path:
    """A version of plan-advice by which somebody who uses 95 percent keeps the plan."""
    file = policies / f"plan-advice/v{number}.yaml"
    text = (policies / "plan-advice/v1.yaml").read_text(encoding="utf-8")
    text = text.replace("version: 1", f"version: {number}").replace("effective: 2026-01-01", f"effective: {first_day}")
    head, _, _ = text.partition("examples:")
    examples = "examples:\n  - given: {usage_gb: 99, plan_gb: 100}\n    expect: {advice.action: plan up}\n"
    file.write_text(head.replace("> 90", "> 97").replace("[30..90]", "[30..97]") + examples, encoding="utf-8")
    return file


def asked(client: FlaskClient, query: str, service: str = "plan-advice", body: Any = ASKED) -> Any:
    return client.post(f"/v1/decisions/{service}/dry-run/versions{query}", data=json.dumps(body))


@pytest.fixture
def drafted(policies: Path, tmp_path: Path) -> Any:
    version(policies, 2)
    version(policies, 3, "2999-02-01")
    use = wire(settings_in(tmp_path, policies=policies))
    yield use
    use.close()


def test_one_version_is_compared_with_what_is_in_force(drafted: Services) -> None:
    before = drafted.ledger.reader.size()
    answer = asked(app_for(drafted).test_client(), "?try=plan-advice@2")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    told = answer.get_json()
    assert (told["service"], told["dry_run"], told["at"]) == ("plan-advice", True, "2026-06-01T12:00:00+05:30")
    assert [each["versions"] for each in told["tried"]] == ["in force", "plan-advice@2"]
    for number, each in enumerate(told["tried"], start=1):
        assert each["answer"]["dry_run"] is True
        assert not {"decision_id", "receipt"} & each["answer"].keys()
        assert [(used["policy"], used["version"]) for used in each["answer"]["policies"]] == [("plan-advice", number)]
    differing = {each["what"]: each["values"] for each in told["differs"]}
    assert differing["outcome.advice.action"]["in force"] == "plan up"
    assert differing["outcome.advice.action"]["plan-advice@2"] != "plan up"
    assert "rules" in differing
    assert "status" not in differing
    assert drafted.ledger.reader.size() == before


def test_it_is_the_answer_of_a_dry_run(drafted: Services) -> None:
    client = app_for(drafted).test_client()
    alone = client.post("/v1/decisions/plan-advice/dry-run", data=json.dumps(ASKED)).get_json()
    assert asked(client, "?try=plan-advice@2").get_json()["tried"][0]["answer"] == alone


def test_several_are_compared_with_each_other_and_alike_ones_differ_in_nothing(drafted: Services) -> None:
    told = asked(app_for(drafted).test_client(), "?try=plan-advice@2&try=plan-advice@3").get_json()
    assert [each["versions"] for each in told["tried"]] == ["plan-advice@2", "plan-advice@3"]
    assert told["differs"] == []


def test_where_one_gives_no_answer_the_others_are_told_and_where_none_does_the_error(drafted: Services) -> None:
    client = app_for(drafted).test_client()
    none = asked(client, "?try=plan-advice@2", body={**ASKED, "facts": {"plan_gb": 100}})
    assert (none.status_code, error_in(none.data)["code"]) == (422, "CustomerDataIncomplete")


def test_a_version_that_needs_more_is_told_beside_one_that_does_not(policies: Path, tmp_path: Path) -> None:
    file = version(policies, 2)
    edit(file, "usage_gb / plan_gb", "usage_gb * (1 + demand) / plan_gb")
    edit(file, "{usage_gb: 99,", "{usage_gb: 99, demand: 1,")
    use = wire(settings_in(tmp_path, policies=policies))
    try:
        told = asked(app_for(use).test_client(), "?try=plan-advice@2").get_json()
    finally:
        use.close()
    assert told["tried"][1]["error"]["code"] == "CustomerDataIncomplete"
    assert told["tried"][1]["error"]["details"][0]["fact"] == "demand"
    assert told["tried"][0]["answer"]["outcome"]["advice"]["action"] == "plan up"
    assert told["differs"] == []


@pytest.mark.parametrize(
    ("query", "message", "hint"),
    [
        ("?try=plan-advice@7", "`plan-advice` has no version 7", "there are: 1, 2, 3"),
        ("?try=plan-advise@1", "the service `plan-advice` asks no policy `plan-advise`", "did you mean `plan-advice`?"),
        (
            "?try=retention-offer@1",
            "the service `plan-advice` asks no policy `retention-offer`",
            "known: plan-advice",
        ),
        ("?try=plan-advice", "`plan-advice` names no version of a policy", "for example: retention-offer@3"),
        ("?try=plan-advice@1,plan-advice@2", "`plan-advice` is named twice in `plan-advice@1,plan-advice@2`", None),
        ("?try=plan-advice@2&try=plan-advice@2", "`plan-advice@2` is named twice", "once is enough"),
        (
            "?try=" + "&try=".join(f"plan-advice@{n}" for n in range(1, 10)),
            "9 sets of versions are tried, and at",
            None,
        ),
        ("?tri=plan-advice@2", "unknown parameter `tri` in the query", "did you mean `try`?"),
    ],
)
def test_a_version_that_cannot_be_tried_is_refused(drafted: Services, query: str, message: str, hint: str) -> None:
    answer = asked(app_for(drafted).test_client(), query)
    assert answer.status_code == 400
    error = error_in(answer.data)
    assert error["message"].startswith(message)
    assert hint is None or error["details"][0]["hint"] == hint


def test_versions_of_several_policies_decide_together(policies: Path, tmp_path: Path) -> None:
    for name in ("price-proposal", "price-bounds"):
        shutil.copy(policies / f"{name}/v1.yaml", policies / f"{name}/v2.yaml")
        edit(policies / f"{name}/v2.yaml", "version: 1", "version: 2")
        edit(policies / f"{name}/v2.yaml", "effective: 2026-01-01", "effective: 2999-01-01")
    use = wire(settings_in(tmp_path, policies=policies))
    try:
        client = app_for(use).test_client()
        example = client.get("/v1/services/price-quote").get_json()["example"]["request"]
        told = asked(client, "?try=price-proposal@2,price-bounds@2", "price-quote", example).get_json()
    finally:
        use.close()
    used = {each["policy"]: each["version"] for each in told["tried"][1]["answer"]["policies"]}
    assert (used["price-proposal"], used["price-bounds"], used["grandfathering"]) == (2, 2, 1)
    assert told["tried"][1]["versions"] == "price-proposal@2, price-bounds@2"


# --- what was submitted -------------------------------------------------------------------------------------------


def test_a_server_tries_what_was_submitted_and_drafts_for_who_may_edit_them(policies: Path, tmp_path: Path) -> None:
    environment = {"ORDAIN_POLICIES": str(policies), "ORDAIN_APPROVALS": "named"}

    def done(*arguments: str) -> None:
        ended = ordain_here(tmp_path, "policy", *arguments, **environment)
        assert ended.returncode == 0, ended.stderr

    done("adopt", "--reason", "approvals begin")
    version(policies, 2)
    done("submit", "plan-advice@2", "--as", "asha")
    version(policies, 3)
    use = wire(settings_in(tmp_path, policies=policies, approvals="named"))
    try:
        client = app_for(use).test_client()
        edit(policies / "plan-advice/v2.yaml", "> 97", "> 10")  # the text that was submitted is tried, not this one
        told = asked(client, "?try=plan-advice@2").get_json()
        assert told["tried"][1]["answer"]["outcome"]["advice"]["action"] != "plan up"
        assert asked(client, "?try=plan-advice@2").get_json() == told
        drafted = asked(client, "?try=plan-advice@3").get_json()
        assert drafted["tried"][1]["answer"]["policies"][0]["version"] == 3
        edit(policies / "plan-advice/v3.yaml", "> 97", "> 10")  # of a draft the file as it is now
        edit(policies / "plan-advice/v3.yaml", "[30..97]", "10")
        edited = asked(client, "?try=plan-advice@3").get_json()
        assert edited["tried"][1]["answer"]["outcome"]["advice"]["action"] == "plan up"
    finally:
        use.close()
    key = bearer(keeper(tmp_path).make("bela", ["approver"]).text)
    use = wire(settings_in(tmp_path, policies=policies, approvals="named"))
    try:
        path = "/v1/decisions/plan-advice/dry-run/versions?try=plan-advice@3"
        unknown = error_in(
            app_for(use)
            .test_client()
            .post(path, data=json.dumps({"subject": "C-9", "facts": ADVICE}), headers=key)
            .data
        )
        assert (unknown["message"], unknown["details"][0]["hint"]) == (
            "`plan-advice` has no version 3",
            "there are: 1, 2",
        )
    finally:
        use.close()
    (tmp_path / "facts.json").write_text(json.dumps(ADVICE), encoding="utf-8")
    told = tried_by_command(tmp_path, "--try", "plan-advice@3", "--at", "2026-12-01", **environment)
    assert [each["versions"] for each in told["tried"]] == ["in force", "plan-advice@3"]


# --- the command --------------------------------------------------------------------------------------------------


def command(folder: Path, *arguments: str, **more: str) -> Any:
    (folder / "facts.json").write_text(json.dumps(ADVICE), encoding="utf-8")
    asking = ("decide", "plan-advice", "--subject", "C-9", "--facts", "facts.json", "--dry-run")
    return ordain_here(folder, *asking, *arguments, **more)


def tried_by_command(folder: Path, *arguments: str, **more: str) -> Any:
    done = command(folder, *arguments, "--json", **more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_command_tries_drafts_and_records_nothing(policies: Path, tmp_path: Path) -> None:
    version(policies, 2)
    told = tried_by_command(tmp_path, "--try", "plan-advice@2", "--at", "2026-06-01", ORDAIN_POLICIES=str(policies))
    assert [each["versions"] for each in told["tried"]] == ["in force", "plan-advice@2"]
    assert "outcome.advice.action" in {each["what"] for each in told["differs"]}
    assert not (tmp_path / "ordain.db").exists()


def test_people_see_a_column_for_each_and_where_they_differ(policies: Path, tmp_path: Path) -> None:
    version(policies, 2)
    shown = command(tmp_path, "--try", "plan-advice@2", "--at", "2026-06-01", ORDAIN_POLICIES=str(policies)).stdout
    (row,) = (line for line in shown.splitlines() if "advice.action" in line and "│" in line)
    assert "≠ advice.action" in row
    assert "plan up" in row
    assert "differs: advice.action, " in shown
    assert shown.rstrip().endswith("dry run: nothing is on record")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--try", "plan-advice@9"], "`plan-advice` has no version 9"),
        (["--try", "bogus@1"], "the service `plan-advice` asks no policy `bogus`"),
    ],
)
def test_the_command_refuses_versions_that_there_are_not(tmp_path: Path, arguments: list[str], told: str) -> None:
    done = command(tmp_path, *arguments, "--at", "2026-06-01")
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_a_version_is_tried_in_a_dry_run_alone(tmp_path: Path) -> None:
    asking = ("decide", "plan-advice", "--subject", "C-9", "--facts", "facts.json", "--try", "plan-advice@1")
    done = ordain_here(tmp_path, *asking)
    assert done.returncode == 2
    assert "--try is for trials: it goes with --dry-run" in done.stderr
