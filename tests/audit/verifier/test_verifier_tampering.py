"""Every class of tampering with a copy of a ledger is found, and told as what it is.

`ORDAIN_TAMPER_ENTRIES=10000` makes the ledger larger; `python -m bench.tamper` prints the table.
"""

import os
from collections import Counter
from pathlib import Path

import pytest
from forge import Forge, sample_ledger
from tamper_case import Case, Ledger, run
from tampering import cases

from ordain.audit.verifier.findings import Failure

ENTRIES = int(os.environ.get("ORDAIN_TAMPER_ENTRIES", "600"))
ROWS, POSITIONS = 2, 3


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    folder = tmp_path_factory.mktemp("tampering")
    forge = sample_ledger(ENTRIES, (folder / "one", folder / "two"))
    path = forge.write(folder / "ledger.db")
    return Ledger(path, forge.master, forge.origin, forge.key, forge.signers, forge.places)


def test_whatever_is_changed_is_found_and_told_by_its_class(ledger: Ledger, tmp_path: Path) -> None:
    groups: Counter[str] = Counter()
    missed: list[str] = []
    for case in cases(ledger, ROWS, POSITIONS):
        evidence = run(case, ledger, tmp_path / "copy.db")
        groups[case.group] += 1
        if evidence or Failure(evidence.exit_code) not in case.expected:
            missed.append(f"{case.group} ({case.what}): {[str(finding) for finding in evidence.findings[:3]]}")
    assert missed == []
    assert len(groups) > 50


def test_nothing_is_found_when_nothing_is_changed(ledger: Ledger, tmp_path: Path) -> None:
    nothing = Case("nothing", "", lambda connection: None, (), master=True, anchors=True)
    assert run(nothing, ledger, tmp_path / "copy.db").findings == ()


def test_what_only_an_anchor_sees_holds_without_one(ledger: Ledger, tmp_path: Path) -> None:
    """So that the table does not claim of the database what the places outside it do."""
    blind_to = ("all rewritten and signed with the key", "an erasure forged without a key")
    seen = dict.fromkeys(("the end cut off, at a checkpoint", *blind_to), 0)
    for case in cases(ledger, 1, 1):
        if case.group in blind_to:
            blind = Case(case.group, case.what, case.apply, case.expected)
            assert run(blind, ledger, tmp_path / "copy.db")
            seen[case.group] += 1
        elif case.group == "the end cut off, at a checkpoint":
            seen[case.group] += 1
    assert all(seen.values())


def test_a_key_under_the_tag_of_another_subject_does_not_open(ledger: Ledger, tmp_path: Path) -> None:
    """Whatever it seals: no decision is needed to tell."""
    (case,) = (each for each in cases(ledger, 1, 1) if each.group == "the tags of two subjects swapped")
    told = {finding.message for finding in run(case, ledger, tmp_path / "copy.db").findings}
    assert told == {"its subject's key is not wrapped by this master key for this subject"}


def test_a_tail_cut_off_where_nothing_else_tells_is_seen_by_an_anchor_alone(tmp_path: Path) -> None:
    forge = Forge()
    forge.anchor_at(tmp_path / "place")
    for at in range(1, 500):
        forge.decide(f"C-{at % 5}")
        if forge.size in (400, 500):
            forge.checkpoint()
    ledger = Ledger(
        forge.write(tmp_path / "ledger.db"), forge.master, forge.origin, forge.key, forge.signers, forge.places
    )
    for case in cases(ledger, 1, 1):
        if case.group == "the end cut off, at a checkpoint":
            evidence = run(case, ledger, tmp_path / "copy.db")
            assert [finding.failure for finding in evidence.findings] == [Failure.ANCHOR, Failure.ANCHOR][:1]
            assert "its end is cut off" in str(evidence.findings[0])
            assert run(Case("", "", case.apply, ()), ledger, tmp_path / "copy.db")
            return
    pytest.fail("no such case")
