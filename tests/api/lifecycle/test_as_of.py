"""Decisions at ten dates across five versions, one of them a late correction: both time axes, from a golden table."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from fees import Clock, activate, settings_of, write
from served import ROOT, ordain_here

from ordain.api.ask import make_ask
from ordain.api.decide import decide
from ordain.api.services import Services, wire
from ordain.engine.errors import NotInForce
from ordain.engine.gather import gather
from ordain.engine.lifecycle.turns import Turns

TABLE = yaml.safe_load((ROOT / "tests/cases/lifecycle/as_of.yaml").read_text())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("as_of")
    clock = Clock("2026-01-01")
    for each in TABLE["activations"]:
        write(made, each["version"])
        clock.set(str(each["recorded"]))
        later = each["from"] != each["recorded"]
        activate(settings_of(made), each["version"], clock, str(each["from"]) if later else None)
    return made


def moment(day: dt.date, time: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{day}T{time}+00:00")


def decided(use: Services, turns: Turns, at: dt.datetime) -> int | str:
    try:
        plan = replace(use.catalog, turns=turns).pick("quote", at)
    except NotInForce:
        return "none"
    outcome = plan.evaluate(gather({"base": 7}, plan.needs, use.vocabulary, {}), at).given()
    return int(outcome["fee"])


def test_what_decides_on_each_day_is_what_was_known_by_then(folder: Path) -> None:
    use = wire(settings_of(folder))
    assert use.lifecycle is not None
    turns = use.lifecycle.turns
    try:
        found = {
            day: [decided(use, turns.known(moment(known, "23:59")), moment(day, "18:00")) for known in TABLE["known"]]
            for day in TABLE["decides"]
        }
    finally:
        use.close()
    assert found == TABLE["decides"]
    assert len(found) == 10


def test_a_decision_for_a_past_day_is_made_as_is_known_now_and_its_record_names_the_version(folder: Path) -> None:
    use = wire(settings_of(folder))
    try:
        for day, row in TABLE["decides"].items():
            at = moment(day, "18:00")
            if row[-1] == "none":
                with pytest.raises(NotInForce, match="`fees` has no active version at 2026-01-04"):
                    decide(make_ask("quote", "C-1", {"base": 7}, at.isoformat()), use)
                continue
            answer: dict[str, Any] = _json(
                decide(make_ask("quote", "C-1", {"base": 7}, at.isoformat()), use).as_bytes()
            )
            assert answer["outcome"] == {"fee": str(row[-1])}
            assert [each["version"] for each in answer["policies"]] == [row[-1]]
    finally:
        use.close()


def test_the_history_tells_both_axes(folder: Path) -> None:
    more = {"ORDAIN_POLICIES": str(folder / "policies"), "ORDAIN_APPROVALS": "named", "ORDAIN_TIME_ZONE": "UTC"}
    asked = ("policy", "history", "fees", "--at", "2026-04-01", "--json")
    before, after = (ordain_here(folder, *asked, "--known", day, **more) for day in ("2026-06-09", "2026-06-11"))
    assert [_json(done.stdout.encode())["version"] for done in (before, after)] == [3, 5], before.stderr


def _json(data: bytes) -> Any:
    return yaml.safe_load(data)
