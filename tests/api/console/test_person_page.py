"""A person's page: what holds now, risk and consents as badges, and what an erasure would do before it is asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from answers import ADVICE, RETENTION, body
from flask.testing import FlaskClient
from served import install_models, settings_in

from ordain.api.http.app import app_for
from ordain.api.services import wire
from ordain.models.ingest.invented import records
from ordain.models.store.store import FeatureStore

PAGE = {"Accept": "text/html"}
NIGHT = "2026-06-01T23:30:00+05:30"
KNOWN = "SYNTHETIC-00001"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[FlaskClient]:
    """SYNTHETIC customers in the feature store, and a live model on SYNTHETIC rows."""
    folder = tmp_path_factory.mktemp("person")
    install_models(models, folder)
    events, snapshots = records(5, 1, dt.datetime.now(dt.UTC))
    with FeatureStore(f"sqlite:///{folder}/features.db") as store:
        store.add(events)
        store.put(snapshots)
    use = wire(settings_in(folder))
    yield app_for(use).test_client()
    use.close()


def decided(client: FlaskClient, subject: str) -> None:
    assert client.post("/v1/decisions/plan-advice", data=body(ADVICE, subject=subject)).status_code == 200


def standing(client: FlaskClient, subject: str) -> dict[str, Any]:
    told = client.get(f"/v1/audit/subjects/{subject}/standing")
    assert told.status_code == 200, told.data
    data: dict[str, Any] = told.get_json()
    return data


def page(client: FlaskClient, subject: str) -> str:
    told = client.get(f"/console/people/{subject}", headers=PAGE)
    assert told.status_code == 200, told.data
    return str(told.data.decode())


def step(client: FlaskClient, subject: str, what: str, **more: str) -> None:
    told = client.post(f"/v1/audit/subjects/{subject}/{what}", json={"reason": "a court asks", **more})
    assert told.status_code == 200, told.data


def test_a_hold_is_told_and_the_page_offers_only_to_end_it(client: FlaskClient) -> None:
    decided(client, "C-held")
    assert (standing(client, "C-held")["hold"], standing(client, "C-held")["since"]) == (False, None)
    assert "No hold stands." in page(client, "C-held")
    assert "End the hold" not in page(client, "C-held")
    step(client, "C-held", "hold")
    told = standing(client, "C-held")
    assert (told["hold"], told["would"], bool(told["since"])) == (True, "held", True)
    html = page(client, "C-held")
    assert ">legal hold</span>" in html
    assert "Put under a hold" not in html
    step(client, "C-held", "release")
    assert (standing(client, "C-held")["hold"], standing(client, "C-held")["since"]) == (False, None)


@pytest.mark.parametrize("days", [0, 40])
def test_what_an_erasure_would_do_is_what_it_then_does(tmp_path: Path, days: int) -> None:
    use = wire(settings_in(tmp_path, keep_days=days))
    client = app_for(use).test_client()
    decided(client, "C-1")
    decided(client, "C-1")
    before = standing(client, "C-1")
    assert (before["decisions"], before["entries"] >= 2) == (2, True)
    assert f"decisions among them: {before['decisions']}" in page(client, "C-1")
    done = client.post("/v1/audit/subjects/C-1/erase", json={"reason": "request"}).get_json()
    use.close()
    assert done["status"] == before["would"] == ("restricted" if days else "erased")
    assert done["not_before"] == (before["erasable"] if days else None)


def test_asked_to_be_erased_later_is_shown_with_its_day(client: FlaskClient) -> None:
    decided(client, "C-later")
    step(client, "C-later", "erase", not_before="2099-01-01")
    told = standing(client, "C-later")
    assert (told["not_before"], told["would"], told["erasable"]) == ("2099-01-01", "restricted", "2099-01-01")
    assert "to be erased from 2099-01-01 on" in page(client, "C-later")


def test_a_verdict_that_can_no_longer_be_told_is_not_shown_as_another(client: FlaskClient) -> None:
    for subject, more in (("C-restricted", {"not_before": "2099-01-01"}), ("C-erased", {})):
        told = client.post("/v1/decisions/retention", data=body(RETENTION, subject=subject, at=NIGHT)).get_json()
        assert told["verdict"] == "deny"
        step(client, subject, "erase", **more)
        pages = [f"/console/decisions/{told['decision_id']}", "/console/decisions?service=retention"]
        pages += [f"/console/people/{subject}"] if more else []
        for at in pages:
            html = client.get(at, headers=PAGE).data.decode()
            assert "no longer told</span>" in html, at
            assert ">decided</span>" not in html
            assert ">None</span>" not in html


def test_home_counts_what_can_no_longer_be_told_apart(client: FlaskClient) -> None:
    before = client.get("/console?as=json").get_json()["recent"]["by_verdict"]
    decided(client, "C-counted")
    step(client, "C-counted", "erase")
    after = client.get("/console?as=json").get_json()["recent"]["by_verdict"]
    assert after["no longer told"] == before.get("no longer told", 0) + 1
    assert after.get("decided", 0) == before.get("decided", 0)


@pytest.mark.parametrize("subject", ["C-nobody", "%00", "a%0Ab", "%F0%9F%98%80", "x" * 5000])
def test_of_who_is_not_known_nothing_is_told_and_the_page_says_so(client: FlaskClient, subject: str) -> None:
    told = client.get(f"/v1/audit/subjects/{subject}/standing")
    assert told.status_code in (400, 404), told.data
    answer = client.get(f"/console/people/{subject}", headers=PAGE)
    assert answer.status_code in (200, 400, 404), answer.data
    if answer.status_code == 200:
        assert "The ledger has nothing about this customer" in answer.data.decode()


def test_reading_how_somebody_stands_is_on_record_under_the_persons_key(client: FlaskClient) -> None:
    decided(client, "C-noted")
    standing(client, "C-noted")
    told = client.get("/v1/audit/search?subject=C-noted&kind=read").get_json()["entries"]
    assert "http standing" in [each["about"]["action"] for each in told]


def test_risk_segment_and_consents_are_badges(client: FlaskClient) -> None:
    html = page(client, KNOWN)
    assert "the customer objected to direct marketing: " in html
    risk = client.get(f"/console/risk-of/{KNOWN}?as=json").get_json()
    assert risk["row"] is not None or risk["left_out"] == ["objected"]
    others = client.get("/v1/models/churn/at-risk").get_json()["rows"]
    known = others[0]["subject"]
    alone = client.get(f"/v1/models/churn/at-risk?subject={known}").get_json()
    assert alone["rows"] == [others[0]]
    part = client.get(f"/console/risk-of/{known}", headers=PAGE).data.decode()
    assert f"risk of leaving: {others[0]['level']}" in part
    assert "segment: " in part


def test_who_the_feature_store_does_not_know_has_no_risk_and_leaves_no_name(client: FlaskClient) -> None:
    part = client.get("/console/risk-of/C-unknown-77", headers=PAGE).data.decode()
    assert "does not know this customer" in part
    found = client.get("/v1/audit/search?kind=read&opened=true&order=newest&limit=3").get_json()["entries"]
    assert "C-unknown-77" not in str(found)


def test_a_part_of_a_page_that_is_asked_alone_is_a_part(client: FlaskClient) -> None:
    assert b"<html" not in client.get(f"/console/risk-of/{KNOWN}", headers=PAGE).data
