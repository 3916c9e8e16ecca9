"""A server that runs follows activations by itself: its workers decide by what is on record."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from fees import write
from served import Server, ordain_here
from test_workers import until


def test_workers_follow_an_activation_and_a_way_back_without_a_restart(tmp_path: Path) -> None:
    write(tmp_path, 1)
    more = {
        "ORDAIN_POLICIES": str(tmp_path / "policies"),
        "ORDAIN_APPROVALS": "named",
        "ORDAIN_BUSY_SECONDS": "30",
        "ORDAIN_TIME_ZONE": "UTC",
    }

    def policy(*arguments: str) -> str:
        done = ordain_here(tmp_path, "policy", *arguments, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    policy("adopt", "--reason", "approvals begin")
    with Server(tmp_path, **more, ORDAIN_WORKERS="2") as server:

        def decided() -> set[str]:
            answers = [server.decide("quote", f"C-{number}", {"base": 1}) for number in range(8)]
            assert {answer.status for answer in answers} == {200}, answers[0].body
            return {answer.json()["outcome"]["fee"] for answer in answers}

        assert decided() == {"1"}
        policy("new", "fees")
        file = tmp_path / "policies/fees/v2.yaml"
        file.write_text(file.read_text().replace("+ 1}", "+ 2}").replace("{fee: 1}", "{fee: 2}"))
        policy("submit", "fees@2", "--as", "asha")
        policy("approve", "fees@2", "--as", "bela")
        assert decided() == {"1"}
        policy("activate", "fees@2", "--as", "chen")
        until(lambda: decided() == {"2"}, 20)
        policy("rollback", "fees", "--to", "1", "--as", "chen", "--role", "operator", "--reason", "wrong fee")
        until(lambda: decided() == {"1"}, 20)
        assert "not_reloaded" not in server.get("/readyz").json()
    states = {
        each["version"]: each["state"] for each in json.loads(policy("list", "--json")) if each["policy"] == "fees"
    }
    assert states == {1: "active", 2: "withdrawn"}


def test_what_cannot_be_taken_over_leaves_the_old_deciding_and_shows_in_readyz(tmp_path: Path) -> None:
    """A version that reads a fact which the server does not know yet: it was not told to reload the vocabulary."""
    write(tmp_path, 1)
    more = {"ORDAIN_POLICIES": str(tmp_path / "policies"), "ORDAIN_APPROVALS": "named", "ORDAIN_BUSY_SECONDS": "30"}

    def policy(*arguments: str) -> None:
        done = ordain_here(tmp_path, "policy", *arguments, **more)
        assert done.returncode == 0, done.stderr

    policy("adopt", "--reason", "approvals begin")
    with Server(tmp_path, **more) as server:
        facts = tmp_path / "policies/facts.yaml"
        facts.write_text(facts.read_text() + "  more: {type: number, meaning: of this too}\n")
        policy("new", "fees")
        file = tmp_path / "policies/fees/v2.yaml"
        file.write_text(file.read_text().replace("base * 0 + 1", "more * 0 + 1").replace("{base: 0}", "{more: 0}"))
        policy("submit", "fees@2", "--as", "asha")
        policy("approve", "fees@2", "--as", "bela")
        policy("activate", "fees@2", "--as", "chen")
        until(lambda: server.get("/readyz").json().get("not_reloaded"), 20)
        (why,) = server.get("/readyz").json()["not_reloaded"]
        assert "a worker could not take over what was activated" in why
        answer = server.decide("quote", "C-1", {"base": 1})
        assert (answer.status, answer.json()["policies"][0]["version"]) == (200, 1)
        os.kill(server.pid, signal.SIGHUP)
        until(lambda: server.decide("quote", "C-1", {"more": 1}).status == 200, 20)
        assert server.decide("quote", "C-1", {"more": 1}).json()["policies"][0]["version"] == 2
        assert "not_reloaded" not in server.get("/readyz").json()
