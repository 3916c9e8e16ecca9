"""`ordain audit verify`, `erase`, `retain` and `register` as people call them, on a ledger of a few decisions."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ordain.api.cli.main import main
from ordain.api.ledger import open_for
from ordain.api.settings import load_settings
from ordain.audit.entry.entry import Kind

FACTS = '{"usage_gb": 95, "plan_gb": 100}'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with settings, and a ledger of five decisions, signed and anchored in the two default places."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "config.yaml").write_text(
        f"policies: {Path(__file__).parents[3] / 'policies'}\ndatabase_url: sqlite:///{folder}/data/ledger.db\n"
        f"keys: {folder}/keys\nmodels: {folder}/models\nkeep_days: 365\n"
    )
    (folder / "facts.json").write_text(FACTS)
    for number in range(5):
        asked = ("decide", "plan-advice", "--subject", f"C-{number}", "--facts", str(folder / "facts.json"))
        assert ordain(folder, *asked).exit_code == 0
    assert ordain(folder, "audit", "checkpoint").exit_code == 0
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "copy"
    shutil.copytree(made, copy)
    text = (copy / "config.yaml").read_text()
    (copy / "config.yaml").write_text(text.replace(str(made), str(copy)))
    return copy


def ordain(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(folder / "config.yaml"), *words])


def told(folder: Path, *words: str) -> dict[str, object]:
    answer: dict[str, object] = json.loads(ordain(folder, *words, "--json").stdout)
    return answer


def test_a_sample_names_its_entries_and_its_seed_and_writes_proofs_that_hold(folder: Path) -> None:
    sample = ("audit", "verify", "--sample", "3", "--proofs", str(folder / "proofs"))
    first = told(folder, *sample)
    assert len(first["sampled"]) == 3  # type: ignore[arg-type]
    again = told(folder, *sample, "--seed", str(first["seed"]))
    assert again["sampled"] == first["sampled"]
    key = str(told(folder, "audit", "checkpoint")["key"])
    proofs = sorted((folder / "proofs").iterdir())
    assert [proof.name.split("-", 1)[1].removesuffix(".tlog-proof") for proof in proofs] == [
        one["entry_id"]
        for one in first["sampled"]  # type: ignore[attr-defined]
    ]
    for proof in proofs:
        assert ordain(folder, "audit", "verify-proof", str(proof), "--key", key).exit_code == 0
    shown = ordain(folder, "audit", "verify", "--sample", "3", "--seed", "7").stdout
    assert "drawn by --sample 3 --seed 7" in shown


def test_an_anchor_that_is_named_is_compared_with_though_no_others_are(folder: Path) -> None:
    place = folder / "data" / "ledger.db.anchors"
    assert told(folder, "audit", "verify", "--no-anchors")["anchors"] == 0
    assert told(folder, "audit", "verify", "--no-anchors", "--anchor", str(place))["anchors"] == 1


@pytest.mark.parametrize("gone", [("",), ("-2",), ("", "-2")])
def test_a_default_anchor_folder_that_is_gone_is_told(folder: Path, gone: tuple[str, ...]) -> None:
    assert ordain(folder, "audit", "verify").exit_code == 0
    for name in gone:
        shutil.rmtree(folder / "data" / f"ledger.db.anchors{name}")
    done = ordain(folder, "audit", "verify")
    assert done.exit_code == 14
    assert done.stdout.count("it is not there") == len(gone)


def test_retain_keeps_what_keep_days_keeps_and_says_what_it_would_remove(folder: Path) -> None:
    refused = ordain(folder, "audit", "retain", "--before", "2999-01-01", "--yes")
    assert (refused.exit_code, "records are kept for 365 days" in str(refused.output)) == (2, True)
    text = (folder / "config.yaml").read_text()
    (folder / "config.yaml").write_text(text.replace("keep_days: 365", "keep_days: 0"))
    tried = told(folder, "audit", "retain", "--before", "2999-01-01", "--service", "plan-advice", "--dry-run")
    assert tried == {"payloads": 5, "erased": 0, "partitions": 0, "dry_run": True}
    other = told(folder, "audit", "retain", "--before", "2999-01-01", "--service", "retention", "--dry-run")
    assert other["payloads"] == 0


@pytest.mark.parametrize("only", [("--service", "plan-advise"), ("--jurisdiction", "EUU"), ("--jurisdiction", "None")])
def test_retain_does_not_say_of_a_name_that_nobody_knows_that_nothing_is_left(
    folder: Path, only: tuple[str, str]
) -> None:
    refused = ordain(folder, "audit", "retain", "--before", "2020-01-01", "--dry-run", *only)
    assert refused.exit_code == 2
    assert f"`{only[1]}` is known here" in refused.output
    assert told(folder, "audit", "verify")["expired"] == 0


def test_an_erasure_gives_the_entry_and_the_register_the_reasons_and_days(folder: Path) -> None:
    erased = told(folder, "audit", "erase", "C-1", "--reason", "a letter of 3 March", "--as", "ana")
    assert erased["status"] == "restricted"
    held = told(folder, "audit", "hold", "C-2", "--reason", "a lawsuit", "--as", "ben")
    assert (held["held"], set(held["receipt"])) == (True, {"entry_id", "leaf_hash"})  # type: ignore[call-overload]
    kept = told(folder, "audit", "register", "--as", "eve", "--purpose", "the yearly review")["kept"]
    assert [(each["subject"], each["hold"], each["not_before"]) for each in kept] == [  # type: ignore[attr-defined]
        ("C-2", True, None),
        ("C-1", False, erased["not_before"]),
    ]
    steps = [(step["reason"], step["actor"]) for each in kept for step in each["steps"]]  # type: ignore[attr-defined]
    assert steps == [("a lawsuit", "ben"), ("a letter of 3 March", "ana")]
    opened = open_for(load_settings(folder / "config.yaml"), make=False)
    try:
        entries = {str(entry.id): entry for entry in opened.reader.entries()}
        receipt = erased["receipt"]
        assert entries[receipt["entry_id"]].leaf_hash.hex() == receipt["leaf_hash"]  # type: ignore[index]
        reads = [entry for entry in entries.values() if entry.read()["kind"] == Kind.READ]
        assert [entry.read()["about"]["action"] for entry in reads] == ["register"]
    finally:
        opened.close()
