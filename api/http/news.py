"""What the server's process tells its workers of a reload: in a file without a name, which all of them hold.

The newest news stand in it, whole or not at all, so whoever comes late, or is started again, misses nothing.
"""

from __future__ import annotations

import os
import struct
import tempfile
from typing import NamedTuple

import orjson

from ordain.engine.catalog import Texts

_HEAD = struct.Struct("<QQ")  # the number of the news, the bytes that follow
_AS = "latin-1"  # any bytes as a text, and back


class News(NamedTuple):
    """`texts` are those of the newest reload that went well, the one of that `reload`; none yet is 0.

    `faults` say why the last reload went wrong, if it did.
    """

    number: int
    reload: int
    texts: Texts | None
    faults: tuple[str, ...] = ()


class Board:
    """One process writes on it; any that it forked may read."""

    def __init__(self) -> None:
        self._file, name = tempfile.mkstemp(prefix="ordain-")  # it stays open as long as a process that has it
        os.unlink(name)

    def write(self, news: News) -> None:
        """Puts `news` in the place of those before. Raises OSError."""
        body = _encoded(news)
        self._write(0, _HEAD.pack(0, 0))  # whoever reads now looks again later
        self._write(_HEAD.size, body)
        self._write(0, _HEAD.pack(news.number, len(body)))

    def read(self, seen: int) -> News | None:
        """The news, unless they are those of the number `seen`, or are being written."""
        head = os.pread(self._file, _HEAD.size, 0)
        number, size = _HEAD.unpack(head) if head else (0, 0)
        if number in (0, seen):
            return None
        body = self._read(size)
        return _decoded(number, body) if os.pread(self._file, _HEAD.size, 0) == head else None

    def _write(self, at: int, data: bytes) -> None:
        done = 0
        while done < len(data):
            done += os.pwrite(self._file, data[done:], at + done)

    def _read(self, size: int) -> bytes:
        body = b""
        while len(body) < size and (piece := os.pread(self._file, size - len(body), _HEAD.size + len(body))):
            body += piece
        return body


def _encoded(news: News) -> bytes:
    texts = news.texts
    parts = texts and [
        {file: text.decode(_AS) for file, text in files.items()} for files in (texts.policies, texts.shared)
    ]
    others = texts and (texts.vocabulary.decode(_AS), texts.services.decode(_AS), texts.root)
    return orjson.dumps([news.reload, news.faults, parts, others])


def _decoded(number: int, body: bytes) -> News:
    reload, faults, parts, others = orjson.loads(body)
    texts = None
    if others is not None:
        vocabulary, services, root = others
        policies, shared = ({file: text.encode(_AS) for file, text in files.items()} for files in parts)
        texts = Texts(vocabulary.encode(_AS), services.encode(_AS), policies, root, shared)
    return News(number, reload, texts, tuple(faults))
