"""Tables over HTTP: grids, sheets, rules edited as rows, and examples with what they reach."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from any_time import SHIPPED
from office import YAML, Office, adopted, keys_in

from ordain.api.services import wire

AT = "/retention-offer/versions/1/tables"
EDIT = {"table": "offer", "rule": "elevated-risk", "cells": {"then: discount_percent": "5"}}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The shipped policies, each active."""
    folder = tmp_path_factory.mktemp("tables")
    shutil.copytree(SHIPPED, folder / "policies")
    headers, settings = keys_in(folder), adopted(folder)
    use = wire(settings)
    yield Office(use, headers)
    use.close()


def edited(office: Office, *edits: dict[str, Any], **more: Any) -> Any:
    return office.post("asha", AT, edits=list(edits), **more)


def test_the_tables_of_a_version_are_told_as_grids_and_as_sheets(office: Office) -> None:
    grids = office.get("rita", AT)
    sheets = office.get("rita", f"{AT}?form=sheets")
    assert grids["digest"] == sheets["digest"]
    (grid,), (sheet,) = grids["tables"], sheets["tables"]
    assert grid["columns"][1] == {"part": "when", "text": "churn_risk", "about": ""}
    headings = [each["text"] for each in sheet["headings"]]
    assert headings[:2] == ["id", "when: churn_risk"]
    assert sheet["rows"][1][headings.index("then: discount_percent")] == "30"
    assert "personal call" in sheet["headings"][headings.index("then: action")]["values"]
    risk, discount = (
        sheet["headings"][headings.index(name)] for name in ("when: churn_risk", "then: discount_percent")
    )
    assert (risk["type"], risk["unit"], risk["range"]) == ("number", "probability", "[0..1]")
    assert risk["meaning"] == "the probability that the customer leaves"
    assert (discount["type"], discount["values"], discount["meaning"]) == ("number", [], "")
    assert sheet["hit_policy"] == "first"
    promises = office.get("rita", "/grandfathering/versions/1/tables?form=sheets")["tables"]
    bounds = office.get("rita", "/price-bounds/versions/1/tables?form=sheets")["tables"]
    assert [each["hit_policy"] for each in (*promises, *bounds)][:2] == ["first", "collect"]


def test_a_rule_is_moved_and_its_findings_stand_where_it_is_then(office: Office) -> None:
    told = edited(office, {"table": "offer", "rule": "elevated-risk", "move": True})
    rows = [line.split("id: ")[1] for line in told["text"].splitlines() if line.strip().startswith("- id: ")]
    assert rows[0] == "elevated-risk"
    up = {"table": "offer", "rule": "elevated-risk", "move": "up"}
    refused = office.ask("asha", "POST", AT, json={"edits": [up]})
    assert refused.status_code == 400
    assert refused.get_json()["error"]["message"] == '`edits[0].move` is the text `"up"`'


def test_a_policy_of_formulas_alone_has_no_tables(office: Office) -> None:
    (policies := office.policies / "only-formulas").mkdir()
    text = (
        (SHIPPED / "retention-offer/v1.yaml")
        .read_text()
        .split("decides:")[0]
        .replace("retention-offer", "only-formulas")
    )
    text = text.replace("intervention", "decision").replace("decides without: [churn_risk]\n", "")
    text += "decides:\n  half: {gives: number, formula: plan_gb / 2}\n"
    text += "examples:\n  - given: {plan_gb: 2}\n    expect: {half: 1}\n"
    (policies / "v1.yaml").write_text(text)
    assert office.get("rita", "/only-formulas/versions/1/tables")["tables"] == []


def test_edited_rules_give_the_text_and_what_is_found_in_it(office: Office) -> None:
    told = edited(office, EDIT)
    before = office.get("asha", "/retention-offer/versions/1/text").decode()
    assert told["text"] == before.replace("campaign, discount_percent: 0", "campaign, discount_percent: 5")
    assert told["counts"]["error"] == 0
    assert office.get("asha", "/retention-offer/versions/1/text").decode() == before  # nothing is stored


def test_what_only_shows_in_the_whole_text_is_told_with_its_cell(office: Office) -> None:
    wrong = {**EDIT, "cells": {"then: discount_percent": "five"}}
    (row,) = edited(office, wrong, check="rows")["findings"]
    (cell,) = edited(office, wrong)["findings"]
    assert (row["rule"], row["heading"], row["number"]) == ("elevated-risk", "then: discount_percent", 0)
    assert (cell["rule"], cell["heading"], cell["number"]) == ("elevated-risk", "then: discount_percent", 5)
    loud = {"table": "offer", "rule": "critical-low-value", "cells": {"then: discount_percent": "11"}}
    assert edited(office, loud, check="rows")["findings"] == []
    assert any("example 3" in each["message"] for each in edited(office, loud)["findings"])


def test_cells_of_which_no_text_can_be_made_are_told_and_there_is_no_text(office: Office) -> None:
    told = edited(office, {**EDIT, "cells": {"id": "not-scored"}}, check="nothing")
    assert told["text"] is None
    assert any("appears twice" in each["message"] for each in told["findings"])


def test_another_text_than_that_which_was_read_is_not_edited(office: Office) -> None:
    error = office.refused("asha", AT, 412, json={"edits": [EDIT], "digest": "sha256:0"})
    assert error["code"] == "EditedMeanwhile"


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"edits": 7},
        {"edits": [7]},
        {"edits": [{"table": 7}]},
        {"edits": [{"table": "offer", "rules": "x"}]},
        {"edits": [{"table": "offer", "drop": "yes"}]},
        {"edits": [{"table": "offer", "cells": {"id": 7}}]},
        {"edits": [{"table": "nothing", "rule": "x"}]},
        {"edits": [{"table": "offer", "rule": "nothing"}], "check": "rows"},
        {"edits": [], "check": "some"},
        {"edits": [{"table": "offer"}] * 2_001},
    ],
)
def test_what_is_no_edit_is_refused(office: Office, sent: dict[str, Any]) -> None:
    assert office.refused("asha", AT, 400, json=sent)["code"] == "MalformedRequest"


def test_examples_are_told_with_what_is_decided_and_the_rules_that_they_reach(office: Office) -> None:
    told = office.get("rita", "/retention-offer/versions/1/examples")
    first = dict(zip(told["headings"], told["rows"][0], strict=True))
    assert (first["given: churn_risk"], first["actual: offer.action"], first["verdict"]) == (
        "0.85",
        "personal call",
        "ok",
    )
    assert {"table": "offer", "rule": "not-scored", "examples": [8]} in told["rules"]
    assert (told["percent"], told["failed"]) == (100, 0)


def test_a_text_may_be_larger_than_other_requests(office: Office) -> None:
    text = office.get("asha", "/retention-offer/versions/1/text") + b"# " + b"x" * 100_000 + b"\n"
    told = office.ask("asha", "POST", "/check", data=text, headers=YAML)
    assert (told.status_code, told.get_json()["counts"]["error"]) == (200, 0)
