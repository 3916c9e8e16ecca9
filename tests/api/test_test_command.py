"""`ordain test`, as people run it: examples, coverage, the page, suggestions, exit codes."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from served import ROOT

from ordain.api.cli.main import main
from ordain.engine.text.source import parse

POLICIES = ROOT / "policies"
MODEL = """\
<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" xmlns:ordain="urn:ordain" name="lenient"
    namespace="https://example.org/lenient" id="m" ordain:effective="2026-01-01" ordain:owner="tests">
  <inputData id="i" name="usage_gb"><variable name="usage_gb" typeRef="number"/></inputData>
  <decision id="d" name="twice">
    <variable name="twice" typeRef="number"/>
    <informationRequirement><requiredInput href="#i"/></informationRequirement>
    <literalExpression><text>usage_gb * 2</text></literalExpression>
  </decision>
</definitions>
"""


def ran(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "250"}).invoke(main, ["test", *map(str, arguments)])


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(POLICIES, tmp_path / "policies"))


def change(folder: Path, name: str, old: str, new: str) -> None:
    file = folder / name / "v1.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_shipped_policies_pass_and_their_coverage_is_told() -> None:
    done = ran(POLICIES)
    assert done.exit_code == 0, done.output
    told = " ".join(done.output.split())
    assert "retention-offer@1 11 of 11 (100 %) 8 of 8 (100 %) 25 of 26 (96 %)" in told
    assert "step-lowest policies/price-bounds/v1.yaml:18:28" in told


def test_each_example_shows_its_line_and_the_rules_that_fired() -> None:
    done = ran(POLICIES, "--policy", "plan-advice@1")
    told = " ".join(done.output.split())
    file = POLICIES / "plan-advice" / "v1.yaml"
    line = parse(file.read_bytes(), "v1.yaml")["examples"].nodes()[0].span.line
    given = f"1 {line} usage_gb: 95, plan_gb: 100"
    assert f"{given} advice.action: plan up, used_percent: 95.00 nearly-full ok" in told
    assert "retention-offer" not in told


def test_an_example_that_comes_out_otherwise_is_shown_and_exits_with_1(copied: Path) -> None:
    change(copied, "plan-advice", "{advice.action: plan up, used", "{advice.action: add-on, used")
    done = ran(copied, "--json")
    assert done.exit_code == 1
    measured = {each["policy"]: each for each in json.loads(done.stdout)["policies"]}
    wrong = [each for each in measured["plan-advice@1"]["examples"] if not each["ok"]]
    assert [each["differs"] for each in wrong] == [
        ["example 1 of `plan-advice@1` gives advice.action `plan up`, not `add-on`"]
    ]
    assert all(each["ok"] for each in measured["retention-offer@1"]["examples"])
    assert "gives advice.action" in ran(copied, "--policy", "plan-advice").output


@pytest.mark.parametrize(("least", "code"), [("50", 0), ("51", 1)])
def test_a_coverage_below_what_is_asked_exits_with_1(least: str, code: int) -> None:
    done = ran(POLICIES, "--policy", "price-bounds", "--min-coverage", least)
    assert done.exit_code == code
    assert ("price-bounds@1: 50 % of its rules fired, 51 % asked" in done.output) is bool(code)


def test_suggestions_are_shown_ready_to_paste_and_in_json(copied: Path) -> None:
    text = (copied / "plan-advice" / "v1.yaml").read_text(encoding="utf-8")
    kept = text[: text.index("  - given: {usage_gb: 29.99")]
    (copied / "plan-advice" / "v1.yaml").write_text(kept, encoding="utf-8")
    done = ran(copied, "--policy", "plan-advice", "--suggest")
    assert "# plan-advice@1: to be added under `examples:`\n  # suggested: check that" in done.output
    assert "fired: [mostly-empty]}" in done.output
    [measured] = json.loads(ran(copied, "--policy", "plan-advice", "--suggest", "--json").stdout)["policies"]
    first = measured["suggestions"][0]
    assert first["reaches"] == "rule `mostly-empty` fires"
    pasted = "".join(each["yaml"] for each in measured["suggestions"])
    (copied / "plan-advice" / "v1.yaml").write_text(kept + pasted, encoding="utf-8")
    again = ran(copied, "--policy", "plan-advice", "--min-coverage", "100")
    assert again.exit_code == 0, again.output


class _Page(HTMLParser):
    """Whether every element is closed, and which stand in the page."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not {name for name, _ in attrs} & {"src", "onclick"}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_alone_and_shows_text_and_marks(copied: Path, tmp_path: Path) -> None:
    change(copied, "plan-advice", "purpose: Which", 'purpose: <b>Which</b> & "why"')
    change(copied, "plan-advice", "{usage_gb: 29.99, plan_gb: 100}", "{usage_gb: 31, plan_gb: 100}")
    change(copied, "plan-advice", "expect: {advice.action: plan down}", "expect: {advice.action: add-on}")
    page = tmp_path / "coverage.html"
    done = ran(copied, "--html", page)
    assert done.exit_code == 0, done.output
    text = page.read_text(encoding="utf-8")
    read = _Page()
    read.feed(text)
    assert read.open == []
    assert not read.seen & {"script", "img", "iframe", "link", "b"}
    assert "&lt;b&gt;Which&lt;/b&gt;" in text
    assert "prefers-color-scheme: dark" in text
    for mark in ('<tr class="fired">', '<tr class="never">', '<tr class="partly">', "✓T ✓F", "✓T ✗F"):
        assert mark in text
    assert re.search('<span class="cell once" title="true: examples [0-9, ]+; false: never">&lt; 0.50</span>', text)


def test_a_page_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    done = ran(POLICIES, "--html", tmp_path / "no" / "such.html")
    assert done.exit_code == 2
    assert "cannot be written: no such file or directory" in done.output


def test_an_unknown_policy_exits_with_2() -> None:
    done = ran(POLICIES, "--policy", "retention-ofer")
    assert done.exit_code == 2
    assert "there is no policy `retention-ofer`" in done.output
    assert "did you mean `retention-offer`?" in done.output


def test_a_policy_that_does_not_load_exits_with_2(copied: Path) -> None:
    change(copied, "retention-offer", "clv_tier: high", "clv_teir: high")
    done = ran(copied)
    assert done.exit_code == 2
    assert "clv_teir" in done.output


def test_a_dmn_file_is_said_to_have_no_examples(copied: Path) -> None:
    (copied / "lenient").mkdir()
    (copied / "lenient" / "v1.dmn").write_text(MODEL, encoding="utf-8")
    done = ran(copied, "--policy", "lenient", "--suggest", "--min-coverage", "100", "--html", copied / "page.html")
    assert done.exit_code == 0, done.output
    assert "policies/lenient/v1.dmn has no examples of its own" in done.output
