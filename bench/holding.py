"""Clients that hold connections: `python -m bench.holding PORT SILENT SLOW` says when all are open, and holds them.

A silent one sends nothing. A slow one sends a request's headers at once and its body a byte a second; when the server
gives up on it, another takes its place. It ends with its standard input.
"""

from __future__ import annotations

import contextlib
import resource
import select
import socket
import sys
import time

_HEAD = (
    b"POST /v1/decisions/price-quote HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
)


def hold(port: int, silent: int, slow: int) -> None:
    """Opens them, prints how many, and holds them until standard input ends."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    quiet = [_open(port) for _ in range(silent)]
    slowly = [_begin(port) for _ in range(slow)]
    print(len(quiet) + len(slowly), flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        slowly = [_a_byte_more(each, port) for each in slowly]
        time.sleep(1)
    print(sum(not _gone(each) for each in quiet), flush=True)


def _open(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def _begin(port: int) -> socket.socket:
    slow = _open(port)
    slow.sendall(_HEAD)
    return slow


def _a_byte_more(slow: socket.socket, port: int) -> socket.socket:
    if not _gone(slow):
        with contextlib.suppress(OSError):
            slow.sendall(b" ")
            return slow
    slow.close()
    return _begin(port)


def _gone(held: socket.socket) -> bool:
    """Whether the server has answered, or hung up."""
    poll = select.poll()
    poll.register(held, select.POLLIN)
    return bool(poll.poll(0))


if __name__ == "__main__":
    hold(*(int(each) for each in sys.argv[1:4]))
