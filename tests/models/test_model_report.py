"""The card as people see it."""

from __future__ import annotations

import io

from rich.console import Console

from ordain.models.registry.card import Card
from ordain.models.training.report import render


def _printed(card: Card) -> str:
    console = Console(width=120, file=io.StringIO(), color_system=None)
    with console.capture() as shown:
        console.print(render(card))
    return shown.get()


def test_the_report_shows_the_figures_beside_those_of_the_baseline(card: Card) -> None:
    shown = _printed(card)
    for each in card.report.figures:
        (row,) = [line for line in shown.splitlines() if line.startswith(f"│ {each.name} ")]
        value, interval, baseline = (cell.strip() for cell in row.split("│")[2:5])
        assert (value, baseline) == (f"{each.value:.3f}", f"{each.baseline:.3f}")
        assert interval == f"{each.low:.3f} to {each.high:.3f}"


def test_the_report_has_one_line_per_tenth_with_predicted_and_observed(card: Card) -> None:
    shown = _printed(card)
    (plot,) = [each for each in card.report.plots if each.name == "reliability"]
    for predicted, observed in zip(plot.series[0].xs, plot.series[0].ys, strict=True):
        assert any(f"{predicted:.1%} │" in row and f" {observed:.1%} │" in row for row in shown.splitlines())


def test_a_model_of_invented_customers_says_so_and_one_of_real_ones_does_not(card: Card) -> None:
    assert "SYNTHETIC data: no evidence about real customers" in _printed(card)
    real = card.model_copy(update={"data": card.data.model_copy(update={"synthetic": False})})
    assert "SYNTHETIC data: no evidence" not in _printed(real)
