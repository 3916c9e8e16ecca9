"""Features and scores of now against those of training."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np
import pytest

from ordain.engine.errors import ModelDegradationDetected
from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import DATE, FLAG, NUMBER, TEXT, Type, Value
from ordain.models.monitoring.drift import Drift, drift
from ordain.models.monitoring.finding import Finding, Verdict
from ordain.models.monitoring.reference import Reference, reference_from, reference_of

FACTS = (Fact("usage", NUMBER), Fact("tickets", NUMBER), Fact("plan", Type(TEXT.kind)), Fact("paperless", FLAG))
Rows = list[dict[str, Value]]


def customers(count: int, seed: int, shift: float = 0.0, large: float = 0.3, missing: float = 0.02) -> Rows:
    random = np.random.default_rng(seed)
    return [
        {
            "usage": None if random.random() < missing else Decimal(f"{random.normal(50 + shift, 10):.2f}"),
            "tickets": Decimal(int(random.poisson(0.5))),
            "plan": "large" if random.random() < large else "small",
            "paperless": bool(random.random() < 0.6),
        }
        for _ in range(count)
    ]


@pytest.fixture(scope="module")
def reference() -> Reference:
    risks = np.random.default_rng(3).beta(2, 8, 3000).tolist()
    return reference_of(FACTS, customers(3000, 0), {"churn": risks})


def found(report: Drift, measure: str, of: str) -> Finding:
    [finding] = [each for each in report.findings if (each.measure, each.of) == (measure, of)]
    return finding


@pytest.mark.parametrize("count", [30, 200, 2000])
def test_customers_as_before_are_not_told_as_drift_however_few(reference: Reference, count: int) -> None:
    for seed in range(1, 8):
        assert drift(reference, customers(count, seed)).verdict is Verdict.NONE


def test_a_shift_of_a_number_is_told_with_where_it_went(reference: Reference) -> None:
    report = drift(reference, customers(1000, 1, shift=8))
    finding = found(report, "psi", "usage")
    assert (report.verdict, finding.verdict, finding.threshold) == (Verdict.MAJOR, Verdict.MAJOR, 0.25)
    assert "are at most" in finding.sentence
    assert found(report, "ks", "usage").verdict is Verdict.MAJOR
    assert report.findings[0].verdict is Verdict.MAJOR
    assert {each.of for each in report.findings if each.verdict is not Verdict.NONE} == {"usage"}


def test_a_smaller_shift_is_moderate(reference: Reference) -> None:
    finding = found(drift(reference, customers(2000, 1, shift=4)), "psi", "usage")
    assert 0.1 < finding.value < 0.25
    assert (finding.verdict, finding.threshold) == (Verdict.MODERATE, 0.1)


def test_shares_of_texts_and_texts_that_are_new_are_told(reference: Reference) -> None:
    report = drift(reference, customers(1000, 1, large=0.6))
    assert found(report, "psi", "plan").verdict is Verdict.MAJOR
    assert "`small` 40%, before 71%" in found(report, "psi", "plan").sentence
    new: Rows = [{**row, "plan": "huge"} for row in customers(1000, 1)]
    assert "other texts 100%, before 0%" in found(drift(reference, new), "psi", "plan").sentence


def test_what_is_missing_more_often_is_told(reference: Reference) -> None:
    finding = found(drift(reference, customers(1000, 1, missing=0.15)), "missing", "usage")
    assert finding.verdict is Verdict.MODERATE
    gone: Rows = [{"plan": row["plan"]} for row in customers(500, 1)]
    assert found(drift(reference, gone), "missing", "usage").verdict is Verdict.MAJOR


def test_scores_are_compared_as_features_are(reference: Reference) -> None:
    rows = customers(800, 1)
    same = np.random.default_rng(9).beta(2, 8, 800).tolist()
    other = [Decimal(f"{risk:.4f}") for risk in np.random.default_rng(9).beta(4, 6, 800)]
    assert found(drift(reference, rows, {"churn": same}), "psi", "churn").verdict is Verdict.NONE
    assert found(drift(reference, rows, {"churn": other}), "psi", "churn").verdict is Verdict.MAJOR


def test_a_value_that_all_had_has_a_bin_of_its_own() -> None:
    before = reference_of([FACTS[0]], [{"usage": Decimal("0.1")}] * 300)
    assert drift(before, [{"usage": Decimal("0.1")}] * 300).verdict is Verdict.NONE
    for other in ("0.09", "0.11"):
        assert found(drift(before, [{"usage": Decimal(other)}] * 300), "psi", "usage").verdict is Verdict.MAJOR


def test_too_few_rows_are_told_as_too_few(reference: Reference) -> None:
    finding = found(drift(reference, customers(5, 1, shift=50)), "psi", "usage")
    assert finding.verdict is Verdict.NONE
    assert "too few to tell" in finding.sentence


def test_a_reference_is_small_and_holds_nobodys_row(reference: Reference) -> None:
    data = reference.to_bytes()
    assert len(data) < 20_000
    numbers = [float(row["usage"]) for row in customers(3000, 0) if row["usage"] is not None]
    [usage] = [each for each in reference.features if each.name == "usage"]
    assert min(numbers) < usage.edges[0]
    assert max(numbers) > usage.edges[-1]
    assert min(usage.counts) >= 20
    assert sum(usage.counts) + usage.missing == 3000
    rare = reference_of([FACTS[2]], [{"plan": "Anna's own"}] + [{"plan": "small"}] * 99)
    assert "Anna" not in rare.to_bytes().decode()


def test_a_reference_is_read_back_and_a_damaged_one_is_refused(reference: Reference) -> None:
    assert reference_from(reference.to_bytes(), "churn") == reference
    with pytest.raises(ModelDegradationDetected, match="understood"):
        reference_from(b"{}", "churn")
    damaged = json.loads(reference.to_bytes())
    damaged["features"][0]["edges"].reverse()
    with pytest.raises(ModelDegradationDetected, match="wrong bins for `usage`"):
        reference_from(json.dumps(damaged).encode(), "churn")


def test_the_report_is_json_without_numbers_that_json_has_not(reference: Reference) -> None:
    told = drift(reference, customers(5, 1)).told()
    assert json.loads(json.dumps(told, allow_nan=False))["verdict"] == "none"


def test_a_feature_of_another_type_is_left_out() -> None:
    assert reference_of([Fact("since", DATE)], [{"since": None}]).features == ()


def test_no_rows_at_all_raise_nothing(reference: Reference) -> None:
    assert drift(reference, []).verdict is Verdict.NONE
    assert drift(reference_of(FACTS, []), customers(50, 1)).verdict is Verdict.NONE
