"""A streamed answer that waits for its reader.

Granian queues what an RSGI stream is given without limit, and does not tell how much of it waits (2.8; for ASGI and
WSGI it waits: https://github.com/emmett-framework/granian/pull/898). Whether the client reads shows in the socket of
the connection: as long as something is queued it is soon full again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import select
import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address

from granian.rsgi import ProtocolClosed, ProtocolError  # type: ignore[attr-defined]  # they are documented so

from ordain.api.http.bodies import Exchange, Stream
from ordain.api.limits import LIMITS

_LOG = logging.getLogger("ordain")
Address = tuple[IPv4Address | IPv6Address, int]


class ClientGone(Exception):
    """Who asked hung up: nobody waits for an answer."""


class Outflow:
    """The answer to `exchange`: it begins when something is sent, or with `begin`.

    At most `LIMITS.batch_unread` bytes, and the last piece, wait for a client that does not read.
    """

    def __init__(self, exchange: Exchange, connection: socket.socket, headers: list[tuple[str, str]]) -> None:
        self._exchange, self._connection, self._headers = exchange, connection, headers
        self._stream: Stream | None = None
        self._poll = select.poll()
        self._poll.register(connection, select.POLLOUT)
        self._waiting = 0

    @property
    def begun(self) -> bool:
        """Whether an ordinary answer comes too late."""
        return self._stream is not None

    def begin(self) -> Stream:
        """Sends the head, unless it was sent."""
        if self._stream is None:
            self._stream = self._exchange.response_stream(200, self._headers)
        return self._stream

    async def send(self, piece: bytes) -> None:
        """Raises ClientGone when the client hung up, or stopped reading for too long."""
        if self._writable():
            self._waiting = 0
        elif self._waiting > LIMITS.batch_unread:
            await self._read()
        try:
            await self.begin().send_bytes(piece)
        except (ProtocolClosed, ProtocolError):
            raise ClientGone from None
        self._waiting += len(piece)

    def end(self) -> None:
        """Lets go of the stream, which ends the answer. An exception on its way may hold this, and so the stream."""
        self._stream = None

    def hung_up(self) -> bool:
        """Whether the client has closed its end. Nothing is taken from what it sent."""
        try:
            return not self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def abort(self) -> None:
        """Closes the connection, so that nobody takes what was sent for all of it."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    async def _read(self) -> None:
        """Waits until nothing is queued any more."""
        settled = False
        while not settled:
            try:
                async with asyncio.timeout(LIMITS.batch_silence):
                    await self._room()
            except TimeoutError:
                self.abort()
                raise ClientGone from None
            await asyncio.sleep(LIMITS.batch_settles)
            settled = self._writable()
        self._waiting = 0

    async def _room(self) -> None:
        loop, room = asyncio.get_running_loop(), asyncio.Event()
        loop.add_writer(self._connection, room.set)
        try:
            await room.wait()
        finally:
            loop.remove_writer(self._connection)

    def _writable(self) -> bool:
        return bool(self._poll.poll(0))


def connection_to(client: str) -> socket.socket:
    """The socket of this process that is connected to `client`: a copy, to be closed. Raises ClientGone."""
    wanted = _address(*client.rsplit(":", 1))
    for name in os.listdir("/dev/fd"):
        if _peer(int(name)) == wanted:
            with suppress(OSError):
                connection = socket.socket(fileno=os.dup(int(name)))
                if _peer(connection.fileno()) == wanted:  # its number may mean another one by now, the copy's cannot
                    return connection
                connection.close()
    _LOG.warning("who asked for a batch has no connection any more")
    raise ClientGone


def _peer(number: int) -> Address | None:
    """Who is at the other end of a file descriptor."""
    try:
        probe = socket.socket(fileno=number)
    except OSError:  # it is no socket
        return None
    try:
        host, port, *_ = probe.getpeername()
        return _address(host, port)
    except (OSError, ValueError):  # not connected, or not by TCP
        return None
    finally:
        probe.detach()


def _address(host: str, port: str | int) -> Address:
    address = ip_address(host.strip("[]").partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address, int(port)
