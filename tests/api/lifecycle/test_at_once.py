"""Steps that several processes take at one moment: one of them is first, and the others are told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from databases import database
from fees import settings_of, write
from served import SECONDS, environment, ordain_here


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
