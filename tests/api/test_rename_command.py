"""`ordain rename fact`: new versions that read a fact by another name, and nothing that has decided changed."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from long_runs import LONG
from served import edit, ordain_here

from ordain.api.cli.whole_files import write_whole
from ordain.api.lsp.fact_entry import with_second_entry
from ordain.engine.catalog import load_catalog, read_texts
from ordain.engine.check.findings import check_policies
from ordain.engine.errors import ExportFailed
from ordain.engine.examples.run import decided
from ordain.engine.policy.load_facts import load_vocabulary

SHIPPED = Path(__file__).parents[2] / "policies"
TODAY = dt.datetime.now(dt.UTC).date()
NEW = "quite_another_name"


KEPT = ("plan-advice", "retention-offer", "contact-house-rules")


@pytest.fixture(scope="session")
def few_policies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three of the shipped policies, their two services, and the facts that no other policy gives."""
    made = tmp_path_factory.mktemp("few") / "policies"
    for name in KEPT:
        shutil.copytree(SHIPPED / name, made / name)
    facts = re.split(r"(?m)^(?=  \w+:)", (SHIPPED / "facts.yaml").read_text(encoding="utf-8"))
    own = [part for part in facts if not re.search(r"source: policy (?!retention-offer)", part)]
    (made / "facts.yaml").write_text("".join(own), encoding="utf-8")
    services = re.split(r"(?m)^(?=  [\w-]+:)", (SHIPPED / "services.yaml").read_text(encoding="utf-8"))
    asked = [services[0], *(part for part in services if part.startswith(("  plan-advice:", "  retention:")))]
    (made / "services.yaml").write_text(re.sub(r" +- contact-law-\w+\n", "", "".join(asked)), encoding="utf-8")
    return made


@pytest.fixture
def folder(few_policies: Path, tmp_path: Path) -> Path:
    shutil.copytree(few_policies, tmp_path / "policies")
    return tmp_path


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    shutil.copytree(SHIPPED, tmp_path / "policies")
    return tmp_path


def renamed(folder: Path, *arguments: str, **more: str) -> Any:
    done = ordain_here(folder, "rename", "fact", *arguments, "--json", ORDAIN_POLICIES="policies", **more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(folder: Path, *arguments: str, **more: str) -> str:
    before = contents(folder)
    done = ordain_here(folder, "rename", "fact", *arguments, "--write", ORDAIN_POLICIES="policies", **more)
    assert (done.returncode, done.stdout) == (2, "")
    assert contents(folder) == before
    return done.stderr


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in (folder / "policies").rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_it_shows_what_would_change_and_writes_nothing(folder: Path) -> None:
    before = contents(folder)
    done = ordain_here(folder, "rename", "fact", "usage_gb", "data_used_gb", ORDAIN_POLICIES="policies")
    assert done.returncode == 0, done.stderr
    assert "+++ policies/plan-advice/v2.yaml" in done.stdout
    assert "+    formula: decimal(100 * data_used_gb / plan_gb, 2)" in done.stdout
    assert "left to do: apps that ask plan-advice" in done.stdout
    assert "nothing is written without --write" in done.stderr
    assert contents(folder) == before


def test_a_name_that_is_a_word_of_messages_makes_no_findings_new(folder: Path) -> None:
    assert renamed(folder, "usage_gb", "on")["found_then"] == []


def test_it_writes_a_copy_that_differs_in_the_name_the_number_and_the_day(folder: Path) -> None:
    told = renamed(folder, "usage_gb", "data_used_gb", "--write")
    assert (told["written"], told["versions"]) == (True, ["plan-advice@2"])
    old, new = ((folder / f"policies/plan-advice/v{n}.yaml").read_text(encoding="utf-8") for n in (1, 2))
    assert old == (SHIPPED / "plan-advice/v1.yaml").read_text(encoding="utf-8")
    expected = old.replace("usage_gb", "data_used_gb").replace("version: 1", "version: 2")
    assert new == expected.replace("effective: 2026-01-01", f"effective: {told['from']}")
    facts = load_vocabulary((folder / "policies/facts.yaml").read_bytes(), "facts.yaml").facts
    assert facts["usage_gb"].retired == dt.date.fromisoformat(told["from"]) - dt.timedelta(days=1)
    assert facts["data_used_gb"].retired is None
    assert facts["data_used_gb"].meaning == facts["usage_gb"].meaning
    done = ordain_here(folder, "check", "policies")
    assert done.returncode == 0, done.stdout


def test_decisions_of_before_and_after_the_day_come_out_alike(folder: Path) -> None:
    day = TODAY + dt.timedelta(days=30)
    renamed(folder, "usage_gb", "data_used_gb", "--from", str(day), "--write")

    def advice(name: str, at: dt.date) -> Any:
        (folder / "f.json").write_text(json.dumps({name: 95, "plan_gb": 100}), encoding="utf-8")
        asked = ("decide", "plan-advice", "--subject", "C-9", "--facts", "f.json", "--dry-run", "--json")
        done = ordain_here(folder, *asked, "--at", str(at), ORDAIN_POLICIES="policies")
        answer = json.loads(done.stdout or done.stderr)
        return answer.get("outcome", answer.get("error", {}).get("code"))

    before = day - dt.timedelta(days=1)
    assert advice("usage_gb", before) == advice("data_used_gb", day)
    assert advice("usage_gb", day) == advice("data_used_gb", before) == "CustomerDataIncomplete"


def test_a_fact_in_the_braces_of_texts_is_renamed_too_and_a_word_of_that_name_is_not(folder: Path) -> None:
    file = folder / "policies/plan-advice/v1.yaml"
    edit(file, "because: More than 90", 'because: "You used {usage_gb} of usage_gb. More than 90')
    edit(file, "percent of the plan is used.\n", 'percent of the plan is used."\n')
    edit(file, "say: A smaller plan would do.", 'say: "{usage_gb} GB fit in a smaller plan."')
    renamed(folder, "usage_gb", "data_used_gb", "--write")
    text = (folder / "policies/plan-advice/v2.yaml").read_text(encoding="utf-8")
    assert '"You used {data_used_gb} of usage_gb. More than 90' in text
    assert 'say: "{data_used_gb} GB fit in a smaller plan."' in text


def test_ends_of_lines_and_marks_at_the_beginning_stay(folder: Path) -> None:
    for name in ("facts.yaml", "plan-advice/v1.yaml"):
        file = folder / "policies" / name
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    before = (folder / "policies/plan-advice/v1.yaml").read_bytes()
    told = renamed(folder, "usage_gb", "data_used_gb", "--write")
    after = (folder / "policies/plan-advice/v2.yaml").read_bytes()
    made = before.replace(b"usage_gb", b"data_used_gb").replace(b"version: 1", b"version: 2")
    assert after == made.replace(b"2026-01-01", told["from"].encode(), 1)
    facts = (folder / "policies/facts.yaml").read_bytes()
    assert facts.startswith(b"\xef\xbb\xbf")
    assert facts.count(b"\r\n") == facts.count(b"\n")


def test_services_that_read_it_and_settings_that_name_it_are_told_or_changed(folder: Path) -> None:
    told = renamed(folder, "marketing_objection", "objects_to_marketing", "--write")
    services = (folder / "policies/services.yaml").read_text(encoding="utf-8")
    assert "unless: objects_to_marketing != null and objects_to_marketing" in services
    assert any("retention" in each for each in told["left_to_do"])
    law = renamed(folder, "jurisdiction", "whose_law")
    assert any("`jurisdiction_fact`" in each for each in law["left_to_do"])
    later = str(TODAY + dt.timedelta(days=9))
    assert "counts as soon as it is loaded" in refused(folder, "objects_to_marketing", "objection", "--from", later)


def test_a_fact_that_no_policy_reads_is_renamed_in_its_place(folder: Path) -> None:
    facts = folder / "policies/facts.yaml"
    text = facts.read_text(encoding="utf-8")
    facts.write_text(text + "  shoe_size: {type: number, meaning: of no use}\n", encoding="utf-8")
    told = renamed(folder, "shoe_size", "size_of_shoe", "--write")
    assert told["versions"] == []
    assert facts.read_text(encoding="utf-8") == text + "  size_of_shoe: {type: number, meaning: of no use}\n"


def test_the_day_follows_the_newest_version_that_reads_it(folder: Path) -> None:
    newest = folder / "policies/plan-advice/v2.yaml"
    shutil.copy(folder / "policies/plan-advice/v1.yaml", newest)
    edit(newest, "version: 1", "version: 2")
    edit(newest, "effective: 2026-01-01", "effective: 2998-12-31")
    told = renamed(folder, "usage_gb", "data_used_gb")
    assert (told["from"], told["versions"]) == ("2999-01-01", ["plan-advice@3"])
    assert told["files"][0]["copy_of"] == "policies/plan-advice/v2.yaml"
    assert "begin later: --from 2999-01-01" in refused(folder, "usage_gb", "x", "--from", "2998-12-31")


def test_a_model_that_reads_it_is_told(folder: Path) -> None:
    card = folder / "models/churn/1/card.json"
    card.parent.mkdir(parents=True)
    features = [{"name": "usage_gb", "protected": False}, {"name": "payments_missed", "protected": False}]
    card.write_text(json.dumps({"name": "churn", "version": 1, "features": features}), encoding="utf-8")
    assert "`payments_missed` is the name of what a model reads" in refused(folder, "usage_gb", "payments_missed")
    told = renamed(folder, "usage_gb", "data_used_gb", "--write")
    assert any("the model churn@1 reads `usage_gb`" in each for each in told["left_to_do"])
    facts = load_vocabulary((folder / "policies/facts.yaml").read_bytes(), "facts.yaml").facts
    assert facts["usage_gb"].retired is None


def test_with_approvals_the_new_versions_are_drafts_of_what_is_active(folder: Path) -> None:
    environment = {"ORDAIN_APPROVALS": "named"}
    done = ordain_here(folder, "policy", "adopt", "--reason", "begin", ORDAIN_POLICIES="policies", **environment)
    assert done.returncode == 0, done.stderr
    told = renamed(folder, "usage_gb", "data_used_gb", "--write", **environment)
    assert any("ordain policy submit plan-advice@2" in each for each in told["left_to_do"])
    said = refused(folder, "plan_gb", "plan_size_gb", **environment)
    assert "`plan-advice@2` reads `plan_gb`, and was never activated" in said


REFUSED = [
    ("usage_bg", "x", "did you mean `usage_gb`?"),
    ("usage_gb", "plan_gb", "`plan_gb` is the name of something else in `policies/"),
    ("usage_gb", "used_percent", "`used_percent` is the name of something else in `policies/plan-advice/v1.yaml`"),
    ("usage_gb", "action", "`action` is the name of something else in `policies/plan-advice/v1.yaml`"),
    ("usage_gb", "usage_gb", "it is called `usage_gb` already"),
    ("usage_gb", "if", "`if` cannot be a name"),
    ("usage_gb", "count", "`count` is a built-in function"),
    ("offer", "x", "`offer` is what the policy `retention-offer` gives"),
    ("last_offer_on", "x", "reads `last_offer_on` where its name is not written"),
    ("access_role", "x", "`access_role` is what Ordain itself sends"),
    ("alert_hour", "x", "`alert_hour` is what Ordain itself sends"),
]


@pytest.mark.parametrize(("old", "new", "told"), REFUSED)
def test_a_renaming_that_is_refused_says_why_and_writes_nothing(folder: Path, old: str, new: str, told: str) -> None:
    assert told in refused(folder, old, new)


def test_days_that_cannot_be_meant_are_refused(folder: Path) -> None:
    assert "has passed" in refused(folder, "usage_gb", "x", "--from", "2026-01-02")
    assert "is no day" in refused(folder, "usage_gb", "x", "--from", "soon")
    edit(
        folder / "policies/plan-advice/v1.yaml",
        "effective: 2026-01-01",
        "effective: {from: 2026-01-01, until: 2998-12-31}",
    )
    assert "`plan-advice@1` ends on 2998-12-31" in refused(folder, "usage_gb", "x")


def test_policies_that_do_not_load_are_not_renamed_in(folder: Path) -> None:
    edit(folder / "policies/retention-offer/v1.yaml", "churn_risk:", "churn_rsik:")
    assert "churn_rsik" in refused(folder, "usage_gb", "x")


def test_all_files_are_written_or_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second file cannot be written, so the first one is as it was."""
    written: list[Path] = []

    def write_second(file: Path, data: bytes) -> None:
        written.append(file)
        if len(written) == 2:
            raise ExportFailed(f"`{file.name}` cannot be written: no space left on device")
        write_whole(file, data)

    monkeypatch.setattr("ordain.api.cli.whole_files.write_whole", write_second)
    assert "`v2.yaml` cannot be written" in refused(folder, "usage_gb", "x")
    assert [file.name for file in written] == ["facts.yaml", "v2.yaml", "facts.yaml"]


# --- the entry of a fact ------------------------------------------------------------------------------------------


ENTRIES = [
    (
        "  a: {type: number, meaning: one}\n",
        "  b: {type: number, meaning: one}\n  a: {type: number, meaning: one, retired: 2026-12-31}\n",
    ),
    (
        "  # what it is\n  a:\n    type: number  # how\n    meaning: one\n\n  z: {type: flag, meaning: z}\n",
        "  # what it is\n  b:\n    type: number  # how\n    meaning: one\n"
        "  a:\n    type: number  # how\n    meaning: one\n    retired: 2026-12-31\n\n  z: {type: flag, meaning: z}\n",
    ),
    (
        "  a:\n    type: number\n    meaning: one",
        "  b:\n    type: number\n    meaning: one\n  a:\n    type: number\n    meaning: one\n    retired: 2026-12-31\n",
    ),
    (
        '  "a": {type: number, meaning: one}  # x\n',
        '  "b": {type: number, meaning: one}  # x\n  "a": {type: number, meaning: one, retired: 2026-12-31}  # x\n',
    ),
]


@pytest.mark.parametrize(("before", "after"), ENTRIES)
def test_an_entry_is_there_twice_with_its_layout_and_the_old_one_retired(before: str, after: str) -> None:
    assert with_second_entry(f"facts:\n{before}", "a", "b", dt.date(2026, 12, 31)) == f"facts:\n{after}"


# --- of the shipped policies --------------------------------------------------------------------------------------


def facts_read() -> list[str]:
    """Each fact that a shipped policy reads and that apps send by a name of their own."""
    catalog = load_catalog(read_texts(SHIPPED), run_examples=False)
    read = {name for policy in catalog.policies() for name in policy.reads}
    facts = (catalog.vocabulary[name] for name in sorted(read))
    return [fact.name for fact in facts if not fact.given_by and not fact.name.startswith(("access_", "alert_"))]


LIMITED = ("last_offer_on", "offers_last_90_days")
"""What `limits` read by names that they give."""


def equal_then(folder: Path, name: str) -> None:
    """The folder checks as clean as before, and each new version decides its examples as the one that it copies."""
    told = renamed(folder, name, NEW, "--write")
    texts = read_texts(folder / "policies")
    today = dt.date.fromisoformat(told["from"])
    found = [str(issue) for issue in check_policies(texts, None, today).issues if issue.level != "note"]
    # A law that has ended stays in the file, and the checks say of a version that begins after it that it never counts.
    assert found == [issue for issue in told["found_then"] if "is never in force: it ends on" in issue]
    versions = load_catalog(texts, run_examples=False).versions
    assert told["versions"]
    for label in told["versions"]:
        new, old = (
            next(each for each in versions[label.partition("@")[0]] if each.policy.version == number)
            for number in (2, 1)
        )
        assert name not in new.policy.reads
        assert NEW in new.policy.reads
        assert len(new.policy.examples) == len(old.policy.examples)
        own = {decision.name for decision in old.policy.decisions}
        for before, after in zip(old.policy.examples, new.policy.examples, strict=True):
            assert after.given == {NEW if each == name else each: value for each, value in before.given.items()}
            assert decided(new, after).holds
            was, is_now = decided(old, before), decided(new, replace(after, at=before.at))
            assert {each: was.values.get(each) for each in own} == {each: is_now.values.get(each) for each in own}
            assert (was.refused, was.fired) == (is_now.refused, is_now.fired)


@pytest.mark.parametrize("name", ["consented_channels", "contract_start"])
def test_a_renamed_fact_of_shipped_policies_changes_no_decision(shipped: Path, name: str) -> None:
    equal_then(shipped, name)


@LONG
@pytest.mark.parametrize("name", facts_read())
def test_each_fact_of_the_shipped_policies_is_renamed_or_refused(shipped: Path, name: str) -> None:
    if name in LIMITED:
        assert "where its name is not written" in refused(shipped, name, NEW)
    else:
        equal_then(shipped, name)
