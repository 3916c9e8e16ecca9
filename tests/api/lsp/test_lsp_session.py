"""The language server as an editor uses it: the real process, over standard input and output."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lsp_editor import Editor, edited, part
from lsp_folder import written

from ordain.engine.catalog import read_texts
from ordain.engine.check.findings import check_policies
from ordain.engine.errors import Level

ROOT = Path(__file__).parents[3]
OFFER, FACTS = "policies/retention-offer/v1.yaml", "policies/facts.yaml"
SNIPPETS = {"textDocument": {"completion": {"completionItem": {"snippetSupport": True}}}}


@pytest.fixture
def shipped(tmp_path: Path) -> Iterator[Editor]:
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    editor = Editor(tmp_path, SNIPPETS)
    yield editor
    editor.stop()


def test_a_session_from_the_first_key_to_the_last(shipped: Editor) -> None:
    editor = shipped
    text = editor.open(OFFER)
    assert [found for found in editor.findings(OFFER) if found["severity"] < 3] == []

    # completion inside `when:`, in brackets that are not closed yet
    started = text.replace("clv_tier: high}", "clv_^", 1)
    where = editor.typed_at(OFFER, started)
    items = {item["label"]: item for item in editor.ask("textDocument/completion", where)["items"]}
    assert items["clv_tier"]["textEdit"]["newText"] == "clv_tier: "
    assert items["clv_tier"]["detail"] == "text: high, medium, low"
    assert "lifetime value" in items["clv_tier"]["documentation"]["value"]
    assert editor.labels(editor.typed_at(OFFER, text.replace("clv_tier: high}", "clv_tier: ^}", 1)))[:3] == [
        "high",
        "medium",
        "low",
    ]

    # what a fact is
    editor.type(OFFER, text)
    told = editor.ask("textDocument/hover", editor.at(OFFER, text.index("churn_risk") + 2))
    assert part(text, told["range"]) == "churn_risk"
    assert "**churn_risk** · number in probability" in told["contents"]["value"]
    assert "the probability that the customer leaves" in told["contents"]["value"]

    # a slip, found and mended by its quick fix
    slip = text.replace("clv_tier: high}", "clv_teir: high}", 1)
    editor.type(OFFER, slip)
    (found,) = until(editor, OFFER, ["unknown-name"])
    assert part(slip, found["range"]) == "clv_teir"
    assert "hint: did you mean `clv_tier`?" in found["message"]
    asked = {"textDocument": {"uri": editor.uri(OFFER)}, "range": found["range"], "context": {"diagnostics": [found]}}
    (action,) = editor.ask("textDocument/codeAction", asked)
    assert action["title"] == "Write `clv_tier` instead of `clv_teir`"
    editor.type(OFFER, edited(slip, action["edit"]["changes"][editor.uri(OFFER)]))
    assert editor.texts[OFFER] == text
    assert until(editor, OFFER, []) == []

    # where the fact is declared
    (place,) = editor.ask("textDocument/definition", editor.at(OFFER, text.index("clv_tier")))
    assert place["uri"] == editor.uri(FACTS)
    assert part((editor.folder / FACTS).read_text(), place["range"]) == "clv_tier"

    # a fact of five files and more, renamed in all of them, comments and all else as before
    law = "policies/price-law-us/v1.yaml"
    law_text = editor.open(law)
    renamed = editor.ask(
        "textDocument/rename", {**editor.at(law, law_text.index("consumer_state") + 3), "newName": "home_state"}
    )["changes"]
    assert len(renamed) >= 5
    for uri, edits in renamed.items():
        file = editor.folder / uri.removeprefix(editor.folder.as_uri() + "/")
        before = file.read_text(encoding="utf-8")
        assert {part(before, edit["range"]) for edit in edits} == {"consumer_state"}
        file.write_text(edited(before, edits), encoding="utf-8")
    remaining = [file for file in (editor.folder / "policies").rglob("*.yaml") if "consumer_state" in file.read_text()]
    assert remaining == []
    findings = check_policies(read_texts(editor.folder / "policies")).issues
    assert [issue for issue in findings if issue.level is Level.ERROR] == []

    # colours inside of expressions
    tokens = editor.ask("textDocument/semanticTokens/full", {"textDocument": {"uri": editor.uri(OFFER)}})["data"]
    legend = editor.can["semanticTokensProvider"]["legend"]["tokenTypes"]
    coloured = list(read_tokens(text, tokens, legend))
    assert ("churn_risk", "variable") in coloured
    assert ("> ", "operator") not in coloured
    assert {(">", "operator"), ("0.80", "number"), ("high", "enumMember")} <= set(coloured)

    assert editor.leave() == 0
    assert b"Traceback" not in editor.errors


def until(editor: Editor, file: str, codes: list[str]) -> list[dict[str, Any]]:
    """The errors of a file, once they have these codes: those of a text before may come first."""
    while True:
        errors = [found for found in editor.findings(file) if found["severity"] == 1]
        if [found["code"] for found in errors] == codes:
            return errors


def read_tokens(text: str, data: list[int], legend: list[str]) -> Iterator[tuple[str, str]]:
    line = column = 0
    for at in range(0, len(data), 5):
        down, right, length, kind, _ = data[at : at + 5]
        line, column = line + down, right + (column if not down else 0)
        where = {"start": {"line": line, "character": column}, "end": {"line": line, "character": column + length}}
        yield part(text, where), legend[kind]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Editor]:
    written(tmp_path)
    editor = Editor(tmp_path)
    yield editor
    editor.stop()


def test_whatever_is_asked_of_whatever_file_the_server_goes_on(small: Editor) -> None:
    editor, file = small, "policies/offers/v1.yaml"
    text = editor.open(file)
    refused = editor.answer("textDocument/rename", {**editor.at(file, text.index("grade")), "newName": "mark"})
    assert refused["error"]["message"] == "`grade` is no fact: only a fact is renamed in all files"
    refused = editor.answer("textDocument/rename", {**editor.at(file, text.index("churn_risk")), "newName": "a b"})
    assert refused["error"]["message"] == "`a b` cannot be a name: use letters, digits and `_`, but no keyword"
    editor.type(file, text.replace("hit policy: first", "hit policy: [first"))
    style = {"tabSize": 2, "insertSpaces": True}
    refused = editor.answer("textDocument/formatting", {"textDocument": {"uri": editor.uri(file)}, "options": style})
    assert refused["error"]["code"] == -32803
    assert "Traceback" not in str(refused)

    elsewhere = {"textDocument": {"uri": "untitled:Untitled-1"}, "position": {"line": 0, "character": 0}}
    outside = {"textDocument": {"uri": editor.uri("notes.yaml")}, "position": {"line": 0, "character": 0}}
    beyond = {"textDocument": {"uri": editor.uri(file)}, "position": {"line": 9999, "character": 9999}}
    for method in ("completion", "hover", "definition"):
        for where in (elsewhere, outside):
            assert editor.ask(f"textDocument/{method}", where) in (None, [])
        assert "error" not in editor.answer(f"textDocument/{method}", beyond)
    editor.tell("textDocument/didChange", {"textDocument": {}})  # no such message
    assert editor.ask("textDocument/hover", outside) is None
    assert editor.leave() == 0


LOADED = """
import sys
from ordain.api.cli.main import main
main(["lsp"], standalone_mode=False)
sys.exit(", ".join(name for name in sys.argv[1:] if name in sys.modules) or 0)
"""
HEAVY = ["xgboost", "sklearn", "pandas", "numpy", "pyarrow", "openpyxl", "psycopg", "sqlmodel", "flask", "jsonschema"]


def test_the_server_loads_no_library_of_models_tables_or_ledgers(tmp_path: Path) -> None:
    """It begins, the editor is gone at once, it ends."""
    run = [sys.executable, "-c", LOADED, *HEAVY]
    done = subprocess.run(run, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (0, "", "")


def test_a_text_that_is_not_saved_counts_in_other_files_too(small: Editor) -> None:
    facts, tariff = "policies/facts.yaml", "policies/tariff/v1.yaml"
    text = small.open(facts)
    small.open(tariff)
    small.type(facts, text.replace("churn_risk:", "leaving_risk:"))
    (found,) = until(small, tariff, ["unknown-name"])
    assert found["message"].startswith("unknown fact `churn_risk`")
    small.type(facts, text)
    assert until(small, tariff, []) == []
    assert small.leave() == 0
