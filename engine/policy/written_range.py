"""Ranges as facts and outputs declare them: `0..1`, `0..`, `(0..100]`."""

from __future__ import annotations

import re

from ordain.engine.errors import Issue, NotThatType, PolicyError
from ordain.engine.text.source import Node
from ordain.engine.text.structure import Schema
from ordain.engine.values.decimals import number
from ordain.engine.values.types import Limits

RANGE: Schema = {"type": "string", "description": "for example 0..1, 0.. or (0..100]"}
_RANGE = re.compile(r"(?P<start>[\[(\]])?\s*(?P<low>-?[\d.]*?)\s*\.\.\s*(?P<high>-?[\d.]*?)\s*(?P<end>[\])\[])?")


def read_range(node: Node) -> Limits:
    """The limits that a `range` says. Raises PolicyError."""
    match = _RANGE.fullmatch(node.text.strip())
    if match is None:
        raise PolicyError(
            Issue(f"`{node.text}` is not a range", "for example 0..1, 0.. or (0..100]", node.span, code="range")
        )
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
