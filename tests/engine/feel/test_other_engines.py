"""A `.dmn` file follows the conformance cases and takes what other engines have; a policy stays as it is."""

from __future__ import annotations

import datetime as dt
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from ordain.engine.errors import OrdainError
from ordain.engine.explain.trial import tried
from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.feel.functions.lenient import ADDED, GROUPS
from ordain.engine.feel.functions.lenient import FUNCTIONS as LENIENT
from ordain.engine.feel.runtime.describe import describe_value

ROOT = Path(__file__).parents[3]
AT = dt.datetime(2026, 3, 15, 21, 30, tzinfo=dt.UTC)


def cases(file: str) -> list[dict[str, Any]]:
    groups = yaml.safe_load((ROOT / "tests" / "cases" / file).read_text(encoding="utf-8"))
    return list(chain.from_iterable(groups.values()))


CONFORMANCE, OTHERS = cases("conformance.yaml"), cases("other_engines.yaml")


def leniently(text: str) -> tuple[str, str | None]:
    found = tried(text, {}, AT, lenient=True)
    return describe_value(found.value), found.reasons[0].message if found.reasons else None


@pytest.mark.parametrize("case", CONFORMANCE, ids=lambda case: case["text"])
def test_a_dmn_file_follows_the_conformance_cases(case: dict[str, Any]) -> None:
    assert leniently(case["text"]) == (case["lenient"], case.get("because"))


@pytest.mark.parametrize("case", CONFORMANCE, ids=lambda case: case["text"])
def test_a_policy_means_what_it_meant(case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(OrdainError) as caught:
            tried(case["text"], {}, AT)
        assert case["refused"] in caught.value.issues[0].message
    else:
        assert describe_value(tried(case["text"], {}, AT).value) == case["strict"]


@pytest.mark.parametrize("case", OTHERS, ids=lambda case: case["text"])
def test_a_dmn_file_takes_what_other_engines_have(case: dict[str, Any]) -> None:
    assert leniently(case["text"]) == (case["gives"], case.get("because"))


@pytest.mark.parametrize("name", ADDED)
def test_the_example_of_an_added_function_gives_its_result(name: str) -> None:
    entry = ADDED[name]
    assert leniently(entry.example)[0] == leniently(entry.result)[0]


@pytest.mark.parametrize("name", sorted(ADDED.keys() - FUNCTIONS.keys()))
def test_a_policy_has_none_of_the_added_functions(name: str) -> None:
    with pytest.raises(OrdainError):
        tried(ADDED[name].example, {}, AT)


def test_the_list_of_added_functions_is_fixed_and_stands_in_the_docs() -> None:
    page = (ROOT / "docs" / "dmn.md").read_text(encoding="utf-8")
    assert [name for name in ADDED if f"`{name}" not in page] == []
    assert LENIENT.keys() - ADDED.keys() <= FUNCTIONS.keys()
    assert sum(map(len, GROUPS.values())) == len(ADDED) == 38


def test_moments_of_any_width_are_cut_to_the_second() -> None:
    assert leniently('@"12026-01-31T09:15:30.25Z" = @"12026-01-31T09:15:30Z"') == ("true", None)
    assert leniently('@"09:15:30.123456789@Europe/Paris" = @"09:15:30@Europe/Paris"') == ("true", None)
