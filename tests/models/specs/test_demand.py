"""The model `demand`, on SYNTHETIC series."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from ordain.engine.errors import CustomerDataIncomplete, DataQualityIssue, ModelDegradationDetected, SettingsError
from ordain.engine.policy.facts import Fact, Score
from ordain.engine.values.types import Kind, Type, Value
from ordain.models.data.table import Table
from ordain.models.methods.demand.demand_scorer import SERIES, TREES, DemandScorer
from ordain.models.methods.demand.made_series import made_demand
from ordain.models.methods.demand.series import holiday_days, read_series
from ordain.models.spec import Artifact
from ordain.models.specs.demand import SAMPLE_CLOCK, Demand

DAYS = 30 * 7
FIRST_DAY = dt.date(2025, 6, 2)
SMALL = Demand(rounds=25)
END = dt.datetime(2026, 1, 1, tzinfo=SAMPLE_CLOCK)


def daily(products: tuple[str, ...] = (), facts: tuple[Fact, ...] = (), **roles: tuple[Value, ...]) -> Table:
    """Two products, or one without a name, by day; a covariate `advertised` doubles what is sold."""
    names = products or ("",)
    rows: list[dict[str, Value]] = []
    known: dict[str, list[Value]] = {"at": [], "quantity": [], "product": []}
    for number, name in enumerate(names):
        sold = made_demand(DAYS * 24, FIRST_DAY.weekday(), number).reshape(DAYS, 24).sum(axis=1)
        advertised = np.random.default_rng(number).random(DAYS) < 0.2
        for day in range(DAYS):
            times = 2 if facts and advertised[day] else 1
            known["at"].append(FIRST_DAY + dt.timedelta(days=day))
            known["quantity"].append(Decimal(int(sold[day]) * times * (number + 1)))
            known["product"].append(name)
            rows.append({"advertised": bool(advertised[day])} if facts else {})
    kept = {name: tuple(values) for name, values in known.items() if products or name != "product"}
    subjects = tuple(str(number) for number in range(len(rows)))
    return Table("made.csv", facts, subjects, tuple(rows), "", {**kept, **roles})


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    return SMALL.train(daily(("basic", "unlimited")))


@pytest.fixture(scope="module")
def scorer(artifact: Artifact) -> DemandScorer:
    return SMALL.scorer(artifact.files, artifact.reads, artifact.parameters)


@pytest.fixture(scope="module")
def hourly() -> tuple[Artifact, DemandScorer]:
    few = Demand(rounds=25)
    artifact = few.train(few.sample(1, 0))
    return artifact, few.scorer(artifact.files, artifact.reads, artifact.parameters)


def one(scorer: DemandScorer, **facts: Value) -> Score:
    (score,) = scorer.scores([facts])
    assert isinstance(score, Score), score
    return score


def day(ahead: int) -> dt.date:
    return FIRST_DAY + dt.timedelta(days=DAYS + ahead)


def test_an_answer_holds_every_output_and_its_intervals_contain_each_other(scorer: DemandScorer) -> None:
    for ahead in range(30):
        score = one(scorer, demand_day=day(ahead), product="basic")
        also = score.also
        assert set(also) == {output.name for output in SMALL.outputs[1:]}
        assert 0 <= score.value <= 1
        assert also["low_95"] <= also["low"] <= also["forecast"] <= also["high"] <= also["high_95"]


def test_curves_hold_what_is_answered_for_each_day(scorer: DemandScorer) -> None:
    answers = [one(scorer, demand_day=day(ahead), product="unlimited") for ahead in range(30)]
    month = answers[0].also["next_30_days"]
    assert isinstance(month, tuple)
    assert [score.also["forecast"] for score in answers] == list(month)
    assert answers[0].also["next_7_days"] == month[:7]


def test_the_level_rises_with_the_forecast_and_is_that_of_the_product(scorer: DemandScorer) -> None:
    answers = [one(scorer, demand_day=day(ahead), product="basic") for ahead in range(14)]
    ordered = sorted(answers, key=lambda score: score.also["forecast"])
    assert [score.value for score in ordered] == sorted(score.value for score in answers)
    assert ordered[0].value + Decimal("0.1") < ordered[-1].value


def test_hours_are_told_by_the_clock_of_the_series_whatever_the_offset(
    hourly: tuple[Artifact, DemandScorer],
) -> None:
    artifact, scorer = hourly
    evening, night = END.replace(hour=19), END.replace(hour=3)
    found = one(scorer, demand_hour=evening)
    same = one(scorer, demand_hour=evening.astimezone(dt.UTC))
    assert (found.value, found.also) == (same.value, same.also)
    assert found.value > Decimal("0.7") > Decimal("0.3") > one(scorer, demand_hour=night).value
    assert len(found.also["next_7_days"]) == 168
    assert len(found.also["next_30_days"]) == 30
    assert found.also["next_7_days"][19] == found.also["forecast"]
    assert [fact.name for fact in artifact.reads] == ["demand_hour"]


def test_what_cannot_be_answered_is_told_in_its_place(scorer: DemandScorer) -> None:
    asked: list[Mapping[str, Value]] = [
        {"demand_day": day(0), "product": "basic"},
        {"demand_day": day(-1), "product": "basic"},
        {"demand_day": day(30), "product": "basic"},
        {"demand_day": day(0), "product": "gold"},
        {"demand_day": day(0)},
        {"product": "basic"},
    ]
    fine, before, after, unknown, *missing = scorer.scores(asked)
    assert isinstance(fine, Score)
    for error in (before, after):
        assert isinstance(error, DataQualityIssue)
        assert "is not between 2025-12-29T00:00:00 and 2026-01-27T00:00:00" in str(error)
        assert "train it anew" in str(error)
    assert isinstance(unknown, DataQualityIssue)
    assert "does not know `gold`" in str(unknown)
    assert [str(error) for error in missing] == ["the model needs `product`", "the model needs `demand_day`"]
    assert all(isinstance(error, CustomerDataIncomplete) for error in missing)


def test_reasons_name_what_is_known_with_its_usual_level(scorer: DemandScorer) -> None:
    score = one(scorer, demand_day=day(0), product="basic")
    assert 1 <= len(score.reasons) <= 5
    sizes = [abs(reason.contribution) for reason in score.reasons]
    assert sizes == sorted(sizes, reverse=True)
    quantities = [each for each in score.reasons if each.feature in ("past days", "same weekday of past weeks")]
    assert quantities
    assert all(each.usual is not None and each.value is not None for each in quantities)


def test_training_again_gives_the_same_bytes_and_another_seed_others() -> None:
    few, table = Demand(rounds=3), daily()
    artifact = few.train(table)
    assert few.train(table) == artifact
    assert few.train(table, seed=1).files[TREES] != artifact.files[TREES]


def test_progress_rises_to_its_end() -> None:
    told: list[tuple[int, int]] = []
    Demand(rounds=1).train(daily(), progress=lambda done, of, seen: told.append((done, of)))
    assert [done for done, _ in told] == list(range(1, told[-1][1] + 1))


def test_figures_stand_beside_the_last_week_and_plots_are_whole(artifact: Artifact) -> None:
    figures = {figure.name: figure for figure in artifact.report.figures}
    first = artifact.report.figures[0]
    assert first.name == "mase_7_days"
    assert first.baseline is not None
    assert first.value < first.baseline
    assert 0.7 < figures["coverage_80_7_days"].value < 0.95
    assert figures["coverage_95_7_days"].value > figures["coverage_80_7_days"].value
    assert all(len(line.xs) == len(line.ys) > 0 for plot in artifact.report.plots for line in plot.series)


def test_a_covariate_is_used_where_it_is_known_and_may_be_missing() -> None:
    advertised = Fact("advertised", Type(Kind.FLAG), meaning="whether it is advertised on that day")
    artifact = Demand(rounds=60).train(daily(facts=(advertised,)))
    scorer = SMALL.scorer(artifact.files, artifact.reads, artifact.parameters)
    without, with_it, unknown = (one(scorer, demand_day=day(1), advertised=told) for told in (False, True, None))
    assert float(str(with_it.also["forecast"])) > 1.3 * float(str(without.also["forecast"]))
    assert without.also["forecast"] <= unknown.also["forecast"] <= with_it.also["forecast"]
    assert "advertised" in [reason.feature for reason in with_it.reasons]
    assert any("`advertised` as known in advance" in note for note in artifact.report.notes)


def test_holidays_are_those_of_the_country_or_of_a_column() -> None:
    days = holiday_days("US-DC", dt.date(2025, 12, 24), 10)
    assert np.flatnonzero(days).tolist() == [1, 8]
    assert not holiday_days("", dt.date(2025, 12, 24), 10).any()
    with pytest.raises(SettingsError, match="no public holidays are known of `US-XX`"):
        holiday_days("US-XX", dt.date(2025, 12, 24), 10)
    flags = tuple(Decimal(number == 5) for number in range(DAYS))
    series = read_series(daily(holiday=flags), "")
    assert np.flatnonzero(series.grid.days_off).tolist() == [5]
    assert series.flags_holidays


def test_rows_of_one_step_are_added_up_and_steps_without_a_row_are_counted_and_not_filled() -> None:
    table = daily()
    at = (*table.roles["at"][:50], table.roles["at"][49], *table.roles["at"][51:])
    series = read_series(replace(table, roles={**table.roles, "at": at}), "")
    quantity = table.roles["quantity"]
    assert series.absent == 1
    assert np.isnan(series.grid.quantity[0, 50])
    assert series.grid.quantity[0, 49] == float(str(quantity[49])) + float(str(quantity[50]))


def test_all_that_is_wrong_with_the_columns_is_told_at_once() -> None:
    table = daily()
    roles = {"at": (None, *table.roles["at"][1:]), "quantity": (Decimal(-1), *table.roles["quantity"][1:])}
    with pytest.raises(DataQualityIssue) as caught:
        SMALL.train(replace(table, roles=roles))
    assert [issue.message for issue in caught.value.issues] == [
        "`made.csv`: `at` is missing in 1 rows, first in row 1",
        "`made.csv`: `quantity` is below 0 in 1 rows, first in row 1",
    ]
    with pytest.raises(DataQualityIssue, match="no column plays the role `quantity`"):
        SMALL.train(replace(table, roles={"at": table.roles["at"]}))


def test_series_that_are_too_short_too_long_or_full_of_holes_are_refused() -> None:
    table = daily()

    def kept(which: list[int], **more: tuple[Value, ...]) -> Table:
        roles = {name: tuple(values[at] for at in which) for name, values in table.roles.items()}
        return replace(table, subjects=tuple(str(at) for at in which), rows=({},) * len(which), roles={**roles, **more})

    with pytest.raises(DataQualityIssue, match="holds 14 weeks, 20 at least are needed"):
        SMALL.train(kept(list(range(100))))
    with pytest.raises(DataQualityIssue, match="of 210 steps have no row"):
        SMALL.train(kept([at for at in range(DAYS) if at % 2 or at == 0]))
    far = (*table.roles["at"][:-1], dt.date(9999, 1, 1))
    with pytest.raises(DataQualityIssue, match="more than 2,000,000"):
        SMALL.train(kept(list(range(DAYS)), at=far))


def test_demand_that_never_changes_is_refused() -> None:
    table = daily()
    same = {**table.roles, "quantity": (Decimal(7),) * DAYS}
    with pytest.raises(DataQualityIssue, match="demand is always the same"):
        Demand(rounds=1).train(replace(table, roles=same))


@pytest.mark.parametrize("damage", ["trees", "cut", "bounds", "products", "least"])
def test_damaged_files_are_refused(artifact: Artifact, damage: str) -> None:
    files = dict(artifact.files)
    kept = json.loads(files[SERIES])
    match damage:
        case "trees":
            files[TREES] = b"no trees"
        case "cut":
            files[SERIES] = files[SERIES][:-9]
        case "bounds":
            files[SERIES] = json.dumps({**kept, "bounds": kept["bounds"][:1]}).encode()
        case "products":
            files[SERIES] = json.dumps({**kept, "products": ["one"]}).encode()
        case _:
            files[SERIES] = json.dumps({**kept, "least": [0.0, 0.0]}).encode()
    with pytest.raises(ModelDegradationDetected, match="`demand`: its files are damaged"):
        SMALL.scorer(files, artifact.reads, artifact.parameters)


def test_trees_of_other_facts_are_refused(artifact: Artifact) -> None:
    more = (*artifact.reads, Fact("advertised", Type(Kind.FLAG), optional=True))
    with pytest.raises(ModelDegradationDetected, match="its trees are not those of its facts"):
        SMALL.scorer(artifact.files, more, artifact.parameters)


def test_samples_are_synthetic_whole_days_and_the_same_for_a_seed() -> None:
    one_sample, same, other = SMALL.sample(4000, 0), SMALL.sample(4000, 0), SMALL.sample(4000, 1)
    assert "SYNTHETIC" in one_sample.name
    assert len(one_sample) == 167 * 24
    assert one_sample.roles == same.roles
    assert one_sample.digest == same.digest != other.digest
