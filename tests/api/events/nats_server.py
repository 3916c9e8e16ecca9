"""A NATS server of a test's own, with JetStream, that may be stopped, killed and started again."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import StreamConfig
from ports import free_port
from served import SECONDS

STREAM = "ORDAIN"


class NatsServer:
    """A context manager; `more` are lines of its configuration. Its stream has the subjects of all of our types."""

    def __init__(self, folder: Path, more: str = "", **login: Any) -> None:
        found = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or shutil.which("nats-server")
        assert found is not None, "nats-server is not installed: it is among the packages of `dev`"
        self.port, self._login, self.log = free_port(), login, folder / "nats.log"
        config = folder / "nats.conf"
        config.write_text(f'listen: "127.0.0.1:{self.port}"\njetstream {{store_dir: "{folder / "nats"}"}}\n{more}\n')
        self._command = [found, "--config", str(config)]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> NatsServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                self.ask(lambda client: client.jetstream().account_info())
                return
            except (OSError, nats.errors.Error):
                assert self._process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.02)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def ask(self, what: Callable[[Client], Awaitable[Any]]) -> Any:
        """What a client of a test gets."""

        async def asked() -> Any:
            async def at_once(fault: Exception) -> None:
                if not client.is_connected:
                    raise fault

            client = Client()
            try:
                await client.connect(
                    f"nats://127.0.0.1:{self.port}", allow_reconnect=False, error_cb=at_once, **self._login
                )
                return await what(client)
            finally:
                await client.close()

        return asyncio.run(asked())

    def make_stream(self, subjects: tuple[str, ...] = ("ordain.>", "usage.>"), **more: Any) -> None:
        config = StreamConfig(name=STREAM, subjects=list(subjects), **more)
        self.ask(lambda client: client.jetstream().add_stream(config))

    def messages(self) -> list[Msg]:
        """All of the stream, in its order."""

        async def read(client: Client) -> list[Msg]:
            js, found = client.jetstream(), list[Msg]()
            count = (await js.stream_info(STREAM)).state.messages
            if count:
                subscription = await js.subscribe(">", stream=STREAM, ordered_consumer=True)
                while len(found) < count:
                    found.append(await subscription.next_msg(SECONDS))
            return found

        return list(self.ask(read))

    @property
    def ids(self) -> list[str]:
        """Of the events of the stream."""
        return [json.loads(each.data)["id"] for each in self.messages()]

    def settings(self, **more: object) -> str:
        """A file of endpoints with this one, `crm`."""
        own = {
            **{"nats": [f"localhost:{self.port}"], "stream": STREAM, "types": ["ordain.decision.*"]},
            **{"private": "allowed", "encrypted": "no"},
        }
        return json.dumps({"endpoints": {"crm": own | more}})
