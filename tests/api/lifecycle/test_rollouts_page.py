"""The console's page of all roll-outs that are on: shares, schedules, guardrails, pauses, what is tried beside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from office import Office, office_in

GUARDRAIL = {"metric": "fee", "may not": "rise", "pause": "5 percent", "revert": "10 percent"}
MARKUP = """<script>alert(1)</script>"><img src=x onerror=alert(1)>'"""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Version 2 is approved."""
    with office_in(tmp_path) as office:
        office.write("asha", 2)
        office.approved(2)
        yield office


def page(office: Office, who: str, kind: str = "application/json") -> Any:
    headers = {**office.headers[who], "Accept": kind}
    told = office.client.get("/console/rollouts", headers=headers)
    assert told.status_code == 200, told.data
    return told.get_json() if kind == "application/json" else told.get_data(as_text=True)


def test_what_is_on_is_listed_with_what_comes_next_and_a_pause_stops_that(office: Office) -> None:
    assert page(office, "rita")["rollouts"] == []
    assert "Nothing is rolled out" in page(office, "rita", "text/html")
    asked = {"steps": [1, "2.5", 50], "every": "12h", "guardrails": [GUARDRAIL], "reason": MARKUP}
    office.post("bela", "/fees/versions/2/rollout", **asked)
    (on,) = page(office, "rita")["rollouts"]
    assert (on["policy"], on["version"], on["percent"], on["next"]["percent"]) == ("fees", 2, "1", "2.5")
    assert [each["begun"] for each in on["stages"]] == [True, False, False]
    html = page(office, "chen", "text/html")
    assert "1 % of the customers" in html
    assert "5 percent" in html
    assert ("<script>alert" in html, "&lt;script&gt;alert" in html) == (False, True)
    office.post("chen", "/fees/rollout/pause", reason="a look")
    (on,) = page(office, "rita")["rollouts"]
    assert (on["paused"], on["next"]) == (True, None)
    assert "until somebody resumes" in page(office, "rita", "text/html")
    office.post("chen", "/fees/rollout/revert", reason="enough")
    assert page(office, "rita")["rollouts"] == []


def test_a_shadow_is_told_as_one(office: Office) -> None:
    office.post("chen", "/fees/versions/2/rollout", shadow=True, share=20)
    (on,) = page(office, "rita")["rollouts"]
    assert (on["shadow"], on["percent"], on["next"]) == (True, "20", None)
    assert "beside, for 20 % of the customers" in page(office, "rita", "text/html")


def test_who_may_not_read_policies_is_refused_and_has_no_entry_of_the_menu(office: Office) -> None:
    headers = {**office.headers["app"], "Accept": "text/html"}
    assert office.client.get("/console/rollouts", headers=headers).status_code == 403
    assert 'href="/console/rollouts"' not in office.client.get("/console", headers=headers).get_data(as_text=True)
