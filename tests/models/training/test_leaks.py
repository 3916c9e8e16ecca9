"""Features that give the label away, put into SYNTHETIC tables: found, named, and refused; nothing is found without."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import injected
import numpy as np
import pytest

from ordain.engine.errors import DataQualityIssue, SettingsError
from ordain.engine.values.types import NUMBER
from ordain.models.data.table import Table
from ordain.models.registry.card import Card
from ordain.models.registry.registry import Registry
from ordain.models.specs.catalogue import spec_of
from ordain.models.specs.churn import CHURN
from ordain.models.training.card_page import page
from ordain.models.training.leaks import allowed_leaks, leaks_in
from ordain.models.training.train import train_model

AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def _random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("fault", injected.FEATURES)
def test_a_feature_that_gives_the_label_away_is_named_and_no_other(table: Table, fault: str) -> None:
    found = leaks_in(injected.FEATURES[fault](table, _random()))
    assert [leak.feature for leak in found] == [injected.LEAK]
    assert f"`{injected.LEAK}`" in found[0].seen
    assert f"--allow-leak {injected.LEAK}" in found[0].do


@pytest.mark.parametrize("seed", range(10))
def test_clean_tables_raise_no_alarm(seed: int) -> None:
    assert leaks_in(CHURN.sample(1500, seed), seed) == ()
    assert leaks_in(CHURN.sample(300, seed), seed) == ()


def test_two_leaks_that_say_the_same_do_not_hide_each_other(table: Table) -> None:
    found = leaks_in(injected.reason_beside_its_date(table, _random()))
    assert [leak.feature for leak in found] == [injected.LEAK, "cancelled_on"]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("apart", [1.0, 1.6])
def test_a_good_measure_is_no_leak(table: Table, apart: float, seed: int) -> None:
    """Two normal curves: AUC .76 and .87 alone. In their tails there is nobody of the other label."""
    values = apart * table.labels + _random(seed).normal(size=len(table))
    assert leaks_in(injected.with_feature(table, NUMBER, [Decimal(f"{value:.3f}") for value in values]), seed) == ()


@pytest.mark.parametrize("seed", range(3))
def test_a_good_count_is_no_leak(table: Table, seed: int) -> None:
    counts = _random(seed).poisson(0.6 + 1.2 * table.labels)
    assert leaks_in(injected.with_feature(table, NUMBER, [Decimal(int(count)) for count in counts]), seed) == ()


def test_rows_of_one_label_that_were_drawn_several_times_are_found_whatever_they_are_called(table: Table) -> None:
    found = leaks_in(injected.oversampled(table, _random()))
    assert [leak.feature for leak in found] == [""]
    assert "rows of one label were copied before the split" in found[0].seen
    with pytest.raises(DataQualityIssue, match="of the different rows whose label is true stand there several times"):
        allowed_leaks(injected.oversampled(table, _random()), [fact.name for fact in table.facts])


def test_rows_made_up_between_others_are_found_by_counts_that_are_no_whole_numbers(table: Table) -> None:
    found = leaks_in(injected.made_up_rows(table, _random()))
    assert {"payment_failures", "tickets"} <= {leak.feature for leak in found}
    assert any("is not a whole number" in leak.seen for leak in found)


def test_copies_of_rows_of_both_labels_are_told_and_not_refused(table: Table) -> None:
    assert leaks_in(injected.copied(table, _random())) == ()
    few = table.facts[3:4]
    values = tuple({fact.name: row[fact.name] for fact in few} for row in table.rows)
    assert leaks_in(replace(table, facts=few, rows=values)) == ()


def test_all_findings_come_at_once_and_an_allowed_one_is_not_among_them(table: Table) -> None:
    both = injected.with_feature(
        injected.remaining_contract(table, _random()), NUMBER, map(Decimal, table.labels.tolist()), "has_left"
    )
    with pytest.raises(DataQualityIssue) as caught:
        allowed_leaks(both)
    assert [issue.fact for issue in caught.value.issues] == [injected.LEAK, "has_left"]
    with pytest.raises(DataQualityIssue) as caught:
        allowed_leaks(both, [injected.LEAK])
    assert [issue.fact for issue in caught.value.issues] == ["has_left"]
    assert [leak.feature for leak in allowed_leaks(both, [injected.LEAK, "has_left"])] == [injected.LEAK, "has_left"]


def test_a_feature_that_is_not_there_cannot_be_allowed(table: Table) -> None:
    with pytest.raises(SettingsError, match="there is no feature `tikets` to allow") as caught:
        allowed_leaks(table, ["tikets"])
    assert "tickets" in caught.value.issues[0].hint


def test_features_read_after_the_label_came_true_are_refused(table: Table) -> None:
    day = dt.date(2026, 3, 1)
    left = tuple(day if label else None for label in table.labels)
    late = tuple(day if at % 2 else day - dt.timedelta(30) for at in range(len(table)))
    count = sum(read is not None and came is not None and read >= came for read, came in zip(late, left, strict=True))
    assert count
    with pytest.raises(DataQualityIssue, match=f"the features of {count} rows were read when the label had come true"):
        allowed_leaks(replace(table, roles={**table.roles, "known": late, "left": left}))
    before = tuple(day - dt.timedelta(1) for _ in table.rows)
    assert leaks_in(replace(table, roles={**table.roles, "known": before, "left": left})) == ()


def test_days_until_leaving_that_are_over_already_are_refused(table: Table) -> None:
    days = tuple(Decimal(0 if at < 7 and label else 30) for at, label in enumerate(np.sort(table.labels)[::-1]))
    roles = {"label": tuple(bool(label) for label in np.sort(table.labels)[::-1]), "days": days}
    with pytest.raises(DataQualityIssue, match="`days` is 0 or less for 7 rows whose label is true"):
        allowed_leaks(replace(table, roles=roles, rows=tuple(table.rows)))


def test_too_few_rows_of_a_label_show_nothing(table: Table) -> None:
    few = injected.taken(table, [*np.flatnonzero(table.labels == 0).tolist()[:200], *range(3)])
    assert leaks_in(injected.remaining_contract(few, _random())) == ()


def test_training_refuses_a_leak_and_the_card_notes_one_that_was_allowed(tmp_path: Path) -> None:
    file, mapping = tmp_path / "customers.csv", tmp_path / "customers.yaml"
    file.write_text(_csv())
    mapping.write_text(_MAPPING)
    registry = Registry(tmp_path / "models", tmp_path / "keys")
    with pytest.raises(DataQualityIssue, match="`contract_left`"):
        train_model(CHURN, file, mapping, registry, at=AT)
    assert registry.names() == ()
    card: Card = train_model(CHURN, file, mapping, registry, at=AT, allow_leaks=["contract_left"])
    assert card.report.notes[0].startswith(
        "allowed by who trained it, though it may give the label away: `contract_left`"
    )
    assert "though it may give the label away: `contract_left`" in page(card)


def test_a_model_that_learns_no_label_is_not_refused_for_what_gives_it_away(tmp_path: Path) -> None:
    file, mapping = tmp_path / "customers.csv", tmp_path / "customers.yaml"
    file.write_text(_csv())
    mapping.write_text(_MAPPING)
    card = train_model(spec_of("segments"), file, mapping, Registry(tmp_path / "models", tmp_path / "keys"), at=AT)
    assert not [note for note in card.report.notes if "give the label away" in note]


_MAPPING = """\
name: customers
about: SYNTHETIC customers of this test
licence: none needed
synthetic: true
label: {column: left, true is: "1", false is: "0"}
features:
  tickets: {column: tickets, type: number}
  usage: {column: usage, type: number}
  contract_left: {column: contract_left, type: number}
"""


def _csv() -> str:
    random = _random()
    left = random.random(900) < 0.3
    tickets = random.poisson(1 + left)
    months = np.where(left, 0, random.integers(1, 24, 900))
    lines = (
        f"{int(gone)},{count},{at * 37 % 900},{months[at]}"
        for at, (gone, count) in enumerate(zip(left, tickets, strict=True))
    )
    return "\n".join(("left,tickets,usage,contract_left", *lines)) + "\n"
