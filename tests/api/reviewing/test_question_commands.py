"""`ordain audit search, report, text, settle`: errors that a program can read, rows that a person can."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from answers import NOON, RETENTION
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from served import ROOT, ordain_here, settings_in

from ordain.api.ask import read_ask
from ordain.api.cli.audit.rows import print_rows, wrapped
from ordain.api.decide import decide
from ordain.api.services import Services, wire


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("asked")
    use = wire(settings_in(made))
    _decide(use, "C-1")
    _decide(use, "C-2", opted_out_channels=["phone"])
    _decide(use, "C-3", vulnerable_customer=True)
    use.close()
    return made


def _decide(use: Services, subject: str, **facts: object) -> None:
    body = {"subject": subject, "facts": {**RETENTION, **facts}, "at": NOON}
    decide(read_ask("retention", json.dumps(body).encode()), use)


def told(folder: Path, *arguments: str) -> Any:
    done = ordain_here(folder, "audit", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    "arguments",
    [
        ("search", "--service", "retentoin"),
        ("search", "--rule", "house-opt-ot"),
        ("search", "--policy", "retention-offer@7"),
        ("search", "--model", "churm"),
        ("search", "--denied-by", "nowhere"),
        ("search", "--jurisdiction", "EUU"),
        ("search", "--jurisdiction", "None"),
        ("search", "--limit", "9" * 20),
        ("export", "x.jsonl", "--limit", "9" * 20),
        ("report", "--sample", "9" * 20, "--seed", "1"),
        ("report", "--by", "outcome.ofer.action"),
        ("report", "--by", "month", "--by", "outcome.offer.actoin"),
        ("consistency", "9" * 20),
        ("verify", "--from", "9" * 20),
        ("retain", "--days", "9" * 20, "--dry-run"),
        ("retain", "--days", "4000000", "--dry-run"),
        ("search", "--since", "2026-02-01", "--until", "2026-01-01"),
        ("search", "--verdict", "maybe"),
        ("search", "--limit", "0"),
        ("search", "--nope"),
        ("search", "--where", "outcome.prise > 1"),
        ("report", "--by", "colour"),
        ("report", "--rule", "nowhere"),
        ("report", "--sample", "3"),
        ("report", "--seed", "3"),
        ("export", "x.jsonl", "--service", "retentoin"),
        ("export", "x.jsonl", "--bom"),
        ("text", "retention-offer@7"),
        ("settle", "x", "--permit", "--reason", "y"),
        ("settle", "0192f000-0001-7000-8000-00000000abcd", "--reason", "y"),
        ("settle", "0192f000-0001-7000-8000-00000000abcd", "--reason", " ", "--deny"),
        ("settle",),
        ("bogus",),
        ("reconcile",),
    ],
    ids=" ".join,
)
def test_what_cannot_be_answered_is_an_error_as_json_if_asked(folder: Path, arguments: tuple[str, ...]) -> None:
    done = ordain_here(folder, "audit", *arguments, "--json")
    assert (done.returncode, done.stdout) == (2, "")
    error = json.loads(done.stderr)["error"]
    assert error["code"] in ("MalformedRequest", "UnknownDecision")
    assert error["message"]
    assert not (folder / "x.jsonl").exists()
    said = ordain_here(folder, "audit", *arguments)
    assert said.returncode == 2
    assert not said.stderr.startswith("{")


def test_the_newest_come_first_unless_the_oldest_are_asked_for(folder: Path) -> None:
    newest, oldest = told(folder, "search"), told(folder, "search", "--oldest-first")
    assert [row["verdict"] for row in oldest] == ["permit", "deny", "review"]
    assert newest == oldest[::-1]
    assert [row["status"] for row in oldest] == ["decided", "refused", "in_review"]


def test_a_refused_outcome_is_told_as_not_offered(folder: Path) -> None:
    text = ordain_here(folder, "audit", "search", "--open").stdout
    assert "refused, not offered: offer: action: personal call" in text
    assert "in review, not offered: offer:" in text


def test_a_text_is_printed_as_it_was_and_without_a_name_all_are_listed(folder: Path) -> None:
    [kept] = told(folder, "text", "retention-offer@1")
    text = (ROOT / "policies/retention-offer/v1.yaml").read_text(encoding="utf-8")
    assert kept["text"] == text
    assert kept["digest"] == "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    assert ordain_here(folder, "audit", "text", "retention-offer@1").stdout == text
    assert {each["policy"] for each in told(folder, "text")} >= {"retention-offer", "contact-house-rules"}


def test_a_sample_is_the_same_for_the_same_seed_and_anybody_draws_it_again(folder: Path) -> None:
    reports = [told(folder, "report", "--sample", "2", "--seed", "s")[0] for _ in range(2)]
    drawn = [[row["entry_id"] for row in report["entries"]] for report in reports]
    ids = [row["entry_id"] for row in told(folder, "search")]
    expected = sorted(ids, key=lambda each: hashlib.sha256(f"s:{each}".encode()).hexdigest())[:2]
    assert drawn[0] == drawn[1] == sorted(expected)


def test_counts_are_a_table_for_people(folder: Path) -> None:
    text = ordain_here(folder, "audit", "report", "--by", "verdict").stdout
    assert [line.split() for line in text.splitlines()][1:4] == [["deny", "1"], ["permit", "1"], ["review", "1"]]
    assert "3 entries" in text


def test_a_purpose_is_asked_for_where_it_is_required(folder: Path) -> None:
    exporting = ("export", "p.jsonl", "--role", "analyst")
    for arguments in (("search", "--subject", "C-1"), ("report", "--by", "subject"), exporting):
        refused = ordain_here(folder, "audit", *arguments, ORDAIN_PURPOSE="required")
        assert (refused.returncode, "--purpose" in refused.stderr) == (2, True), refused.stderr
        done = ordain_here(folder, "audit", *arguments, "--purpose", "inquiry", ORDAIN_PURPOSE="required")
        assert done.returncode == 0, done.stderr
    assert ordain_here(folder, "audit", "search", ORDAIN_PURPOSE="required").returncode == 0, "envelopes are nobody's"


_ROW: dict[str, Any] = {
    "entry_id": "0192f000-0001-7000-8000-00000000abcd",
    "recorded_at": "2026-01-31T08:00:00.000000Z",
    "kind": "decision",
    "service": "price-quote",
    "verdict": "permit",
    "status": "decided",
    "reason_codes": ["price-house-rules@1/house-vulnerable-customer", "price-bounds@1/step-highest"],
    "about": {},
}


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_row_breaks_within_a_word_on_a_terminal(width: int) -> None:
    screen = Console(file=io.StringIO(), width=width, force_terminal=True, highlight=False, soft_wrap=True)
    print_rows([_ROW], personal=False, console=screen)
    lines = screen.file.getvalue().splitlines()  # type: ignore[attr-defined]
    rules = {"house-vulnerable-customer,", "step-highest"}
    words = {_ROW["entry_id"], "2026-01-31T08:00:00Z", "price-quote", "permit", *rules}
    assert {word for line in lines for word in line.split()} == words
    assert all(len(line) <= width for line in lines)


def test_a_row_is_one_line_for_another_program() -> None:
    pipe = Console(file=io.StringIO(), width=40, highlight=False, soft_wrap=True)
    print_rows([_ROW], personal=False, console=pipe)
    assert pipe.file.getvalue().count("\n") == 1  # type: ignore[attr-defined]


@given(st.text("ab-é ", max_size=200), st.integers(20, 100))
def test_wrapping_keeps_every_word_whole(text: str, width: int) -> None:
    assert wrapped(text, width).split() == text.split()
