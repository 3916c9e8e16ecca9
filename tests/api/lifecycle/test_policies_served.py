"""The whole way over HTTP, at a server with three people: draft, check, diff, submit, approve, activate, back."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from callers import bearer, keeper
from fees import CHEN, fees, settings_of, steps_in
from office import YAML, furnished
from served import Reply, Server
from test_signed import KEYS, public_line, signed
from test_workers import until

PEOPLE = {"asha": ["editor"], "bela": ["approver"], "rita": ["reviewer"], "chen": ["operator"], "app": ["app"]}


def signer(folder: Path) -> tuple[str, Any]:
    """A public key, and what signs with it: OpenSSH, where it is there."""
    if shutil.which("ssh-keygen") is None:
        return public_line(KEYS["ed25519"]), lambda message: signed(KEYS["ed25519"], message)
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)

    def sign(message: bytes) -> str:
        command = ["ssh-keygen", "-q", "-Y", "sign", "-n", "ordain", "-f", str(key)]
        return subprocess.run(command, input=message, capture_output=True, check=True).stdout.decode()

    return (folder / "key.pub").read_text(), sign


def test_three_people_bring_a_version_into_force_and_back_over_http(tmp_path: Path) -> None:
    policies = furnished(tmp_path)
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
        "ORDAIN_WORKERS": "2",
    }
    with Server(tmp_path, **chosen) as server:

        def ask(who: str, method: str, path: str, body: bytes | None = None, status: int = 200, **more: str) -> Reply:
            told = server.ask(method, f"/v1/policies{path}", body, {**headers[who], **more})
            assert told.status == status, told.body
            return told

        def step(who: str, path: str, status: int = 200, **body: Any) -> Any:
            return ask(who, "POST", path, json.dumps(body).encode(), status).json()

        def decided() -> set[str]:
            sent = json.dumps({"subject": "C-1", "facts": {"base": 1}}).encode()
            told = [server.ask("POST", "/v1/decisions/quote", sent, headers["app"]) for _ in range(6)]
            assert {each.status for each in told} == {200}, told[0].body
            return {each.json()["outcome"]["fee"] for each in told}

        copy = ask("asha", "GET", "/fees/next").body.decode()
        wrong = ask("asha", "POST", "/check", copy.replace("base * 0 + 1", "base * 0 + 2").encode(), **YAML).json()
        assert wrong["counts"]["error"] == 1, "its example still says 1"
        text = fees(2).encode()
        assert ask("asha", "POST", "/check", text, **YAML).json()["counts"]["error"] == 0
        assert ask("bela", "POST", "/fees/versions", text, 403, **YAML).json()["error"]["code"] == "NotPermitted"
        ask("asha", "POST", "/fees/versions", text, **YAML)
        tag = ask("asha", "GET", "/fees/versions/2/text").headers["etag"]
        better = fees(2).replace("A fee.", "A higher fee.").encode()
        ask("asha", "PUT", "/fees/versions/2/text", better, **YAML, **{"If-Match": tag})
        ask("asha", "PUT", "/fees/versions/2/text", text, 412, **YAML, **{"If-Match": tag})
        assert ask("bela", "GET", "/fees/versions/2/diff").json()["same"] is False
        submitted = step("asha", "/fees/versions/2/submit", reason="costs rose")
        step("asha", "/fees/versions/2/approve", 403)
        assert "has to be signed" in step("bela", "/fees/versions/2/approve", 409)["error"]["message"]
        signature = sign(ask("bela", "GET", "/fees/versions/2/message").body)
        assert step("bela", "/fees/versions/2/approve", digest=submitted["digest"], signature=signature)["signed"]
        assert decided() == {"1"}
        assert step("bela", "/fees/versions/2/activate")["role"] == "approver"
        until(lambda: decided() == {"2"}, 20)
        trial = step("rita", "/fees/versions/1/backtest", last=3)
        assert (trial["decisions"], trial["instead_of"]) == (3, {"fees@2": 3})
        assert "0 of 1" in step("bela", "/fees/rollback", 409, to=1, reason="wrong fee")["error"]["message"]
        assert step("chen", "/fees/rollback", to=1, reason="wrong fee")["step"] == "rollback"
        until(lambda: decided() == {"1"}, 20)
        told = ask("rita", "GET", "/fees").json()
        assert [each["state"] for each in told["versions"]] == ["active", "withdrawn"]
        assert [each["who"] for each in told["versions"][1]["steps"]] == ["asha", "bela", "bela"]
        assert "not_reloaded" not in server.get("/readyz").json()
