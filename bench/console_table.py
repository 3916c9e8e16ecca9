"""A table of 2,000 rules in the console, in a real browser: opened, scrolled, and one cell of it edited.

`python -m bench console-table [--json FILE]`. The policy is SYNTHETIC and a draft; the server is `ordain serve`, begun
anew for each round, so that the first opening is one of a text that the server has not read. Needs a Chromium.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench.analysis import GRID
from bench.servers import kept_in, serving
from bench.table_cases import SERVICES, VOCABULARY
from bench.tables import Result

RULES, ROUNDS, AGAIN, CELLS = 2_000, 3, 5, 10
TARGETS = {"opened, the first time": 1000.0, "one cell's edit checked": 300.0}
"""Milliseconds asked for."""
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_DRAFT = "/console/policies/big/table?v=2"
_SCROLLS = """async () => {
  const box = document.querySelector(".cells-scroll"), tall = box.scrollHeight > box.clientHeight + 1;
  const end = () => (tall ? box.scrollHeight - box.clientHeight : document.documentElement.scrollHeight - innerHeight);
  const to = (y) => (tall ? (box.scrollTop = y) : window.scrollTo(0, y));
  const gaps = [];
  for (let step = 0, last = performance.now(); step <= 60; step++) {
    to(end() * step / 60);
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    gaps.push(now - last);
    last = now;
  }
  return gaps.slice(1);
}"""
"""From the top to the end in 60 steps: the milliseconds between frames."""


def run() -> Result:
    """Raises RuntimeError where there is no Chromium."""
    times: dict[str, list[float]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=["--no-sandbox"])
        for _ in range(ROUNDS):
            with _served() as address:
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                for name, milliseconds in _round(page, address):
                    times.setdefault(name, []).append(milliseconds)
                page.close()
        browser.close()
    empty = median(times["an empty page: no such address"])
    rows: dict[str, dict[str, Any]] = {
        name: {
            "median": median(all_of),
            "worst": max(all_of),
            "ratio": median(all_of) / empty,
            "target": TARGETS.get(name),
        }
        for name, all_of in times.items()
    }
    columns = {"median": "median, ms", "worst": "slowest, ms", "ratio": "of an empty page", "target": "asked for, ms"}
    notes = (
        f"A SYNTHETIC table of about {RULES:,} rules and four columns, a draft beside a version in force that is as "
        f"large. {ROUNDS} servers, each begun anew: a first opening each, {AGAIN} more, {CELLS} cells edited.",
        "Opened: from going there to the end of loading, with everything laid out; headless Chromium, this machine.",
        "A cell's edit: from Enter to the answer standing there, as the page itself measures it.",
    )
    return Result(f"A table of {RULES:,} rules in the console", columns, rows, notes)


def _round(page: Page, address: str) -> Iterator[tuple[str, float]]:
    page.goto(f"{address}/console/settings")  # the browser has styles and scripts
    for _ in range(AGAIN):
        yield "an empty page: no such address", _opened(page, f"{address}/console/nothing")
    yield "opened, the first time", _opened(page, address + _DRAFT)
    for _ in range(AGAIN):
        yield "opened again", _opened(page, address + _DRAFT)
    gaps = page.evaluate(_SCROLLS)
    yield "scrolled: between two frames", median(gaps)
    for number in range(CELLS):
        yield "one cell's edit checked", _edited(page, number)


def _opened(page: Page, address: str) -> float:
    begun = perf_counter()
    page.goto(address, wait_until="load")
    page.evaluate("document.body.getBoundingClientRect().height")
    return (perf_counter() - begun) * 1000


def _edited(page: Page, number: int) -> float:
    """Milliseconds as the page has measured them."""
    status = page.locator("[data-grid-status]")
    status.evaluate("each => delete each.dataset.took")
    headings = page.locator("[data-heading]").all_inner_texts()
    row = page.locator("[data-grid] > .r").nth(number * RULES // CELLS // 2)
    row.locator(":scope > *").nth(headings.index("then")).dblclick()
    page.keyboard.type(str(1000 + number))
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('[data-grid-status]').dataset.took", timeout=30_000)
    return float(status.evaluate("each => each.dataset.took"))


@contextmanager
def _served() -> Iterator[str]:
    """The address of a server with version 1 in force, and a draft of version 2 that it has not read."""
    with tempfile.TemporaryDirectory(prefix="ordain-bench-") as name:
        folder = Path(name)
        policies = folder / "policies"
        (policies / "big").mkdir(parents=True)
        (policies / "facts.yaml").write_bytes(VOCABULARY)
        (policies / "services.yaml").write_bytes(SERVICES)
        text = GRID.text(RULES)
        (policies / "big/v1.yaml").write_text(text)
        chosen = {"ORDAIN_POLICIES": str(policies), "ORDAIN_APPROVALS": "named", **kept_in(folder / "kept")}
        adopt = [sys.executable, "-m", "ordain", "policy", "adopt", "--reason", "a benchmark", "--as", "bench"]
        subprocess.run(adopt, check=True, env={**os.environ, **chosen}, cwd=folder, capture_output=True)
        with serving(["ordain", "serve", "--port", "{port}"], chosen, folder / "server.log", folder) as port:
            draft = text.replace("version: 1\n", "version: 2\n").replace("2026-01-01", "2999-01-01")
            (policies / "big/v2.yaml").write_text(draft)
            yield f"http://127.0.0.1:{port}"


def _chromium() -> str:
    found = [os.environ.get("CHROMIUM"), *map(shutil.which, _CHROMIUM)]
    path = next((each for each in found if each), None)
    if path is None:
        raise RuntimeError("there is no Chromium: install one, or say where it is in CHROMIUM")
    return path
