"""A stream of events read as a client reads it."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager

from served import Server

STREAM = "/v1/events/stream"
Field = dict[str, str]


@contextmanager
def listening(server: Server, path: str = STREAM, **headers: str) -> Iterator[http.client.HTTPResponse]:
    connection = server.connection(timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        yield answer
    finally:
        connection.close()


def next_event(answer: http.client.HTTPResponse) -> Field:
    """The fields of the next event; comments and `retry` are passed over."""
    fields: Field = {}
    while True:
        line = answer.readline().decode().rstrip("\n")
        name, _, value = line.partition(": ")
        if not line and "data" in fields:
            return fields
        if name and name != "retry":
            fields[name] = value
