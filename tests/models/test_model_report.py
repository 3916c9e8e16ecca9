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


def test_the_report_shows_the_figures_beside_those_of_everybody_stays(card: Card) -> None:
    shown = _printed(card)
    quality = card.quality
    for line, field in (("AUC", "auc"), ("Brier score", "brier"), ("calibration error", "calibration_error")):
        (row,) = [each for each in shown.splitlines() if each.startswith(f"│ {line} ")]
        figures = [getattr(each, field) for each in (quality.model, quality.uncalibrated, quality.everybody_stays)]
        assert [cell.strip() for cell in row.split("│")[2:5]] == [f"{figure:.3f}" for figure in figures]


def test_the_report_has_one_line_per_tenth_with_predicted_and_observed(card: Card) -> None:
    shown = _printed(card)
    for each in card.quality.reliability:
        assert any(f"{each.predicted:.1%} │" in row and f" {each.observed:.1%} │" in row for row in shown.splitlines())


def test_a_model_of_invented_customers_says_so_and_one_of_real_ones_does_not(card: Card) -> None:
    assert "SYNTHETIC data: no evidence about real customers" in _printed(card)
    real = card.model_copy(update={"data": card.data.model_copy(update={"synthetic": False})})
    assert "SYNTHETIC data: no evidence" not in _printed(real)
