"""One try: to the address that was checked and no other, no redirect followed, no answer without end."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from certificates import certificate
from ports import free_port
from receiver import FINE, SECRET, Answer, Receiver

from ordain.api.events.carrier import Came
from ordain.api.events.endpoints import Endpoint
from ordain.api.events.post import Post
from ordain.api.events.signing import secrets_in
from ordain.api.limits import LIMITS

EVENT = {"id": "01a2", "data": {"a": 1}}
NAME = "receiver.test"


def _send(url: str, *, private: bool = True, verify: ssl.SSLContext | None = None, times: int = 1) -> Came:
    async def send() -> Came:
        post = Post(Endpoint("crm", url, ("*",), private=private, secrets=secrets_in(SECRET)), verify)
        try:
            for _ in range(times - 1):
                await post.send(EVENT, b"line")
            return await post.send(EVENT, b"line")
        finally:
            await post.close()

    return asyncio.run(send())


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The name `receiver.test` leads to this machine the first time, and then elsewhere."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "192.0.2.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def test_the_connection_goes_to_the_address_that_was_checked(looked_up: list[str]) -> None:
    with Receiver() as receiver:
        url = receiver.url.replace("localhost", NAME)
        assert _send(url) == Came(200, "")
        assert looked_up == [NAME], "looked up once, by Ordain"
        assert receiver.got[0].headers["host"] == url.split("/")[2]
        assert receiver.faults == []


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "0x7f000001", "2130706433", "127.1", "169.254.169.254"]
)
def test_a_private_address_is_not_connected_to_unless_allowed(host: str) -> None:
    with Receiver() as receiver:
        came = _send(receiver.url.replace("localhost", host), private=False)
        assert receiver.got == []
    assert came.status is None
    assert "not a public address; the endpoint may say `private: allowed`" in came.fault


def test_a_redirect_is_a_failure_and_not_followed() -> None:
    with Receiver() as other, Receiver(lambda number, event: (307, {"Location": other.url}, b"")) as receiver:
        assert _send(receiver.url) == Came(307, "answered 307: a redirect, which is not followed")
        assert (len(receiver.got), other.got) == (1, [])


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_status_of_success_is_a_delivery(status: int) -> None:
    with Receiver(lambda number, event: (status, {}, b"")) as receiver:
        assert _send(receiver.url) == Came(status, "")


def test_of_a_long_answer_no_more_is_read_than_needed() -> None:
    with Receiver(lambda number, event: (200, {}, bytes(64 << 20))) as receiver:
        assert _send(receiver.url) == Came(200, "")
        assert receiver.cut.wait(10)


def test_an_answer_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ordain.api.events.post.LIMITS", replace(LIMITS, event_seconds=0.2))

    def sleeps(number: int, event: Any) -> Answer:
        time.sleep(1)
        return FINE

    with Receiver(sleeps) as receiver:
        assert _send(receiver.url) == Came(None, "no answer within 0.2 seconds")


def test_what_cannot_be_reached_or_looked_up_is_told_in_a_line() -> None:
    assert "`localhost` cannot be reached: " in _send(f"http://localhost:{free_port()}/").fault
    assert "`none.invalid` cannot be looked up: " in _send("http://none.invalid/").fault
    assert "`a..b` cannot be looked up: " in _send("http://a..b/").fault


def test_a_connection_is_used_again() -> None:
    with Receiver() as receiver:
        assert _send(receiver.url, times=5).status == 200
        assert len(receiver.connections) == 1


@pytest.mark.parametrize(("name", "fits"), [(NAME, True), ("other.test", False)])
def test_the_certificate_is_checked_against_the_name(
    tmp_path: Path, looked_up: list[str], name: str, fits: bool
) -> None:
    file = certificate(tmp_path, name)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(file)
    with Receiver(tls=served) as receiver:
        came = _send(receiver.url.replace("localhost", NAME), verify=ssl.create_default_context(cafile=file))
        assert bool(receiver.got) == fits
    assert (came.status == 200) == fits
    assert ("certificate" in came.fault.lower()) != fits


def test_an_address_of_version_6_can_be_posted_to() -> None:
    with Receiver(host="::1") as receiver:
        assert _send(receiver.url) == Came(200, "")
