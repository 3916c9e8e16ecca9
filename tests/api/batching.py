"""Clients of batches, and what the ledger has of them."""

from __future__ import annotations

import http.client
import json
import socket
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from served import Reply, Server

from ordain.audit.verifier.check import verify

NDJSON = {"Content-Type": "application/x-ndjson"}


def batch(server: Server, service: str, sent: bytes, **headers: str) -> Reply:
    return server.ask("POST", f"/v1/decisions/{service}/batch", sent, {**NDJSON, **headers})


def answers_of(server: Server, service: str, lines: list[bytes]) -> list[dict[str, Any]]:
    reply = batch(server, service, b"\n".join(lines))
    assert (reply.status, reply.headers["content-type"]) == (200, "application/x-ndjson")
    assert reply.body.endswith(b"\n")
    return [json.loads(line) for line in reply.body.splitlines()]


def on_record(folder: Path) -> Counter[str]:
    """The ids of all decisions in a ledger, which verifies."""
    evidence = verify(folder / "ordain.db")
    assert evidence, evidence.findings
    with closing(sqlite3.connect(folder / "ordain.db")) as database:
        rows = database.execute("SELECT id, envelope FROM entry").fetchall()
    return Counter(str(UUID(bytes=row[0])) for row in rows if json.loads(row[1])["kind"] == "decision")


class Talk:
    """A client that sends lines one by one, and reads answers when it likes."""

    def __init__(self, server: Server, service: str, **options: int) -> None:
        self.socket = socket.socket()
        for name, value in options.items():
            self.socket.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
        self.socket.settimeout(60)
        self.socket.connect(("127.0.0.1", server.port))
        head = f"POST /v1/decisions/{service}/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson"
        self.socket.sendall(f"{head}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        self._answer: http.client.HTTPResponse | None = None

    def say(self, text: bytes) -> None:
        self.socket.sendall(b"%x\r\n%b\r\n" % (len(text), text))

    def end(self) -> None:
        self.socket.sendall(b"0\r\n\r\n")

    def hear(self) -> dict[str, Any] | None:
        """The next line of the answer; None at its end. Raises HTTPException or OSError when it breaks off."""
        if self._answer is None:
            self._answer = http.client.HTTPResponse(self.socket)
            self._answer.begin()
        line = self._answer.readline()
        return json.loads(line) if line else None

    def rest(self) -> list[dict[str, Any]]:
        return list(iter(self.hear, None))


@contextmanager
def talk(server: Server, service: str, **options: int) -> Iterator[Talk]:
    client = Talk(server, service, **options)
    try:
        yield client
    finally:
        client.socket.close()


# --- what a line says -------------------------------------------------------------------------------------------
