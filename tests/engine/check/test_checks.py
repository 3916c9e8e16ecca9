"""`ordain check`: every finding with its words and place, and the table of codes with its page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from check_cases import CHECKED, all_cases, models_of, said, texts_of
from hypothesis import given, settings
from hypothesis import strategies as st

from ordain.engine.catalog import Texts, load_catalog, read_texts
from ordain.engine.check.codes import CHECKS, page
from ordain.engine.check.findings import Findings, check_policies
from ordain.engine.errors import Issue, Level, PolicyError
from ordain.engine.policy import load
from ordain.engine.policy.load import read_structure
from ordain.engine.text.source import Node

ROOT = Path(__file__).parents[3]
EVERY = list(all_cases())
SHIPPED = read_texts(ROOT / "policies")
TOLD_ONLY = {
    "file": "a directory, not a text",
    "file-name": "the folder, not a text",
    "sheet-cell": "a spreadsheet",
    "too-large": "too long to be shown",
    "dmn": "another file altogether",
    "decided-twice": "what is to be renamed depends on the policy",
    "protected-fact": "which facts a price is to be made of depends on the policy",
    "hit-policy": "several ways",
    **dict.fromkeys(("used-edited", "used-deleted"), "a ledger"),
    "shared-faults": "the fault is told where it stands",
    "calendar-ends": "it depends on the day",
    **dict.fromkeys(("refuted", "not-proved"), "a solver"),
    "empty-rule": "what the rule is to say depends on the law",
}
"""Checks whose example is said rather than written, and why."""


def named(case: dict[str, Any]) -> str:
    return str(case["case"])


@pytest.fixture(scope="module")
def found() -> list[tuple[Texts, list[Issue]]]:
    """What is found in every case."""
    return [(texts, list(check_policies(texts, models).issues)) for _, texts, models in EVERY]


def _replaced(texts: Texts, old: str, new: str) -> Texts | None:
    """The texts with one thing written otherwise, its further lines indented; None when none of them has it."""

    def put(text: bytes) -> bytes:
        at = text.find(old.encode())
        if at < 0:
            return text
        line = text[text.rfind(b"\n", 0, at) + 1 : at]
        indent = line[: len(line) - len(line.lstrip())].decode()
        first, *more = new.split("\n")
        written = "\n".join([first, *(indent + each if each else each for each in more)])
        return text.replace(old.encode(), written.encode(), 1)

    policies = {file: put(text) for file, text in texts.policies.items()}
    shared = {file: put(text) for file, text in texts.shared.items()}
    after = Texts(put(texts.vocabulary), put(texts.services), policies, texts.root, shared)
    return after if after != texts else None


@pytest.mark.parametrize("case", CHECKED["cases"], ids=named)
def test_every_finding_has_its_words_and_its_place(case: dict[str, Any]) -> None:
    issues = check_policies(texts_of(case), models_of(case)).issues
    assert case["findings"]
    assert [said(issue) for issue in issues] == case["findings"]


def test_there_are_more_than_eighty_wrong_policies() -> None:
    assert len(EVERY) > 200


def test_every_finding_about_every_wrong_policy_has_a_code_of_the_table(found: list[tuple[Texts, list[Issue]]]) -> None:
    for _, issues in found:
        assert issues
        for issue in issues:
            assert issue.code in CHECKS, issue
            assert issue.level in CHECKS[issue.code].levels, issue


@pytest.mark.parametrize("code", [code for code in CHECKS if code not in TOLD_ONLY])
def test_the_example_of_a_check_is_found_and_mended_as_its_page_says(
    code: str, found: list[tuple[Texts, list[Issue]]]
) -> None:
    check = CHECKS[code]
    for (texts, issues), (_, _, models) in zip(found, EVERY, strict=True):
        about = [issue for issue in issues if issue.code == code and issue.message.startswith(check.finds)]
        mended = _replaced(texts, check.wrong, check.instead) if about else None
        if mended is not None and not set(about) & set(check_policies(mended, models).issues):
            return
    pytest.fail(f"no case has `{check.wrong}`, with the finding `{check.finds}`, that `{check.instead}` mends")


def test_every_check_whose_example_is_only_said_is_one_of_the_table() -> None:
    assert set(TOLD_ONLY) < set(CHECKS)


def test_the_page_of_codes_is_as_the_table_makes_it() -> None:
    written = (ROOT / "docs/checks.md").read_text(encoding="utf-8")
    assert written == page(), "run: ordain check --reference docs/checks.md"
    for code in CHECKS:
        assert f"\n### {code}\n" in written


def test_the_shipped_policies_have_no_error_and_no_warning() -> None:
    result = check_policies(SHIPPED)
    assert [said(issue) for issue in result.issues if issue.level is not Level.NOTE] == []
    assert len(result.policies) == len(SHIPPED.policies)
    assert {service.name for service in result.services} == {
        "access",
        "alerts",
        "model-promotion",
        "plan-advice",
        "price-quote",
        "retention",
        "rollouts",
    }


def test_an_error_in_one_policy_hides_no_finding_in_another() -> None:
    texts = {**SHIPPED.policies}
    texts["policies/plan-advice/v1.yaml"] = texts["policies/plan-advice/v1.yaml"].replace(b"usage_gb /", b"usage_bg /")
    before = [issue for issue in check_policies(SHIPPED).issues if issue.code not in ("unread-fact", "unused-output")]
    result = check_policies(Texts(SHIPPED.vocabulary, SHIPPED.services, texts))
    assert set(before) <= set(result.issues)
    assert {issue.code for issue in result.issues if issue.level is Level.ERROR} == {"unknown-name"}
    assert "plan-advice@1" not in {policy.label for policy in result.policies}
    assert "plan-advice" not in {service.name for service in result.services}


def test_a_file_that_only_its_examples_keep_from_loading_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(text: bytes, file: str) -> Node:
        read.append(file)
        return read_structure(text, file)

    monkeypatch.setattr(load, "read_structure", counted)
    texts = {**SHIPPED.policies}
    file = "policies/plan-advice/v1.yaml"
    texts[file] = texts[file].replace(b"given: {usage_gb", b"given: {unknown_gb", 1)
    issues = check_policies(Texts(SHIPPED.vocabulary, SHIPPED.services, texts)).issues
    assert {issue.span.file for issue in issues if issue.level is Level.ERROR and issue.span} == {file}
    assert sorted(read) == sorted(name for name in texts if name.endswith(".yaml"))


def _broken(file: str, line: int, change: int) -> Texts:
    """The shipped texts with one line of one file changed."""
    files = {**SHIPPED.policies, "policies/facts.yaml": SHIPPED.vocabulary, "policies/services.yaml": SHIPPED.services}
    lines = files[file].split(b"\n")
    at = line % len(lines)
    words = lines[at].split(b" ")
    if change == 0:
        del lines[at]
    elif change == 1:
        lines.insert(at, lines[at])
    elif change == 2:
        lines[at] = b" ".join(words[:-1])
    else:
        lines[at] = lines[at].replace(b"0", b"x").replace(b"a", b"e", 1)
    files[file] = b"\n".join(lines)
    vocabulary, services = files.pop("policies/facts.yaml"), files.pop("policies/services.yaml")
    return Texts(vocabulary, services, files)


def _loads(texts: Texts) -> bool:
    try:
        load_catalog(texts)
    except PolicyError:
        return False
    return True


FILES = [*SHIPPED.policies, "policies/facts.yaml", "policies/services.yaml"]


@settings(max_examples=10, deadline=None)
@given(st.sampled_from(FILES), st.integers(0, 400), st.integers(0, 3))
def test_whatever_is_broken_is_found_with_a_known_code_and_nothing_is_raised(file: str, line: int, change: int) -> None:
    texts = _broken(file, line, change)
    result: Findings = check_policies(texts)
    assert all(issue.code in CHECKS for issue in result.issues)
    places = [(issue.span.file, issue.span.line, issue.span.column) for issue in result.issues if issue.span]
    assert places == sorted(places)
    if not _loads(texts):
        assert any(issue.level is Level.ERROR for issue in result.issues)
