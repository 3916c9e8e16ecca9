"""`ordain` for tests: settings, single commands in a process of their own, and a server that is always stopped."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import chdir, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from any_time import at_any_time
from click.testing import CliRunner
from ports import free_port

from ordain.api.cli.main import main
from ordain.api.ledger import open_for
from ordain.api.settings import Settings
from ordain.api.stages.model_record import ModelRecord
from ordain.engine.text.source import digest_of
from ordain.models.registry.signing import PRIVATE, PUBLIC
from ordain.models.registry.stages import Step

ROOT = Path(__file__).parents[2]
SECONDS = 120
"""How long anything may take before a test gives up."""


def settings_in(folder: Path, **more: object) -> Settings:
    """Settings with a ledger and models in `folder`, the shipped policies at any time unless `more` says otherwise."""
    chosen: dict[str, Any] = {
        "database_url": f"sqlite:///{folder}/ordain.db",
        "policies": at_any_time(),
        "models": folder / "models",
        "keys": folder / "keys",
        "features_url": f"sqlite:///{folder}/features.db",
        "tenant": "tests",
        "time_zone": "Asia/Kolkata",
        "busy_seconds": 0.2,
    }
    return Settings(**chosen | more)


def install_models(trained: Path, folder: Path, live: int | None = 1) -> Path:
    """Copies trained models, and the keys that they are signed with, to where `settings_in` looks for them.

    The ledger there says which version of `churn` is live, unless that is None.
    """
    keys = folder / "keys"
    keys.mkdir(mode=0o700, exist_ok=True)
    for name in (PRIVATE, PUBLIC):
        shutil.copy(trained.parent / "keys" / name, keys / name)
    copied = Path(shutil.copytree(trained, folder / "models"))
    if live is not None:
        make_live(settings_in(folder), live)
    return copied


def make_live(settings: Settings, version: int, model: str = "churn") -> None:
    """Puts on record that a version is live, without asking the policy."""
    card = (settings.models / model / str(version) / "card.json").read_bytes()
    opened = open_for(settings)
    record = ModelRecord(opened)
    record.look()
    record.record(Step.PROMOTED, model, version, digest_of(card), {}, {"actor": "tests", "role": "", "reason": ""})
    opened.finish()


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Every ORDAIN_ variable set here: the ledger and models in `folder`, the policies as shipped, at any time."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("ORDAIN_")}
    return {
        **plain,
        "ORDAIN_DATABASE_URL": f"sqlite:///{folder}/ordain.db",
        "ORDAIN_POLICIES": str(at_any_time()),
        "ORDAIN_MODELS": str(folder / "models"),
        "ORDAIN_KEYS": str(folder / "keys"),
        "ORDAIN_FEATURES_URL": f"sqlite:///{folder}/features.db",
        "ORDAIN_TENANT": "tests",
        "ORDAIN_TIME_ZONE": "Asia/Kolkata",
        "COLUMNS": "200",
        **more,
    }


def run(folder: Path, command: list[str], **more: str) -> subprocess.CompletedProcess[str]:
    variables = environment(folder, **more)
    return subprocess.run(
        command, check=False, cwd=folder, env=variables, capture_output=True, text=True, timeout=SECONDS
    )


def ordain(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs `ordain ...` in `folder`; `more` are environment variables."""
    command = [sys.executable, "-m", "ordain", *arguments]
    return run(folder, command, **more)


def ordain_here(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The same in this process: a process of its own takes seconds to load the scoring libraries."""
    with chdir(folder):
        done = CliRunner().invoke(main, arguments, env=environment(folder, **more))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes
    headers: dict[str, str]

    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """`ordain serve` in `folder` on a free port, for which `{port}` stands in a setting; a context manager."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.log = folder / "server.log"
        chosen = {name: value.replace("{port}", str(self.port)) for name, value in more.items()}
        self._environment = environment(folder, ORDAIN_PORT=str(self.port), **chosen)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ordain", "serve"],
                cwd=self.folder,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,  # its worker belongs to the group that `kill` ends
            )
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                if self.get("/readyz").status == 200:
                    return self
            except OSError:
                time.sleep(0.05)
        self.__exit__()
        raise AssertionError(f"the server did not start: {self.said()}")

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> bool:
        """Ends it as a supervisor would; says whether all of it went. By force when it did not."""
        if self._process is None:
            return True
        self._process.terminate()
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            if not self._signal_group(0):
                return True
            time.sleep(0.01)
        self._signal_group(signal.SIGKILL)
        return False

    def kill(self) -> None:
        """SIGKILL for the server and its worker at once: nothing of it gets to say goodbye."""
        if self._process is not None:
            self._signal_group(signal.SIGKILL)
            self._process.wait(timeout=SECONDS)

    def ended(self, seconds: float) -> int:
        """The exit code of the server, which was told to end."""
        assert self._process is not None
        return self._process.wait(seconds)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def connection(self, timeout: float = SECONDS) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None, **how: Any
    ) -> Reply:
        connection = self.connection()
        try:
            with suppress(BrokenPipeError):  # it may answer and hang up before it has read a body that is too large
                connection.request(method, path, body, headers or {}, **how)
            reply = connection.getresponse()
            is_endless = reply.getheader("Content-Type", "").startswith("text/event-stream")
            told = b"" if is_endless else reply.read()
            return Reply(reply.status, told, {name.lower(): value for name, value in reply.getheaders()})
        finally:
            connection.close()

    def get(self, path: str) -> Reply:
        return self.ask("GET", path)

    def decide(self, service: str, subject: str, facts: dict[str, object], **more: object) -> Reply:
        body = json.dumps({"subject": subject, "facts": facts, **more}).encode()
        return self.ask("POST", f"/v1/decisions/{service}", body)

    def entries(self) -> int:
        return int(self.get("/healthz").json()["entries"])

    def _signal_group(self, number: int) -> bool:
        """Whether anything of it was still there to get the signal."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return False
        return True


def edit(file: Path, old: str, new: str) -> None:
    """Writes `new` for the first `old`, which must be there."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
