"""`ordain quality`: reports on files and on sources of the feature store; SYNTHETIC records."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

from served import ordain_here

from ordain.models.store.records import Event
from ordain.models.store.store import FeatureStore


def _file(folder: Path, name: str = "t.csv", shift: int = 0, ids: int = 200) -> str:
    rows = "".join(f"C-{row % ids},{row % 17 + shift},{'' if row % 2 else 'a'}\n" for row in range(200))
    (folder / name).write_text(f"id,gb,note\n{rows}", encoding="utf-8")
    return name


def _measures(folder: Path, *command: str) -> set[tuple[str, str]]:
    done = ordain_here(folder, "quality", *command, "--json")
    assert done.returncode in (0, 1), done.stderr
    return {(each["measure"], each["of"]) for each in json.loads(done.stdout)["findings"] if each["verdict"] != "none"}


def test_what_is_missing_twice_and_not_as_before_is_found_with_what_to_do(tmp_path: Path) -> None:
    file, before = _file(tmp_path, shift=100, ids=150), _file(tmp_path, "before.csv")
    done = ordain_here(tmp_path, "quality", file, "--before", before, "--key", "id", "--json", "--html", "q.html")
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert {"note", "gb", "id"} <= {each["of"] for each in told["findings"] if each["verdict"] != "none"}
    assert told["steps"]
    assert "Quality of t.csv" in (tmp_path / "q.html").read_text(encoding="utf-8")


def test_a_source_is_held_against_its_own_earlier_records(tmp_path: Path) -> None:
    now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
    with FeatureStore(f"sqlite:///{tmp_path}/features.db") as store:
        for at in range(400):
            moment = now - (1 + at % 60) * day
            gb = Decimal(at % 13 + (500 if at % 60 < 29 else 0))
            store.add([Event(f"e{at}", f"C-{at}", "usage", moment, moment, {"gb": gb})])
    assert "gb" in {of for _, of in _measures(tmp_path, "--source", "usage", "--key", "subject")}
    none = ordain_here(tmp_path, "quality", "--source", "usag")
    assert (none.returncode, "did you mean `usage`" in none.stderr) == (2, True)


def test_wrong_calls_say_what_to_write(tmp_path: Path) -> None:
    for command in ((), ("t.csv", "--source", "usage")):
        assert "name a FILE or a --source" in ordain_here(tmp_path, "quality", *command).stderr
    assert "there is no file `no.csv`" in ordain_here(tmp_path, "quality", "no.csv").stderr
