"""What policies share, from the file to the record: decided over HTTP, changed by its right way, replayed, guarded."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from served import Server, edit, ordain_here
from shared_texts import FACTS, INDIA, SERVICES, policy
from test_workers import until

from ordain.audit.verifier.check import verify
from ordain.engine.text.source import parse

SAMPLE = policy(
    'if list contains(vip_cities, city) then "yes" else "no"', "{given: {city: Pune}, expect: {answer: yes}}"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A policies directory in which one policy uses one shared part."""
    home = tmp_path / "policies"
    files = {
        "facts.yaml": FACTS,
        "services.yaml": SERVICES,
        "sample/v1.yaml": SAMPLE,
        "shared/india/v1.yaml": INDIA,
    }
    for name, text in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, encoding="utf-8")
    return home


def second_versions(folder: Path) -> None:
    """Delhi becomes a city of guests of honour, and Pune none, from the next version on."""
    text = INDIA.replace("version: 1", "version: 2").replace("[Pune, Mumbai]", "[Delhi]")
    (folder / "shared/india/v2.yaml").write_text(text, encoding="utf-8")
    text = SAMPLE.replace("version: 1", "version: 2").replace("india@1", "india@2").replace("city: Pune", "city: Delhi")
    (folder / "sample/v2.yaml").write_text(text, encoding="utf-8")


def test_a_decision_replays_by_the_shared_text_of_its_day_after_the_next_version(tmp_path: Path, folder: Path) -> None:
    settings = {"ORDAIN_POLICIES": str(folder)}
    with Server(tmp_path, **settings) as server:
        before = server.decide("sample", "C-1", {"city": "Pune"}).json()
        assert before["outcome"] == {"answer": "yes"}
        assert [(each["policy"], each["version"]) for each in before["policies"]] == [
            ("shared/india", 1),
            ("sample", 1),
        ]
        second_versions(folder)
        os.kill(server.pid, signal.SIGHUP)
        until(lambda: server.decide("sample", "C-2", {"city": "Pune"}).json()["outcome"] == {"answer": "no"}, 20)
        after = server.decide("sample", "C-3", {"city": "Delhi"}).json()
        assert after["outcome"] == {"answer": "yes"}
        assert [(each["policy"], each["version"]) for each in after["policies"]] == [("shared/india", 2), ("sample", 2)]
        for answer in (before, after):
            again = server.get(f"/v1/decisions/{answer['decision_id']}/replay")
            assert (again.status, again.json()["agrees"]) == (200, True), again.body
    assert "all agree" in ordain_here(tmp_path, "replay", "--all", **settings).stdout
    assert ordain_here(tmp_path, "audit", "text", "shared/india@1", **settings).stdout == INDIA
    assert verify(f"sqlite:///{tmp_path}/ordain.db")


def decided(tmp_path: Path, folder: Path) -> dict[str, str]:
    """The settings under which one decision has been made."""
    settings = {"ORDAIN_POLICIES": str(folder)}
    (tmp_path / "facts.json").write_text(json.dumps({"city": "Pune"}))
    done = ordain_here(tmp_path, "decide", "sample", "--subject", "C-1", "--facts", "facts.json", **settings)
    assert done.returncode == 0, done.stderr
    return settings


def test_a_shared_part_that_was_edited_after_its_use_is_refused_and_found(tmp_path: Path, folder: Path) -> None:
    settings = decided(tmp_path, folder)
    edit(folder / "shared/india/v1.yaml", "[Pune, Mumbai]", "[Pune, Delhi]")
    refused = ordain_here(tmp_path, "decide", "sample", "--subject", "C-2", "--facts", "facts.json", **settings)
    assert refused.returncode != 0
    assert "policy `shared/india` version 1 was edited after it had decided or been activated" in refused.stderr
    found = ordain_here(tmp_path, "check", "--json", **settings)
    (finding,) = [each for each in json.loads(found.stdout) if each["code"] == "used-edited"]
    assert (finding["file"], finding["policy"], finding["version"]) == (
        "policies/shared/india/v1.yaml",
        "shared/india",
        1,
    )
    put_back = ordain_here(tmp_path, "audit", "text", "shared/india@1", **settings).stdout
    (folder / "shared/india/v1.yaml").write_text(put_back, encoding="utf-8")
    assert "used-edited" not in ordain_here(tmp_path, "check", "--json", **settings).stdout


def test_a_used_shared_part_is_left_as_it_is_by_fmt_and_found_when_it_is_gone(tmp_path: Path, folder: Path) -> None:
    (folder / "shared/india/v1.yaml").write_text(INDIA.replace("owner: operations", "owner:   operations"))
    settings = decided(tmp_path, folder)
    assert "left as it is, for it has decided" in ordain_here(tmp_path, "fmt", **settings).stdout
    (folder / "shared/india/v1.yaml").rename(folder / "shared/india/v2.yaml")
    edit(folder / "shared/india/v2.yaml", "version: 1", "version: 2")
    edit(folder / "sample/v1.yaml", "india@1", "india@2")
    codes = {each["code"] for each in json.loads(ordain_here(tmp_path, "check", "--json", **settings).stdout)}
    assert {"used-deleted", "used-edited"} <= codes


def test_a_policy_without_shared_parts_has_the_plan_that_it_had(tmp_path: Path, folder: Path) -> None:
    plain = policy('"yes"', "{given: {}, expect: {answer: yes}}", uses="")
    (folder / "sample/v1.yaml").write_text(plain, encoding="utf-8")
    settings = decided_without_facts(tmp_path, folder)
    listed = ordain_here(tmp_path, "audit", "text", **settings).stdout
    assert [line.split()[0] for line in listed.splitlines()] == ["sample@1"]


def decided_without_facts(tmp_path: Path, folder: Path) -> dict[str, str]:
    settings = {"ORDAIN_POLICIES": str(folder)}
    (tmp_path / "facts.json").write_text("{}")
    done = ordain_here(tmp_path, "decide", "sample", "--subject", "C-1", "--facts", "facts.json", **settings)
    assert done.returncode == 0, done.stderr
    return settings


@pytest.mark.parametrize(
    "name", ["shared/india/v1.yml", "shared/india/v1.yaml.txt", "shared/india/more/v1.yaml", "sample/deep/v1.yaml"]
)
def test_a_shared_file_that_would_not_be_read_is_refused(tmp_path: Path, folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(INDIA, encoding="utf-8")
    done = ordain_here(tmp_path, "check", ORDAIN_POLICIES=str(folder))
    assert f"`policies/{name}` would not be read" in done.stdout + done.stderr


def test_what_is_shared_is_formatted_with_the_policies(tmp_path: Path, folder: Path) -> None:
    settings = {"ORDAIN_POLICIES": str(folder)}
    assert ordain_here(tmp_path, "fmt", "--check", str(folder / "shared/india/v1.yaml"), **settings).returncode == 0
    (folder / "shared/india/v1.yaml").write_text(INDIA.replace("owner: operations", "owner:   operations"))
    assert "formatted" in ordain_here(tmp_path, "fmt", **settings).stdout
    assert (folder / "shared/india/v1.yaml").read_text() == INDIA


# --- holidays ---------------------------------------------------------------------------------------------------


def holidays(tmp_path: Path, place: str, *arguments: str) -> tuple[int, str, str]:
    done = ordain_here(tmp_path, "import", "holidays", place, "--owner", "operations", *arguments)
    return done.returncode, done.stdout, done.stderr


def test_the_holidays_of_a_country_become_a_calendar_that_decides(tmp_path: Path, folder: Path) -> None:
    code, text, said = holidays(tmp_path, "IN-MH", "--years", "2026..2027")
    assert (code, "estimated" in said) == (0, True)
    read = parse(text.encode(), "v1.yaml")
    assert (read["shared"].text, read["calendars"]["in_mh"]["years"].text) == ("in-mh", "2026..2027")
    assert read["calendars"]["in_mh"]["holidays"]["2026-05-01"].text == "Buddha Purnima; Maharashtra Day"
    (folder / "shared/in-mh").mkdir()
    (folder / "shared/in-mh/v1.yaml").write_text(text, encoding="utf-8")
    asked = policy(
        "is working day(asked_on, in_mh)", "{given: {asked_on: 2026-05-01}, expect: {answer: false}}", kind="flag"
    )
    (folder / "sample/v1.yaml").write_text(asked.replace("india@1", "in-mh@1"), encoding="utf-8")
    done = ordain_here(tmp_path, "check", ORDAIN_POLICIES=str(folder))
    assert done.returncode == 0, done.stdout
    assert ordain_here(tmp_path, "fmt", "--check", str(folder / "shared/in-mh/v1.yaml")).returncode == 0


def test_a_country_with_parts_says_which_it_has(tmp_path: Path) -> None:
    code, text, said = holidays(tmp_path, "GB", "--years", "2026", "--name", "britain")
    assert (code, said.strip()) == (
        0,
        "GB has parts with holidays of their own, which are left out: ENG, NIR, SCT, WLS; write GB-ENG for one of them",
    )
    assert "Easter Monday" not in text
    assert "Easter Monday" in holidays(tmp_path, "GB-ENG", "--years", "2026")[1]


@pytest.mark.parametrize(
    ("place", "years", "said"),
    [
        ("XX", "2026", "`XX` is no country whose holidays are known"),
        ("XX", "2026", "a country has its code of two letters, as in ISO 3166"),
        ("GERMANY", "2026", "`GERMANY` is no country whose holidays are known\n    hint: did you mean `DE` (Germany)?"),
        ("Germny-BY", "2026", "did you mean `DE` (Germany)?"),
        ("united-kingdom", "2026", "did you mean `GB` (United Kingdom)?"),
        ("USA", "2026", "did you mean `US` (USA)?"),
        ("IN-ZZ", "2026", "`IN` has no part `ZZ`"),
        ("DE-Bayern", "2026", "did you mean `BY` (Bayern)?"),
        (
            "IN-MH",
            "2030..2040",
            "not all holidays of these years are known: Requested Holidays are available only from",
        ),
        ("IN-MH", "2101", "the holidays of IN are known from 1948 to 2100"),
        ("IN-MH", "soon", "`soon` is no years"),
        ("IN-MH", "2027..2026", "`2027..2026` is no years"),
    ],
)
def test_holidays_that_nobody_knows_are_refused_in_words(tmp_path: Path, place: str, years: str, said: str) -> None:
    code, text, told = holidays(tmp_path, place, "--years", years)
    assert (code, text) == (2, "")
    assert said in told
