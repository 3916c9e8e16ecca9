"""How few and how many a training takes, how long a trial, and how much is told, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Units in the comments. What tunes a model (rounds, patience) is no limit and stands with its training."""

    fewest_rows: int = 20  # different rows whose label is true, and as many whose label is false
    text_values: int = 50  # different texts of a feature that lists no values
    listed: int = 10  # findings about one table that are named; the rest is counted
    model_bytes: int = 1 << 30  # bytes of one file of a stored version
    key_bytes: int = 4096  # bytes of a key that signs models
    table_bytes: int = 1 << 32  # bytes of a table to train on
    trial_seconds: float = 60.0  # seconds until a version is read in a process of its own
    fewest_weeks: int = 8  # of purchases, from the first in the table to the last
    fitted_customers: int = 20_000  # customers that the parameters of a purchase process are fitted on
    reasons: int = 5  # features named as the reasons of one score
    segments: int = 8  # segments that are tried where no number is given
    most_segments: int = 50  # segments that may be asked for
    segment_rows: int = 20_000  # rows among which the number of segments is chosen
    segment_pairs: int = 2_000  # rows of which all pairs are compared: silhouettes, Ward, DBSCAN
    bins: int = 50  # bins of one feature that are kept as a model's reference
    bin_rows: int = 20  # rows of a bin, or of a text that is kept by name: fewer could tell of one customer
    group_rows: int = 30  # rows of a group whose rate is compared with others'
    examples: int = 3  # cells of a column that are named as examples
    segment_cores: int = 300  # core points that are kept of one segment of DBSCAN


LIMITS = Limits()
