"""The model `lifetime_value` on SYNTHETIC subscribers, who have a monthly price and a risk but no single purchases."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from ordain.engine.errors import DataQualityIssue, ModelDegradationDetected
from ordain.engine.policy.facts import Fact, Score
from ordain.engine.values.types import NUMBER, TEXT, Value
from ordain.models.data.table import Table
from ordain.models.methods.lifetime.subscription_score import by_month
from ordain.models.spec import Artifact, Scorer
from ordain.models.specs.lifetime_value import SPEC

FACTS = (
    Fact("monthly_price", NUMBER),
    Fact("churn_risk", NUMBER, optional=True),
    Fact("plan", replace(TEXT, values=("basic", "plus"))),
)


def subscribers(count: int, seed: int) -> Table:
    """SYNTHETIC: each month a customer leaves with a twelfth, about, of the risk; until then the price is paid."""
    random = np.random.default_rng(seed)
    price = random.choice([300, 400, 700], count)
    risk = random.beta(2, 5, count).round(4)
    stayed = np.minimum(random.geometric(1 - (1 - risk) ** (1 / 12)), 12)
    rows: list[dict[str, Value]] = [
        {
            "monthly_price": Decimal(int(price[at])),
            "churn_risk": None if at % 50 == 0 else Decimal(repr(float(risk[at]))),
            "plan": "plus" if price[at] > 350 else "basic",
        }
        for at in range(count)
    ]
    revenue = tuple(Decimal(int(each)) for each in price * stayed)
    subjects = tuple(f"S-{at}" for at in range(count))
    return Table("SYNTHETIC subscribers", FACTS, subjects, tuple(rows), "", {"revenue_12_months": revenue})


@pytest.fixture(scope="module")
def table() -> Table:
    return subscribers(2000, 5)


@pytest.fixture(scope="module")
def artifact(table: Table) -> Artifact:
    return SPEC.train(table)


@pytest.fixture(scope="module")
def scorer(artifact: Artifact) -> Scorer:
    return SPEC.scorer(artifact.files, artifact.reads, artifact.parameters)


def test_it_beats_the_mean_and_twelve_prices_on_customers_held_out(artifact: Artifact) -> None:
    rmse = artifact.report.figures[0]
    assert rmse.name == "rmse"
    assert rmse.value < (rmse.baseline or 0.0)
    assert artifact.report.baseline in ("mean of training", "12 times the monthly price")
    assert sum(artifact.parts.values()) == 2000


def test_the_same_table_and_seed_give_the_same_bytes(artifact: Artifact, table: Table) -> None:
    assert SPEC.train(table).files == artifact.files


def test_the_contributions_are_exact_and_add_up_to_the_revenue(scorer: Scorer, table: Table) -> None:
    steady = dict(table.rows[1])
    answers = scorer.scores([steady, {**steady, "churn_risk": Decimal("0.9")}])
    safe, risky = (answer for answer in answers if isinstance(answer, Score))
    apart = sum(reason.contribution for reason in safe.reasons) - sum(reason.contribution for reason in risky.reasons)
    revenue = [undiscounted(answer) for answer in (safe, risky)]
    assert apart == pytest.approx(revenue[0] - revenue[1], abs=Decimal("0.2"))
    assert {reason.feature: reason.usual for reason in safe.reasons}["monthly_price"] == 400
    assert safe.value > risky.value
    assert (safe.also["probability_alive"], safe.also["expected_purchases"]) == (None, None)


def undiscounted(answer: Score) -> Decimal:
    """What the months add up to without the stated 10 % per year."""
    rates = [Decimal("1.1") ** ((Decimal(month) + Decimal("0.5")) / 12) for month in range(12)]
    return sum((amount * rate for amount, rate in zip(answer.also["by_month"], rates, strict=True)), Decimal(0))


def test_the_months_fall_as_the_price_says_and_add_up() -> None:
    revenue, price = np.array([1200.0, 600.0, 1500.0, 50.0, 0.0]), np.full(5, 100.0)
    months = by_month(revenue, price, 0.0)
    assert months.sum(axis=1) == pytest.approx(revenue)
    assert months[0] == pytest.approx(100.0)
    assert months[1][0] == pytest.approx(100.0)
    assert (np.diff(months[1]) < 0).all()
    assert months[2] == pytest.approx(125.0)
    assert by_month(revenue, None, 0.0)[1] == pytest.approx(50.0)


def test_a_risk_that_is_missing_is_no_error_and_an_unknown_plan_is(scorer: Scorer, table: Table) -> None:
    answers = scorer.scores([{**table.rows[0], "churn_risk": None}, {**table.rows[0], "plan": "gold"}])
    assert isinstance(answers[0], Score)
    assert isinstance(answers[1], DataQualityIssue)


@pytest.mark.parametrize("damage", ["cut", "others", "no trees"])
def test_damaged_trees_are_refused(artifact: Artifact, table: Table, damage: str) -> None:
    trees = artifact.files["trees.ubj"]
    others = SPEC.train(subscribers(300, 9)).files["trees.ubj"]
    files = {**artifact.files, "trees.ubj": {"cut": trees[: len(trees) // 2], "others": others}.get(damage, b"")}
    if damage == "no trees":
        del files["trees.ubj"]
    with pytest.raises(ModelDegradationDetected):
        SPEC.scorer(files, artifact.reads, artifact.parameters)


def test_a_customer_who_stands_twice_or_has_no_revenue_is_told(table: Table) -> None:
    revenue = (None, *table.roles["revenue_12_months"][1:])
    twice = (table.subjects[0], table.subjects[0], *table.subjects[2:])
    with pytest.raises(DataQualityIssue) as caught:
        SPEC.train(replace(table, subjects=twice, roles={"revenue_12_months": revenue}))
    assert [issue.message for issue in caught.value.issues] == ["row 1: the revenue is missing", "`S-0` stands twice"]
