"""Roll-outs over HTTP: by whose right, what is answered, and what is said to a slip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from office import Office, office_in

GUARDRAIL = {"metric": "fee", "may not": "rise", "pause": "5 percent", "revert": "10 percent"}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Version 2 is approved."""
    with office_in(tmp_path) as office:
        office.write("asha", 2)
        office.approved(2)
        yield office


def test_a_roll_out_is_begun_shown_paused_resumed_and_ended(office: Office) -> None:
    path = "/fees/versions/2/rollout"
    assert office.get("rita", "/fees/rollout") == {"policy": "fees", "rollout": None}
    asked = {"steps": [1, "2.5", 50], "every": "12h", "guardrails": [GUARDRAIL], "reason": "a part first"}
    office.refused("asha", path, 403, json=asked)
    made = office.post("bela", path, **asked)
    assert (made["step"], made["who"], made["rollout"]["action"], made["newly_needed"]) == (
        *("rollout", "bela", "start"),
        [],
    )
    assert [stage["percent"] for stage in made["rollout"]["stages"]] == ["1", "2.5", "50"]
    shown = office.get("rita", "/fees/rollout")["rollout"]
    assert (shown["percent"], shown["version"], shown["entry_id"]) == ("1", 2, made["entry_id"])
    assert office.states() == {1: "active", 2: "rolling out"}
    assert office.post("chen", "/fees/rollout/share", percent=10)["rollout"]["stages"][0]["percent"] == "10"
    assert office.post("chen", "/fees/rollout/pause", reason="a look")["rollout"]["action"] == "pause"
    assert office.post("bela", "/fees/rollout/resume", reason="fine")["rollout"]["action"] == "resume"
    assert office.refused("bela", "/fees/rollout/revert", 400)["code"] == "MalformedRequest"
    assert office.post("bela", "/fees/rollout/revert", reason="enough")["rollout"]["action"] == "revert"
    assert office.get("rita", "/fees/rollout")["rollout"] is None
    steps = [each["rollout"]["action"] for each in office.get("rita", "/fees/history")["steps"] if "rollout" in each]
    assert steps == ["start", "share", "pause", "resume", "revert"]


def test_a_shadow_takes_no_approval(office: Office) -> None:
    office.write("asha", 3)
    office.post("asha", "/fees/versions/3/submit")
    made = office.post("chen", "/fees/versions/3/rollout", shadow=True, share="20 %")
    assert made["rollout"]["stages"][0]["percent"] == "20"
    assert made["rollout"]["shadow"] is True
    assert office.states()[3] == "shadow"


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The same, for what begins nothing."""
    with office_in(tmp_path_factory.mktemp("untouched")) as office:
        office.write("asha", 2)
        office.approved(2)
        yield office


@pytest.mark.parametrize(
    ("asked", "status", "text"),
    [
        ({"steps": [5, 1], "every": "7d"}, 400, "1 % after 5 %"),
        ({"steps": [1, 5]}, 400, "nothing says when each begins"),
        ({"steps": "1,5"}, 400, "`steps` is"),
        ({"steps": [True]}, 400, "`True` is no share"),
        ({"steps": [None]}, 400, "`None` is no share"),
        ({"steps": [1e-9]}, 400, "is no share"),
        ({"steps": [101]}, 400, "`101` is no share"),
        ({}, 400, "`steps` is not said"),
        ({"every": "7d"}, 400, "`steps` is not said"),
        ({"share": 5}, 400, "`steps` is not said"),
        ({"every": 7, "steps": [1]}, 400, "`7` is no period"),
        ({"steps": [1], "from": "soon"}, 400, "`from` is"),
        ({"steps": [1], "where": ["north"]}, 400, "`where` is no object"),
        ({"steps": [1], "where": {"region": "north"}}, 400, "no values of `region`"),
        ({"steps": [1], "where": {"regio": ["north"]}}, 409, "there is no fact `regio`"),
        ({"shadow": "yes"}, 400, "`shadow` is"),
        ({"steps": [1], "guardrails": "fee"}, 400, "`guardrails` is no list"),
        ({"steps": [1], "guardrails": [{"metric": "fee"}]}, 400, "lacks `may not`"),
        ({"steps": [1], "guardrails": [{**GUARDRAIL, "metric": "fe"}]}, 409, "measured as `fe`"),
        ({"steps": [1], "guardrails": [GUARDRAIL, GUARDRAIL]}, 400, "two guardrails"),
        ({"stepps": [1]}, 400, "stepps"),
        ({"shadow": True, "guardrails": [GUARDRAIL]}, 400, "nobody is answered by what is tried beside"),
    ],
)
def test_a_slip_is_told_and_nothing_is_begun(untouched: Office, asked: dict[str, Any], status: int, text: str) -> None:
    error = untouched.refused("bela", "/fees/versions/2/rollout", status, json=asked)
    assert text in error["message"]
    assert untouched.get("rita", "/fees/rollout")["rollout"] is None


def test_what_there_is_not_is_not_found(untouched: Office) -> None:
    office = untouched
    assert office.refused("bela", "/fess/rollout/pause", 404)["code"] == "UnknownPolicy"
    assert office.refused("bela", "/fees/versions/9/rollout", 404, json={"steps": [1]})["code"] == "UnknownPolicy"
    assert office.refused("bela", "/fees/rollout/pause", 409, json={"reason": "x"})["code"] == "StepRefused"
    assert office.refused("quoting", "/fees/rollout/pause", 403)["code"] == "NotPermitted"
