"""A model's card for people: figures beside what they have to beat, and the first of its plots as lines."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ordain.models.registry.card import Card
from ordain.models.spec import Figure, Report, Series

_WIDTH = 40
RELIABILITY = "reliability"


def render(card: Card) -> RenderableType:
    """What `rich` prints of a card: origin, figures on held-out rows beside the baseline's, reliability by tenth.

    Raises nothing.
    """
    parts: list[RenderableType] = [_origin(card), _figures(card.report)]
    if card.seeds:
        parts.append(_seeds(card))
    parts += [_reliability(plot.series[0]) for plot in card.report.plots if plot.name == RELIABILITY]
    return Group(*parts)


def _origin(card: Card) -> Text:
    data = card.data
    origin = Text()
    origin.append(f"{card.name} version {card.version}", style="bold")
    origin.append(f", trained {card.trained_at}, seed {card.seed}\n{card.about}\n")
    if data.synthetic:
        origin.append("SYNTHETIC data: no evidence about real customers\n", style="bold yellow")
    origin.append(f"{data.about}\n")
    parts = ", ".join(f"{count:,} {part}" for part, count in data.parts.items())
    origin.append(f"{data.rows:,} rows ({data.table})" + (f": {parts}" if parts else ""))
    return origin


def _figures(report: Report) -> Table:
    table = Table(title="On held-out rows", title_justify="left")
    table.add_column("")
    for heading in ("model", "95 % interval", report.baseline):
        table.add_column(heading, justify="right")
    table.add_column("", style="dim")
    for each in report.figures:
        table.add_row(each.name, _number(each.value), _interval(each), _number(each.baseline), each.meaning)
    table.caption = "\n".join(report.notes)
    table.caption_justify = "left"
    return table


def _seeds(card: Card) -> Table:
    """Each figure over the seeds: with small tables the split decides about the second digit."""
    table = Table(title=f"Over {card.trainings} seeds, each with a split of its own", title_justify="left")
    for heading in ("", "mean", "standard deviation", "lowest", "highest"):
        table.add_column(heading, justify="right" if heading else "left")
    for each in card.seeds:
        numbers = (each.mean, each.deviation, each.low, each.high)
        table.add_row(each.figure, *map(_number, numbers))
    return table


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:,.0f}"


def _interval(each: Figure) -> str:
    return "" if each.low is None or each.high is None else f"{_number(each.low)} to {_number(each.high)}"


def _reliability(series: Series) -> Table:
    """One line per tenth of the rows: bar for what was observed, mark for what was predicted."""
    table = Table(title="Predicted and observed, by tenth of risk", title_justify="left")
    for heading in ("predicted", "observed"):
        table.add_column(heading, justify="right")
    table.add_column("━ observed  ┃ predicted", no_wrap=True)
    for predicted, observed in zip(series.xs, series.ys, strict=True):
        table.add_row(f"{float(predicted):.1%}", f"{observed:.1%}", _bar(float(predicted), observed))
    return table


def _bar(predicted: float, observed: float) -> Text:
    """0 to 100 % over the whole width."""
    seen, said = (round(share * (_WIDTH - 1)) for share in (observed, predicted))
    line = "".join("━" if at < seen else " " for at in range(_WIDTH))
    return Text(f"{line[:said]}┃{line[said + 1 :]}")
