"""`ordain hooks`: the sources, and an event in a file tried out; the page of hooks is what they say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from answers import QUOTE
from senders import STRIPE_SECRET, hooks_text, payment_failed, usage, write_hooks
from served import ROOT, ordain_here

PAGE = (ROOT / "docs/hooks.md").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_hooks(tmp_path, hooks_text(QUOTE))
    return tmp_path


def hooks(folder: Path, *arguments: str) -> tuple[int, str, str]:
    done = ordain_here(folder, "hooks", *arguments, ORDAIN_HOOKS=str(folder / "hooks.yaml"))
    assert STRIPE_SECRET not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


def test_the_sources_are_listed_without_their_secrets(folder: Path) -> None:
    code, told, _ = hooks(folder, "list")
    assert code == 0
    assert told.splitlines()[:2] == [
        "stripe  stripe, 1 secret, 300 s  POST /v1/hooks/stripe",
        "  invoice.payment_failed when event.livemode -> retention",
    ]
    sources = json.loads(hooks(folder, "list", "--json")[1])["sources"]
    assert [each["name"] for each in sources] == ["stripe", "crm"]
    assert sources[1]["events"][0]["facts"] == {"usage_gb": "event.data.usage_gb", "plan_gb": "event.data.plan_gb"}


def test_an_event_is_tried_as_the_server_would_decide_it_and_nothing_is_recorded(folder: Path) -> None:
    (folder / "event.json").write_bytes(usage())
    code, told, _ = hooks(folder, "test", "crm", "event.json")
    assert code == 0
    assert told.startswith('usage.measured of crm asks plan-advice for C-9\n  usage_gb: "95"\n  plan_gb: "100"\n')
    assert "plan up" in told
    assert not (folder / "ordain.db").exists()
    (folder / "event.json").write_bytes(payment_failed())
    answer = json.loads(hooks(folder, "test", "stripe", "event.json", "--json")[1])
    assert (answer["event"], answer["service"], answer["subject"]) == ("evt_1", "retention", "cus_9")
    assert answer["answer"]["dry_run"]


def test_an_event_that_nothing_is_about_is_said_so(folder: Path) -> None:
    (folder / "event.json").write_bytes(usage().replace(b"usage.measured", b"other"))
    code, told, _ = hooks(folder, "test", "crm", "event.json")
    assert (code, told) == (1, "other: no mapping of crm is about it\n")
    assert json.loads(hooks(folder, "test", "crm", "event.json", "--json")[1])["service"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["test", "srtipe", "event.json"], "there is no source `srtipe`"),
        (["test", "crm", "none.json"], "`none.json` cannot be read: no such file"),
        (["test", "crm", "event.json"], "the context has no `plan_gb`"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(folder: Path, arguments: list[str], said: str) -> None:
    (folder / "event.json").write_bytes(usage().replace(b"plan_gb", b"plan"))
    code, told, error = hooks(folder, *arguments)
    assert (code, told) == (2, "")
    assert said in error
    assert "Traceback" not in error


def test_without_a_file_of_sources_it_says_how_to_name_one(tmp_path: Path) -> None:
    done = ordain_here(tmp_path, "hooks", "list")
    assert done.returncode == 2
    assert "hooks: hooks.yaml" in done.stderr


def test_the_example_of_the_page_does_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_SIGNING_SECRET", STRIPE_SECRET)
    write_hooks(tmp_path, PAGE.partition("<<'END'\n")[2].partition("END\n")[0])
    (tmp_path / "event.json").write_text(PAGE.partition("```json event\n")[2].partition("```")[0])
    code, told, error = hooks(tmp_path, "test", "stripe", "event.json")
    assert code == 0, error
    shown = PAGE.partition("```text\n")[2].partition("```")[0]
    assert told.startswith(shown)
