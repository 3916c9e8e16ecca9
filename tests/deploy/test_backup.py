"""Backup and restore, by the very commands of docs/operations/backup.md, while a server decides."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from databases import binaries, database, server
from served import Reply, Server, environment
from shipped import shell, told

FACTS: dict[str, object] = {"usage_gb": 95, "plan_gb": 100}


class Place:
    """A folder as an installation has it: `var` with ledger, keys and anchors where they are without settings."""

    def __init__(self, folder: Path, url: str = "") -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.url = folder, url or f"sqlite:///{folder}/var/ordain.db"
        self.settings = {
            "ORDAIN_DATABASE_URL": self.url,
            "ORDAIN_KEYS": str(folder / "var/keys"),
            "ORDAIN_CHECKPOINT_SECONDS": "0.2",
        }

    def does(self, script: str) -> subprocess.CompletedProcess[str]:
        programs = (binaries(),) if self.url.startswith("postgres") else ()
        return shell(script, self.folder, environment(self.folder, **self.settings), programs)

    def serve(self) -> Server:
        return Server(self.folder, **self.settings)


def must(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def found(place: Place, subject: str) -> int:
    """How many records about a customer can be read."""
    return int(must(place.does(f"ordain audit search --subject {subject}")).split()[-2])


@contextmanager
def load(running: Server) -> Iterator[list[Reply]]:
    """Asks without a pause until the end; what was answered, in order."""
    replies: list[Reply] = []
    over, under_way = threading.Event(), threading.Event()

    def ask() -> None:
        while not over.is_set():
            replies.append(decide(running, len(replies)))
            if len(replies) == 20:
                under_way.set()

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        assert under_way.wait(60)
        yield replies
    finally:
        over.set()
        asking.join()


def decide(running: Server, number: int) -> Reply:
    return running.decide("plan-advice", f"C-{number}", FACTS)


def decided_and_lost(folder: Path) -> tuple[Place, int]:
    """An installation on SQLite that was backed up under load, and went on deciding; its entries at the end.

    One of its customers was erased after the backup.
    """
    place = Place(folder)
    with place.serve() as running:
        with load(running) as replies:
            before = len(replies)
            must(place.does(told("backup.md", "backup-sqlite")))
            assert len(replies) > before, "it answered meanwhile"
        assert {reply.status for reply in replies} == {200}
        must(place.does("ordain audit erase C-0 --reason asked --yes"))
        entries = running.entries()
    return place, entries


def restored(lost: Place, folder: Path) -> Place:
    """Another machine, with the backup's database and keys, by the page's commands."""
    place = Place(folder)
    shutil.copytree(lost.folder / "backup", place.folder / "backup")
    must(place.does(told("backup.md", "restore-sqlite")))
    return place


def test_a_backup_under_load_holds_elsewhere_and_anchors_that_outlived_the_loss_show_it(tmp_path: Path) -> None:
    lost, entries = decided_and_lost(tmp_path / "lost")

    place = restored(lost, tmp_path / "with the anchors of the backup")
    must(place.does(told("backup.md", "restore-anchors")))
    assert "2 anchor places" in must(place.does(told("backup.md", "verify")))
    assert found(place, "C-0") == 1, "these anchors do not know of the erasure"

    place = restored(lost, tmp_path / "with the anchors of the day")
    for name in ("ordain.db.anchors", "ordain.db.anchors-2"):
        shutil.copytree(lost.folder / "var" / name, place.folder / "var" / name)
    refused = place.does("ordain serve")
    assert refused.returncode == 3
    assert f"keeps a signed checkpoint of {entries:,}" in refused.stderr
    assert place.does(told("backup.md", "verify")).returncode == 14
    said = must(place.does(told("backup.md", "recover")))
    assert "the ledger goes on from" in said
    assert "holds" in said
    assert found(place, "C-0") == 0, "erased after the backup, and again"
    with place.serve() as running:
        assert decide(running, 1).status == 200


def test_a_dump_of_postgresql_under_load_holds_in_another_database(tmp_path: Path) -> None:
    _needs_pg_dump()
    with database() as old, database() as new:
        place = Place(tmp_path / "old", old)
        with place.serve() as running:
            with load(running) as replies:
                must(place.does(told("backup.md", "backup-postgresql")))
            assert {reply.status for reply in replies} == {200}
        other = Place(tmp_path / "new", new)
        shutil.copytree(place.folder / "backup", other.folder / "backup")
        must(other.does(told("backup.md", "restore-postgresql")))
        shutil.copytree(place.folder / "backup/ledger.anchors", other.folder / "var/ledger.anchors")
        shutil.copytree(place.folder / "backup/ledger.anchors-2", other.folder / "var/ledger.anchors-2")
        with other.serve() as running:  # gives places to what waited in the inbox
            assert decide(running, 1).status == 200
        assert "2 anchor places" in must(other.does(told("backup.md", "verify")))


def _needs_pg_dump() -> None:
    programs = binaries()
    if not (programs / "pg_dump").exists() or not (programs / "pg_restore").exists():
        pytest.skip(f"no pg_dump beside the PostgreSQL of {programs}")
    said = subprocess.run([str(programs / "pg_dump"), "--version"], capture_output=True, text=True, check=True).stdout
    with psycopg.connect(server()) as connection:
        newest = connection.info.server_version // 10_000
    if int(said.split()[-1].split(".")[0]) < newest:
        pytest.skip(f"pg_dump is older than the server: {said.strip()}, PostgreSQL {newest}")
