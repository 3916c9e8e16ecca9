"""What a verification has to show: not a bare yes or no, but what was checked and what was found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: with an entry, with a kept text (`document`), or with the file as a whole."""

    message: str
    seq: int | None = None
    entry_id: str = ""
    document: str = ""

    def __str__(self) -> str:
        if self.document:
            return f"document {self.document}: {self.message}"
        if self.seq is None:
            return self.message
        named = f" ({self.entry_id})" if self.entry_id else ""
        return f"entry {self.seq}{named}: {self.message}"


@dataclass(frozen=True, slots=True)
class Verification:
    """The evidence. True when nothing was found.

    `first_time` and `last_time` are the times that the first and the last readable body state, `head` is the
    last entry's recorded hash, hexadecimal.
    """

    count: int
    documents: int
    first_time: str
    last_time: str
    head: str
    findings: tuple[Finding, ...]

    def __bool__(self) -> bool:
        return not self.findings


def shown(value: object) -> str:
    """A stored value as a terminal may be given it: a changed one can hold anything."""
    if isinstance(value, bytes):
        return value.hex()
    return value if isinstance(value, str) and value.isprintable() else ascii(value)
