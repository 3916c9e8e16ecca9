"""What a caller may send, how long a command waits and how much of an answer is shown at once, in one place.

What an installation chooses, such as the largest request's bytes, is a setting (`api/settings.py`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Units in the comments."""

    # sent
    subject_characters: int = 200  # characters of a subject's name
    sheet_bytes: int = 32 << 20  # bytes of one spreadsheet that comes back

    # at once
    requests_waiting: int = 64  # requests that wait for one of `threads`, and as many for /healthz
    key_threads: int = 4  # threads that read subjects' keys where the database is beyond a network
    keys_waiting: int = 256  # decisions that wait for one of these
    drained_bytes: int = 8 << 20  # bytes of a request that is too large, read before that is said
    batch: int = 1000  # decisions in one commit of a batch: `decide --table`
    rows_a_process: int = 10_000  # rows of a table for which one process more is begun

    # a batch over HTTP
    batch_window: int = 256  # lines in one commit
    batch_bytes: int = 1 << 20  # bytes of lines beyond which a commit waits for no further one
    batch_slice: int = 16  # lines decided in one go; a commit, too, while others wait for single decisions
    batch_ahead: int = 8  # pieces of a body that are read ahead
    batch_unread: int = 8 << 20  # bytes of answers that wait for a client which does not read them
    batch_silence: float = 60.0  # seconds without anything to read, or room to write
    batch_settles: float = 0.002  # seconds after which what can be written is written
    batch_threads: int = 4  # batches that wait for the ledger at once

    # the log
    log_lines: int = 10_000  # lines that wait to be written; further ones are dropped, and counted
    log_gathers: float = 0.02  # seconds in which lines gather before they are written together
    log_flush: float = 1.0  # seconds for the last lines when a process ends
    log_characters: int = 1_000  # characters of a message
    log_frames: int = 20  # frames of an exception, the innermost

    # metrics
    metric_bytes: int = 1 << 20  # bytes of the series of one process
    metric_spare_parts: int = 2  # parts beside one a worker, for those that start while others end
    gauge_seconds: float = 1.0  # seconds between two looks at what waits in a process

    # kept
    hosts_kept: int = 256  # names of this server, right or wrong, as requests have them
    times_kept: int = 256  # times that were asked about, in the tenant's zone
    made_between_searches: int = 20_000  # objects made in the server before Python searches for garbage

    # waited for
    helper_looks: float = 0.1  # seconds between two looks of a table's helper whether its run is still there
    table_waits: float = 60.0  # seconds that a table waits for the ledger before its run stops
    body_seconds: float = 10.0  # seconds for a request's body to arrive
    queue_seconds: float = 10.0  # seconds that a request waits for a thread
    retry_seconds: int = 1  # seconds after which who was told that too many wait may ask again
    stop_seconds: int = 7  # seconds for what is under way, when the server stops
    timestamp_seconds: float = 5.0  # seconds for one reply of a timestamp authority
    signing_seconds: int = 30  # seconds for the last checkpoint, when the server stops
    writer_rests: float = 0.5  # seconds before a writer that ended at once is started again
    restarts: int = 30  # times one worker is started again within `restarts_seconds` before the server gives up
    restarts_seconds: float = 60.0
    news_seconds: float = 0.1  # seconds between two looks: of a worker for what was reloaded, of the server for signals
    start_seconds: int = 60  # seconds until the server of `ordain demo` answers

    # searched
    example_tries: int = 600  # requests decided in search of one that works, to be shown with a service

    # shown
    listed: int = 50  # findings shown in a terminal; --json or --csv has all
    listed_refusals: int = 10  # lines of a batch that were refused, shown in a terminal
    listed_faults: int = 10  # findings of a reload that failed, in the log and in /healthz
    listed_rules: int = 2  # rules of an entry that are named in its line
    line_characters: int = 160  # characters of a file's line shown with a finding
    given_characters: int = 60  # characters of an example's facts, or of a condition, in one line
    value_characters: int = 2_000  # characters of a decision of a `.dmn` model
    result_characters: int = 10_000  # characters of the value that `ordain feel eval` gives
    listed_examples: int = 12  # examples whose numbers are named beside a condition


LIMITS = Limits()
