"""`ordain events deliver` as a process that can be killed."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from receiver import SECRET
from served import SECONDS, environment


class Deliverer:
    """A context manager, in `folder`, which has its endpoints in `events.yaml`; `more` are environment variables.

    It is there once it has said `begins`."""

    def __init__(self, folder: Path, begins: str = "delivering to", **more: str) -> None:
        self.folder, self.log, self._begins = folder, folder / "deliverer.log", begins
        self._environment = environment(folder, **with_events(folder), PYTHONUNBUFFERED="1", **more)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Deliverer:
        begins = self.said().count(self._begins)
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "ordain", "events", "deliver"]
            self._process = subprocess.Popen(command, cwd=self.folder, env=self._environment, stdout=log, stderr=log)
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if self.said().count(self._begins) > begins:
                return self
            time.sleep(0.02)
        self.kill()
        raise AssertionError(f"it did not start: {self.said()}")

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(SECONDS)

    def kill(self) -> None:
        """SIGKILL: nothing of it gets to say goodbye."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(SECONDS)

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""


def with_events(folder: Path) -> dict[str, str]:
    """The environment variables of a folder with endpoints."""
    return {"ORDAIN_EVENTS": str(folder / "events.yaml"), "CRM_SECRET": SECRET}
