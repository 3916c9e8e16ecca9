"""The verifier's limits: how much it reads of one thing, keeps in memory, or tells."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """`LIMITS` has those that hold; each has its unit beside it."""

    note: int = 65_536  # bytes of a signed note
    proof: int = 4_000_000  # bytes of a proof file
    policy: int = 200_000  # bytes of a policy of witnesses
    groups: int = 200  # groups of one, which may stand in each other
    findings: int = 50  # findings of one class that are told
    gap: int = 1 << 16  # missing entries in a row, and spans, that are followed one by one
    inflated: int = 1 << 26  # bytes of a payload, inflated
    keys_cached: int = 200_000  # subjects' keys in memory
    tiles_cached: int = 512  # tiles in memory
    rows_at_once: int = 1_000  # rows fetched at a time (PostgreSQL)


LIMITS = Limits()
