"""A person is erased from the feature store first, and given what it has: nothing half-done is called done."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import psycopg
import pytest
from answers import ADVICE, error_in
from databases import database_on, server
from flask.testing import FlaskClient
from served import ordain_here, settings_in

from ordain.api.http.app import app_for
from ordain.api.services import Services, wire
from ordain.audit.entry.entry import Kind

ERASE = "/v1/audit/subjects/C-1/erase"
WHY = {"reason": "request 4711"}
EVENTS = [
    {"event_id": "e1", "subject": "C-1", "kind": "usage", "happened_at": "2026-05-01T10:00:00Z", "gb": 1},
    {"event_id": "e2", "subject": "C-2", "kind": "usage", "happened_at": "2026-05-01T10:00:00Z", "gb": 1},
    {"subject": "C-1", "snapshot": "crm", "happened_at": "2026-05-01T10:00:00Z", "plan": "basic"},
    {"subject": "C-1", "kind": "usage", "happened_at": "never", "gb": 1},
]
ALL = {"events": 1, "snapshots": 1, "kept": 0, "quarantined": 1}


def known(client: FlaskClient, decided: bool = True) -> None:
    assert client.post("/v1/events", json=EVENTS).get_json()["added"] == 3
    if decided:
        ask = {"subject": "C-1", "facts": ADVICE}
        assert client.post("/v1/decisions/plan-advice", json=ask).status_code == 200


def has(use: Services, subject: str = "C-1") -> bool:
    told = use.features.opened().export(subject)
    return bool(told["events"] or told["snapshots"] or told["quarantined"])


def private_of(use: Services, kind: Kind) -> dict[str, Any]:
    use.ledger.settle()
    *_, last = [record for record in use.ledger.reader.records() if record.envelope["kind"] == kind]
    assert last.private is not None
    return dict(last.private)


def test_who_is_erased_is_gone_from_the_store_and_others_stay(asking: FlaskClient, stored: Services) -> None:
    known(asking)
    assert asking.post(ERASE, json=WHY).get_json()["status"] == "erased"
    assert (has(stored), has(stored, "C-2")) == (False, True)
    assert private_of(stored, Kind.ERASURE)["features"] == ALL
    again = asking.post(ERASE, json=WHY)
    assert (again.status_code, error_in(again.data)["code"]) == (404, "UnknownSubject")


def test_who_is_known_to_the_store_alone_is_erased_and_that_is_on_record(asking: FlaskClient, stored: Services) -> None:
    known(asking, decided=False)
    told = asking.post(ERASE, json=WHY).get_json()
    assert (told["status"], told["entries"]) == ("erased", 0)
    assert not has(stored)
    assert private_of(stored, Kind.ERASURE)["features"] == ALL
    verified = asking.post("/v1/audit/verify").get_json()
    assert (verified["holds"], verified["findings"]) == (True, [])


def test_while_records_must_be_kept_the_store_has_nothing_more(asking: FlaskClient, stored: Services) -> None:
    known(asking)
    later = (stored.ledger.now() + dt.timedelta(days=3)).date().isoformat()
    assert asking.post(ERASE, json={**WHY, "not_before": later}).get_json()["status"] == "restricted"
    assert not has(stored)
    stored.ledger.settle()


def test_under_a_hold_both_stay_and_both_go_once_it_is_released_and_due(tmp_path: Path) -> None:
    use = wire(settings_in(tmp_path))
    client = app_for(use).test_client()
    try:
        known(client)
        client.post("/v1/audit/subjects/C-1/hold", json=WHY)
        assert client.post(ERASE, json=WHY).get_json()["status"] == "held"
        assert has(use), "what may be evidence stays"
        client.post("/v1/audit/subjects/C-1/release", json=WHY)
        assert has(use)
    finally:
        use.close()
    due = ordain_here(tmp_path, "audit", "erase", "--due", "--yes", "--json", "--reason", "their day has come")
    assert due.returncode == 0, due.stdout + due.stderr
    use = wire(settings_in(tmp_path))
    try:
        assert not has(use)
    finally:
        use.close()


def test_while_the_store_is_away_nothing_is_erased_and_asking_again_finishes_it(tmp_path: Path) -> None:
    """The database of features is closed to connections meanwhile, and then opened again."""
    with database_on(server()) as url:
        name = url.rpartition("/")[2]
        use = wire(settings_in(tmp_path, features_url=url, busy_seconds=1.0))
        try:
            client = app_for(use).test_client()
            known(client)
            use.features.close()
            _allow(name, False)
            refused = client.post(ERASE, json=WHY)
            assert (refused.status_code, error_in(refused.data)["code"]) == (503, "FeaturesUnavailable")
            assert "is not erased" in error_in(refused.data)["message"]
            page = client.get("/v1/subjects/C-1/decisions").get_json()["decisions"]
            assert [row["private_part"] for row in page] == ["readable"]
            _allow(name, True)
            assert client.post(ERASE, json=WHY).get_json()["status"] == "erased"
            assert not has(use)
        finally:
            use.close()


def _allow(name: str, allowed: bool) -> None:
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}".encode())


def test_the_command_erases_from_both_and_leaves_nothing_in_the_file(tmp_path: Path) -> None:
    use = wire(settings_in(tmp_path))
    known(app_for(use).test_client())
    use.close()
    erased = ordain_here(tmp_path, "audit", "erase", "C-1", "--yes", "--json")
    assert (erased.returncode, json.loads(erased.stdout)["status"]) == (0, "erased"), erased.stderr
    for file in tmp_path.glob("features.db*"):
        assert b"C-1" not in file.read_bytes(), file.name
    with sqlite3.connect(tmp_path / "features.db") as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (1,)


@pytest.mark.parametrize("decided", [True, False])
def test_the_package_of_a_person_has_what_the_store_knows(tmp_path: Path, decided: bool) -> None:
    use = wire(settings_in(tmp_path))
    known(app_for(use).test_client(), decided)
    use.close()
    done = ordain_here(tmp_path, "audit", "package", "C-1", "c1.zip", "--json")
    assert done.returncode == 0, done.stderr
    assert {name: json.loads(done.stdout)[name] for name in ("decisions", "events")} == {
        **{"decisions": int(decided), "events": 1}
    }
    with zipfile.ZipFile(tmp_path / "c1.zip") as archive:
        known_of = json.loads(archive.read("what-we-know.json"))
    assert [event["fields"] for event in known_of["events"]] == [{"gb": "1"}]
    assert [snapshot["fields"] for snapshot in known_of["snapshots"]] == [{"plan": "basic"}]
    assert len(known_of["quarantined"]) == 1
    reads = ordain_here(tmp_path, "audit", "search", "--kind", "read", "--open", "--json")
    assert '"package"' in reads.stdout
    nobody = ordain_here(tmp_path, "audit", "package", "C-9", "c9.zip")
    assert nobody.returncode == 2
