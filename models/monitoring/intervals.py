"""95 % intervals of shares, of their differences and of their ratios."""

from __future__ import annotations

import math

_WIDE = 1.959964
"""Standard deviations of half an interval."""


def wilson(hits: int, rows: int) -> tuple[float, float]:
    """Of a share, `hits` of `rows`, one row at least (Wilson 1927)."""
    share, z = hits / rows, _WIDE**2 / rows
    middle = (share + z / 2) / (1 + z)
    half = _WIDE / (1 + z) * math.sqrt(share * (1 - share) / rows + z / (4 * rows))
    return max(0.0, middle - half), min(1.0, middle + half)


def difference(hits: int, rows: int, other_hits: int, other_rows: int) -> tuple[float, float]:
    """Of the first share less the other one (Newcombe 1998, method 10)."""
    share, other = hits / rows, other_hits / other_rows
    (low, high), (other_low, other_high) = wilson(hits, rows), wilson(other_hits, other_rows)
    away = share - other
    return away - math.hypot(share - low, other_high - other), away + math.hypot(high - share, other - other_low)


def ratio(hits: int, rows: int, other_hits: int, other_rows: int) -> tuple[float, float]:
    """Of the first share over the other one, which is not 0 (Katz et al. 1978); of no hits half a one is taken for the
    upper end."""
    used = max(hits, 0.5) / rows
    best = other_hits / other_rows
    error = math.sqrt((1 - used) / (used * rows) + (1 - best) / (best * other_rows))
    low = used / best * math.exp(-_WIDE * error) if hits else 0.0
    return low, used / best * math.exp(_WIDE * error)
