"""The limits of the ledger, in one place: sizes, counts and times that could be others without changing any format.

What a format fixes (the size of a hash, the width of a tile) stands where the format is. The verifier has limits of its
own, because it shares nothing with what writes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """`LIMITS` has those that hold; each has its unit beside it."""

    # signed notes and anchors
    note: int = 65_536  # bytes of a signed note
    signatures: int = 100  # lines of a signed note
    key_name: int = 200  # characters of an origin or a key's name
    beside_looked: int = 1_000  # newest checkpoints among which one with a timestamp or cosignatures is looked for
    timestamp_reply: int = 64 * 1024  # bytes of what an RFC 3161 authority answers

    covered_within: int = 86_400  # seconds after a signed receipt from which on every checkpoint covers its entry

    # witnesses
    witness_seconds: float = 5.0  # for the connection to a witness, and for each wait
    witness_wait: float = 5.0  # seconds for which one that failed is left alone, at first
    witness_waits_most: float = 600.0  # seconds, and doubled each time up to so many
    conflicts: int = 100  # pairs of checkpoints of one log that a witness keeps as evidence
    refusal: int = 300  # characters of why a witness refuses

    # writing
    commit: int = 128  # entries in one transaction
    waiting: int = 1_024  # entries that wait for a commit at once
    patience: int = 6  # times `busy_seconds`: how long a write that has begun is waited for
    writer_stays: float = 5.0  # seconds that the thread which writes for those who do not wait stays without work
    sealings: int = 20  # times an entry is sealed again because its subject's key changed
    sequenced: int = 5_000  # entries given their places in one statement (PostgreSQL)
    sequencer_stalled: float = 30.0  # seconds without a call after which another process may order entries
    months_ahead: int = 3  # monthly partitions that are kept ready, this month's included (PostgreSQL)
    idle_transaction: int = 60  # seconds beside `busy_seconds` after which the server ends an idle transaction
    journal_attempts: int = 10  # times the journal mode of a new SQLite file is asked for
    log_pages: int = 4_000  # pages of SQLite's write-ahead log after which it moves into the file: 16 MB
    look_again: float = 1.0  # seconds after which a SQLite ledger's own files are looked at once more

    # one writer for several processes
    frame: int = 64 << 20  # bytes of one message to the writer or from it
    socket_path: int = 103  # bytes of a socket's path on macOS; Linux has 107
    writer_pause: float = 0.02  # seconds between two attempts to reach the writer
    last_words: float = 2.0  # seconds for commits that are under way when the writer ends

    # decisions
    forms_kept: int = 64  # plans whose pieces are kept encoded
    said_kept: int = 4_096  # ways in which the rules of one plan fire together, kept encoded
    unpacked: int = 64 * 1024 * 1024  # bytes of a decision's private part, inflated

    # requests that are decided once
    repeats_kept: int = 86_400  # seconds for which a request that comes again gets the answer that it got
    lasting_kept: int = 35 * 86_400  # seconds for which an event of a hook that comes again is known
    repeats_removed: int = 2_000  # older ones that are removed in one transaction
    repeats_steps: int = 25  # such transactions in one beat
    repeats_tries: int = 3  # times a group is written anew because older ones stood in its way

    # keys
    keys_cached: int = 50_000  # subjects' keys in memory
    keys_opened: int = 5_000  # subjects' keys that are kept while one search or export goes on
    keys_remembered: float = 10.0  # seconds after which all of them are forgotten

    # the tree
    tiles_cached: int = 1_024  # tiles in memory
    hashes_cached: int = 65_536  # hashes above single leaves in memory

    # signing
    strays: int = 100  # newest checkpoints of a place among which one is looked for that the ledger signed
    older_seen: int = 1_000  # signed entries in which one of an older version is looked for

    # reading
    commits_late: int = 600  # seconds by which an entry may be committed after one with a later id (PostgreSQL)
    newest_at_once: int = 32  # newest entries about one subject read in one statement
    page: int = 500  # entries read at a time
    read_piece: int = 2_048  # rows of a Parquet table that are made into Python values at once
    export_piece: int = 2_000  # rows of a piece of an export: compressed together, and in memory at once
    alike: int = 5  # people at least who share what a row of an analyst's export shows
    alike_piece: int = 10_000  # rows of such an export that are made alike at once, and in memory
    pages_looked: int = 10_000  # entries looked at for one page of a search
    pages_step: int = 500  # of these, before the clock is looked at
    pages_seconds: float = 0.2  # after which a page ends with what it has
    readings_opened: int = 2_000  # readings opened to find who read one entry
    readings_seconds: float = 2.0  # after which that ends with what it has
    ids_named: int = 1_000  # ids named in the entry that says who read them
    drivers: int = 5  # inputs of a score that a letter tells, those that moved it most
    what_ifs: int = 2000  # how often a decision is made again to find what would have changed it
    issues: int = 20  # faults of a table of actions that are named

    # rows of runs
    csv_line: int = 1 << 26  # bytes of a line of CSV that is read again
    rows_at_once: int = 8_192  # rows of an output that are read at once
    differences: int = 20  # ranges of rows that differ which are named
    realigned: int = 4  # blocks after one that differs in which it is looked for rows that moved
    moved: int = 64  # rows by which they may have moved

    # forgetting
    erasure_attempts: int = 5  # times an erasure begins anew because the subject's records changed
    names_at_once: int = 10_000  # keys in one statement
    payloads_at_once: int = 20_000  # payloads removed in one transaction


LIMITS = Limits()
