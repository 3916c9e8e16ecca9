"""A small proxy in front of servers, as a load balancer is: each connection goes to the next server that takes it.

It looks at no byte. When a server is gone, its clients' connections end; when none takes a connection, that ends too.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from itertools import count


class TcpProxy:
    """Listens on a port of its own for clients of the servers on `ports`; a context manager.

    No new connection goes to a port in `drained`.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self.ports, self.drained = list(ports), set[int]()
        self._turn = count()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listening.getsockname()[1])
        self._open: set[socket.socket] = set()

    def __enter__(self) -> TcpProxy:
        threading.Thread(target=self._welcome, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for line in list(self._open):
            _end(line)

    def _welcome(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(client,), daemon=True).start()

    def _join(self, client: socket.socket) -> None:
        server = self._server()
        if server is None:
            client.close()
            return
        self._open |= {client, server}
        back = threading.Thread(target=_carry, args=(server, client), daemon=True)
        back.start()
        _carry(client, server)
        back.join()
        self._open -= {client, server}
        client.close()
        server.close()

    def _server(self) -> socket.socket | None:
        turn = next(self._turn)
        for offset in range(len(self.ports)):
            port = self.ports[(turn + offset) % len(self.ports)]
            if port in self.drained:
                continue
            with suppress(OSError):
                return socket.create_connection(("127.0.0.1", port), timeout=2)
        return None


def _carry(source: socket.socket, target: socket.socket) -> None:
    """Until one of them ends; then both do."""
    source.settimeout(None)
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    _end(source)
    _end(target)


def _end(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
