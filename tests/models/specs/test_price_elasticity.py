"""The model `price_elasticity`, on SYNTHETIC sales."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from ordain.engine.errors import CustomerDataIncomplete, DataQualityIssue, ModelDegradationDetected
from ordain.engine.policy.facts import Score
from ordain.engine.values.types import Value
from ordain.models.data.synthetic import PLAN_NAMES, SEGMENTS
from ordain.models.data.table import Table
from ordain.models.methods.elasticity.elasticity_scorer import FILE, ElasticityScorer
from ordain.models.methods.elasticity.made_sales import made_sales
from ordain.models.spec import Artifact
from ordain.models.specs.price_elasticity import SPEC

PERIODS = 52
OF_SEGMENTS = [(each.name, each.elasticity) for each in SEGMENTS]
GROUPS = [(segment, product) for segment, _ in OF_SEGMENTS for product in PLAN_NAMES]


@pytest.fixture(scope="module")
def sales() -> Table:
    return SPEC.sample(PERIODS * len(GROUPS), 0)


@pytest.fixture(scope="module")
def artifact(sales: Table) -> Artifact:
    return SPEC.train(sales)


@pytest.fixture(scope="module")
def scorer(artifact: Artifact) -> ElasticityScorer:
    return SPEC.scorer(artifact.files, artifact.reads, artifact.parameters)


def with_roles(table: Table, **roles: tuple[Value, ...] | None) -> Table:
    kept = {name: values for name, values in {**table.roles, **roles}.items() if values is not None}
    return replace(table, roles=kept)


def asked(scorer: ElasticityScorer, segment: str, product: str) -> Score:
    (score,) = scorer.scores([{"segment": segment, "product": product}])
    assert isinstance(score, Score)
    return score


def test_the_known_elasticities_lie_within_their_intervals(scorer: ElasticityScorer) -> None:
    truth = made_sales(PERIODS, 0, segments=OF_SEGMENTS, products=PLAN_NAMES).truth
    found = [asked(scorer, *pair) for pair in GROUPS]
    within = [score.also["low"] < one < score.also["high"] for score, one in zip(found, truth, strict=True)]
    assert sum(within) >= len(GROUPS) - 1
    raw = np.array([float(str(score.also["raw_elasticity"])) for score in found])
    assert np.abs(raw - truth).max() < 0.4


def test_every_output_is_given_with_its_digits_and_the_first_is_cut_off_at_minus_one(scorer: ElasticityScorer) -> None:
    score = asked(scorer, "budget", "unlimited")
    assert set(score.also) == {output.name for output in SPEC.outputs[1:]}
    assert score.value == Decimal("-1.0000")
    assert score.also["raw_elasticity"] < -1
    assert (
        asked(scorer, "premium power", "basic").value == asked(scorer, "premium power", "basic").also["raw_elasticity"]
    )


def test_reasons_add_up_to_what_parts_the_group_from_the_pooled_elasticity(
    artifact: Artifact, scorer: ElasticityScorer
) -> None:
    pooled = json.loads(artifact.files[FILE])["pooled"]["estimate"]
    for pair in GROUPS:
        score = asked(scorer, *pair)
        total = sum(float(reason.contribution) for reason in score.reasons)
        assert total == pytest.approx(float(str(score.also["raw_elasticity"])) - pooled, abs=2e-4)
        assert {reason.feature: reason.value for reason in score.reasons} == dict(
            zip(("segment", "product"), pair, strict=True)
        )
        assert all(reason.usual for reason in score.reasons)


def test_the_curve_begins_at_one_and_falls(scorer: ElasticityScorer) -> None:
    score = asked(scorer, "value seekers", "standard")
    curve, grid = score.also["curve"], score.also["curve_prices"]
    assert isinstance(curve, tuple)
    assert isinstance(grid, tuple)
    assert curve[0] == 1
    assert list(curve) == sorted(curve, reverse=True)
    assert list(grid) == sorted(grid)


def test_one_elasticity_for_each_group_beats_one_for_all_where_they_differ(artifact: Artifact) -> None:
    first = artifact.report.figures[0]
    assert first.baseline is not None
    assert first.low is not None
    assert first.high is not None
    assert first.low < first.value < first.high < first.baseline
    plain = next(figure for figure in artifact.report.figures if figure.name == "plain_least_squares")
    assert plain.value > 0


def test_training_again_gives_the_same_bytes_and_report(sales: Table, artifact: Artifact) -> None:
    assert SPEC.train(sales) == artifact
    assert SPEC.sample(100, 1).digest != SPEC.sample(100, 2).digest
    assert "SYNTHETIC" in sales.name


def test_a_group_that_buys_more_when_dearer_is_told_and_gets_the_pooled_elasticity(sales: Table) -> None:
    price = [float(str(value)) for value in sales.roles["price"]]
    odd = [pair == GROUPS[0] for pair in zip(sales.roles["segment"], sales.roles["product"], strict=True)]
    quantity = tuple(
        Decimal(round(float(str(value)) * (cost / 100) ** 2)) if is_odd else value
        for cost, is_odd, value in zip(price, odd, sales.roles["quantity"], strict=True)
    )
    artifact = SPEC.train(with_roles(sales, quantity=quantity))
    assert artifact.report.notes[0].startswith(
        "Dearer sold more, so the pooled elasticity is used: basic of premium power (+"
    )
    scorer = SPEC.scorer(artifact.files, artifact.reads, artifact.parameters)
    score = asked(scorer, *GROUPS[0])
    assert score.also["basis"] == "pooled"
    assert score.also["raw_elasticity"] < 0
    assert score.reasons == ()


def test_a_pair_that_was_never_sold_together_gets_the_pooled_elasticity(sales: Table) -> None:
    kept = [at for at in range(len(sales)) if (sales.roles["segment"][at], sales.roles["product"][at]) != GROUPS[-1]]
    fewer = replace(
        sales,
        subjects=tuple(sales.subjects[at] for at in kept),
        rows=tuple(sales.rows[at] for at in kept),
        roles={name: tuple(values[at] for at in kept) for name, values in sales.roles.items()},
    )
    artifact = SPEC.train(fewer)
    scorer = SPEC.scorer(artifact.files, artifact.reads, artifact.parameters)
    assert asked(scorer, *GROUPS[-1]).also["basis"] == "pooled"
    assert asked(scorer, *GROUPS[0]).also["basis"] != "pooled"


def test_products_alone_are_enough(sales: Table) -> None:
    roles = {role: values for role, values in sales.roles.items() if role != "segment"}
    of_one = [at for at, segment in enumerate(sales.roles["segment"]) if segment == "budget"]
    kept = {role: tuple(values[at] for at in of_one) for role, values in roles.items()}
    subjects, rows = tuple(sales.subjects[at] for at in of_one), tuple(sales.rows[at] for at in of_one)
    artifact = SPEC.train(replace(sales, subjects=subjects, rows=rows, roles=kept))
    assert [fact.name for fact in artifact.reads] == ["product"]
    scorer = SPEC.scorer(artifact.files, artifact.reads, artifact.parameters)
    (score,) = scorer.scores([{"product": "basic"}])
    assert isinstance(score, Score)
    assert {reason.feature for reason in score.reasons} <= {"product"}


def test_what_is_missing_or_unknown_is_told_in_its_place(scorer: ElasticityScorer) -> None:
    fine, missing, unknown = scorer.scores(
        [{"segment": "budget", "product": "basic"}, {"segment": "budget"}, {"segment": "bugdet", "product": "basic"}]
    )
    assert isinstance(fine, Score)
    assert isinstance(missing, CustomerDataIncomplete)
    assert str(missing) == "the model needs `product`"
    assert isinstance(unknown, DataQualityIssue)
    assert "does not know `bugdet`" in str(unknown)
    assert "budget" in str(unknown)


def test_all_that_is_wrong_with_a_table_is_told_at_once(sales: Table) -> None:
    price = (Decimal(0), *sales.roles["price"][1:])
    wrong = with_roles(sales, price=price, period=None, segment=None, product=None)
    with pytest.raises(DataQualityIssue) as caught:
        SPEC.train(wrong)
    assert [issue.message.split(": ", 1)[1] for issue in caught.value.issues] == [
        "no column plays the role `period`",
        "no column plays the role `segment` or `product`",
        "`price` is not above 0 in 1 rows, first in row 1",
    ]


def test_rows_without_a_sale_are_left_out_and_counted_and_refused_when_there_are_many(sales: Table) -> None:
    quantity = (Decimal(0), *sales.roles["quantity"][1:])
    notes = SPEC.train(with_roles(sales, quantity=quantity)).report.notes
    assert any(note.startswith("1 rows without a sale") for note in notes)
    many = tuple(Decimal(0) if at % 4 == 0 else value for at, value in enumerate(sales.roles["quantity"]))
    with pytest.raises(DataQualityIssue, match="260 of 1,040 rows have a quantity of 0"):
        SPEC.train(with_roles(sales, quantity=many))


def test_prices_that_never_changed_and_demand_that_rises_with_the_price_are_refused(sales: Table) -> None:
    same = with_roles(sales, price=(Decimal(100),) * len(sales))
    with pytest.raises(DataQualityIssue, match="no group has prices that change"):
        SPEC.train(same)
    rising = with_roles(sales, quantity=sales.roles["price"])
    with pytest.raises(DataQualityIssue, match="dearer seems to sell more"):
        SPEC.train(rising)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-20],
        lambda data: data.replace(b'"groups"', b'"grups"'),
        lambda data: data.replace(b'"estimate": -', b'"estimate": '),
        lambda data: data.replace(b'"product": "basic"', b'"product": "basics"'),
        lambda data: b"[]",
    ],
)
def test_a_damaged_file_is_refused(artifact: Artifact, damage: object) -> None:
    assert callable(damage)
    files = {FILE: damage(artifact.files[FILE])}
    assert files[FILE] != artifact.files[FILE]
    with pytest.raises(ModelDegradationDetected, match="damaged"):
        SPEC.scorer(files, artifact.reads, artifact.parameters)
