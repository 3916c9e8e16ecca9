"""What a verification has to show: what was checked, and what was found.

The exit codes of `ordain audit verify`, in one table:

    code  class      what is wrong
    0     -          nothing: the ledger holds
    1     -          (left to unexpected failures of the program)
    2     -          bad input: no such ledger, key or anchor place
    10    content    an entry's bytes, columns or canonical form; an entry missing, twice or out of order
    11    payload    sealed bytes, or the keys and the subject index that lead to them
    12    tree       a tile, or the root of a signed checkpoint, differs from the entries
    13    signature  a checkpoint's signature, the chain of signing keys, or the ledger's identity
    14    anchor     shorter than a checkpoint kept outside the database, or not what that one says
    15    erasure    what was erased or removed by age is not what the entries say
    16    document   a kept text is changed, missing or nobody's
    17    file       the database itself: damage, a trigger, a view, a table or index that is gone

When several classes are found, the code is the smallest: the classes stand in the order in which they matter, and
what is wrong with an entry tends to show in all that is derived from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from ordain.audit.verifier.reading_limits import LIMITS

HOLDS = 0


class Failure(IntEnum):
    """The class of what is wrong; the value is the exit code."""

    CONTENT = 10
    PAYLOAD = 11
    TREE = 12
    SIGNATURE = 13
    ANCHOR = 14
    ERASURE = 15
    DOCUMENT = 16
    FILE = 17

    @property
    def word(self) -> str:
        """Its name as it is printed: `content`."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: with an entry, with the entries `leaf_index` to `last_index`, or with the whole."""

    failure: Failure
    message: str
    leaf_index: int | None = None
    entry_id: str = ""
    last_index: int | None = None

    def __str__(self) -> str:
        if self.leaf_index is None:
            return f"{self.failure.word}: {self.message}"
        if self.last_index is not None:
            return f"{self.failure.word}: entries {self.leaf_index} to {self.last_index}: {self.message}"
        named = f" ({self.entry_id})" if self.entry_id else ""
        return f"{self.failure.word}: entry {self.leaf_index}{named}: {self.message}"

    def data(self) -> dict[str, Any]:
        """The finding as JSON, places as leaf indices."""
        return {
            "class": self.failure.word,
            "code": int(self.failure),
            "message": self.message,
            "leaf_index": self.leaf_index,
            "last_index": self.last_index,
            "entry_id": self.entry_id or None,
        }


@dataclass(frozen=True, slots=True)
class Sampled:
    """One entry of a sample, and the file that proves it (https://c2sp.org/tlog-proof); "" when nothing covers it."""

    leaf_index: int
    entry_id: str
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence. True when nothing was found.

    `entries` counts what has a place in the order, `checked` those of them that were looked at, `unsigned` those
    after the newest checkpoint, `unsequenced` what waits in the inbox for a place. `erased` payloads have lost their
    key and are still proven, `expired` ones were removed by age, `opened` ones were decrypted. Times are of the first
    and last entry checked; roots are hexadecimal. `anchored` is the newest size that an anchor place holds,
    `anchors` the number of places compared, `stamped` their timestamped checkpoints. `unnamed` counts findings beyond
    those told one by one.
    """

    scope: str
    entries: int = 0
    checked: int = 0
    decisions: int = 0
    erased: int = 0
    expired: int = 0
    opened: int = 0
    unsigned: int = 0
    unsequenced: int = 0
    documents: int = 0
    checkpoints: int = 0
    checkpoint_size: int = 0
    checkpoint_root: str = ""
    first_time: str = ""
    last_time: str = ""
    anchors: int = 0
    anchored: int = 0
    stamped: int = 0
    seed: int | None = None
    """What the sample was drawn by; with the same one, and as many entries, it comes out the same."""
    sampled: tuple[Sampled, ...] = ()
    findings: tuple[Finding, ...] = ()
    unnamed: int = 0

    def __bool__(self) -> bool:
        return not self.findings

    @property
    def exit_code(self) -> int:
        """The smallest code of a class of finding; 0 when everything holds."""
        return min((int(finding.failure) for finding in self.findings), default=HOLDS)

    @property
    def first_bad(self) -> int | None:
        """The place of the first entry that something is wrong with."""
        places = [finding.leaf_index for finding in self.findings if finding.leaf_index is not None]
        return min(places, default=None)

    def data(self) -> dict[str, Any]:
        """Everything, for JSON."""
        counted = {name: getattr(self, name) for name in self.__slots__ if name not in ("findings", "sampled", "seed")}
        if self.seed is not None:
            counted["seed"] = self.seed
            counted["sampled"] = [{"leaf_index": one.leaf_index, "entry_id": one.entry_id} for one in self.sampled]
        return {
            "holds": bool(self),
            "exit_code": self.exit_code,
            "first_bad": self.first_bad,
            **counted,
            "findings": [finding.data() for finding in self.findings],
        }


@dataclass(slots=True)
class _Run:
    failure: Failure
    message: str
    first: int | None
    last: int | None
    entry_id: str

    def finding(self) -> Finding:
        last = None if self.last == self.first else self.last
        return Finding(self.failure, self.message, self.first, self.entry_id, last)


@dataclass(slots=True)
class Findings:
    """Collects what is found. The same thing wrong with neighbouring entries becomes one finding."""

    unnamed: int = 0
    _runs: list[_Run] = field(default_factory=list)
    _open: dict[tuple[Failure, str], _Run] = field(default_factory=dict)
    _counts: dict[Failure, int] = field(default_factory=dict)

    def add(
        self, failure: Failure, message: str, first: int | None = None, entry_id: str = "", last: int | None = None
    ) -> None:
        """Notes a finding; the same one of the next entry in a row extends the run, which is told once."""
        last = first if last is None else last
        run = self._open.get((failure, message))
        if run is not None and first is not None and run.last is not None and first == run.last + 1:
            run.last = last
            return
        if self._counts.get(failure, 0) >= LIMITS.findings:
            self.unnamed += 1
            return
        self._counts[failure] = self._counts.get(failure, 0) + 1
        run = _Run(failure, message, first, last, entry_id)
        self._runs.append(run)
        self._open[failure, message] = run

    def all(self) -> tuple[Finding, ...]:
        """By class; within one, what concerns an entry first, in the order of the entries."""
        findings: Iterable[Finding] = (run.finding() for run in self._runs)
        return tuple(sorted(findings, key=lambda each: (each.failure, each.leaf_index is None, each.leaf_index or 0)))


def quote(value: object) -> str:
    """A stored value as a terminal may be given it: a changed one can hold anything."""
    if isinstance(value, bytes):
        text = value.hex()
    else:
        text = value if isinstance(value, str) and value.isprintable() else ascii(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
