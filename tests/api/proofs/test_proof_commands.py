"""Proofs, receipts and one entry shown, checked offline, and a witness, as people run the commands."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from answers import ADVICE
from ports import free_port
from served import environment, ordain_here

from ordain.api.services import wire
from ordain.api.settings import load_settings
from ordain.audit.entry.entry import Receipt


def ok(folder: Path, *command: str, **more: str) -> str:
    done = ordain_here(folder, *command, **more)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], str]:
    """A folder with two decisions about one customer, their ids, and the public key."""
    folder = tmp_path_factory.mktemp("decided")
    (folder / "facts.json").write_text(json.dumps(ADVICE))
    ids = []
    for _ in range(2):
        told = ok(folder, "decide", "plan-advice", "--subject", "C-9", "--facts", "facts.json", "--json")
        ids.append(json.loads(told)["decision_id"])
    return folder, ids, json.loads(ok(folder, "audit", "checkpoint", "--json"))["key"]


Decided = tuple[Path, list[str], str]


def test_an_entry_is_shown_by_its_own_key_and_that_it_was_is_on_record(decided: Decided, tmp_path: Path) -> None:
    folder, ids, key = decided
    file = str(tmp_path / "shown.json")
    ok(folder, "audit", "prove", ids[0], "--reveal", "-o", file, "--purpose", "complaint 4711", "--as", "Ada")
    told = ok(tmp_path, "audit", "verify-proof", file, "--key", key, "--entry-id", ids[0])
    assert told.startswith("holds: the entry")
    assert '"subject": "C-9"' in told
    private = json.loads(ok(tmp_path, "audit", "verify-proof", file, "--key", key, "--json"))["private"]
    assert private["facts"] == {"usage_gb": "95", "plan_gb": "100"} | private["facts"]
    assert "prove --reveal" in ok(folder, "audit", "search", "--kind", "read", "--json")
    refused = ordain_here(tmp_path, "audit", "verify-proof", file, "--key", key, "--entry-id", ids[1])
    assert refused.returncode == 1


def test_what_is_changed_in_a_shown_entry_is_refused_without_a_traceback(decided: Decided, tmp_path: Path) -> None:
    folder, ids, key = decided
    told = json.loads(ok(folder, "audit", "prove", ids[0], "--reveal"))
    for name in ("sealed", "entry_key"):
        changed = {**told, "revealed": {**told["revealed"], name: base64.b64encode(bytes(60)).decode()}}
        (tmp_path / "changed").write_text(json.dumps(changed))
        done = ordain_here(tmp_path, "audit", "verify-proof", "changed", "--key", key)
        assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    for text in ("{", "{}", "[]", "", "\0"):
        (tmp_path / "changed").write_text(text)
        assert ordain_here(tmp_path, "audit", "verify-proof", "changed", "--key", key).returncode == 1


def test_a_proof_between_two_checkpoints_is_checked_offline_in_both_forms(decided: Decided, tmp_path: Path) -> None:
    folder, _, key = decided
    sizes = [json.loads(ok(folder, "audit", "checkpoint", "--json"))["size"]]
    ok(folder, "decide", "plan-advice", "--subject", "C-9", "--facts", "facts.json")
    sizes.append(json.loads(ok(folder, "audit", "checkpoint", "--json"))["size"])
    for form in ((), ("--json",)):
        (tmp_path / "grown").write_text(ok(folder, "audit", "consistency", *map(str, sizes), *form), encoding="utf-8")
        told = json.loads(ok(tmp_path, "audit", "verify-proof", "grown", "--key", key, "--json"))
        assert [told["old"]["size"], told["new"]["size"]] == sizes
        assert "are the beginning of" in ok(tmp_path, "audit", "verify-proof", "grown", "--key", key)
        text = (tmp_path / "grown").read_text(encoding="utf-8")
        (tmp_path / "grown").write_text(text.replace(f"\n{sizes[1]}\n", f"\n{sizes[1] + 1}\n"), encoding="utf-8")
        (tmp_path / "grown").write_text(
            (tmp_path / "grown").read_text(encoding="utf-8").replace(f"\\n{sizes[1]}\\n", f"\\n{sizes[1] + 1}\\n"),
            encoding="utf-8",
        )
        assert ordain_here(tmp_path, "audit", "verify-proof", "grown", "--key", key).returncode == 1


def test_a_receipt_is_checked_offline_with_its_proof_and_against_the_log(
    decided: Decided, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, ids, key = decided
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    use = wire(load_settings(None))
    try:
        proven = json.loads(ok(folder, "audit", "prove", ids[0], "--json"))
        (tmp_path / "proof").write_text(proven["proof"], encoding="utf-8")
        entry = next(entry for entry in use.ledger.reader.entries() if str(entry.id) == ids[0])
        kept, lost = Receipt(ids[0], entry.leaf_hash.hex()), Receipt("01a1fc2b-f0c3-76e5-8ac8-004a3456f524", "ab" * 32)
        for name, receipt in (("kept", kept), ("lost", lost)):
            (tmp_path / name).write_text(use.ledger.receipts.signed(receipt), encoding="utf-8")
    finally:
        use.close()
    assert "must cover it" in ok(tmp_path, "audit", "verify-receipt", "kept", "--key", key)
    assert "and it is: leaf 1" in ok(tmp_path, "audit", "verify-receipt", "kept", "--key", key, "--proof", "proof")
    other = ordain_here(tmp_path, "audit", "verify-receipt", "lost", "--key", key, "--proof", "proof")
    assert (other.returncode, "another entry than the receipt" in other.stderr) == (1, True)
    ok(folder, "audit", "verify", "--receipt", str(tmp_path / "kept"))
    done = ordain_here(
        folder, "audit", "verify", "--receipt", str(tmp_path / "kept"), "--receipt", str(tmp_path / "lost")
    )
    assert (done.returncode, "which is not there" in done.stdout) == (10, True)
    (tmp_path / "kept").write_text("ordain receipt v1\n")
    assert ordain_here(tmp_path, "audit", "verify-receipt", "kept", "--key", key).returncode == 1


def answers(port: int) -> bytes:
    until = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as told:
                return bytes(told.read())
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.fixture
def witness(tmp_path: Path, decided: Decided) -> Iterator[tuple[Path, int]]:
    """`ordain witness serve` as a process, which follows the ledger that was decided with."""
    port = free_port()
    (tmp_path / "logs").write_text(f"log {decided[2]}\nquorum none\n")
    command = [sys.executable, "-m", "ordain", "witness", "serve", "--name", "w.example/1"]
    options = ["--policy", "logs", "--folder", "witness", "--port", str(port)]
    with subprocess.Popen([*command, *options], cwd=tmp_path, env=environment(tmp_path)) as process:
        yield tmp_path, port
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=120) == 0


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a" * 201])
def test_a_witness_that_cannot_be_called_so_gets_no_key(tmp_path: Path, name: str) -> None:
    done = ordain_here(tmp_path, "witness", "key", "--name", name, "--folder", "witness")
    assert (done.returncode, done.stdout) == (2, "")
    assert "a witness cannot be called" in done.stderr
    assert not (tmp_path / "witness").exists()


def test_a_witness_of_ones_own_cosigns_what_the_ledger_signs_and_its_proofs_say_so(
    witness: tuple[Path, int], decided: Decided
) -> None:
    (folder, port), (ledger, _, key) = witness, decided
    vkey = answers(port).decode().strip()
    assert vkey == ok(folder, "witness", "key", "--name", "w.example/1", "--folder", "witness").strip()
    policy = folder / "witnesses"
    policy.write_text(f"log {key}\nwitness mine {vkey} http://127.0.0.1:{port}\nquorum mine\n")
    settings = {"ORDAIN_WITNESS_POLICY": str(policy)}
    told = ok(ledger, "decide", "plan-advice", "--subject", "C-9", "--facts", "facts.json", "--json", **settings)
    proof = folder / "proof"
    ok(ledger, "audit", "prove", json.loads(told)["decision_id"], "-o", str(proof), **settings)
    shown = ok(folder, "audit", "verify-proof", "proof", "--key", key, "--policy", "witnesses")
    assert "cosigned by mine at " in shown
    assert "0 conflicts" in ok(folder, "witness", "conflicts", "--folder", "witness")
    gone = {"ORDAIN_WITNESS_POLICY": str(folder / "nobody")}
    (folder / "nobody").write_text(f"witness mine {vkey} http://127.0.0.1:9\nquorum mine\n")
    ok(ledger, "decide", "plan-advice", "--subject", "C-9", "--facts", "facts.json")
    short = ordain_here(ledger, "audit", "checkpoint", **gone)
    assert (short.returncode, "not cosigned by witness mine: " in short.stdout) == (1, True)


def test_a_witness_without_logs_or_with_another_name_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("quorum none\n")
    options = ("--policy", "logs", "--folder", "witness")
    done = ordain_here(tmp_path, "witness", "serve", "--name", "w.example/1", *options)
    assert (done.returncode, "names no log" in done.stderr) == (2, True)
    ok(tmp_path, "witness", "key", "--name", "w.example/1", "--folder", "witness")
    other = ordain_here(tmp_path, "witness", "key", "--name", "w.example/2", "--folder", "witness")
    assert (other.returncode, "is w.example/1, not w.example/2" in other.stderr) == (2, True)
    wrong = ordain_here(tmp_path, "witness", "key", "--name", "no name", "--folder", "elsewhere")
    assert (wrong.returncode, "Traceback" in wrong.stderr) == (2, False)
    assert ordain_here(tmp_path, "witness", "conflicts", "--folder", "nowhere").returncode == 2
