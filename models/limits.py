"""How few and how many a training takes, how long a trial, what features hold, and how much is told, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Units in the comments. What tunes a model (rounds, patience) is no limit and stands with its training."""

    fewest_rows: int = 20  # different rows whose label is true, and as many whose label is false
    text_values: int = 50  # different texts of a feature that lists no values
    listed: int = 10  # findings about one table that are named; the rest is counted
    seeds: int = 100  # trainings of one command
    seed: int = 1_000_000_000  # the largest seed that is taken
    synthetic_rows: int = 1_000_000  # rows that are invented for one training
    model_bytes: int = 1 << 30  # bytes of one file of a stored version
    key_bytes: int = 4096  # bytes of a key that signs models
    table_bytes: int = 1 << 32  # bytes of a table to train on
    trial_seconds: float = 60.0  # seconds until a version is read in a process of its own
    series_steps: int = 2_000_000  # products times hours or days of a table of demand
    absent_share: float = 0.3  # of the steps of a series that may have no row
    fixed_effects: int = 2_000  # twice the pairs of segment and product, and the periods, of a table of sales
    fewest_weeks: int = 8  # of purchases, from the first in the table to the last
    fitted_customers: int = 20_000  # customers that the parameters of a purchase process are fitted on
    reference_rows: int = 5_000  # rows, about, that the summary of what a version learned from is made of
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

    shadows: int = 3  # versions of one model that are tried beside the live one

    # features
    stale_seconds: float = 300.0  # seconds after which a kept value that may have changed since is told as stale
    feature_whole_digits: int = 15  # digits before the point of a number that a feature reads
    feature_part_digits: int = 9  # digits after it
    feature_digits: int = 2  # digits after the point of a mean or a percentage whose definition does not say
    most_feature_digits: int = 12  # digits after the point that a definition may say
    window_days: int = 36_500  # days of the longest window
    record_bytes: int = 1 << 16  # bytes of the fields of one event or snapshot, as JSON
    id_characters: int = 200  # characters of an event's id, of a subject, of the name of a kind or a source
    raw_characters: int = 1 << 16  # characters of a quarantined line that are kept
    records_at_reading: int = 20_000  # records of one subject that a reading goes through; with more, what is kept
    kept_together: int = 64  # values worked out at readings that are kept in one transaction
    rows_at_once: int = 50_000  # rows that are fetched from the store at once
    subjects_at_once: int = 20_000  # subjects whose records are in memory at once
    points_at_once: int = 200_000  # points of a training table that are worked out at once

    # events and snapshots that come in
    first_year: int = 1900  # of a time
    rows_together: int = 2_000  # rows that are taken in one transaction
    row_bytes: int = 1 << 20  # bytes of one line of a file
    row_lines: int = 100  # lines that one row of separated text may go over
    quarantine_rows: int = 100_000  # rows that are kept in quarantine; further ones are told, and not kept
    reasons_told: int = 10  # rows that were not taken whose reasons are told
    unread_told: int = 5  # kinds and fields that no feature reads, which are named


LIMITS = Limits()
