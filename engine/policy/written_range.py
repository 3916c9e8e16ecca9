"""Ranges as facts and outputs declare them: `0..1`, `0..`, `(0..100]`."""

from __future__ import annotations

import re

from ordain.engine.errors import Issue, NotThatType, PolicyError
from ordain.engine.policy.mending import mended
from ordain.engine.text.source import Node
from ordain.engine.text.structure import Schema
from ordain.engine.values.decimals import number
from ordain.engine.values.types import Limits

RANGE: Schema = {"type": "string", "description": "for example 0..1, 0.. or (0..100]"}
_RANGE = re.compile(r"(?P<start>[\[(\]])?\s*(?P<low>-?[\d.]*?)\s*\.\.\s*(?P<high>-?[\d.]*?)\s*(?P<end>[\])\[])?")

_BETWEEN = re.compile(r"\[?\s*(-?\d[\d.]*)\s*(?:-|\u2013|to|\.\.\.|\u2026|,|;)\s*(-?\d[\d.]*)\s*\]?")
"""A range in the words of other places: `0-1`, `0 to 1`, `0...1`."""


def read_range(node: Node) -> Limits:
    """The limits that a `range` says. Raises PolicyError."""
    match = _RANGE.fullmatch(node.text.strip())
    if match is None:
        issue = Issue(f"`{node.text}` is not a range", "for example 0..1, 0.. or (0..100]", node.span, code="range")
        between = _BETWEEN.fullmatch(node.text.strip())
        readings = [(f"{between[1]}..{between[2]}", "")] if between is not None else []
        raise PolicyError(mended([issue], node, readings, lambda text: _RANGE.fullmatch(text) is not None))
    try:
        low, high = (number(match[side]) if match[side] else None for side in ("low", "high"))
    except NotThatType as error:
        raise PolicyError(Issue(str(error), "", node.span, code="range")) from None
    if low is not None and high is not None and low > high:
        raise PolicyError(Issue(f"the range {node.text} is empty: {low} is above {high}", "", node.span, code="range"))
    limits = Limits(low, high, match["start"] in ("(", "]"), match["end"] in (")", "["))
    if low is not None and low == high and not limits.hold(low):
        raise PolicyError(Issue(f"the range {node.text} is empty", "", node.span, code="range"))
    return limits
