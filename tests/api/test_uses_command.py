"""`ordain uses`: every place of a name with its file and line, the services that ask it, and what it is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from served import ordain_here

SHIPPED = Path(__file__).parents[2] / "policies"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("uses")
    shutil.copytree(SHIPPED, path / "policies")
    return path


def used(folder: Path, name: str) -> Any:
    done = ordain_here(folder, "uses", name, "--directory", "policies", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_place_of_a_fact_has_the_line_that_it_stands_in(folder: Path) -> None:
    told = used(folder, "churn_risk")
    assert told["what"] == "fact"
    for place in told["places"]:
        lines = (folder / place["file"]).read_text(encoding="utf-8").splitlines()
        assert "churn_risk" in lines[place["line"] - 1]
    count = sum(file.read_text(encoding="utf-8").count("churn_risk") for file in (folder / "policies").rglob("*.yaml"))
    assert 0 < len(told["places"]) <= count
    hows = {(place["file"], place["how"]) for place in told["places"]}
    assert ("policies/facts.yaml", "declares") in hows
    assert ("policies/retention-offer/v1.yaml", "reads") in hows
    assert ("policies/price-proposal/v1.yaml", "example") in hows
    assert told["services"] == ["price-quote", "retention"]


def test_a_value_that_a_policy_gives_is_followed_into_those_that_read_it_and_the_services_that_give_it(
    folder: Path,
) -> None:
    told = used(folder, "offer")
    hows = {(place["file"], place["how"]) for place in told["places"]}
    assert ("policies/retention-offer/v1.yaml", "declares") in hows
    assert ("policies/contact-house-rules/v1.yaml", "reads") in hows
    assert ("policies/services.yaml", "gives") in hows


def test_a_policy_is_named_by_services_and_as_the_source_of_facts(folder: Path) -> None:
    told = used(folder, "retention-offer")
    assert [(place["file"], place["how"]) for place in told["places"]] == [
        ("policies/services.yaml", "asks"),
        ("policies/facts.yaml", "source"),
    ]
    assert told["services"] == ["retention"]


def test_people_read_lines_with_places_and_examples_are_counted(folder: Path) -> None:
    done = ordain_here(folder, "uses", "clv_tier", "--directory", "policies")
    assert done.returncode == 0
    assert "policies/retention-offer/v1.yaml:23: reads  decides > offer > rules > 2 > when > clv_tier" in done.stdout
    assert "in examples, " in done.stdout
    assert "service retention" in done.stdout


def test_a_name_that_nothing_has_is_bad_input_with_the_nearest(folder: Path) -> None:
    done = ordain_here(folder, "uses", "churn_rsk", "--directory", "policies")
    assert done.returncode == 2
    assert "there is no fact, policy or decision `churn_rsk`" in done.stderr
    assert "churn_risk" in done.stderr


SHARED = """\
shared: rates
version: 1
owner: finance
purpose: What several policies count with.
constants: {vat: 0.19}
"""


def test_shared_parts_are_told_of_and_stand_in_no_ones_way(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "policies")
    part = tmp_path / "policies/shared/rates/v1.yaml"
    part.parent.mkdir(parents=True)
    part.write_text(SHARED)
    advice = tmp_path / "policies/plan-advice/v1.yaml"
    advice.write_text(advice.read_text().replace("decides:\n", "uses: [rates@1]\n\ndecides:\n", 1))
    told = used(tmp_path, "rates")
    assert (told["what"], [place["how"] for place in told["places"]]) == ("shared", ["uses"])
    assert used(tmp_path, "churn_risk")["what"] == "fact"
    assert used(tmp_path, "vat")["places"][0]["file"] == "policies/shared/rates/v1.yaml"


def test_a_fact_that_limits_read_is_told_where_they_stand(folder: Path) -> None:
    told = used(folder, "last_offer_on")
    (place,) = (each for each in told["places"] if each["how"] == "reads")
    assert (place["file"], place["text"]) == ("policies/retention-offer/v1.yaml", "limits")
    assert "retention" in told["services"]
