"""The card as a page that stands alone, and the figures over several seeds on it."""

from __future__ import annotations

import datetime as dt
import math
import re
import statistics
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ordain.engine.errors import SettingsError
from ordain.engine.text.source import digest_of
from ordain.models.data.table import Table
from ordain.models.registry.card import Card
from ordain.models.registry.registry import Registry
from ordain.models.spec import Plot, Series
from ordain.models.specs.churn import CHURN
from ordain.models.training.card_page import page
from ordain.models.training.drawing import marks, picture
from ordain.models.training.referenced import with_reference
from ordain.models.training.seeds import trained_with_seeds
from ordain.models.training.train import train_model

AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
EVIL = '<script>alert("1")</script> & "more"'


class _Seen(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str | None] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "onload", "onclick")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_page_shows_everything_that_the_card_holds_and_needs_no_other_file(card: Card) -> None:
    text = page(card)
    seen = _Seen(text)
    words = " ".join(seen.words)
    assert "SYNTHETIC" in words
    assert not seen.links
    assert "script" not in seen.tags
    assert seen.tags.count("svg") == len(card.report.plots) == 5
    assert "url(" not in text
    for each in card.report.figures:
        assert f"{each.value:.3f}" in words
        assert f"{each.low:.3f} to {each.high:.3f}" in words
        assert each.meaning in words
    for said in (card.about, card.data.licence, card.data.digest, *card.report.notes, *card.libraries.values()):
        assert said in words
    assert all(each.name in words and each.meaning in words for each in (*card.features, *card.outputs))
    assert all(name in words for name in (*card.parameters, *card.files))
    assert page(card) == text


def test_a_card_of_real_customers_has_no_banner(card: Card) -> None:
    real = card.model_copy(update={"data": card.data.model_copy(update={"synthetic": False, "about": "real"})})
    assert "SYNTHETIC" not in page(real)


def test_whatever_a_table_or_mapping_says_stays_text(card: Card) -> None:
    plot = Plot("p", EVIL, "bars", EVIL, EVIL, (Series(EVIL, (EVIL,), (1.0,)), Series("b", (EVIL,), (2.0,))))
    report = replace(card.report, notes=(EVIL,), baseline=EVIL, plots=(plot,))
    data = card.data.model_copy(update={"table": EVIL, "about": EVIL, "licence": EVIL})
    features = tuple(each.model_copy(update={"meaning": EVIL}) for each in card.features)
    shown = page(card.model_copy(update={"report": report, "data": data, "features": features, "about": EVIL}))
    assert "<script" not in shown
    assert shown.count("&lt;script&gt;") > 10


@pytest.mark.parametrize("drawn", ["line", "bars", "points"])
def test_every_kind_of_plot_is_a_well_formed_picture_with_a_mark_for_each_value(drawn: str) -> None:
    xs: tuple[float | str, ...] = ("a", "b", "c") if drawn == "bars" else (0.0, 0.5, 2.0)
    series = (Series("one", xs, (1.0, -2.0, 3.0)), Series("two", xs, (0.5, math.nan, 1.0)))
    root = ElementTree.fromstring(picture(Plot("p", "Title", drawn, "x", "y", series)))  # noqa: S314 - our own text
    shapes = {"line": "polyline", "bars": "rect", "points": "circle"}
    found = root.findall(f".//{shapes[drawn]}")
    points = [part.get("points", "").split() for part in found] if drawn == "line" else [found]
    assert sum(map(len, points)) == 5
    numbers = re.findall(r"[\d.]+", " ".join(str(part.attrib.values()) for part in root.iter() if part.tag != "svg"))
    assert max(map(float, numbers)) <= 460


@pytest.mark.parametrize("ys", [(), (1.0,), (0.0, 0.0)])
def test_a_plot_with_next_to_nothing_in_it_is_drawn_all_the_same(ys: tuple[float, ...]) -> None:
    for drawn in ("line", "bars", "points"):
        xs = tuple(float(at) for at in range(len(ys)))
        ElementTree.fromstring(picture(Plot("p", "t", drawn, "x", "y", (Series("s", xs, ys),))))  # noqa: S314


def test_axes_are_marked_at_round_numbers() -> None:
    assert marks(0.0, 1.0) == (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    assert marks(-3.0, 17.0) == (0.0, 5.0, 10.0, 15.0)
    assert marks(2.0, 2.0) == (2.0,)


def test_contributions_are_drawn_with_the_strongest_first_and_levels_add_up(card: Card) -> None:
    plots = {plot.name: plot for plot in card.report.plots}
    strongest = plots["contributions"].series[0]
    assert list(strongest.ys) == sorted(strongest.ys, reverse=True)
    assert set(strongest.xs) == {feature.name for feature in card.features}
    shares, left = plots["levels"].series
    assert sum(shares.ys) == pytest.approx(1)
    assert left.ys[0] > left.ys[-1]


def test_several_seeds_are_told_as_mean_spread_lowest_and_highest_and_the_first_is_stored(
    tmp_path: Path, table: Table
) -> None:
    small = 900
    told: list[tuple[int, int]] = []
    file = tmp_path / "card.html"
    registry = Registry(tmp_path / "models", tmp_path / "keys")
    card = train_model(
        CHURN,
        None,
        None,
        registry,
        at=AT,
        rows=small,
        seeds=3,
        card_page=file,
        progress=lambda at, of, _: told.append((at, of)),
    )
    few = CHURN.sample(small, 0)
    artifacts = [CHURN.train(few, seed=seed) for seed in range(3)]
    for at, spread in enumerate(card.seeds):
        values = [artifact.report.figures[at].value for artifact in artifacts]
        assert (spread.figure, spread.low, spread.high) == (card.report.figures[at].name, min(values), max(values))
        assert (spread.mean, spread.deviation) == pytest.approx((statistics.fmean(values), statistics.stdev(values)))
    assert card.trainings == 3
    first = with_reference(CHURN, few, artifacts[0])
    assert dict(card.files) == {name: digest_of(data) for name, data in first.files.items()}
    assert [at for at, _ in told] == sorted(at for at, _ in told)
    assert {of for _, of in told} == {3 * 3 * 600}
    assert "Over 3 seeds" in file.read_text()


def test_one_seed_has_no_spread(table: Table) -> None:
    assert trained_with_seeds(CHURN, CHURN.sample(600, 0), 0, 1, None)[1] == ()


def test_a_page_that_cannot_be_written_is_an_error_and_no_version_is_live(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "models", tmp_path / "keys")
    with pytest.raises(SettingsError, match=r"`card\.html` cannot be written"):
        train_model(CHURN, None, None, registry, at=AT, rows=600, card_page=tmp_path / "no" / "card.html")
    assert registry.names() == ()
