"""The whole story over HTTP, with three people: from an edit to a roll-out that a guardrail ends by itself.

ORDAIN_TEST_STORY says how many customers have been decided about before (SYNTHETIC); with 10,000 it takes a minute.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

from batching import NDJSON
from callers import bearer, keeper
from fees import CHEN, fees, settings_of, steps_in
from office import YAML, furnished
from served import Reply, Server, ordain_here
from test_policies_served import signer
from test_workers import until

from ordain.engine.lifecycle.bucket import bucket

BEFORE = int(os.environ.get("ORDAIN_TEST_STORY", "400"))
DURING = 700
PEOPLE = {"asha": ["editor"], "bela": ["approver"], "rita": ["reviewer"], "chen": ["operator"], "app": ["app"]}
GUARDRAIL = {"metric": "fee", "may not": "rise", "pause": "2 percent", "revert": "5 percent"}


def test_from_an_edit_to_a_roll_out_that_ends_by_itself(tmp_path: Path) -> None:
    policies = furnished(tmp_path)
    (policies / "fees/v1.yaml").write_bytes(text(1, "base"))
    public, sign = signer(tmp_path)
    (tmp_path / "signers").write_text(f"bela {public}\n")
    settings = settings_of(tmp_path, approvals="signed", allowed_signers=tmp_path / "signers")
    with steps_in(settings) as steps:
        steps.adopt(CHEN, "approvals begin")
    headers = {name: bearer(keeper(tmp_path).make(name, roles).text) for name, roles in PEOPLE.items()}
    chosen = {
        "ORDAIN_POLICIES": str(policies),
        "ORDAIN_APPROVALS": "signed",
        "ORDAIN_ALLOWED_SIGNERS": str(tmp_path / "signers"),
        "ORDAIN_TIME_ZONE": "UTC",
        "ORDAIN_BUSY_SECONDS": "30",
    }

    def command(*arguments: str) -> Any:
        done = ordain_here(tmp_path, *arguments, **chosen)
        assert done.returncode == 0, done.stdout + done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    with Server(tmp_path, **chosen) as server:

        def ask(who: str, method: str, path: str, body: bytes | None = None, **more: str) -> Reply:
            told = server.ask(method, f"/v1/policies{path}", body, {**headers[who], **more})
            assert told.status == 200, told.body
            return told

        def step(who: str, path: str, **body: Any) -> Any:
            return ask(who, "POST", path, json.dumps(body).encode()).json()

        def decided(first: int, last: int) -> dict[str, str]:
            dice = random.Random(first)  # noqa: S311 - made-up data
            asked = [{"subject": f"C-{n}", "facts": {"base": 100 + dice.randrange(10)}} for n in range(first, last)]
            lines = b"\n".join(json.dumps(each).encode() for each in asked)
            told = server.ask("POST", "/v1/decisions/quote/batch", lines, {**headers["app"], **NDJSON})
            answers = [json.loads(line) for line in told.body.splitlines()]
            assert all("outcome" in each for each in answers), answers[0]
            return {
                each["subject"]: str(int(answer["outcome"]["fee"]) - each["facts"]["base"])
                for each, answer in zip(asked, answers, strict=True)
            }

        assert set(decided(0, BEFORE).values()) == {"0"}
        # asha edits, checks and looks at what it means; rita tries it on what was decided
        written = text(2, "base + 10")
        assert ask("asha", "POST", "/check", written, **YAML).json()["counts"]["error"] == 0
        ask("asha", "POST", "/fees/versions", written, **YAML)
        assert ask("asha", "GET", "/fees/versions/2/diff").json()["same"] is False
        tried = step("rita", "/fees/versions/2/backtest", last=min(BEFORE, 10_000))
        assert (tried["decisions"], tried["changed"]) == (BEFORE, BEFORE)
        # asha submits, bela signs, and OpenSSH alone can check it
        step("asha", "/fees/versions/2/submit", reason="costs rose")
        message = ask("bela", "GET", "/fees/versions/2/message").body
        signature = sign(message)
        assert step("bela", "/fees/versions/2/approve", signature=signature)["signed"]
        check_signature(tmp_path, message, signature)
        # to five percent first
        begun = step("bela", "/fees/versions/2/rollout", steps=[5], guardrails={"guardrails": [GUARDRAIL], "least": 20})
        other = reached(BEFORE)
        until(lambda: decided(other, other + 1) == {f"C-{other}": "10"}, 20)
        during = decided(BEFORE, BEFORE + DURING)
        own = {subject for subject in during if bucket("fees@2", subject) < 500}
        assert during == {subject: "10" if subject in own else "0" for subject in during}
        # the guardrail is crossed, and what acts by itself acts by a decision on record
        (looked,) = command("rollout", "watch", "--once", "--json")
        assert (looked["standing"], looked["done"]) == ("revert", "revert")
        until(lambda: set(decided(BEFORE, BEFORE + DURING).values()) == {"0"}, 20)
        assert ask("rita", "GET", "/fees/rollout").json()["rollout"] is None
        history = ask("rita", "GET", "/fees/history").json()["steps"]
    acts = [(each["step"], each.get("rollout", {}).get("action"), each["who"]) for each in history[1:]]
    assert acts == [
        ("submission", None, "asha"),
        ("approval", None, "bela"),
        ("rollout", "start", "bela"),
        ("rollout", "revert", "the policy of roll-outs"),
    ]
    figures = history[-1]["rollout"]["figures"]
    assert figures["guardrails"][0]["challenger"]["customers"] == len(own) + 1
    # every decision of it replays, and a search tells it
    (replayed,) = command("replay", "--all", "--json")
    assert replayed["replayed"] == replayed["agreeing"] >= BEFORE + 2 * DURING
    found = {
        kind: command("audit", "search", "--kind", kind, "--json") for kind in ("submission", "approval", "rollout")
    }
    assert {kind: len(entries) for kind, entries in found.items()} == {"submission": 1, "approval": 1, "rollout": 2}
    assert begun["entry_id"] in {each["entry_id"] for each in found["rollout"]}
    (by,) = command("audit", "search", "--service", "rollouts", "--json")
    assert by["entry_id"] == figures["decision"]


def text(version: int, formula: str) -> bytes:
    """A fee of a base, and in the second version more."""
    adds = 10 if "+" in formula else 0
    made = fees(version).replace(f"base * 0 + {version}", formula).replace(f"fee: {version}}}", f"fee: {adds}}}")
    return made.encode()


def reached(first: int) -> int:
    """The number of a customer beyond all others who is among the five percent."""
    return next(n for n in range(first + DURING, 10**9) if bucket("fees@2", f"C-{n}") < 500)


def check_signature(folder: Path, message: bytes, signature: str) -> None:
    if shutil.which("ssh-keygen") is not None:
        (folder / "message.sig").write_text(signature)
        command = ["ssh-keygen", "-Y", "verify", "-f", "signers", "-I", "bela", "-n", "ordain", "-s", "message.sig"]
        done = subprocess.run(command, cwd=folder, input=message, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
