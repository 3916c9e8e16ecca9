"""docs/ledger-format.md is enough: a script that imports nothing of ours verifies a ledger, and decrypts it."""

from __future__ import annotations

import ast
import base64
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from ledgers import MASTER, SEED
from reading_sample import CALL, E_MAIL, sample

from ordain.audit.entry.entry import Receipt
from ordain.audit.ledger.bundles import bundle
from ordain.audit.ledger.rotation import rotate

STRANGER = Path(__file__).with_name("stranger.py")
Json = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """A ledger's files. `revealed` is what its own code reads of the entry that is revealed."""

    folder: Path
    key: str
    entries: int
    revealed: Json

    def copy(self, to: Path) -> Path:
        with closing(sqlite3.connect(self.folder / "ledger.db")) as there, closing(sqlite3.connect(to)) as here:
            there.backup(here)
        return to


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """300 entries: decisions, one erased, others without a private part, a rotation of the key, more than a tile."""
    folder = tmp_path_factory.mktemp("stranger")
    with sample(f"sqlite:///{folder}/ledger.db") as ledger:
        ids = [ledger.decide(f"C-{number % 4}", CALL if number % 2 else E_MAIL) for number in range(12)]
        ledger.erase("C-3")
        for number in range(270):
            ledger.event("model", {"number": number}, {})
        ledger.use.settle()
        entry = ledger.reader.entry(ids[1])
        assert entry is not None
        receipt = ledger.use.receipts.signed(Receipt(str(entry.id), entry.leaf_hash.hex()))
        (folder / "receipt").write_text(receipt, encoding="utf-8")
        told = bundle(ledger.use, ids[1], ledger.reader.disclosed(ids[1]))
        (folder / "bundle").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
        rotate(ledger.use, SEED, bytes(range(64, 96)), private={})
        record = ledger.record(ids[1])
        assert record.private is not None
        size = ledger.reader.size()
        (folder / "master.key").write_text(base64.b64encode(MASTER).decode() + "\n")
        return Made(folder, ledger.use.identity.key, size, {"id": str(ids[1]), "outcome": record.private["outcome"]})


def ask(path: Path, key: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Runs it isolated: without this project, or anything of the environment, in its path."""
    command = [sys.executable, "-I", str(STRANGER), str(path), key, *more]
    return subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")


def test_it_is_short_and_imports_nothing_of_ours() -> None:
    text = STRANGER.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    tree = ast.walk(ast.parse(text))
    names = {alias.name if isinstance(node, ast.Import) else node.module for node in tree
             if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names}  # fmt: skip
    others = {name for name in names if name is not None and name.split(".")[0] not in sys.stdlib_module_names}
    assert {name.split(".")[0] for name in others} == {"cryptography"}


def test_it_verifies_decrypts_and_counts_what_is_there(made: Made) -> None:
    folder = made.folder
    options = ("--receipt", str(folder / "receipt"), "--bundle", str(folder / "bundle"))
    done = ask(folder / "ledger.db", made.key, str(folder / "master.key"), *options)
    assert done.returncode == 0, done.stderr
    counted, revealed = map(json.loads, done.stdout.splitlines())
    assert counted == {
        "entries": made.entries,
        "decrypted": made.entries - 3,
        "erased": 3,
        "removed": 0,
        "receipts": 1,
    }
    assert revealed["revealed"] == made.revealed["id"]
    assert revealed["private"]["outcome"] == made.revealed["outcome"]


def test_without_the_master_key_it_verifies_and_opens_nothing(made: Made) -> None:
    done = ask(made.folder / "ledger.db", made.key)
    assert json.loads(done.stdout)["decrypted"] == 0


def change(statement: str, *values: object) -> Callable[[sqlite3.Connection], None]:
    def changed(database: sqlite3.Connection) -> None:
        assert database.execute(statement, values).rowcount > 0

    return changed


@pytest.mark.parametrize(
    "changed",
    [
        change(
            "UPDATE entry SET envelope = CAST(replace(CAST(envelope AS TEXT), 'decision', 'decisiom') AS BLOB)"
            " WHERE leaf_index = 5"
        ),
        change("UPDATE entry SET sealed = substr(sealed, 2) WHERE leaf_index = 5"),
        change("UPDATE entry SET key = (SELECT key FROM entry WHERE leaf_index = 2) WHERE leaf_index = 3"),
        change("DELETE FROM entry WHERE leaf_index = 283"),
        change("DELETE FROM entry WHERE leaf_index = 7"),
        change("UPDATE tile SET hashes = zeroblob(8192)"),
        change("UPDATE document SET text = CAST('x' AS BLOB) WHERE kind = 'plan'"),
        change("UPDATE checkpoint SET note = replace(note, 'time 2', 'time 3')"),
        change("UPDATE ledger_identity SET index_key = zeroblob(60)"),
    ],
)
def test_what_is_changed_does_not_hold(
    made: Made, tmp_path: Path, changed: Callable[[sqlite3.Connection], None]
) -> None:
    copy = made.copy(tmp_path / "copy.db")
    with closing(sqlite3.connect(copy)) as database, database:
        changed(database)
    done = ask(copy, made.key, str(made.folder / "master.key"))
    assert done.returncode == 1
    assert "does not hold" in done.stderr or "Invalid" in done.stderr


def test_a_receipt_without_its_entry_does_not_hold(made: Made, tmp_path: Path) -> None:
    receipt = (made.folder / "receipt").read_text(encoding="utf-8")
    other = tmp_path / "receipt"
    with sample(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        signed = ledger.use.receipts.signed(Receipt(str(UUID(int=7)), "ab" * 32))
        ledger.use.settle()
        other.write_text(signed, encoding="utf-8")
        assert signed != receipt
        done = ask(tmp_path / "ledger.db", ledger.use.identity.key, "--receipt", str(other))
    assert (done.returncode, "the receipt of the entry" in done.stderr) == (1, True)
