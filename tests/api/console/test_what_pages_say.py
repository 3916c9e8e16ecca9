"""Pages say what is so: what was refused is no outcome, rules kept to are no reasons, a letter is a letter."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from answers import RETENTION, body
from flask.testing import FlaskClient
from served import settings_in

from ordain.api.console.letter_shown import letter_html
from ordain.api.console.rendering import plainly
from ordain.api.http.app import app_for
from ordain.api.services import wire

PAGE = {"Accept": "text/html"}
NIGHT = "2026-06-01T23:30:00+05:30"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    use = wire(settings_in(tmp_path_factory.mktemp("said")))
    yield app_for(use).test_client()
    use.close()


def denied(client: FlaskClient) -> str:
    told = client.post("/v1/decisions/retention", data=body(RETENTION, subject="C-1", at=NIGHT))
    assert told.get_json()["verdict"] == "deny"
    return str(told.get_json()["decision_id"])


def test_what_was_computed_and_refused_is_not_shown_as_what_the_customer_gets(client: FlaskClient) -> None:
    page = client.get(f"/console/decisions/{denied(client)}", headers=PAGE).data.decode()
    assert "this was computed and is not what the customer gets" in page


def test_rules_that_deny_come_first_and_those_that_were_kept_to_are_folded_away(client: FlaskClient) -> None:
    page = client.get(f"/console/decisions/{denied(client)}", headers=PAGE).data.decode()
    made, _, kept = page.partition("rules that were checked, and were kept to")
    made = made[made.index("Rules that made it") :]
    assert "house-quiet-hours" in made
    assert made.index("house-quiet-hours") < made.index("critical-high-value")
    assert "house-objection" not in made
    assert "house-objection" in kept.partition("</details>")[0]


def test_a_letter_is_shown_as_the_person_reads_it(client: FlaskClient) -> None:
    page = client.get(f"/console/decisions/{denied(client)}", headers=PAGE).data.decode()
    letter = page[page.index('class="letter"') :]
    assert "<h4>Your rights</h4>" in letter
    assert "**" not in letter
    assert letter_html("# a\n\n###### b\n\n<script>alert(1)</script>", 2) == (
        "<h3>a</h3>\n<h6>b</h6>\n<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"
    )


@pytest.mark.parametrize("seed", ["42", '"; touch owned; "', "$(touch owned)", "`touch owned`", "it's", "%s %d", "\\"])
def test_the_command_by_which_a_reviewer_checks_a_sample_runs_nothing_of_the_seed(
    client: FlaskClient, tmp_path: Path, seed: str
) -> None:
    told = client.get("/console/evidence/sample", query_string={"seed": seed, "as": "json"}).get_json()
    command = told["check"].replace(" | sha256sum", "")
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"{seed}:ENTRY_ID"
    assert list(tmp_path.iterdir()) == []
    assert shlex.split(command)[2] == seed


def test_what_is_not_there_in_an_object_is_left_out() -> None:
    assert plainly({"id": None, "price": {"amount": "5.00", "currency": "INR"}, "until": None}) == "price: 5.00 INR"
    assert plainly({"id": None}) == "–"
    assert json.dumps(plainly([])) == '"none"'
