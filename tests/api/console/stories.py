"""What stories of several people have in common: a server of their own, and pressing keys alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from looked_at import Looked, looked_at
from playwright.sync_api import Browser, Locator, Page


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
