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

    # models that fail
    circuit_failures: int = 5  # slow or failed scores in a row after which a model is left alone
    circuit_seconds: float = 30.0  # seconds for which it is, before one score is tried
    circuit_rows: int = 64  # rows of one call that may take as long as one

    scores_kept: int = 2_000  # of one version, each with its row and reasons: some KB

    # SYNTHETIC customers
    synthetic_customers: int = 10_000  # invented by one command
    synthetic_batch: int = 500  # of their events in one transaction

    # facts from the ledger
    offers_read: int = 500  # newest decisions about one subject among which the last offer is looked for

    # at once
    backlog: int = 4096  # connections that wait to be accepted
    own_files: int = 256  # files that a worker keeps for ledger, log and models, beside its connections
    requests_waiting: int = 64  # requests that wait for one of `threads`, and as many for /healthz
    key_threads: int = 4  # threads that read subjects' keys where the database is beyond a network
    keys_waiting: int = 256  # decisions that wait for one of these
    repeat_threads: int = 2  # threads that look for requests which came before, and read what was answered
    drained_bytes: int = 8 << 20  # bytes of a request that is too large, read before that is said
    batch: int = 1000  # decisions in one commit of a batch: `decide --table`
    rows_a_process: int = 10_000  # rows of a table for which one process more is begun

    # a run over a table: `ordain batch`
    batch_line_bytes: int = 4 << 20  # bytes of one line of CSV
    batch_rows_staged: int = 50_000  # rows of CSV that are read by hand before they are written
    batch_parts_sealing: int = 3  # parts that are hashed while the next one is decided
    batch_sealers: int = 2  # processes that hash parts
    batch_resumed: float = 3600.0  # seconds after which a run is not resumed that decides for the moment it was begun
    batch_stride: int = 8  # parts that one statement decides, where it is long
    batch_spark_stride: int = 256  # parts that Spark decides in one go: 67 million rows
    batch_cell_shown: int = 40  # characters of a cell that an error shows
    batch_values_told: int = 12  # values of an outcome that the summary tells

    # a batch over HTTP
    batch_window: int = 256  # lines in one commit
    batch_bytes: int = 1 << 20  # bytes of lines beyond which a commit waits for no further one
    batch_slice: int = 16  # lines decided in one go; a commit, too, while others wait for single decisions
    batch_ahead: int = 8  # pieces of a body that are read ahead
    batch_unread: int = 8 << 20  # bytes of answers that wait for a client which does not read them
    batch_silence: float = 60.0  # seconds without anything to read, or room to write
    batch_settles: float = 0.002  # seconds after which what can be written is written
    batch_closes: float = 0.1  # seconds for the end of an answer to leave, before the connection is closed
    batch_threads: int = 4  # batches that wait for the ledger at once

    # events: delivering
    event_first_wait: float = 0.5  # seconds before the second try; twice as long before each further one
    event_longest_wait: float = 6 * 3600.0  # seconds between two tries, and the most that a receiver may ask for
    event_tries: int = 20  # tries after which an event is a dead letter: some 33 hours
    event_seconds: float = 10.0  # seconds for one try, from looking up the name to the end of the answer
    event_answer: int = 64 << 10  # bytes of an answer that are read, and dropped
    events_at_once: int = 8  # tries under way for one endpoint
    events_waiting: int = 10_000  # events of one endpoint that wait for a try; the others wait in the ledger
    events_read: int = 100  # entries read at once
    events_look: float = 0.2  # seconds between two looks for new entries
    events_settle: float = 0.05  # seconds after which what came of deliveries is kept
    events_orders: float = 1.0  # seconds between two looks for what a command asked for
    brokers_checked: float = 60.0  # seconds between two looks where the brokers of Kafka are
    broker_message: int = 8 << 20  # bytes of an event into Kafka; its own limit is told by the broker
    broker_farewell: float = 0.5  # seconds for the end of a connection to NATS
    event_lease: float = 30.0  # seconds for which an endpoint is one process's
    event_stretch: int = 60  # seconds for which one entry says that an endpoint is given personal data
    events_stop: float = 5.0  # seconds for tries that are under way, when delivering stops

    # events that come to hooks
    hook_tolerance: int = 300  # seconds that a signature may be old, where its source says nothing
    hook_longest: int = 3_600  # seconds, the most that a source may say
    hook_signatures: int = 16  # signatures of one event that are looked at

    # events that come into the feature store
    ingest_bytes: int = 4 << 20  # bytes of one body of lines (NDJSON); of JSON it is the setting `max_body_bytes`
    ingest_events: int = 10_000  # events of one request
    ingest_told: int = 1_000  # events that were not taken whose reasons are told

    # events: asked for
    events_listeners: int = 32  # streams of events in one process
    listen_seconds: int = 30  # seconds after which who found no room to listen may ask again
    events_heartbeat: float = 15.0  # seconds after which a stream without events gets a comment
    listener_looks: float = 1.0  # seconds between two looks whether a listener is still there
    events_page: int = 100  # events of one page
    events_looked: int = 500  # entries looked at for one page

    # the ledger, asked over HTTP
    console_rows: int = 50  # rows of a page of the console
    swept: int = 41  # points at which a decision is tried along one number
    tried_rows: int = 200  # of a table that is pasted to be tried
    found_page: int = 100  # entries of one page, and where a caller says no number
    found_most: int = 1_000  # entries of one page, the most that a caller may ask for
    link_days: int = 365  # days for which a link for a customer opens
    sampled: int = 500  # entries of one sample
    sample_seconds: float = 30.0  # seconds in which a sample has to be drawn
    seed_characters: int = 200  # characters of its seed
    reason_characters: int = 1_000  # characters of a reason or purpose
    confirmed_ahead: int = 300  # seconds by which the clock of who confirms something may be ahead
    verify_seconds: float = 60.0  # seconds for one verification
    apart_looks: float = 0.05  # seconds between two looks whether a process beside the server has ended, or it is to
    export_bytes: int = 256 << 20  # bytes of one export, which the folder for temporary files has room for
    export_looks: int = 500  # entries after which its length is looked at
    export_piece: int = 64 << 10  # bytes of an export that are sent at once

    # versions of policies, over HTTP
    policy_body_bytes: int = 4 << 20  # bytes of a body with the text of a policy, which JSON or a form makes longer
    row_edits: int = 2_000  # rules of tables that one request edits
    edited_cells: int = 200  # cells of one of them
    step_waits: float = 2.0  # seconds that a step waits for another one of the same process
    checks_at_once: int = 2  # checks and comparisons that one process has made at once, each by a process of its own
    check_seconds: float = 30.0  # seconds for one
    tried_again: int = 10_000  # recorded decisions that one backtest decides again, the newest
    tried_seconds: float = 60.0  # seconds for it
    tried_names: int = 20  # further versions that it tries, and facts that it tells apart by

    # what clients expect
    compressed_from: int = 1_024  # bytes of an answer from which on it is compressed
    compression: int = 5  # of gzip, from 1 to 9
    preflight_seconds: int = 600  # seconds for which a browser remembers what pages of another origin may send
    accepts_kept: int = 256  # values of `Accept` whose meaning is remembered

    # who asks
    callers_bytes: int = 4 << 20  # bytes of the file of API keys
    callers_seconds: float = 0.5  # seconds between two looks whether that file, or that of token keys, has changed
    credential_characters: int = 8_192  # characters of a key or token
    caller_characters: int = 200  # characters of the name in a token
    tokens_kept: int = 1_024  # verified tokens that are remembered
    role_sets_kept: int = 1_024  # sets of roles whose rights are remembered
    jwks_bytes: int = 256 << 10  # bytes of a file, or an answer, of token keys
    jwks_waits: float = 5.0  # seconds for that answer
    jwks_seconds: float = 300.0  # seconds after which the address is asked again
    jwks_rests: float = 10.0  # seconds between two times it is asked, however many tokens name unknown keys
    rsa_bits: int = 2_048  # bits of an RSA key, the fewest that are taken
    login_seconds: int = 600  # seconds that somebody may spend at the identity provider
    login_threads: int = 4  # of people who log in, whom the provider may keep waiting
    next_characters: int = 500  # characters of the path that somebody wants to see after that
    cookie_characters: int = 1_024  # characters of a cookie of ours
    code_characters: int = 4_096  # characters of the code that a provider sends somebody back with
    session_seen: float = 60.0  # seconds to which it is kept when a session was used last
    session_threads: int = 4  # threads that look sessions up
    sessions_waiting: int = 256  # requests that wait for one of these

    # services stopped, and alerts
    stopped_looks: float = 0.5  # seconds between two looks of a server whether a service was stopped or started
    fitness_looks: float = 1.0  # seconds between two looks whether the ledger is there, its writer, and room for it
    disk_free: int = 64 << 20  # bytes free on the disk of a ledger in SQLite, below which a server is not ready
    stopped_seconds: int = 30  # seconds after which who asked a stopped service may ask again
    stop_reason_characters: int = 300  # characters of the reason why one is stopped or started

    alert_seconds: float = 60.0  # seconds between two looks of the watcher of alerts
    alert_window: float = 300.0  # seconds of the ledger that rates are measured of
    alert_entries: int = 5_000  # entries of it, the newest
    alert_waits: float = 5.0  # seconds for the answer of a server that is asked for its numbers
    alert_page: int = 8 << 20  # bytes of that answer

    # rates
    rate_names: int = 65_536  # callers, addresses and services of which is kept how much they have asked
    rate_lock_seconds: float = 0.05  # seconds to wait for a worker that counts; who takes longer is dead
    rate_waits: float = 30.0  # seconds that a batch waits for its next lines, at the most
    wrong_keys: int = 10_000  # keys and tokens that opened, which are looked at while an address sends wrong ones
    addresses_kept: int = 4_096  # clients whose addresses are read already
    forwarded: int = 16  # addresses that `X-Forwarded-For` may name, the last ones
    redis_waits: float = 0.25  # seconds for Redis to answer
    redis_rests: float = 1.0  # seconds before it is asked again when it did not
    redis_connections: int = 16  # of one worker
    covered_seconds: int = 10  # seconds after which who was told that no checkpoint covers an entry may ask again

    # the log
    log_lines: int = 10_000  # lines that wait to be written; further ones are dropped, and counted
    log_gathers: float = 0.02  # seconds in which lines gather before they are written together
    log_flush: float = 1.0  # seconds for the last lines when a process ends
    log_characters: int = 1_000  # characters of a message
    log_frames: int = 20  # frames of an exception, the innermost

    # traces
    traces_waiting: int = 2_048  # traces of requests that wait to be sent; further ones are dropped, and counted
    traces_scores: int = 8  # scores that one trace shows
    traces_sent: int = 256  # sent together
    traces_gather: float = 0.5  # seconds in which traces gather before they are sent
    traces_waits: float = 5.0  # seconds for the collector to take them
    traces_flush: float = 1.0  # seconds for the last traces when a process ends

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
    plan_holds: float = 43_200.0  # seconds in which a table's row that is planned again keeps its id and its time
    table_waits: float = 60.0  # seconds that a table waits for the ledger before its run stops
    facts_bytes: int = 16 << 20  # bytes of a file of facts on the command line
    policy_bytes: int = 200_000  # bytes of a policy of witnesses
    witness_request: int = 80_000  # bytes of what a log sends to a witness: a proof and a checkpoint
    witness_threads: int = 4  # requests that a witness answers at once
    witness_reads: int = 10_000  # milliseconds for the head of a request to a witness
    witness_backlog: int = 128  # connections to it that wait
    key_bytes: int = 1 << 20  # bytes of a file of keys or certificates
    body_seconds: float = 10.0  # seconds for a request's body to arrive
    drain_seconds: float = 1.0  # seconds for what a client sends after the last line of its batch
    queue_seconds: float = 10.0  # seconds that a request waits for a thread
    retry_seconds: int = 1  # seconds after which who was told that too many wait may ask again
    ends_once: float = 1.0  # seconds in which another signal to end is taken for the same one
    stop_seconds: int = 7  # seconds for what is under way, when the server stops
    tells_again: float = 0.5  # seconds before a worker that has not ended is told again
    end_looks: float = 0.02  # seconds between two looks whether a worker has ended
    timestamp_seconds: float = 5.0  # seconds for one reply of a timestamp authority
    signing_at_once: int = 2  # ledgers of several tenants that are signed at once, when the server stops
    tenants_begin: float = 2.0  # seconds for tenants' ledgers to be opened before a worker answers without them
    overall_key_characters: int = 32  # of a key that opens the numbers of all tenants, at least: nobody guesses it
    overall_key_looks: float = 1.0  # seconds between two looks whether its file has changed
    tenant_rests: float = 2.0  # seconds before one is tried again that could not be opened
    signing_seconds: int = 30  # seconds for the last checkpoint, when the server stops
    signature_characters: int = 8_192  # characters of an SSH signature of an approval: one of RSA-4096 has some 1,600
    changed_lines: int = 40  # of a used policy's text that a finding shows; `ordain audit text` has all
    writer_rests: float = 0.5  # seconds before a writer that ended at once is started again
    restarts: int = 30  # times one worker is started again within `restarts_seconds` before the server gives up
    restarts_seconds: float = 60.0
    version_digits: int = 9  # digits of the number of a model's version
    model_percent: int = 1_000_000  # percent by which one figure is told to be better or worse than another
    news_seconds: float = 0.1  # seconds between two looks: of a worker for what was reloaded, of the server for signals
    start_seconds: int = 60  # seconds until the server of `ordain demo` answers

    # a backtest
    flow_values: int = 12  # values of an output that a matrix has lines for; more numbers become bands
    flow_rules: int = 40  # ways in which the rules of one table fire together that are told apart
    flow_bands: int = 8  # bands of a number that a matrix has lines for
    flow_characters: int = 60  # characters of a value that are told
    slice_values: int = 20  # values of a fact that are told apart; further ones are one, `other`
    slice_bands: int = 200  # bands of a number that are counted, before they are joined
    slice_words: int = 8  # values of an output that are counted for each of these
    small_group: int = 30  # decisions below which nothing is said of a group's rates
    facts_named: int = 20  # facts that were not recorded, or codes of errors, which a backtest names

    # a dry run of several versions
    tried_sets: int = 8  # sets of versions that are decided side by side

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

    listed_flows: int = 15  # flows of one output of a backtest; --json and --html have all

    # in an editor
    editor_pause: float = 0.25  # seconds without a key pressed after which a policies directory is checked
    mended_lines: int = 12  # lines of a text that is no YAML which are taken as empty, so that the rest can be read
    told_values: int = 40  # declared values of a fact that are shown
    told_characters: int = 400  # characters of a formula that are shown
    listed_examples: int = 12  # examples, or rows of a sheet, whose numbers are named in a line


LIMITS = Limits()
