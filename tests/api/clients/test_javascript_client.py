"""A generator of OpenAPI clients, from the npm registry, makes types of the document: a program is checked, and asks.

Versions are pinned in `javascript/package-lock.json`, which names no registry. Where there is no node, or no registry
answers, these tests are skipped.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from callers import bearer, keeper
from served import ROOT, Server

from ordain.api.access.rights import ROLES

HERE = Path(__file__).parent / "javascript"
(EXAMPLE,) = re.findall(
    r"^```ts\n(.*?)^```$", (ROOT / "docs/clients.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)
_NO_REGISTRY = re.compile(r"ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTCACHED|E40[137]|E5\d\d")


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=180)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pinned packages, and the program."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not on this machine")
    folder = tmp_path_factory.mktemp("javascript") / "client"
    shutil.copytree(HERE, folder)
    (folder / "page.ts").write_text(EXAMPLE, encoding="utf-8")
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=1")
    done = run(folder, "npm", "ci", *options, "--fetch-timeout=20000")
    if done.returncode and _NO_REGISTRY.search(done.stderr):
        pytest.skip("the npm registry does not answer")
    assert done.returncode == 0, done.stderr
    return folder


def compiled(packages: Path) -> None:
    """Types of the document, and the programs checked against them and compiled. The folder keeps them."""
    if (packages / "out").is_dir():
        return
    tools = packages / "node_modules/.bin"
    made = run(packages, str(tools / "openapi-typescript"), "openapi.json", "--output", "schema.d.ts")
    assert made.returncode == 0, made.stderr
    checked = run(packages, str(tools / "tsc"))
    assert (checked.returncode, checked.stdout) == (0, "")


def test_a_checked_program_asks_by_generated_types(packages: Path, tmp_path: Path) -> None:
    key = keeper(tmp_path).make("shop", ROLES).text
    with Server(tmp_path) as server:
        before = server.ask("GET", "/healthz", headers=bearer(key)).json()["entries"]
        document = server.ask("GET", "/openapi.json", headers=bearer(key))
        (packages / "openapi.json").write_bytes(document.body)
        compiled(packages)
        asked = run(packages, "node", "out/ask.js", f"http://127.0.0.1:{server.port}", key)
        assert asked.stderr == ""
        told = json.loads(asked.stdout)
        assert (told["first"]["status"], told["first"]["action"]) == ("decided", "plan up")
        assert told["again"] == told["first"], "the same key: one decision"
        assert (told["record"], told["quote"]) == ("decided", "INR")
        assert told["lines"] == ["decided", "CustomerDataIncomplete"]
        assert told["refusals"] == [422, 422, 404]
        entries = server.ask("GET", "/healthz", headers=bearer(key)).json()["entries"]
        events = server.ask("GET", f"/v1/events?after={before - 1}", headers=bearer(key)).json()["events"]
        assert len(events) == entries - before
        assert [each["type"] for each in events].count("ordain.decision.recorded") == 2, "one of them in a batch"


def test_the_example_of_the_page_is_checked_and_runs(packages: Path, server: Server) -> None:
    address = f"127.0.0.1:{server.port}"
    (packages / "openapi.json").write_bytes(server.get("/openapi.json").body)
    compiled(packages)
    page = packages / "out/page.js"
    page.write_text(page.read_text(encoding="utf-8").replace("127.0.0.1:8080", address), encoding="utf-8")
    assert run(packages, "node", "out/page.js").stdout == "The next plan up fits your usage better.\n"


def test_the_lock_pins_every_version_and_names_no_registry() -> None:
    lock = json.loads((HERE / "package-lock.json").read_text(encoding="utf-8"))
    assert lock["packages"].pop("")["dependencies"]
    assert all(each["version"] and each["integrity"] for each in lock["packages"].values())
    assert not any("resolved" in each for each in lock["packages"].values())
