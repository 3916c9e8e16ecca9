"""`ordain ingest` and `ordain facts` as commands: exit codes, what is said, and what a kill leaves behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from databases import database
from served import environment, ordain_here

from ordain.models.store.store import FeatureStore

HEAD = "event_id,subject,kind,happened_at,known_at,gb\n"
ROW = "{id},C-{subject},usage,2026-05-01T10:00:00Z,2026-05-01T10:00:00Z,1\n"
GOOD = HEAD + "".join(ROW.format(id=f"e{number}", subject=number % 3) for number in range(10))


def in_file(folder: Path, text: str, name: str = "events.csv") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return name


def test_rows_are_taken_once_and_one_that_is_no_good_makes_exit_code_1(tmp_path: Path) -> None:
    file = in_file(tmp_path, GOOD + "x,,usage,2026-05-01T10:00:00Z,,1\n")
    first = ordain_here(tmp_path, "ingest", file)
    assert first.returncode == 1
    assert first.stdout.splitlines() == [
        *("events.csv: 10 added, 0 repeated, 1 in quarantine", "  line 12: `subject` is missing")
    ]
    second = ordain_here(tmp_path, "ingest", file, "--json")
    told = json.loads(second.stdout)
    assert (told["added"], told["repeated"], told["quarantined"]) == (0, 10, 1)
    assert told["reasons"] == [{"line": 12, "reasons": ["`subject` is missing"]}]


def test_a_good_file_makes_exit_code_0_and_a_dry_run_makes_no_store(tmp_path: Path) -> None:
    file = in_file(tmp_path, GOOD)
    tried = ordain_here(tmp_path, "ingest", file, "--dry-run")
    assert (tried.returncode, tried.stdout) == (
        *(0, "events.csv: 10 would be taken, 0 repeated, 0 would be put into quarantine\n"),
    )
    assert not (tmp_path / "features.db").exists()
    assert ordain_here(tmp_path, "ingest", file).returncode == 0


def test_the_quarantine_is_listed_and_dropped_by_file(tmp_path: Path) -> None:
    nothing = ordain_here(tmp_path, "ingest", "--quarantine")
    assert (nothing.returncode, nothing.stdout) == (0, "nothing is in quarantine\n")
    for name in ("a.csv", "b.csv"):
        ordain_here(tmp_path, "ingest", in_file(tmp_path, HEAD + "x,,usage,2026-05-01,,1\n", name))
    listed = json.loads(ordain_here(tmp_path, "ingest", "--quarantine", "--json").stdout)["quarantined"]
    assert [(row["file"], row["line"], row["text"]) for row in listed] == [
        *(("a.csv", 2, "x,,usage,2026-05-01,,1"), ("b.csv", 2, "x,,usage,2026-05-01,,1"))
    ]
    dropped = ordain_here(tmp_path, "ingest", "--quarantine", "a.csv", "--drop")
    assert dropped.stdout.splitlines()[-1] == "1 row dropped"
    left = json.loads(ordain_here(tmp_path, "ingest", "--quarantine", "--json").stdout)["quarantined"]
    assert [row["file"] for row in left] == ["b.csv"]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("gone.csv",),
        ("events.csv", "--drop"),
        ("events.csv", "--kind", "usage", "--snapshot", "crm"),
        ("events.csv", "--kind", "snapshot crm"),
        ("events.csv", "--mapping", "gone.yaml"),
        ("--quarantine", "--strict"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    in_file(tmp_path, GOOD)
    assert ordain_here(tmp_path, "ingest", *arguments).returncode == 2
    assert not (tmp_path / "features.db").exists()


def test_a_store_that_cannot_be_reached_is_exit_code_3(tmp_path: Path) -> None:
    more = {"ORDAIN_FEATURES_URL": "postgresql://nobody@127.0.0.1:1/none", "ORDAIN_BUSY_SECONDS": "1"}
    done = ordain_here(tmp_path, "ingest", in_file(tmp_path, GOOD), **more)
    assert (done.returncode, "feature store" in done.stderr) == (3, True)


def test_features_of_the_installation_say_what_fields_must_be(tmp_path: Path) -> None:
    definition = (
        "features:\n  visits: {source: visit, aggregation: sum, field: pages, owner: web, meaning: pages seen}\n"
    )
    (tmp_path / "own.yaml").write_text(definition, encoding="utf-8")
    file = in_file(tmp_path, "subject,happened_at,pages\nC-1,2026-05-01T10:00:00Z,many\n")
    done = ordain_here(tmp_path, "ingest", file, "--kind", "visit", ORDAIN_FEATURES="own.yaml")
    assert (done.returncode, "the feature `visits` reads it as a number" in done.stdout) == (1, True)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_killed_midway_and_run_again_all_rows_are_there_once(tmp_path: Path, kind: str) -> None:
    count = 30_000
    rows = (ROW.format(id=f"e{number}", subject=number % 500) for number in range(count))
    file = in_file(tmp_path, HEAD + "".join(rows))
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path}/features.db" if kind == "sqlite" else stack.enter_context(database())
        command = [sys.executable, "-m", "ordain", "ingest", file]
        running = subprocess.Popen(
            command, cwd=tmp_path, env=environment(tmp_path, ORDAIN_FEATURES_URL=url), stdout=subprocess.DEVNULL
        )
        with FeatureStore(url) as store:
            deadline = time.monotonic() + 100
            while not store.events_of("C-1") and running.poll() is None and time.monotonic() < deadline:
                time.sleep(0.01)
            running.send_signal(signal.SIGKILL)
            assert running.wait() == -signal.SIGKILL
            before = sum(len(store.events_of(subject)) for subject in store.subjects())
        assert 0 < before < count
        told = json.loads(ordain_here(tmp_path, "ingest", file, "--json", ORDAIN_FEATURES_URL=url).stdout)
        assert (told["added"], told["repeated"]) == (count - before, before)
        with FeatureStore(url) as store:
            assert sum(len(store.events_of(subject)) for subject in store.subjects()) == count


def test_facts_shows_every_feature_of_a_person_and_that_is_on_record(tmp_path: Path) -> None:
    ordain_here(tmp_path, "ingest", in_file(tmp_path, GOOD))
    shown = ordain_here(
        tmp_path, "facts", "C-1", "--at", "2026-05-02", "--json", "--purpose", "ticket 7", "--as", "mara"
    )
    facts = {fact["name"]: fact for fact in json.loads(shown.stdout)["facts"]}
    assert (facts["usage_gb"]["value"], facts["usage_gb"]["source"], facts["usage_gb"]["owner"]) == (
        *("3", "usage", "network"),
    )
    assert (facts["plan"]["value"], facts["plan"]["personal"], facts["plan_gb"]["personal"]) == (None, True, False)
    reads = ordain_here(tmp_path, "audit", "search", "--kind", "read", "--open", "--json")
    (read,) = [json.loads(line) for line in reads.stdout.splitlines()][:1]
    assert "ticket 7" in json.dumps(read)
    assert "C-1" in json.dumps(read)
    unknown = ordain_here(tmp_path, "facts", "C-9")
    assert (unknown.returncode, unknown.stdout) == (0, "nothing is known of this subject at that time\n")
