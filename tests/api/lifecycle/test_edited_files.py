"""What people edit meanwhile: a way back goes by the record alone, and a number stands for the text activated."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fees import ASHA, BELA, CHEN, activate, settings_of, steps_in, write
from served import ordain_here

from ordain.api.lifecycle.version_states import version_states
from ordain.engine.catalog import read_texts
from ordain.engine.errors import MalformedRequest, StepRefused
from ordain.engine.lifecycle.turns import Turns

FAR = "2090-01-01"
RATES = "shared: rates\nversion: 1\nowner: tests\npurpose: Rates.\nconstants:\n  rate: {value: 2, meaning: a rate}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Version 2 decides, version 1 has, version 3 is planned."""
    for version in (1, 2):
        write(tmp_path, version)
        activate(settings_of(tmp_path), version)
    write(tmp_path, 3, FAR)
    activate(settings_of(tmp_path), 3, begins=FAR)
    return tmp_path


def edit(file: Path) -> None:
    file.write_text(file.read_text().replace("purpose: A fee.", "purpose: Another fee."))


def edit_planned(policies: Path) -> None:
    edit(policies / "fees/v3.yaml")


def edit_all_that_decided(policies: Path) -> None:
    for version in (1, 2):
        edit(policies / f"fees/v{version}.yaml")


def break_facts_and_a_draft(policies: Path) -> None:
    (policies / "facts.yaml").write_text("facts: [")
    (policies / "fees/v4.yaml").write_text("policy: [")


def begin_another_policy(policies: Path) -> None:
    (policies / "tariff").mkdir()
    (policies / "tariff/v1.yaml").write_text("policy: tariff\n")


@pytest.mark.parametrize("spoil", [edit_planned, edit_all_that_decided, break_facts_and_a_draft, begin_another_policy])
def test_a_way_back_is_kept_from_nobody_by_files_that_are_edited(folder: Path, spoil: Callable[[Path], None]) -> None:
    settings = settings_of(folder)
    spoil(folder / "policies")
    with steps_in(settings) as steps:
        back = steps.roll_back("fees", 1, CHEN, "wrong fee")
        assert (back.version, back.rollback) == (1, True)
        assert b"purpose: A fee." in steps.life.kept(back.text)
        deciding = steps.life.turns.deciding("fees", steps.now(), steps.days("fees"))
    assert deciding == back


def test_a_folder_that_cannot_be_read_keeps_nobody_from_going_back_and_everybody_from_other_steps(folder: Path) -> None:
    variables = {"ORDAIN_POLICIES": str(folder / "policies"), "ORDAIN_APPROVALS": "named"}
    (folder / "policies/fees/v4.yaml.txt").write_text("")
    refused = ordain_here(folder, "policy", "submit", "fees@3", "--as", "asha", **variables)
    assert (refused.returncode, "would not be read" in refused.stderr) == (2, True)
    arguments = ("--to", "1", "--role", "operator", "--as", "chen", "--reason", "wrong fee", "--json")
    done = ordain_here(folder, "policy", "rollback", "fees", *arguments, **variables)
    assert done.returncode == 0, done.stderr
    assert (json.loads(done.stdout)["step"], json.loads(done.stdout)["version"]) == ("rollback", 1)


def test_a_season_decides_by_the_days_on_record_and_not_by_those_that_are_being_written(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    season = "{from: 2026-01-01, until: 2090-12-31, then: back}"
    for version, days in ((1, "2026-01-01"), (2, season), (3, "2026-01-01")):
        write(tmp_path, version, days)
        activate(settings, version)
    file = tmp_path / "policies/fees/v2.yaml"
    file.write_text(file.read_text().replace("2090-12-31", "2026-01-02"))
    with steps_in(settings) as steps:
        deciding = steps.life.turns.deciding("fees", steps.now(), steps.days("fees"))
    assert deciding is not None
    assert deciding.version == 2


def test_a_number_that_was_activated_stands_for_its_text_also_when_it_never_began(folder: Path) -> None:
    settings = settings_of(folder)
    with steps_in(settings) as steps:
        steps.roll_back("fees", 2, CHEN, "planned by mistake")
    file = folder / "policies/fees/v3.yaml"
    before = file.read_text()
    edit(file)
    with steps_in(settings) as steps:
        said = "`fees@3` was activated, and taken back before it began; `fees@3` was edited since"
        with pytest.raises(StepRefused, match=said) as caught:
            steps.submit("fees@3", ASHA)
        assert "ordain policy new fees" in caught.value.issues[0].hint
        file.write_bytes(steps.text("fees@3"))
    assert file.read_text() == before
    with steps_in(settings) as steps:
        steps.submit("fees@3", ASHA)
        steps.approve("fees@3", BELA)


def test_what_policies_share_is_printed_as_it_was_submitted_or_activated(folder: Path) -> None:
    part = folder / "policies/shared/rates/v1.yaml"
    part.parent.mkdir(parents=True)
    part.write_text(RATES)
    settings = settings_of(folder)
    write(folder, 4, uses="uses: [rates@1]")
    with steps_in(settings) as steps:
        with pytest.raises(MalformedRequest, match="`shared/rates@1` is not on record"):
            steps.text("shared/rates@1")
        steps.submit("fees@4", ASHA)
        assert steps.text("shared/rates@1") == RATES.encode()
        with pytest.raises(MalformedRequest, match="`shared/rates@1` is a part that policies share"):
            steps.submit("shared/rates@1", ASHA)
    part.write_text(RATES.replace("value: 2", "value: 3"))
    with steps_in(settings) as steps:
        with pytest.raises(StepRefused, match="`shared/rates@1` was edited") as caught:
            steps.approve("fees@4", BELA)
        assert "ordain policy text shared/rates@1 > policies/shared/rates/v1.yaml" in caught.value.issues[0].hint
        assert steps.text("shared/rates@1") == RATES.encode()
        steps.submit("fees@4", ASHA)
        assert b"value: 3" in steps.text("shared/rates@1")


def test_the_list_says_which_files_were_edited_since(folder: Path) -> None:
    settings = settings_of(folder)
    edit_planned(folder / "policies")

    def edited(turns: Turns) -> list[bool]:
        texts = read_texts(settings.policies, settings.zone)
        return [each.edited for each in version_states(texts, turns, 1, steps.now())]

    with steps_in(settings) as steps:
        assert edited(steps.life.turns) == [False, False, True]
    variables = {"ORDAIN_POLICIES": str(folder / "policies"), "ORDAIN_APPROVALS": "named"}
    listed = ordain_here(folder, "policy", "list", **variables).stdout
    assert listed.count("edited since") == 1
