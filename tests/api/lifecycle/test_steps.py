"""A version from its file to what decides: each step on a real ledger, and what refuses it."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from fees import ASHA, BELA, CHEN, activate, settings_of, steps_in, write
from served import ordain_here

from ordain.api.access.key_keeping import KeyKeeper
from ordain.api.ask import make_ask
from ordain.api.decide import decide
from ordain.api.lifecycle.recorded import Lifecycle
from ordain.api.lifecycle.steps import Steps
from ordain.api.lifecycle.taking_over import activated
from ordain.api.lifecycle.who import Person, person
from ordain.api.services import Services, wire
from ordain.audit.records.query import Query
from ordain.audit.records.replay import Replayer
from ordain.audit.records.search import search
from ordain.audit.verifier.check import verify
from ordain.engine.errors import (
    MalformedRequest,
    NotInForce,
    NotPermitted,
    OrdainError,
    PolicyChanged,
    PolicyError,
    StepRefused,
    UnknownPolicy,
)
from ordain.engine.versions import Kept

FACTS = {"base": 7}


def deciding(use: Services) -> int:
    return int(decide(make_ask("quote", "C-1", FACTS, None), use).as_json()["outcome"]["fee"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Version 1 is active."""
    write(tmp_path, 1)
    activate(settings_of(tmp_path), 1)
    return tmp_path


def test_a_draft_decides_nothing_and_an_activated_version_does(folder: Path) -> None:
    write(folder, 2)
    settings = settings_of(folder)
    use = wire(settings)
    assert deciding(use) == 1
    use.close()
    activate(settings, 2)
    use = wire(settings)
    assert deciding(use) == 2
    use.close()


def test_a_broken_draft_beside_an_active_version_keeps_nothing_from_deciding(folder: Path) -> None:
    file = write(folder, 2)
    file.write_text("policy: [")
    use = wire(settings_of(folder))
    assert deciding(use) == 1
    use.close()
    with steps_in(settings_of(folder)) as steps, pytest.raises(PolicyError):
        steps.submit("fees@2", ASHA)


def test_without_any_activation_nothing_decides_and_the_error_says_what_to_do(tmp_path: Path) -> None:
    write(tmp_path, 1)
    use = wire(settings_of(tmp_path))
    with pytest.raises(NotInForce, match="`fees` has no active version") as caught:
        deciding(use)
    assert "ordain policy list" in caught.value.issues[0].hint
    use.close()


def test_an_edit_after_submission_is_refused_with_both_digests_and_the_lines_and_voids_approvals(folder: Path) -> None:
    settings = settings_of(folder)
    file = write(folder, 2)
    with steps_in(settings) as steps:
        steps.submit("fees@2", ASHA)
        steps.approve("fees@2", BELA)
    file.write_text(file.read_text().replace("purpose: A fee.", "purpose: A higher fee."))
    with steps_in(settings) as steps:
        with pytest.raises(
            StepRefused, match="`fees@2` was edited after it was submitted: with digest `sha256:"
        ) as caught:
            steps.activate("fees@2", CHEN)
        diff = str(caught.value.issues[0].fields["diff"])
        assert "-purpose: A fee." in diff
        assert "+purpose: A higher fee." in diff
        with pytest.raises(StepRefused, match="was edited after it was submitted"):
            steps.approve("fees@2", Person("dina", "approver"))
        steps.submit("fees@2", ASHA)
        with pytest.raises(StepRefused, match="`fees@2` is not approved"):
            steps.activate("fees@2", CHEN)
        steps.approve("fees@2", BELA)
        steps.activate("fees@2", CHEN)


def test_an_activated_version_that_is_edited_is_refused_with_both_digests_and_the_lines(folder: Path) -> None:
    file = folder / "policies/fees/v1.yaml"
    file.write_text(file.read_text().replace("# its first day", "# its very first day"))
    with pytest.raises(PolicyChanged, match="`fees@1` was edited after it was activated: with digest") as caught:
        wire(settings_of(folder))
    assert "+effective: 2026-01-01  # its very first day" in str(caught.value.issues[0].fields["diff"])


def test_an_active_version_whose_file_is_gone_decides_from_the_ledger_and_the_start_says_so(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(folder, 2)
    (folder / "policies/fees/v1.yaml").unlink()
    use = wire(settings_of(folder))
    assert deciding(use) == 1
    assert "the file of `fees@1` is gone: where it is active, it decides by the text in the ledger" in caplog.text
    use.close()


@pytest.mark.parametrize(
    ("label", "error", "message"),
    [
        ("fees@9", UnknownPolicy, "there is no version `fees@9`"),
        ("fee@1", UnknownPolicy, "there is no version `fee@1`"),
        ("Fees", MalformedRequest, "names no version"),
    ],
)
def test_an_unknown_version_is_refused(folder: Path, label: str, error: type[OrdainError], message: str) -> None:
    with steps_in(settings_of(folder)) as steps:
        for step in (steps.submit, steps.approve, steps.activate):
            with pytest.raises(error, match=message):
                step(label, ASHA)


def test_a_version_of_which_the_whole_folder_is_gone_is_not_submitted_again(folder: Path) -> None:
    write(folder, 2)
    with steps_in(settings_of(folder)) as steps:
        steps.submit("fees@2", ASHA)
    shutil.rmtree(folder / "policies/fees")
    with steps_in(settings_of(folder)) as steps, pytest.raises(UnknownPolicy, match="there is no version `fees@2`"):
        steps.submit("fees@2", ASHA)


def test_check_says_that_such_a_file_is_gone_and_what_decides(folder: Path) -> None:
    write(folder, 2)
    (folder / "policies/fees/v1.yaml").unlink()
    done = ordain_here(folder, "check", ORDAIN_POLICIES=str(folder / "policies"), ORDAIN_APPROVALS="named")
    assert done.returncode == 1
    assert "the file of `fees@1` is gone: where it is active, it decides by the text in the ledger" in done.stdout


def test_a_part_is_submitted_approved_and_activated_with_the_policy_that_uses_it(folder: Path) -> None:
    part = folder / "policies/shared/rates/v1.yaml"
    part.parent.mkdir(parents=True)
    text = "shared: rates\nversion: 1\nowner: tests\npurpose: Rates.\nconstants:\n  rate: {value: 2, meaning: a rate}\n"
    part.write_text(text)
    write(folder, 2, uses="uses: [rates@1]")
    settings = settings_of(folder)
    with steps_in(settings) as steps:
        submitted = steps.submit("fees@2", ASHA)
        assert [each.label for each in submitted.parts] == ["shared/rates@1"]
        steps.approve("fees@2", BELA)
    part.write_text(text.replace("value: 2", "value: 3"))
    with (
        steps_in(settings) as steps,
        pytest.raises(StepRefused, match="`shared/rates@1` was edited after it was submitted"),
    ):
        steps.activate("fees@2", CHEN)
    part.write_text(text)
    with steps_in(settings) as steps:
        steps.activate("fees@2", CHEN)
    part.unlink()
    use = wire(settings)
    assert deciding(use) == 2
    use.close()


def test_a_way_back_with_an_approval_or_by_an_operator_is_on_record_and_the_story_can_be_searched(folder: Path) -> None:
    settings = settings_of(folder)
    write(folder, 2)
    activate(settings, 2)
    with steps_in(settings) as steps:
        with pytest.raises(StepRefused, match="going back to `fees@1` is not approved: 0 of 1 needed approvals"):
            steps.roll_back("fees", 1, BELA, "wrong fee")
        steps.approve("fees@1", Person("dina", "approver"))
        steps.roll_back("fees", 1, BELA, "wrong fee")
    use = wire(settings)
    assert deciding(use) == 1
    with steps_in(settings) as steps:
        back = steps.roll_back("fees", 2, CHEN, "it was right after all")
    assert activated(use, _life(use), Kept()).catalog.pick("quote", use.now()).policies[0].policy.version == 2
    found = list(search(use.ledger.reader, Query(kind="activation")))
    assert [record.envelope["about"].get("rollback", False) for record in found].count(True) == 2
    last = next(record for record in found if record.envelope["id"] == back.id)
    assert (last.private or {}) == {"actor": "chen", "role": "operator", "reason": "it was right after all"}
    decisions = list(search(use.ledger.reader, Query(kind="decision")))
    assert all(Replayer(use.ledger.reader).replay(record) for record in decisions)
    use.close()
    evidence = verify(folder / "ordain.db")
    assert evidence, evidence.findings


def test_what_decides_by_dates_is_taken_over_once(tmp_path: Path) -> None:
    for version, first in ((1, "2026-01-01"), (2, "2026-03-01")):
        write(tmp_path, version, first)
    settings = settings_of(tmp_path)
    with steps_in(settings) as steps:
        assert [change.version for change in steps.adopt(CHEN, "approvals begin")] == [1, 2]
        with pytest.raises(StepRefused, match="versions were activated already"):
            steps.adopt(CHEN, "once more")
    use = wire(settings)
    picked = [use.catalog.pick("quote", use.now().replace(year=2026, month=month, day=1)) for month in (2, 4)]
    assert [plan.policies[0].policy.version for plan in picked] == [1, 2]
    use.close()


def test_two_activations_at_once_have_one_order_that_all_servers_agree_on(folder: Path) -> None:
    settings = settings_of(folder, busy_seconds=20)
    for version in (2, 3):
        write(folder, version)
        with steps_in(settings) as steps:
            steps.submit(f"fees@{version}", ASHA)
            steps.approve(f"fees@{version}", BELA)
    ready, day = threading.Barrier(2), "2027-01-01"

    def go(steps: Steps, version: int) -> None:
        from_then = steps.now().replace(year=2027, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
        checked = replace(steps, life=_Waits(steps, ready))  # both have been checked before either is on record
        checked.activate(f"fees@{version}", CHEN, from_then)

    with steps_in(settings) as one, steps_in(settings) as other:
        threads = [threading.Thread(target=go, args=each) for each in ((one, 2), (other, 3))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seen = []
        for steps in (one, other):
            steps.life.look()
            seen.append(steps.life.turns)
        assert seen[0] == seen[1]
        later = one.now().replace(year=2027, month=6)
        last = max((each for each in seen[0].changes if each.begins), key=lambda each: (each.recorded, each.id))
        assert seen[0].deciding("fees", later, lambda _: None) == last
        assert str(last.starts.date()) == day


class _Waits(Lifecycle):
    def __init__(self, steps: Steps, ready: threading.Barrier) -> None:
        super().__init__(steps.opened, 1)
        self._ready = ready
        self.look()

    def record(self, *step, **more):  # type: ignore[no-untyped-def]
        self._ready.wait(20)
        return super().record(*step, **more)


def test_where_callers_are_known_the_role_of_a_key_says_what_its_name_may_do(folder: Path) -> None:
    settings = settings_of(folder)
    with steps_in(settings) as steps:
        now = steps.now()
        assert person(settings, "anybody", ("editor",), None, now) == Person("anybody", "editor")
        keeper = KeyKeeper(settings.keys / "callers.json", lambda *_: None, steps.now, "root")
        keeper.make("asha", ["editor"])
        assert person(settings, "asha", ("editor",), None, now) == Person("asha", "editor")
        with pytest.raises(NotPermitted, match="asha has no role that may do this"):
            person(settings, "asha", ("approver",), None, now)
        with pytest.raises(NotPermitted, match="no key that opens is called `anybody`"):
            person(settings, "anybody", ("editor",), None, now)


def _life(use: Services) -> Lifecycle:
    assert use.lifecycle is not None
    return use.lifecycle
