"""`ordain diff`: two versions, the newest two or two files; for people and for programs, with its exit codes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from served import ordain_here

SHIPPED = Path(__file__).parents[2] / "policies"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped policies with a second version of one, in which a border is another."""
    shutil.copytree(SHIPPED, tmp_path / "policies")
    first = tmp_path / "policies/retention-offer/v1.yaml"
    text = first.read_text(encoding="utf-8").replace("\nversion: 1\n", "\nversion: 2\n")
    changed = text.replace('"> 0.80", clv_tier: high', '"> 0.85", clv_tier: high')
    first.with_name("v2.yaml").write_text(changed, encoding="utf-8")
    return tmp_path


def test_two_versions_are_told_as_changes_and_as_customers(folder: Path) -> None:
    done = ordain_here(folder, "diff", "retention-offer@1", "@2", "--directory", "policies", COLUMNS="200")
    assert done.returncode == 1
    assert "rule `critical-high-value` of `offer`, churn_risk: > 0.80 → > 0.85" in done.stdout
    assert "exactly these customers" in done.stdout
    words = " ".join(done.stdout.replace("│", " ").split())
    assert "churn_risk in (0.80..0.85] and clv_tier = high" in words
    assert "offer.action" in words


def test_a_name_alone_stands_for_its_two_newest_versions(folder: Path) -> None:
    named = ordain_here(folder, "diff", "retention-offer", "--directory", "policies", "--json")
    both = ordain_here(folder, "diff", "retention-offer@1", "retention-offer@2", "--directory", "policies", "--json")
    told = json.loads(named.stdout)
    assert told["regions"] == json.loads(both.stdout)["regions"]
    assert told["exact"] is True
    region = told["regions"][0]
    assert region["conditions"]["churn_risk"] == "churn_risk in (0.80..0.85]"
    action = {"output": "offer.action", "before": {"value": "personal call"}, "now": {"value": "none"}, "sure": True}
    assert action in region["outputs"]
    assert action in region["example"]["outputs"]
    assert region["example"]["facts"]["clv_tier"] == "high"


def test_two_files_are_compared_and_the_same_one_twice_does_not_differ(folder: Path) -> None:
    first, second = (f"policies/retention-offer/v{number}.yaml" for number in (1, 2))
    assert ordain_here(folder, "diff", first, second, "--directory", "policies").returncode == 1
    done = ordain_here(folder, "diff", first, first, "--directory", "policies")
    assert done.returncode == 0
    assert "every customer is decided as before" in done.stdout


def test_a_constant_of_another_version_of_what_is_shared_is_a_change(folder: Path) -> None:
    policies = folder / "policies"
    first = policies / "plan-advice/v1.yaml"
    text = first.read_text(encoding="utf-8")
    for number in (1, 2):
        shared = policies / f"shared/house/v{number}.yaml"
        shared.parent.mkdir(parents=True, exist_ok=True)
        head = f"shared: house\nversion: {number}\nowner: tests\npurpose: A case.\n"
        shared.write_text(f"{head}constants:\n  plenty: {number * 10}\n", encoding="utf-8")
        used = text.replace("\ndecides:", f"\nuses: [house@{number}]\n\ndecides:")
        used = used.replace("\nversion: 1\n", f"\nversion: {number}\n")
        first.with_name(f"v{number}.yaml").write_text(used, encoding="utf-8")
    done = ordain_here(folder, "diff", "plan-advice", "--directory", "policies")
    assert done.returncode == 1, done.stderr
    assert "added: what it shares: `house@2`" in done.stdout
    assert "every customer is decided as before" in done.stdout


def test_what_is_not_covered_is_named_and_samples_are_called_so(folder: Path) -> None:
    file = "policies/price-bounds/v1.yaml"
    done = ordain_here(folder, "diff", file, file, "--directory", "policies")
    assert done.returncode == 0
    assert "not covered: rule `floor` of" in done.stdout
    assert "These are samples" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["retention-ofer"], "there is no policy `retention-ofer`"),
        (["retention-offer@1", "@9"], "`retention-offer` has no version `9`"),
        (["retention-offer@1"], "`retention-offer@1` is compared with nothing"),
        (["price-bounds"], "`price-bounds` has one version only"),
        (["gone.yaml", "gone.yaml"], "gone.yaml"),
    ],
)
def test_what_is_not_there_is_named(folder: Path, arguments: list[str], message: str) -> None:
    done = ordain_here(folder, "diff", *arguments, "--directory", "policies")
    assert done.returncode == 2
    assert message in done.stderr
