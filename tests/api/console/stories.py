"""What stories of several people have in common: a server of their own, and pressing keys alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from looked_at import Looked, looked_at
from playwright.sync_api import Browser, Locator, Page
from served import Server

PEOPLE = {"asha": "editor", "bela": "approver", "chen": "operator"}
_TABS = 120
"""So many are pressed before a control is given up."""


@contextmanager
def seen_by(browser: Browser, address: str) -> Iterator[Looked]:
    """A page of a server; at the end nothing may have gone wrong in it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    seen = looked_at(context, address)
    seen.page.set_default_timeout(15_000)
    try:
        yield seen
    finally:
        context.close()
    assert seen.unexpected() == []


def tab_to(page: Page, wanted: Locator, most: int = 400) -> None:
    """Presses Tab until the wanted element has the focus, as who uses no mouse does."""
    for _ in range(most):
        if wanted.evaluate("each => each === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {wanted}")


class Office:
    """A server on which approvals are needed; each person has a browser of their own."""

    def __init__(self, server: Server, browser: Browser, keys: dict[str, dict[str, str]]) -> None:
        self._server = server
        self.address = f"http://127.0.0.1:{server.port}"
        self._browser, self._keys, self._open = browser, keys, ExitStack()
        self._seen: list[Looked] = []

    def page(self, who: str, path: str) -> Page:
        context = self._browser.new_context(
            viewport={"width": 1280, "height": 900}, reduced_motion="reduce", extra_http_headers=self._keys[who]
        )
        self._open.callback(context.close)
        looked = looked_at(context, self.address)
        looked.page.set_default_timeout(30_000)
        self._seen.append(looked)
        return looked.at(path)

    def ask(self, who: str, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> bytes:
        """What is answered with 200 to a request in somebody's name."""
        told = self._server.ask(method, path, body, {**self._keys[who], "Content-Type": kind})
        assert told.status == 200, told.body
        return told.body

    def data(self, who: str, path: str) -> Any:
        return json.loads(self.ask(who, "GET", path))

    def expects(self, *parts: str) -> None:
        """Faults of pages in which these stand are what a test provokes."""
        for each in self._seen:
            each.expected += parts

    def close(self) -> None:
        self._open.close()
        faults = [fault for each in self._seen for fault in each.unexpected()]
        assert not faults, faults


def reach(page: Page, name: str) -> None:
    """Presses Tab until the control of that name has the focus."""
    for _ in range(_TABS):
        page.keyboard.press("Tab")
        said = page.evaluate(
            "document.activeElement.getAttribute('aria-label') || document.activeElement.innerText"
            " || document.activeElement.textContent"
        )
        if str(said).strip().startswith(name):
            return
    raise AssertionError(f"no key reaches {name!r}")
