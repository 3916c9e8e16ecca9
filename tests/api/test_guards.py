"""What a page of another site can make a browser send is refused, whatever it is, and all that apps send is not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from answers import ADVICE, body, error_in
from served import Server

from ordain.api.http.guards import Guard, Refused

ADVISE = "/v1/decisions/plan-advice"
NDJSON = "application/x-ndjson"


def refusal(method: str = "POST", **headers: str) -> Refused | None:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Guard("127.0.0.1", []).refusal(SimpleNamespace(method=method, headers=given))  # type: ignore[arg-type]


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
        (":8080", 421),
    ],
)
def test_a_request_is_for_a_name_of_this_server_or_an_address(host: str, wanted: int) -> None:
    for method in ("GET", "POST"):
        head = SimpleNamespace(method=method, headers={"host": host})
        assert status(Guard("bound.example", ["ordain.example"]).refusal(head)) == wanted  # type: ignore[arg-type]


def test_any_name_may_be_allowed_and_a_request_without_one_is() -> None:
    head = SimpleNamespace(method="GET", headers={"host": "evil.example"})
    assert status(Guard("127.0.0.1", ["*"]).refusal(head)) == 200  # type: ignore[arg-type]
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
    head = SimpleNamespace(method="POST", headers={"host": "localhost:8080", "origin": origin})
    assert status(told.refusal(head)) == wanted  # type: ignore[arg-type]


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
