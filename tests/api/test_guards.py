"""What a page of another site can make a browser send is refused, whatever it is, and all that apps send is not."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from answers import ADVICE, body, error_in
from heads import head
from served import SECONDS, Server

from ordain.api.http.guards import Guard, Refused

ADVISE = "/v1/decisions/plan-advice"
NDJSON = "application/x-ndjson"


class Given(dict[str, str]):
    """Headers, each once."""

    def get_all(self, name: str) -> list[str]:
        return [self[name]] if name in self else []


def refusal(method: str = "POST", path: str = ADVISE, **headers: str) -> Refused | None:
    given = Given({name.replace("_", "-"): value for name, value in headers.items()})
    return Guard("127.0.0.1", []).refusal(head(method, path, given))


def status(told: Refused | None) -> int:
    return 200 if told is None else told.status


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("localhost:8080", 200),
        ("LocalHost", 200),
        ("localhost.", 200),
        ("127.0.0.1:8080", 200),
        ("[::1]:8080", 200),
        ("10.1.2.3:8080", 200),
        ("ordain.example:8080", 200),
        ("ORDAIN.example", 200),
        ("bound.example:8080", 200),
        ("evil.example:8080", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("0x7f000001", 421),
        ("[::1", 421),
        ("localhost/evil", 421),
        ("localhost#evil.example", 421),
        ("me@localhost", 421),
        ("evil.example\\@localhost", 421),
        (":8080", 421),
    ],
)
def test_a_request_is_for_a_name_of_this_server_or_an_address(host: str, wanted: int) -> None:
    for method in ("GET", "POST"):
        asked = head(method, headers=Given(host=host))
        assert status(Guard("bound.example", ["ordain.example"]).refusal(asked)) == wanted


def test_any_name_may_be_allowed_and_a_request_without_one_is() -> None:
    asked = head(headers=Given(host="evil.example"))
    assert status(Guard("127.0.0.1", ["*"]).refusal(asked)) == 200
    assert status(refusal()) == 200


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/problem+json", 200),
        (NDJSON, 200),
        ("", 200),
        ("text/plain", 415),
        ("Text/Plain;charset=UTF-8", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
    ],
)
def test_types_that_a_form_can_send_are_refused(kind: str, wanted: int) -> None:
    assert status(refusal(content_type=kind)) == wanted
    assert status(refusal("GET", content_type=kind)) == 200


def test_a_batch_of_such_a_type_is_told_the_type_of_batches() -> None:
    told = refusal(path="/v1/decisions/plan-advice/batch", content_type="text/plain")
    assert told is not None
    assert "is sent as application/x-ndjson" in told.message


@pytest.mark.parametrize(
    ("origin", "wanted"),
    [
        ("http://localhost:8080", 200),
        ("http://LOCALHOST:8080", 200),
        ("https://console.example", 200),
        ("http://localhost:3000", 403),
        ("http://127.0.0.1:8080", 403),
        ("https://evil.example", 403),
        ("null", 403),
        ("http://", 403),
    ],
)
def test_only_pages_of_this_server_or_of_those_named_may_post(origin: str, wanted: int) -> None:
    told = Guard("127.0.0.1", ["console.example"])
    asked = head("POST", headers=Given(host="localhost:8080", origin=origin))
    assert status(told.refusal(asked)) == wanted


@pytest.mark.parametrize(
    ("headers", "wanted", "code"),
    [
        ({"Host": "evil.example"}, 421, "MisdirectedRequest"),
        ({"Content-Type": "text/plain"}, 415, "UnsupportedMediaType"),
        ({"Origin": "https://evil.example"}, 403, "Forbidden"),
    ],
)
@pytest.mark.parametrize("path", [ADVISE, f"{ADVISE}/batch", "/v1/decisions/plan%2Dadvice", "/nowhere"])
def test_over_http_it_is_said_in_the_one_shape_and_nothing_is_recorded(
    server: Server, path: str, headers: dict[str, str], wanted: int, code: str
) -> None:
    before = server.entries()
    reply = server.ask("POST", path, body(ADVICE), headers)
    assert (reply.status, reply.headers["content-type"]) == (wanted, "application/json")
    assert error_in(reply.body)["code"] == code
    assert server.entries() == before


def test_a_name_in_the_setting_is_answered(tmp_path: Path) -> None:
    with Server(tmp_path, ORDAIN_HOSTS="ordain.example, other.example") as server:
        for name, wanted in {"ordain.example": 200, "other.example:80": 200, "third.example": 421}.items():
            assert server.ask("GET", "/healthz", headers={"Host": name}).status == wanted


@pytest.mark.parametrize("name", ["Authorization", "Content-Type", "Content-Length", "Origin", "Host", "X-Csrf-Token"])
def test_what_says_who_asks_or_for_what_is_there_once(server: Server, name: str) -> None:
    """A proxy might look at the one and this server at the other, were one of them taken."""
    text, before = body(ADVICE), server.entries()
    values = {
        "Content-Type": ("application/json", "application/json"),
        "Content-Length": (str(len(text)), str(len(text) - 1)),  # the same twice is the same (RFC 9110, 8.6)
        "Host": (f"127.0.0.1:{server.port}", "localhost"),
        "Origin": (f"http://127.0.0.1:{server.port}", "https://evil.example"),
    }.get(name, ("Bearer one", "Bearer two"))
    usual = {"Host": values[0] if name == "Host" else "localhost", "Content-Length": str(len(text))}
    head = [f"POST {ADVISE} HTTP/1.1", *(f"{each}: {value}" for each, value in usual.items() if each != name)]
    head += [f"{name}: {value}" for value in values]
    with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as line:
        line.sendall("\r\n".join(head).encode() + b"\r\nConnection: close\r\n\r\n" + text)
        answer = b"".join(iter(lambda: line.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 400 "), answer[:200]
    assert server.entries() == before
