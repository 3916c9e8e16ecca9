"""The lenient reading at the borders of the language: values, and the reason of each null."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from ordain.engine.explain.trial import Tried, tried
from ordain.engine.feel.runtime.describe import describe_value

CASES = yaml.safe_load((Path(__file__).parents[2] / "cases" / "lenient.yaml").read_text(encoding="utf-8"))
METHODS = CASES.pop("methods of Java")
AT = dt.datetime(2026, 3, 15, 21, 30, tzinfo=dt.UTC)


def tried_leniently(text: str) -> Tried:
    return tried(text, {}, AT, lenient=True)


def reason(found: Tried) -> str | None:
    return found.reasons[0].message if found.reasons else None


@pytest.mark.parametrize("case", [case for group in CASES.values() for case in group], ids=lambda case: case["text"])
def test_a_text_gives_what_the_case_says(case: dict[str, Any]) -> None:
    found = tried_leniently(case["text"])
    assert describe_value(found.value) == case["gives"]
    assert reason(found) == case.get("because")


@pytest.mark.parametrize("case", METHODS, ids=lambda case: f"{case['class']}.{case['method']} {case['of']}")
def test_a_method_of_java_gives_what_the_case_says(case: dict[str, Any]) -> None:
    count = len(tried_leniently(f"[{case['of']}]").value)
    parameters = ", ".join("abc"[:count])
    mapping = f'{{java: {{class: "java.lang.{case["class"]}", method signature: "{case["method"]}"}}}}'
    found = tried_leniently(f"(function({parameters}) external {mapping})({case['of']})")
    assert describe_value(found.value) == case["gives"]
    assert reason(found) == case.get("because")


@pytest.mark.parametrize(
    "mapping",
    ["{}", "1", "{java: 1}", '{java: {class: "java.lang.Math"}}', '{pmml: {document: "a", model: "b"}}'],
)
def test_a_mapping_that_names_no_method_gives_null(mapping: str) -> None:
    found = tried_leniently(f"(function(a) external {{java: {mapping}}})(1)")
    assert found.value is None
    assert reason(found) is not None
