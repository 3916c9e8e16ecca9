"""Steps that several processes take at one moment: one of them is first, and the others are told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from databases import database
from fees import CHEN, activate, settings_of, steps_in, write
from served import SECONDS, environment, ordain_here

from ordain.engine.errors import StepRefused


@pytest.mark.parametrize("on", ["sqlite", "postgresql"])
def test_of_several_who_activate_a_version_at_once_one_does(tmp_path: Path, on: str) -> None:
    for version in (1, 2):
        write(tmp_path, version)
    if on == "sqlite":
        _activated_by_one(tmp_path, f"sqlite:///{tmp_path / 'ordain.db'}")
    else:
        with database() as url:
            _activated_by_one(tmp_path, url)


def _activated_by_one(folder: Path, url: str) -> None:
    settings = settings_of(folder)
    more = {
        "ORDAIN_POLICIES": str(settings.policies),
        "ORDAIN_APPROVALS": "named",
        "ORDAIN_DATABASE_URL": url,
        "ORDAIN_BUSY_SECONDS": "30",
    }
    for step in (["submit", "fees@1", "--as", "asha"], ["approve", "fees@1", "--as", "bela"]):
        done = ordain_here(folder, "policy", *step, **more)
        assert done.returncode == 0, done.stderr
    command = [sys.executable, "-m", "ordain", "policy", "activate", "fees@1", "--as", "chen"]
    several = [
        subprocess.Popen(command, cwd=folder, env=environment(folder, **more), stdout=-1, stderr=-1, text=True)
        for _ in range(4)
    ]
    ended = [(each.communicate(timeout=SECONDS)[1], each.returncode) for each in several]
    assert sorted(code for _, code in ended) == [0, 2, 2, 2], ended
    assert all("`fees@1` was activated already" in said for said, code in ended if code == 2)
    told = ordain_here(folder, "policy", "history", "fees", "--json", **more)
    steps = [step["step"] for step in json.loads(told.stdout)]
    assert steps.count("activation") == 1


def test_what_was_planned_by_mistake_is_taken_back_and_can_be_submitted_again(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    write(tmp_path, 1)
    activate(settings, 1)
    write(tmp_path, 2)
    activate(settings, 2, begins="2999-01-01")
    with steps_in(settings) as steps:
        with pytest.raises(StepRefused, match="was activated already") as caught:
            steps.activate("fees@2", CHEN)
        assert "goes back to the version that decides now" in caught.value.issues[0].hint
        steps.roll_back("fees", 1, CHEN, "planned by mistake")
        with pytest.raises(StepRefused, match="decides already, and nothing else is planned"):
            steps.roll_back("fees", 1, CHEN, "once more")
    activate(settings, 2)


def test_no_new_version_gets_a_number_that_the_ledger_has(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    more = {"ORDAIN_POLICIES": str(settings.policies), "ORDAIN_APPROVALS": "named"}
    for version in (1, 2):
        write(tmp_path, version)
        activate(settings, version)
    (settings.policies / "fees/v2.yaml").unlink()
    done = ordain_here(tmp_path, "policy", "new", "fees", **more)
    assert done.returncode == 2
    assert "`fees@2` is on record, and its file is gone" in done.stderr
    assert sorted(file.name for file in (settings.policies / "fees").iterdir()) == ["v1.yaml"]
