"""`GET /docs`, the interface as a page for people, and the guide in docs/http.md."""

from __future__ import annotations

import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

from flask.testing import FlaskClient
from served import ROOT, Server, edit, settings_in

from ordain.api.http.app import app_for
from ordain.api.services import wire

GUIDE = ROOT / "docs/http.md"
ASKED = ("access", "alerts", "model-promotion", "plan-advice", "price-quote", "retention", "rollouts")


class _Page(HTMLParser):
    """The tags of a page, what they point to, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.pre: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src", "action")]
        if tag not in ("meta", "br"):
            self.open.append(tag)
        if tag == "pre":
            self.pre.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "pre" in self.open:
            self.pre[-1] += data


def test_the_page_stands_alone_and_has_every_fact(shared_client: FlaskClient) -> None:
    answer = shared_client.get("/docs")
    text = answer.get_data(as_text=True)
    assert answer.mimetype == "text/html"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    page = _Page(text)
    assert page.open == []
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
    assert all(address == "openapi.json" or address.startswith("#") for address in page.addresses)
    for service in ASKED:
        for fact in shared_client.get(f"/v1/services/{service}").get_json()["facts"]:
            assert f"<code>{fact['fact']}</code>" in text


def test_the_commands_of_the_page_work(server: Server, tmp_path: Path) -> None:
    page = _Page(server.get("/docs").body.decode())
    commands = [text for text in page.pre if text.startswith("curl ")]
    assert len(commands) == len(ASKED)
    for command in commands:
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["decision_id"]


def test_what_policies_say_is_no_html(policies: Path, tmp_path: Path) -> None:
    edit(policies / "facts.yaml", "meaning: data used in the last month", 'meaning: "<script>alert(1)</script>"')
    edit(policies / "services.yaml", "purpose: Which plan", 'purpose: "<b>&amp;" # ')
    use = wire(settings_in(tmp_path, policies=policies))
    try:
        text = app_for(use).test_client().get("/docs").get_data(as_text=True)
        assert "script" not in _Page(text).tags
        assert "&lt;script&gt;alert(1)" in text
        assert "&lt;b&gt;&amp;amp;" in text
    finally:
        use.close()


def test_the_guide_has_every_word_that_a_sheet_uses() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for word in ("required", "optional", "for a score", "computed", "refused", "null", "review", "default", "scored"):
        assert f"`{word}`" in text


def test_the_first_decision_of_the_guide_is_made(server: Server, tmp_path: Path) -> None:
    script = GUIDE.read_text(encoding="utf-8").split("```sh\n")[1].split("```")[0]
    here = script.replace("127.0.0.1:8080", f"127.0.0.1:{server.port}").replace("python3", sys.executable)
    done = subprocess.run(["sh", "-ec", here], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    shown = json.loads((tmp_path / "sheet.json").read_text(encoding="utf-8"))["example"]["answer"]
    told = json.loads(done.stdout)
    assert {**told, "decision_id": "", "receipt": ""} == {**shown, "decision_id": "", "receipt": ""}
