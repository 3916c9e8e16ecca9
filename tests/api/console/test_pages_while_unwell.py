"""Pages while something is away: what can be told is told, a line says what cannot, and a customer's page stays one."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from answers import ADVICE, body
from any_time import at_any_time
from flask.testing import FlaskClient
from served import settings_in

from ordain.api.http.app import app_for
from ordain.api.services import Services, wire
from ordain.engine.errors import LedgerUnavailable

PAGE = {"Accept": "text/html"}


class Away:
    """In the place of what is asked for alerts."""

    def now(self) -> None:
        raise LedgerUnavailable("the ledger is away")


@pytest.fixture
def use(tmp_path: Path) -> Iterator[Services]:
    policies = Path(shutil.copytree(at_any_time(), tmp_path / "policies"))
    made = wire(settings_in(tmp_path, policies=policies))
    yield made
    made.close()


def client_of(use: Services) -> FlaskClient:
    return app_for(use).test_client()


def decided(client: FlaskClient) -> str:
    told = client.post("/v1/decisions/plan-advice", data=body(ADVICE, subject="C-1"))
    return str(told.get_json()["decision_id"])


def test_home_says_in_a_line_that_alerts_cannot_be_read_and_shows_the_rest(use: Services) -> None:
    app = app_for(use)
    decided(app.test_client())
    app.extensions["ordain_alerts"] = Away()
    told = app.test_client().get("/console", headers=PAGE)
    assert told.status_code == 200
    assert b"Some of this page cannot be told now: the ledger is away." in told.data
    assert b"Decisions by hour" in told.data
    assert app.test_client().get("/console?as=json").get_json()["unwell"] == ["the ledger is away"]


def test_home_and_evidence_say_once_that_the_ledger_cannot_be_read(
    use: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(use)
    decided(client)

    def away(*_: object) -> None:
        raise LedgerUnavailable("the ledger cannot be read")

    for name in ("entries", "size", "envelope", "told_of"):
        monkeypatch.setattr(type(use.ledger.reader), name, away)
    for page in ("/console", "/console/evidence"):
        told = client.get(page, headers=PAGE)
        assert told.status_code == 200, told.data
        assert told.data.count(b"cannot be told now: the ledger cannot be read") == 1
        assert b"do not have the right" not in told.data


def test_home_is_there_while_the_folder_of_policies_is_not(use: Services, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "policies")
    told = client_of(use).get("/console", headers=PAGE)
    assert (told.status_code, b"there is no policies directory" in told.data) == (200, True)


def test_a_link_that_cannot_be_recorded_now_is_a_page_that_says_to_try_again(use: Services, tmp_path: Path) -> None:
    client = client_of(use)
    made = client.post(f"/v1/decisions/{decided(client)}/link", json={}).get_json()["url"]
    path = made[made.index("/price/") :]
    lock = sqlite3.connect(tmp_path / "ordain.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        told = client.get(path)
    finally:
        lock.rollback()
        lock.close()
    assert (told.status_code, told.mimetype) == (503, "text/html")
    assert told.headers["Retry-After"]
    assert b"try again in some minutes" in told.data
    assert b"Your rights" not in told.data
    assert b"ordain.db" not in told.data
    assert told.headers["Referrer-Policy"] == "no-referrer"
    assert client.get(path).status_code == 200
