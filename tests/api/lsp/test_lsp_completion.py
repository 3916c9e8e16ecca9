"""What is offered while a file is typed: cases in tests/cases/lsp/completion.yaml, and texts cut anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from lsp_folder import FILES, folder_of

from ordain.api.lsp.colours import colours
from ordain.api.lsp.cursor import Cursor, cursor_at
from ordain.api.lsp.document import Document
from ordain.api.lsp.folder import Folder
from ordain.api.lsp.outline import outline
from ordain.api.lsp.pointing import definitions, references, told_at
from ordain.api.lsp.suggestions import Suggestion, suggestions

ROOT = Path(__file__).parents[3]
CASES: list[dict[str, Any]] = yaml.safe_load((ROOT / "tests/cases/lsp/completion.yaml").read_text(encoding="utf-8"))
_ASSERTS = {"first", "has", "lacks", "writes", "replaces"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return folder_of(tmp_path_factory.mktemp("completion"))


def offered(folder: Folder, file: str, text: str) -> Iterator[tuple[Suggestion, str]]:
    """What is offered where `^` stands, each with what it replaces."""
    index = text.index("^")
    name = f"policies/{file}"
    folder.open[name] = text[:index] + text[index + 1 :]
    document = folder.document(name)
    for each in suggestions(folder, document, cursor_at(document.text, index)):
        yield each, document.text[each.start : index]
    del folder.open[name]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["does"])
def test_what_is_offered(case: dict[str, Any], folder: Folder) -> None:
    assert _ASSERTS & set(case), "a case that asserts nothing"
    text, change = FILES[case["file"]], case["change"]
    before, there, after = text.partition(change["from"])
    assert there
    found = list(offered(folder, case["file"], before + change["to"] + ("" if case.get("cut") else after)))
    labels = [each.label for each, _ in found]
    assert len(labels) == len(set(labels))
    assert labels[: len(case.get("first", []))] == case.get("first", [])
    assert set(case.get("has", [])) <= set(labels)
    assert not set(case.get("lacks", [])) & set(labels)
    assert {each.label: each.text for each, _ in found if each.label in case.get("writes", {})} == case.get(
        "writes", {}
    )
    replaced = {each.label: old for each, old in found if each.label in case.get("replaces", {})}
    assert replaced == case.get("replaces", {})


def test_every_value_that_is_offered_is_read_as_that_value(folder: Folder) -> None:
    """Whatever is offered in a cell and inserted there leaves a policy that loads."""
    text = FILES["offers/v1.yaml"]
    assert [issue for issue in folder.check().findings.issues if issue.level == "error"] == []
    for old, new in (("tier: high,", "tier: ^,"), ("tier: high,", 'tier: "^",'), ("grade: bad", "grade: ^")):
        for each, _ in list(offered(folder, "offers/v1.yaml", text.replace(old, new, 1))):
            if each.sort != "value":
                continue
            folder.open["policies/offers/v1.yaml"] = text.replace(old, new.replace("^", each.text), 1)
            errors = [issue for issue in folder.check().findings.issues if issue.level == "error"]
            assert [issue for issue in errors if issue.code != "example"] == [], each.text
    folder.open.clear()


TEXTS = [
    *FILES.items(),
    *((f"offers/{n}.yaml", file.read_text()) for n, file in enumerate((ROOT / "policies").glob("*/v1.yaml"))),
]


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_text_cut_anywhere_is_answered(data: st.DataObject, folder: Folder) -> None:
    """Half a file, a hole in it, a sign too many: everything that an editor asks is answered, inside of the text."""
    file, text = data.draw(st.sampled_from(TEXTS))
    start = data.draw(st.integers(0, len(text)))
    end = min(len(text), start + data.draw(st.sampled_from([0, 1, 5, 40, 10**6])))
    sign = data.draw(
        st.sampled_from(["", "{", "[", '"', "'", ":", ": ", "- ", "\t", "#", "|", ">-", "&", "*", "\x00", "😀"])
    )
    cut = text[:start] + sign + text[end:]
    name = f"policies/{file}"
    folder.open[name] = cut
    try:
        document = folder.document(name)
        index = data.draw(st.integers(0, len(cut)))
        for at in (index, start + len(sign)):
            cursor = cursor_at(cut, at)
            assert 0 <= cursor.start <= at == cursor.end
            for each in suggestions(folder, document, cursor):
                assert 0 <= each.start <= at
                assert "\n" not in cut[each.start : at]
            told = told_at(document, at, {})
            assert told is None or (told.text and 0 <= told.start <= at <= told.end <= len(cut))
            definitions(folder, document, at)
            references(folder, document, at)
        for colour in colours(document):
            assert 0 <= colour.start < colour.end <= len(cut)
        outline(document.layout)
    finally:
        folder.open.pop(name, None)


def test_a_cut_of_a_line_leaves_the_rest_of_the_file_known() -> None:
    text = FILES["offers/v1.yaml"]
    for broken in ("when: {tier: high, gr", 'when: {tier: "high', "when: [", "when: {a: b: c}", "when tier: 'x"):
        document = Document("policies/offers/v1.yaml", text.replace('when: {churn_risk: "> 0.80"}', broken), {})
        assert list(document.declared) == ["grade", "offer"]
        assert document.layout.key("examples") is not None, broken


def test_the_place_of_the_cursor_needs_no_yaml() -> None:
    text = "decides:\n  fee:\n    rules:\n      - id: a\n        when: {b: c\n        then: {x"
    assert cursor_at(text, len(text)) == Cursor(
        ("decides", "fee", "rules", 0, "then"), True, "x", len(text) - 1, len(text), flow=True
    )
