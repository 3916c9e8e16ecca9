"""Every metric that `/metrics` gives: its name, its kind, what it means, its labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

COUNTER, GAUGE, HISTOGRAM = "counter", "gauge", "histogram"
_REQUEST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_COMMIT = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_SCORE = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5)
_ENTRIES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


@dataclass(frozen=True, slots=True)
class Metric:
    """`bounds` are the upper ones of a histogram's buckets, without the last, which has none."""

    name: str
    kind: str
    meaning: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


_ALL = (
    Metric("ordain_decisions_total", COUNTER, "Decisions on record, batches included.", ("service", "verdict")),
    Metric(
        "ordain_refusals_total", COUNTER, "Answers that are errors, lines of batches included.", ("service", "code")
    ),
    Metric(
        "ordain_limited_total",
        COUNTER,
        "Requests refused, and lines of batches put off, by a limit of requests.",
        ("service", "limit"),
    ),
    Metric("ordain_hooks_total", COUNTER, "Events that came to hooks, and what came of them.", ("source", "result")),
    Metric("ordain_limits_unshared", GAUGE, "Processes that keep limits by themselves, as Redis does not answer."),
    Metric("ordain_responses_total", COUNTER, "Answered requests.", ("method", "route", "status")),
    Metric("ordain_request_seconds", HISTOGRAM, "From a request's head to its answer.", ("route",), _REQUEST),
    Metric("ordain_requests_in_flight", GAUGE, "Requests that are not answered yet."),
    Metric("ordain_entries_waiting", GAUGE, "Entries, or windows of batches, that wait for a commit or are in one."),
    Metric("ordain_commit_seconds", HISTOGRAM, "One commit, as those who wait for it see it.", (), _COMMIT),
    Metric("ordain_commit_entries", HISTOGRAM, "Entries in one commit.", (), _ENTRIES),
    Metric("ordain_scoring_seconds", HISTOGRAM, "One call of a model, for one row or several.", ("model",), _SCORE),
    Metric(
        "ordain_score_fallbacks_total",
        COUNTER,
        "Facts that were decided on by their fallback, by the model that failed and why.",
        ("model", "why"),
    ),
    Metric("ordain_models_loading", GAUGE, "Models that are still being read."),
    Metric("ordain_model_usable", GAUGE, "1 for a model that scores, 0 for one that cannot.", ("model", "version")),
    Metric("ordain_checkpoint_age_seconds", GAUGE, "Since the newest checkpoint was signed."),
    Metric("ordain_checkpoint_entries", GAUGE, "Entries that the newest checkpoint covers."),
    Metric("ordain_ledger_unsigned_entries", GAUGE, "Entries that no checkpoint covers yet: the ledger's lag."),
    Metric("ordain_signing_faulty", GAUGE, "1 while the log cannot be signed."),
    Metric(
        "ordain_unanchored_places",
        GAUGE,
        "Anchor places, and witnesses short of a quorum, that did not take the newest checkpoint.",
    ),
    Metric("ordain_ledger_looked_seconds", GAUGE, "Since the ledger was last looked at for these numbers."),
    Metric("ordain_reload_failed", GAUGE, "1 while the last reload of policies and models failed."),
    Metric("ordain_service_stopped", GAUGE, "1 for a service that is stopped, 0 for one that decides.", ("service",)),
    Metric("ordain_policy_info", GAUGE, "1 for each policy version in force today.", ("policy", "version", "digest")),
    Metric("ordain_tenant_answers", GAUGE, "1 for a tenant that is served, 0 for one whose ledger cannot be opened."),
    Metric("ordain_processes", GAUGE, "Processes that decide."),
    Metric("ordain_resident_memory_bytes", GAUGE, "Memory of these processes; what they share counts in each."),
    Metric("ordain_log_lines_dropped_total", COUNTER, "Lines of the log that nobody took in time."),
    Metric("ordain_traces_dropped_total", COUNTER, "Traces of requests that the collector did not take in time."),
    Metric("ordain_series_dropped_total", COUNTER, "Series for which there was no room: these numbers lack them."),
    Metric("ordain_build_info", GAUGE, "1, with the versions of what runs.", ("version", "python")),
)
CATALOGUE: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in _ALL})
