"""A console with something in it, and a browser to look at it."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from answers import ADVICE, QUOTE, RETENTION, body
from any_time import at_any_time
from callers import bearer, keeper
from chromium import chromium
from console_served import Console
from looked_at import Looked, looked_at
from playwright.sync_api import Browser, Playwright, sync_playwright
from served import Server, install_models, ordain_here
from stories import PEOPLE, Office

from ordain.models.ingest.invented import records
from ordain.models.store.store import FeatureStore

MARKUP = """<script>alert(1)</script>"><img src=x onerror=alert(1)>'"""


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Console]:
    """Approvals are needed; decisions about `C-1` of three services are on record; `retention-offer@2` is a draft.

    A model on SYNTHETIC customers is live.
    """
    folder = tmp_path_factory.mktemp("console")
    install_models(models, folder)
    _known(folder)
    policies = Path(shutil.copytree(at_any_time(), folder / "policies"))
    chosen = {"ORDAIN_POLICIES": str(policies), "ORDAIN_APPROVALS": "named"}
    begun = ordain_here(folder, "policy", "adopt", "--reason", "approvals begin", "--as", "chen", **chosen)
    assert begun.returncode == 0, begun.stderr
    text = (policies / "retention-offer/v1.yaml").read_text(encoding="utf-8")
    draft = text.replace("version: 1", "version: 2").replace("effective: 2026-01-01", "effective: 2026-12-31")
    (policies / "retention-offer/v2.yaml").write_text(draft, encoding="utf-8")
    with Server(folder, ORDAIN_CHECKPOINT_SECONDS="0.2", **chosen) as server:
        yield Console(server, f"http://127.0.0.1:{server.port}", _decided(server))


def _known(folder: Path) -> None:
    """SYNTHETIC customers in the feature store, and one whose name is markup."""
    events, snapshots = records(30, 1, dt.datetime.now(dt.UTC))
    first = snapshots[0].subject
    odd = [replace(each, id=f"odd-{each.id}", subject=MARKUP) for each in events if each.subject == first]
    same = [replace(each, subject=MARKUP) for each in snapshots if each.subject == first]
    with FeatureStore(f"sqlite:///{folder}/features.db") as store:
        store.add([*events, *odd])
        store.put([*snapshots, *same])


def _decided(server: Server) -> dict[str, str]:
    ids = {}
    for service, facts in (("plan-advice", ADVICE), ("price-quote", QUOTE), ("retention", RETENTION)):
        told = server.ask("POST", f"/v1/decisions/{service}", body(facts, subject="C-1"))
        assert told.status == 200, told.body
        ids[service] = json.loads(told.body)["decision_id"]
    newest = ids["retention"]
    for _ in range(100):  # until the log is signed, nothing can be proved to outsiders
        if server.get(f"/v1/decisions/{newest}/proof").status == 200:
            return ids
        time.sleep(0.1)
    raise AssertionError("the log was not signed")


@pytest.fixture(scope="module")  # an event loop runs while it is there, and other modules want to run their own
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    path = chromium(playwright)
    if path is None:
        pytest.skip("no Chromium is on this machine and none can be installed: pages are not looked at")
    started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
    yield started
    started.close()


@pytest.fixture
def looked(browser: Browser, console: Console) -> Iterator[Looked]:
    """A page of the console. At the end nothing may have gone wrong in it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    seen = looked_at(context, console.address)
    seen.page.set_default_timeout(15_000)
    yield seen
    context.close()
    assert seen.unexpected() == []


@pytest.fixture(scope="module")
def office_served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[str, dict[str, str]]]]:
    folder = tmp_path_factory.mktemp("office")
    policies = Path(shutil.copytree(at_any_time(), folder / "policies"))
    chosen = {"ORDAIN_POLICIES": str(policies), "ORDAIN_APPROVALS": "named"}
    begun = ordain_here(folder, "policy", "adopt", "--reason", "approvals begin", "--as", "chen", **chosen)
    assert begun.returncode == 0, begun.stderr
    made = keeper(folder)
    keys = {name: bearer(made.make(name, [role]).text) for name, role in PEOPLE.items()}
    with Server(folder, **chosen) as server:
        yield server, keys


@pytest.fixture
def office(office_served: tuple[Server, dict[str, dict[str, str]]], browser: Browser) -> Iterator[Office]:
    made = Office(office_served[0], browser, office_served[1])
    yield made
    made.close()
