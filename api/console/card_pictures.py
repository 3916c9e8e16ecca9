"""The plots of a model's card, drawn as the card's own page draws them."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from ordain.models.spec import Plot, Series
from ordain.models.training.drawing import legend, picture


def card_picture(told: dict[str, Any]) -> Markup:
    """An `svg` and its legend, from a plot of the card's JSON. What is text in it is escaped there."""
    series = tuple(Series(each["name"], tuple(each["xs"]), tuple(each["ys"])) for each in told["series"])
    plot = Plot(told["name"], told["title"], told["drawn"], told["x"], told["y"], series)
    return Markup(legend(plot) + picture(plot))  # noqa: S704  # `drawing` escapes every text that it puts in
