"""Ports for servers that are given theirs before they listen."""

from __future__ import annotations

import itertools
import os
import socket

# Below the ports that a system gives to whoever asks for any (Linux from 32768, others from 49152): one of those may
# be given away between the moment it was found free and the moment its server listens, and then a test asks whoever
# got it. Each process of a run has a range of its own.
_FIRST, _EACH = 10_000, 1_000
_RANGE = _FIRST + _EACH * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 20)
_NEXT = itertools.cycle(range(_RANGE, _RANGE + _EACH))
for _ in range(os.getpid() % _EACH):  # two runs at once on one machine begin at different ones
    next(_NEXT)


def free_port() -> int:
    """One that nobody listens on, and that this process gives out again only after a thousand others."""
    for _ in range(_EACH):
        port = next(_NEXT)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what is only lingering does not count
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError(f"no port from {_RANGE} on is free")
