"""`/readyz`: what makes a server not ready, what is told only, and that it is told without a look at any disk."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from served import settings_in

from ordain.api.fitness import SILENT
from ordain.api.http.readiness import readiness
from ordain.api.ledger import open_for
from ordain.api.limits import LIMITS
from ordain.api.services import Services, wire
from ordain.audit.shared_writer.meeting_place import MeetingPlace
from ordain.audit.shared_writer.service import WriterService

READY = {"ready": True, "loading": []}


def _told(use: Services) -> tuple[int, dict[str, Any]]:
    use.fitness.look()
    status, body = readiness(use)
    return status, json.loads(body)


def test_a_ledger_that_is_there_is_ready(use: Services) -> None:
    assert _told(use) == (200, READY)


def test_a_ledger_that_was_taken_away_is_not_and_is_once_it_is_back(use: Services, client: FlaskClient) -> None:
    file = Path(use.settings.database_url.removeprefix("sqlite:///"))
    file.rename(file.with_suffix(".away"))
    status, told = _told(use)
    assert status == 503
    (fault,) = told["lacks"]
    assert "ordain.db" in fault
    assert client.get("/readyz").status_code == 503
    file.with_suffix(".away").rename(file)
    assert _told(use) == (200, READY)
    assert client.get("/readyz").get_json() == READY


def test_a_disk_that_is_nearly_full_is_not(use: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    total = shutil.disk_usage(use.settings.database_url.removeprefix("sqlite:///")).total
    monkeypatch.setattr("ordain.api.fitness.LIMITS", replace(LIMITS, disk_free=total + 1))
    status, told = _told(use)
    assert (status, told["ready"]) == (503, False)
    assert f"MiB free, less than {(total + 1) >> 20}" in told["lacks"][0]


def test_a_writer_that_has_not_spoken_yet_is_waited_for_and_one_that_is_started_again_is_not(tmp_path: Path) -> None:
    settings, place = settings_in(tmp_path), MeetingPlace()
    opened = open_for(settings)
    use = wire(replace(settings, busy_seconds=0.05), writer=place.folder / "writer")
    try:
        silent = (503, {"ready": False, "loading": [], "lacks": [SILENT]})
        assert _told(use) == silent
        writer = WriterService(opened, place.listening, 5.0)
        writer.start()
        assert _told(use) == (200, READY)
        writer.finish()
        place.remove()
        assert _told(use) == (200, READY), "decisions wait for the next one"
    finally:
        use.ledger.close()
        opened.close()


def test_what_no_other_server_does_better_is_told_and_no_reason(use: Services) -> None:
    use.ledger.checkpointer.fault = "the signing key is another one"
    use.ledger.checkpointer.unanchored = {"/mnt/anchors": "it is not mounted"}
    status, told = _told(replace(use, not_reloaded=("a.yaml:1:1: wrong",)))
    faults = ["not signed: the signing key is another one", "not anchored in /mnt/anchors: it is not mounted"]
    assert (status, told) == (200, {**READY, "not_reloaded": ["a.yaml:1:1: wrong"], "faults": faults})


def test_who_may_not_know_is_told_no_reason(use: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ordain.api.fitness.LIMITS", replace(LIMITS, disk_free=1 << 62))
    use.fitness.look()
    assert readiness(use, in_full=False) == (503, b'{"ready":false}')


def test_nothing_is_looked_at_for_an_answer(use: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that hangs holds up no probe."""

    def hangs(*_: object) -> None:
        raise AssertionError("it was asked")

    monkeypatch.setattr(type(use.ledger.store), "reading", hangs)
    monkeypatch.setattr("ordain.api.fitness.shutil.disk_usage", hangs)
    assert readiness(use)[0] == 200
