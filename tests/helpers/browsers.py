"""Browsers for tests: they keep cookies as they are told to, and go where they are led."""

from __future__ import annotations

import json
from http.cookies import SimpleCookie
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
from flask.testing import FlaskClient
from served import Server

OURS = "http://127.0.0.1:8080"
PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class Shown(NamedTuple):
    """`headers` have small letters; of several `Set-Cookie` each is in `cookies`."""

    status: int
    text: str
    headers: dict[str, str]
    cookies: list[str]

    def json(self) -> Any:
        return json.loads(self.text)


class Browser:
    """`jar` has the cookies of the service by name; `address` is where the service is for it."""

    def __init__(self, client: FlaskClient | None, address: str = OURS) -> None:
        self._client, self.address = client, address
        self.jar: dict[str, str] = {}

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Shown:
        """One request, with its cookies; `_` stands for `-` in names."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.jar:
            sent.setdefault("Cookie", "; ".join(f"{name}={value}" for name, value in self.jar.items()))
        shown = self._asked(method, path, body, sent)
        for text in shown.cookies:
            for name, cookie in SimpleCookie(text).items():
                self.jar.pop(name, None)
                if cookie["max-age"] != "0":
                    self.jar[name] = cookie.value
        return shown

    def _asked(self, method: str, path: str, body: bytes | None, sent: dict[str, str]) -> Shown:
        assert self._client is not None
        answer = self._client.open(path, method=method, data=body, headers=sent)
        headers = {name.lower(): value for name, value in answer.headers}
        return Shown(answer.status_code, answer.get_data(as_text=True), headers, answer.headers.getlist("Set-Cookie"))

    def get(self, path: str, **headers: str) -> Shown:
        return self.ask("GET", path, **{**PAGE, **headers})

    def to_provider(self, path: str = "/login") -> str:
        """Is sent to the provider, and back from there: the path with which it comes back."""
        led = self.get(path)
        assert led.status == 303, led.text
        parts = urlsplit(sent_back(led.headers["location"]))
        assert f"{parts.scheme}://{parts.netloc}" == self.address
        return f"{parts.path}?{parts.query}"

    def log_in(self, path: str = "/login") -> Shown:
        """What the service says when it comes back."""
        return self.get(self.to_provider(path))

    def me(self) -> Any:
        return self.ask("GET", "/v1/me").json()

    def csrf(self) -> str:
        return str(self.me()["session"]["csrf_token"])


class ServedBrowser(Browser):
    """Of a service that is a process."""

    def __init__(self, server: Server) -> None:
        super().__init__(None, f"http://127.0.0.1:{server.port}")
        self._server = server

    def _asked(self, method: str, path: str, body: bytes | None, sent: dict[str, str]) -> Shown:
        connection = self._server.connection()
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            is_endless = headers.get("content-type", "").startswith("text/event-stream")
            text = "" if is_endless else answer.read().decode(errors="replace")  # tiles are no text
            return Shown(answer.status, text, headers, answer.msg.get_all("Set-Cookie") or [])
        finally:
            connection.close()


def sent_back(address: str) -> str:
    """Where the provider sends on whoever comes to that address of it."""
    return str(httpx.get(address, timeout=10).headers["location"])
