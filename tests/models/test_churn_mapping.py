"""The YAML file that describes a churn table."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ordain.engine.errors import NotThatType, PolicyError
from ordain.engine.values.types import Limits
from ordain.models.data.mapping import limits_from, read_mapping, shipped

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[1] / "cases" / "models" / "mapping_errors.yaml").read_text()
)
PROTECTED = {"gender", "seniorcitizen", "partner", "dependents", "age", "age group", "customer value"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_a_wrong_mapping_is_refused_with_message_hint_and_place(case: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(case["mapping"])
    with pytest.raises(PolicyError) as caught:
        read_mapping(file)
    findings = [
        {"message": issue.message, "hint": issue.hint, "at": f"{issue.span.line}:{issue.span.column}"}
        for issue in caught.value.issues
        if issue.span
    ]
    assert case["findings"]
    assert findings == case["findings"]


def test_an_unknown_shipped_mapping_is_met_with_the_nearest_name() -> None:
    with pytest.raises(PolicyError, match="there is no mapping `iranain`") as caught:
        read_mapping("iranain")
    assert caught.value.issues[0].hint == "did you mean `iranian`?"


def test_a_missing_file_is_named() -> None:
    with pytest.raises(PolicyError, match=r"there is no file `nowhere\.yaml`"):
        read_mapping("nowhere.yaml")


@pytest.mark.parametrize("name", shipped())
def test_shipped_mappings_read_no_protected_attribute_nor_its_proxy(name: str) -> None:
    mapping = read_mapping(name)
    headers = {" ".join(column.header.lower().split()) for column in mapping.columns}
    assert mapping.columns
    assert not headers & PROTECTED
    assert not any(fact.protected for fact in mapping.facts)
    assert all(fact.personal for fact in mapping.facts)


@pytest.mark.parametrize("name", [name for name in shipped() if name != "iranian"])
def test_shipped_mappings_of_invented_customers_say_synthetic(name: str) -> None:
    mapping = read_mapping(name)
    assert mapping.synthetic
    assert "SYNTHETIC" in mapping.about


def test_a_range_may_be_written_with_and_without_quotes(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(
        'name: shop\nlabel: {column: left, churned: "1", stayed: "0"}\nfeatures:\n'
        '  calls: {column: calls, type: number, range: "[0..10]"}\n'
        "  texts: {column: texts, type: number, range: [0..10]}\n"
    )
    calls, texts = read_mapping(file).facts
    assert calls.limits == texts.limits == Limits(Decimal(0), Decimal(10))


_BOUNDS = st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-1000, max_value=1000)


@given(low=st.none() | _BOUNDS, span=st.none() | _BOUNDS.map(abs), low_open=st.booleans(), high_open=st.booleans())
def test_a_range_reads_back_what_it_prints(
    low: Decimal | None, span: Decimal | None, low_open: bool, high_open: bool
) -> None:
    high = None if span is None else (low or Decimal(0)) + span
    limits = Limits(low, high, low_open, high_open)
    assert limits_from(str(limits)) == limits


@pytest.mark.parametrize("text", ["", "0..1", "[0,1]", "[1..0]", "[a..b]", "[0..1"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(NotThatType):
        limits_from(text)
