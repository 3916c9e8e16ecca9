"""Messages over a local socket: a word, and parts of bytes.

Lengths come first (big-endian, 4 bytes), nothing that arrives is ever run, and what is too long is not read.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from struct import Struct

from ordain.audit.limits import LIMITS

_HEAD = Struct(">IB")  # bytes that follow, and the word
_LENGTH = Struct(">I")


class BadFrame(Exception):
    """What arrived is no message of ours."""


def packed(parts: Iterable[bytes]) -> bytes:
    """Parts in one, each after its length."""
    pieces = []
    for part in parts:
        pieces += [_LENGTH.pack(len(part)), part]
    return b"".join(pieces)


def unpacked(body: bytes) -> list[bytes]:
    """The parts that `packed` was given. Raises BadFrame when it was given none such."""
    parts, at = [], 0
    while at < len(body):
        start = at + _LENGTH.size
        if start > len(body):
            raise BadFrame("a length is cut off")
        at = start + _LENGTH.unpack_from(body, at)[0]
        if at > len(body):
            raise BadFrame("a part is cut off")
        parts.append(body[start:at])
    return parts


def send(line: socket.socket, word: int, body: bytes = b"") -> None:
    """Sends one message. Raises OSError; the line is of no use then."""
    line.sendall(_HEAD.pack(len(body), word) + body)


def receive(line: socket.socket) -> tuple[int, bytes]:
    """The next message, its word and body. Raises OSError when it does not come whole, BadFrame for one too long."""
    length, word = _HEAD.unpack(_exactly(line, _HEAD.size))
    if length > LIMITS.frame:
        raise BadFrame(f"a message of {length:,} bytes is longer than {LIMITS.frame:,}")
    return word, bytes(_exactly(line, length))


def _exactly(line: socket.socket, size: int) -> bytearray:
    data = bytearray(size)
    view, have = memoryview(data), 0
    while have < size:
        got = line.recv_into(view[have:])
        if not got:
            raise ConnectionResetError("the other side is gone")
        have += got
    return data
