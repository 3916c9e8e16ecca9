"""Every command that reads does so in a ledger of every version there was, and in one of today after an erasure."""

from __future__ import annotations

import base64
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from answers import NOON, QUOTE, RETENTION
from ledgers import BEFORE_ROOMS, FORM_2, FORM_3, LEAN_RECORDS, MASTER, SEED, restored
from served import ordain_here, settings_in

from ordain.api.ask import read_ask
from ordain.api.decide import decide
from ordain.api.services import wire

DUMPS = {"in full": BEFORE_ROOMS, "lean": LEAN_RECORDS, "form 2": FORM_2, "format 3": FORM_3}
TODAY = "format 4, erased"
WHO = "C-1"


@dataclass(frozen=True)
class Kept:
    """A ledger that commands read, and its decisions as a search tells them without opening more than it must."""

    folder: Path
    decisions: list[dict[str, Any]]

    def told(self, *words: str) -> list[Any]:
        """The lines that a command prints as JSON, which it does without an error."""
        done = ordain_here(self.folder, "audit", *words, "--json", ORDAIN_TENANT="demo")
        assert done.returncode == 0, (words, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def said(self, *words: str) -> str:
        """What a command says to a person."""
        done = ordain_here(self.folder, *words, ORDAIN_TENANT="demo")
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout


@pytest.fixture(scope="module", params=[*DUMPS, TODAY])
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("kept")
    if request.param == TODAY:
        _decided_and_erased(folder)
    else:
        restored(folder / "ordain.db", DUMPS[request.param])
        (folder / "keys").mkdir()
        for name, key in (("master", MASTER), ("signing", SEED)):
            file = folder / "keys" / f"{name}.key"
            file.write_bytes(base64.b64encode(key))
            file.chmod(0o600)
        for command, *more in (("upgrade",), ("new-places", "--reason", "restored elsewhere")):
            told = ordain_here(folder, "audit", "search", ORDAIN_TENANT="demo").stderr
            if f"`ordain audit {command}`" in told:  # what has to be done first is told, one thing after the other
                done = ordain_here(folder, "audit", command, *more, ORDAIN_TENANT="demo")
                assert done.returncode == 0, done.stderr
    found = Kept(folder, []).told("search", "--limit", "1000")
    assert found
    return Kept(folder, found)


def _decided_and_erased(folder: Path) -> None:
    use = wire(settings_in(folder, tenant="demo"))
    for subject in (WHO, "C-2"):
        for service, facts in (("retention", RETENTION), ("price-quote", QUOTE)):
            body = {"subject": subject, "facts": facts} | ({"at": NOON} if service == "retention" else {})
            decide(read_ask(service, json.dumps(body).encode()), use)
    use.close()
    erased = ordain_here(folder, "audit", "erase", WHO, "--reason", "asked for", "--yes", ORDAIN_TENANT="demo")
    assert erased.returncode == 0, erased.stderr


def test_each_decision_is_shown_explained_proved_and_decided_again(kept: Kept) -> None:
    of_each = {(row["service"], row["verdict"]): row["entry_id"] for row in kept.decisions}
    [drawn] = kept.told("report", "--sample", "2", "--seed", "1")
    assert len(drawn["entries"]) == 2
    for (service, verdict), decision_id in list(of_each.items())[:3]:
        [shown] = kept.told("show", decision_id)
        assert shown["envelope"]["id"] == decision_id
        [explained] = kept.told("explain", decision_id, "--why-not")
        assert (explained["service"], explained["verdict"]) == (service, verdict)
        letter = kept.said("audit", "explain", decision_id)
        assert f"`{decision_id}`" in letter
        untold = "verdict" not in shown["envelope"] and shown["envelope"].get("outcome_class") is None
        assert ("This can no longer be told" in letter) is (shown["private_part"] == "erased" and untold)
        proof = kept.said("audit", "prove", decision_id)
        (kept.folder / "proof").write_text(proof)
        assert "holds" in kept.said("audit", "verify-proof", "proof", "--key", drawn["key"])
        again = ordain_here(kept.folder, "replay", decision_id, "--json", ORDAIN_TENANT="demo")
        assert again.returncode == 0, again.stderr


def test_what_is_found_by_each_condition_is_what_the_rows_say(kept: Kept) -> None:
    for name in ("service", "verdict", "status", "jurisdiction"):
        for value in {row.get(name) for row in kept.decisions} - {None}:
            found = kept.told("search", f"--{name}", value, "--limit", "1000")
            assert found == [row for row in kept.decisions if row.get(name) == value]
    opened = kept.told("search", "--open", "--limit", "1000")
    assert [row["entry_id"] for row in opened] == [row["entry_id"] for row in kept.decisions]
    [counts] = kept.told("report", "--by", "service", "--by", "verdict")
    assert counts["entries"] == len(kept.decisions)


@pytest.mark.parametrize("role", ["reviewer", "analyst", "public"])
def test_an_export_has_each_decision(kept: Kept, role: str) -> None:
    for format in ("jsonl", "csv", "parquet") if role == "reviewer" else ("jsonl",):
        kept.said("audit", "export", f"{role}.{format}", "--format", format, "--role", role, "--replace")
    rows = [json.loads(line) for line in (kept.folder / f"{role}.jsonl").read_text().splitlines()]
    assert len(rows) == len(kept.decisions)
    if role == "reviewer":
        assert {row["entry_id"] for row in rows} == {row["entry_id"] for row in kept.decisions}


def test_the_whole_of_it_is_verified_decided_again_and_listed(kept: Kept) -> None:
    assert "holds" in kept.said("audit", "verify", "--open")
    assert kept.said("replay", "--all")
    assert kept.told("text")
    assert kept.said("audit", "register") is not None
    signed = kept.folder / "ordain.db"
    with closing(sqlite3.connect(signed)) as connection:
        [(size,)] = connection.execute("SELECT min(size) FROM checkpoint").fetchall()
    assert kept.said("audit", "consistency", str(size))
    subjects = {row["private"]["subject"] for row in kept.told("search", "--open") if row.get("private")}
    for subject in sorted(subjects)[:1]:
        kept.said("audit", "package", subject, "person.zip", "--own-request", "--replace")
        assert (kept.folder / "person.zip").stat().st_size
