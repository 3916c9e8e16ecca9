"""Witnesses that stand on this machine, and policies that name them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

from ordain.api.witness.wsgi import WitnessApp
from ordain.audit.verifier.notes import read_key
from ordain.audit.verifier.witness_policy import WitnessPolicy, read_policy
from ordain.audit.witness.cosigner import Cosigner
from ordain.audit.witness.heads import Heads

NOW = 1_795_000_000


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


def cosigner(folder: Path, number: int, *logs: str, now: Callable[[], float] = lambda: NOW) -> Cosigner:
    """The witness `witness.example/<number>`, whose memory is in `folder`."""
    heads = Heads(folder / f"witness-{number}.db")
    return Cosigner(f"witness.example/{number}", bytes([number]) * 32, [read_key(log) for log in logs], heads, now)


@contextmanager
def standing(*witnesses: Cosigner) -> Iterator[list[str]]:
    """The addresses of those witnesses, over HTTP."""
    servers = [make_server("127.0.0.1", 0, WitnessApp(each), handler_class=_Quiet) for each in witnesses]
    threads = [threading.Thread(target=server.serve_forever, args=(0.02,)) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield [f"http://127.0.0.1:{server.server_port}" for server in servers]
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()


def policy_text(log: str, witnesses: Sequence[Cosigner], urls: Sequence[str], least: int) -> str:
    """A policy that takes `least` of these witnesses."""
    lines = [f"log {log}"]
    names = [f"w{number}" for number in range(1, len(witnesses) + 1)]
    for name, each, url in zip(names, witnesses, urls, strict=True):
        lines.append(f"witness {name} {each.key.text} {url}".rstrip())
    return "\n".join([*lines, f"group all-of-them {least} {' '.join(names)}", "quorum all-of-them", ""])


def policy(log: str, witnesses: Sequence[Cosigner], urls: Sequence[str], least: int) -> WitnessPolicy:
    return read_policy(policy_text(log, witnesses, urls, least).encode(), "witnesses")
