"""A record whose texts are lost is shown and explained over HTTP and on the command line as far as it is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from answers import ADVICE, body
from flask.testing import FlaskClient
from served import ordain_here

from ordain.api.services import Services
from ordain.audit.entry.plan_text import PLAN
from ordain.audit.ledger.restoring import NOT_RESTORED
from ordain.audit.store.rows import DOCUMENT

KINDS = ("policy", "vocabulary", "services", PLAN)


def lose(use: Services, kind: str) -> None:
    with use.ledger.store.transaction() as connection:
        connection.execute(sa.delete(DOCUMENT).where(DOCUMENT.c.kind == kind))


def ask(client: FlaskClient, decision_id: str, what: str = "") -> dict[str, Any]:
    answer = client.get(f"/v1/decisions/{decision_id}{what}")
    assert answer.status_code == 200, answer.data
    data: dict[str, Any] = answer.get_json()
    return data


@pytest.mark.parametrize("kind", KINDS)
def test_every_route_of_a_record_tells_what_is_known_of_it(client: FlaskClient, use: Services, kind: str) -> None:
    decision = client.post("/v1/decisions/plan-advice", data=body(ADVICE)).get_json()
    lose(use, kind)
    decision_id = decision["decision_id"]
    record, explained = ask(client, decision_id), ask(client, decision_id, "/explanation")
    assert "the ledger does not hold the text of" in record[NOT_RESTORED]
    assert record["private_part"] == "readable"
    assert explained[NOT_RESTORED] == record[NOT_RESTORED]
    if kind != PLAN:  # which has the codes
        assert {"code": "plan-advice@1/nearly-full"} in explained["reasons"]
        assert "`plan-advice@1/nearly-full`" in explained["text"]
    assert "so the default applied" not in explained["text"]
    assert ask(client, decision_id, "/why-not") == {
        "private_part": "readable",
        "rules": [],
        NOT_RESTORED: record[NOT_RESTORED],
    }
    assert [differs["part"] for differs in ask(client, decision_id, "/replay")["differs"]] == ["policy"]
    if kind != PLAN:
        assert record["outcome"] == decision["outcome"]
        assert "action: plan up" in explained["text"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_commands_tell_what_is_known_of_it(tmp_path: Path, use: Services, client: FlaskClient, kind: str) -> None:
    decision_id = client.post("/v1/decisions/plan-advice", data=body(ADVICE)).get_json()["decision_id"]
    lose(use, kind)
    more = {"ORDAIN_KEYS": str(use.settings.keys), "ORDAIN_TENANT": "tests"}

    def run(*arguments: str) -> str:
        done = ordain_here(tmp_path, *arguments, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    text = run("audit", "explain", decision_id, "--why-not")
    assert "This record can no longer be told in full" in text
    assert text.endswith("## Rules that did not fire\n\nThis can no longer be told.\n")
    data = json.loads(run("audit", "explain", decision_id, "--json"))
    shown = json.loads(run("audit", "show", decision_id, "--json"))
    [found] = map(json.loads, run("audit", "search", "--subject", "C-1", "--json").splitlines())
    assert data[NOT_RESTORED] == shown["private"][NOT_RESTORED] == found[NOT_RESTORED]
    replayed = ordain_here(tmp_path, "replay", decision_id, **more)
    assert replayed.returncode == 1
    assert "names other models" not in replayed.stdout
