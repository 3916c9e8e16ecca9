"""A page in a real browser, of which everything that goes wrong is kept."""

from __future__ import annotations

from dataclasses import dataclass, field

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

SIZES = {"narrow": (375, 800), "wide": (1280, 900)}
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@dataclass(slots=True)
class Looked:
    """`faults` are errors of scripts and of the policy of content, and requests to other hosts."""

    page: Page
    address: str
    faults: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()
    """Parts of faults that a test provokes."""

    def at(self, path: str) -> Page:
        """The page there, once it has been loaded."""
        self.page.goto(f"{self.address}{path}", wait_until="load")
        return self.page

    def unexpected(self) -> list[str]:
        return [fault for fault in self.faults if not any(part in fault for part in self.expected)]


def looked_at(context: BrowserContext, address: str) -> Looked:
    """A new page of a context."""
    seen = Looked(context.new_page(), address)
    seen.page.on("console", lambda said: seen.faults.append(said.text) if said.type == "error" else None)
    seen.page.on("pageerror", lambda error: seen.faults.append(str(error)))
    seen.page.on(
        "request",
        lambda asked: None if asked.url.startswith((address, "data:", "blob:")) else seen.faults.append(asked.url),
    )
    return seen


def barriers(page: Page) -> list[str]:
    """What keeps some people from using the page, by axe-core: rule, how bad, and where."""
    found = Axe().run(page, options=_RULES)
    return [
        f"{each['id']} ({each['impact']}): {each['help']}: {[node['html'][:160] for node in each['nodes'][:3]]}"
        for each in found.response["violations"]
    ]
