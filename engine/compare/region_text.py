"""A region of the fact space, and what is given in it, in words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ordain.engine.check.tables.box_search import Box
from ordain.engine.check.tables.in_words import WHOLE, cell_of, value_text
from ordain.engine.check.tables.regions import Region
from ordain.engine.compare.deciding import Result
from ordain.engine.values.types import plain

EVERYBODY = "everybody"
_COMPARED = re.compile(r"(?:<=|>=|<|>) [^,]*")
_STRETCH = re.compile(r"[\[(][^,]*\.\.[^,]*[\])]")
_NOT_ONE = re.compile(r"not\(([^,]*)\)")


def region_text(regions: Sequence[Region], box: Box) -> str:
    """`churn_risk in (0.80..0.85] and clv_tier = high`; `everybody` where nothing is asked."""
    return " and ".join(conditions(regions, box).values()) or EVERYBODY


def conditions(regions: Sequence[Region], box: Box) -> dict[str, str]:
    """What a box says of each fact, or computed part, of which it says something."""
    return {
        region.text: condition(region, pieces)
        for region, pieces in zip(regions, box, strict=True)
        if len(pieces) < len(region.pieces)
    }


def condition(region: Region, pieces: Sequence[int]) -> str:
    """What one region says of its fact."""
    cell = cell_of(region, pieces)
    if cell == WHOLE:
        return ""
    if cell is None:
        shown = ", ".join(value_text(region.pieces[number].sample) for number in pieces)
        return f"{region.text} is as {shown}"
    if region.domain.listed == (True, False) and cell in ("true", "false"):
        return region.text if cell == "true" else f"not({region.text})"
    if _COMPARED.fullmatch(cell):
        return f"{region.text} {cell}"
    if _STRETCH.fullmatch(cell):
        return f"{region.text} in {cell}"
    if (one := _NOT_ONE.fullmatch(cell)) is not None:
        return f"{region.text} != {one[1]}"
    return f"{region.text} = {cell}" if "," not in cell else f"{region.text} in ({cell})"


def result_text(result: Result) -> str:
    """What one version gives."""
    if result.refused:
        return f"cannot be decided ({result.refused})"
    if result.text:
        return f"= {result.text}"
    if isinstance(result.value, tuple | list | dict):
        return str(plain(result.value))
    return value_text(result.value)
