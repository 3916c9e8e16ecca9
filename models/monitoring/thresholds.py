"""From where on a change matters, in one place. A source is named where there is one; the other numbers are ours."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thresholds:
    """`moderate` and `major` bounds by what is measured. A share is from 0 to 1."""

    # Population stability index: the rule of thumb of credit scoring (Siddiqi 2006, "Credit risk scorecards", ch. 9).
    psi: tuple[float, float] = (0.1, 0.25)
    # Kolmogorov-Smirnov: the largest distance of the two distributions.
    ks: tuple[float, float] = (0.1, 0.2)
    # Change of the share that is missing.
    missing_change: tuple[float, float] = (0.05, 0.2)
    # Expected calibration error, a share.
    calibration: tuple[float, float] = (0.05, 0.1)
    # A figure of the card that became worse by this share of itself.
    drop: float = 0.05
    # Demographic parity and equalised odds: difference of two rates.
    parity: tuple[float, float] = (0.1, 0.2)
    # Disparate impact: the four-fifths rule (EEOC 1978, 29 CFR 1607.4 D); major is ours.
    impact: tuple[float, float] = (0.8, 0.6)
    # Share of a column that is missing, and of cells that are of another type, in a table.
    missing: tuple[float, float] = (0.05, 0.3)
    wrong_type: tuple[float, float] = (0.0, 0.05)
    # Share of values that are outliers; one is an outlier beyond `outlier` (Iglewicz and Hoaglin 1993).
    outliers: tuple[float, float] = (0.01, 0.05)
    outlier: float = 3.5
    # Share of rows that stand twice.
    duplicates: tuple[float, float] = (0.0, 0.01)
    # Chance that no change at all is told as one, for each finding that has a distribution.
    chance: float = 0.01


THRESHOLDS = Thresholds()
