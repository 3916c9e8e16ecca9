"""Values and pieces of a column in the words of a policy file."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal

from ordain.engine.check.tables.regions import Piece, Region, neighbours
from ordain.engine.feel.syntax.lexer import is_name
from ordain.engine.tables.cells import AFTER, BEFORE
from ordain.engine.values.temporal import Months
from ordain.engine.values.types import Value, plain

WHOLE = "-"
_PLAIN = re.compile(r"[A-Za-z][\w -]*|-?[\d.]+")


def value_text(value: Value) -> str:
    """A value in a sentence: texts bare, numbers plain."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return format(value, "f") if abs(value.adjusted()) < 40 else str(value)
    if isinstance(value, str):
        return value if value.strip() else f'"{value}"'
    return str(plain(value))


def yaml_text(cell: str) -> str:
    """A cell as it stands inside braces in a policy file, in quotes where YAML needs them."""
    if _PLAIN.fullmatch(cell):
        return cell
    return "'" + cell.replace("'", "''") + "'" if '"' in cell else f'"{cell}"'


def customer_text(regions: Sequence[Region], pieces: Sequence[int]) -> str:
    """One customer: `churn_risk 0.8, clv_tier low`. Columns that no rule asks about are left out."""
    named = [
        f"{_named(region.text)} {value_text(region.pieces[piece].sample)}"
        for region, piece in zip(regions, pieces, strict=True)
        if region.asking
    ]
    return ", ".join(named) or "anything"


def _named(text: str) -> str:
    return text if is_name(text) else f"`{text}`"


def cell_of(region: Region, pieces: Sequence[int]) -> str | None:
    """The cell that accepts exactly these pieces, numbered and in order; `-` for all, None when none can say it."""
    if len(pieces) == len(region.pieces):
        return WHOLE
    chosen = [region.pieces[number] for number in pieces]
    null = [piece for piece in chosen if piece.null]
    values = [piece for piece in chosen if not piece.null]
    if region.domain.listed is not None:
        return ", ".join([_literal(region, piece.sample) for piece in values] + ["null"] * bool(null))
    if region.domain.family is str and (words := _texts(region, pieces)) is not None:
        return words
    stretches = _joined(region, [number for number in pieces if not region.pieces[number].null])
    parts = [_stretch(region, first, last) for first, last in stretches]
    if any(not part for part in parts):
        return None
    return ", ".join([*parts, *(["null"] * bool(null))])


def is_one_stretch(region: Region, pieces: Sequence[int]) -> bool:
    """Whether the values among these pieces are neighbours, or listed ones."""
    if region.domain.listed is not None or region.domain.family is str:
        return True
    return len(_joined(region, [number for number in pieces if not region.pieces[number].null])) <= 1


def _joined(region: Region, numbers: Sequence[int]) -> list[tuple[Piece, Piece]]:
    return [(region.pieces[part[0]], region.pieces[part[-1]]) for part in neighbours(sorted(numbers))]


def _stretch(region: Region, first: Piece, last: Piece) -> str:
    low, high = first.low, last.high
    if low is not None and high is not None:
        if low[0] == high[0]:
            return _literal(region, low[0])
        start, end = "[" if low[1] == BEFORE else "(", "]" if high[1] == AFTER else ")"
        return f"{start}{_literal(region, low[0])}..{_literal(region, high[0])}{end}"
    if low is not None:
        return f"{'>=' if low[1] == BEFORE else '>'} {_literal(region, low[0])}"
    if high is not None:
        return f"{'<=' if high[1] == AFTER else '<'} {_literal(region, high[0])}"
    return "not(null)"


def _texts(region: Region, pieces: Sequence[int]) -> str | None:
    """A free text: the values, or all but some values; None when cells compare texts by their order."""
    points = {number for number, piece in enumerate(region.pieces) if _is_point(piece)}
    chosen, all_values = set(pieces), {number for number, piece in enumerate(region.pieces) if not piece.null}
    null = ["null"] * (len(chosen - all_values) > 0)
    if chosen & all_values <= points:
        return ", ".join([_literal(region, region.pieces[number].sample) for number in sorted(chosen & points)] + null)
    rest = all_values - chosen
    if rest <= points and not null:
        left_out = ", ".join(_literal(region, region.pieces[number].sample) for number in sorted(rest))
        return f"not({left_out or 'null'})"
    return None


def _is_point(piece: Piece) -> bool:
    return piece.low is not None and piece.high is not None and piece.low[0] == piece.high[0]


def _literal(region: Region, value: Value) -> str:
    if isinstance(value, str):
        bare = region.domain.declared and value not in ("null", "true", "false")
        return value if bare else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, dt.date | dt.time | dt.timedelta | Months):
        return f'@"{plain(value)}"'
    return value_text(value)
