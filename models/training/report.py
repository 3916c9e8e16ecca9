"""A model's card for people: figures beside what they have to beat, and predicted against observed churn."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ordain.models.registry.card import Card
from ordain.models.registry.quality import Bin

_FIGURES = (
    ("auc", "AUC", "1 is best, 0.5 is chance"),
    ("f1", "F1", "1 is best"),
    ("precision", "precision", "of those predicted to leave, who left"),
    ("recall", "recall", "of those who left, who was predicted"),
    ("accuracy", "accuracy", "1 is best"),
    ("brier", "Brier score", "0 is best"),
    ("log_loss", "log loss", "0 is best"),
    ("calibration_error", "calibration error", "0 is best"),
)
_WIDTH = 40


def render(card: Card) -> RenderableType:
    """What `rich` prints of a card: origin, figures on held-out customers, reliability by tenth.

    The figures stand beside those of the uncalibrated margins and of "everybody stays" (risk: the training rows' share
    of churn), which a model has to beat. `metrics.Metrics` defines them. Raises nothing.
    """
    return Group(_origin(card), _figures(card), _reliability(card.quality.reliability))


def _origin(card: Card) -> Text:
    data = card.data
    origin = Text()
    origin.append(f"{card.name} version {card.version}", style="bold")
    origin.append(f", trained {card.trained_at}, seed {card.seed}, {card.trees} trees\n")
    if data.synthetic:
        origin.append("SYNTHETIC data: no evidence about real customers\n", style="bold yellow")
    origin.append(f"{data.about}\n")
    origin.append(
        f"{data.rows:,} customers ({data.table}), {data.base_rate:.1%} churned: {data.training:,} for training, "
        f"{data.validation:,} for validation, {data.held_out:,} held out"
    )
    return origin


def _figures(card: Card) -> Table:
    table = Table(title="On held-out customers", title_justify="left")
    table.add_column("")
    for heading in ("model", "uncalibrated", "everybody stays"):
        table.add_column(heading, justify="right")
    table.add_column("", style="dim")
    quality = card.quality
    for field, heading, note in _FIGURES:
        figures = (getattr(each, field) for each in (quality.model, quality.uncalibrated, quality.everybody_stays))
        table.add_row(heading, *(f"{figure:.3f}" for figure in figures), note)
    table.caption = f"counted as leaving from a risk of {card.threshold:.3f} on (best F1 on validation customers)"
    table.caption_justify = "left"
    return table


def _reliability(bins: tuple[Bin, ...]) -> Table:
    """One line per tenth of the customers: bar for observed churn, mark for predicted."""
    table = Table(title="Predicted and observed churn, by tenth of risk", title_justify="left")
    for heading in ("predicted", "observed"):
        table.add_column(heading, justify="right")
    table.add_column("━ observed  ┃ predicted", no_wrap=True)
    for each in bins:
        table.add_row(f"{each.predicted:.1%}", f"{each.observed:.1%}", _bar(each))
    return table


def _bar(each: Bin) -> Text:
    """0 to 100 % over the whole width."""
    observed, predicted = (round(share * (_WIDTH - 1)) for share in (each.observed, each.predicted))
    line = "".join("━" if at < observed else " " for at in range(_WIDTH))
    return Text(f"{line[:predicted]}┃{line[predicted + 1 :]}")
