"""Whom one believes: a policy of logs and witnesses, as a text (https://c2sp.org/tlog-policy).

    log      <key of the log> [<address>]
    witness  <name> <key of the witness> [<address>]
    group    <name> all|any|<number> <name> <name> ...
    quorum   <name of a witness or group>|none

A checkpoint counts when one of the logs signed it and the quorum cosigned it. Names are of this file alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ordain.audit.verifier.cosignatures import WitnessKey, cosigned_at, read_witness_key
from ordain.audit.verifier.notes import Note, PublicKey, read_key
from ordain.audit.verifier.reading_limits import LIMITS
from ordain.engine.errors import CheckpointRefused, SettingsError

NONE = "none"
_NOT_IN_A_POLICY = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_NUMBER = re.compile(r"[1-9][0-9]{0,5}")


_PARTS = {
    "log": (("the key of the log",), "log <key of the log> [<address>]"),
    "witness": (("its name", "its key"), "witness <name> <key of the witness> [<address>]"),
    "group": (("its name", "how many of its members count", "its members"), "group <name> all|any|<number> <name> ..."),
    "quorum": (("the name of a witness or group",), "quorum <name of a witness or group>|none"),
}
"""What has to follow the first word of a line, and the whole line."""


@dataclass(frozen=True, slots=True)
class Witness:
    """`name` is that of the policy. `url` is where it takes checkpoints, "" where the policy does not say."""

    name: str
    key: WitnessKey
    url: str


@dataclass(frozen=True, slots=True)
class WitnessPolicy:
    """`groups` have a least number and the names of their members, which are witnesses or groups above them."""

    logs: tuple[PublicKey, ...]
    witnesses: tuple[Witness, ...]
    quorum: str
    groups: Mapping[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)

    def enough(self, names: Collection[str]) -> bool:
        """Whether the witnesses of these names make the quorum."""
        return self.quorum == NONE or self._holds(self.quorum, names)

    def _holds(self, name: str, names: Collection[str]) -> bool:
        if name not in self.groups:
            return name in names
        least, members = self.groups[name]
        return sum(self._holds(member, names) for member in members) >= least

    def cosigned(self, note: Note) -> dict[str, int]:
        """The witnesses of the policy that cosigned a checkpoint, each with its time in seconds since 1970.

        Raises CheckpointRefused for a cosignature that does not hold.
        """
        times = {witness.name: cosigned_at(note, witness.key) for witness in self.witnesses}
        return {name: time for name, time in times.items() if time is not None}

    def require(self, note: Note) -> dict[str, int]:
        """As `cosigned`; raises CheckpointRefused, too, when that is no quorum."""
        cosigned = self.cosigned(note)
        if not self.enough(cosigned):
            by = ", ".join(sorted(cosigned)) or "no witness of the policy"
            raise CheckpointRefused(
                f"it is cosigned by {by}, and the quorum `{self.quorum}` takes more",
                "ask for it again in a moment; if that does not help, ask the log why its witnesses refuse it",
            )
        return cosigned


def read_policy(text: bytes, name: str) -> WitnessPolicy:
    """The policy of that text. Raises SettingsError with the line that is wrong; `name` is that of its file."""
    reading = _Reading(name)
    if len(text) > LIMITS.policy:
        raise SettingsError(f"`{name}` has over {LIMITS.policy} bytes", "that is no policy of witnesses")
    for number, raw in enumerate(text.split(b"\n"), start=1):
        if _NOT_IN_A_POLICY.search(raw):
            raise reading.wrong(number, "it has a control character")
        words = re.split(r"[ \t]+", raw.decode("utf-8", "surrogateescape").strip(" \t"))
        if words[0] and not words[0].startswith("#"):
            reading.line(number, words)
    return reading.done()


def _parts_wrong(first: str, rest: list[str]) -> tuple[str, str]:
    """What is missing of a line that begins so, or what it has too much; and how it is written."""
    parts, line = _PARTS[first]
    if missing := parts[len(rest) :]:
        return f"`{first}` without {' and '.join(missing)}", f"write `{line}`"
    return f"`{' '.join(rest)[-80:]}` is more than `{first}` takes", f"write `{line}`"


@dataclass(slots=True)
class _Reading:
    name: str
    logs: dict[bytes, PublicKey] = field(default_factory=dict)
    witnesses: dict[str, Witness] = field(default_factory=dict)
    groups: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    placed: set[str] = field(default_factory=set)
    quorum: str = ""

    def wrong(self, number: int, what: str, hint: str = "see https://c2sp.org/tlog-policy") -> SettingsError:
        return SettingsError(f"`{self.name}`, line {number}: {what}", hint)

    def line(self, number: int, words: list[str]) -> None:
        match words:
            case ["log", key] | ["log", key, _]:
                self._log(number, key)
            case ["witness", name, key]:
                self._witness(number, name, key, "")
            case ["witness", name, key, url]:
                self._witness(number, name, key, url)
            case ["group", name, least, _, *_]:
                self._group(number, name, least, words[3:])
            case ["quorum", name]:
                if self.quorum:
                    raise self.wrong(number, "it names a second quorum", "a policy has one")
                if name != NONE:
                    self._known(number, name)
                self.quorum = name
            case [first, *rest] if first in _PARTS:
                raise self.wrong(number, *_parts_wrong(first, rest))
            case _:
                raise self.wrong(number, f"`{' '.join(words)[:80]}` is not a line of a policy")

    def done(self) -> WitnessPolicy:
        if not self.quorum:
            raise SettingsError(
                f"`{self.name}` names no quorum",
                "end it with a line `quorum <name>`; `quorum none` asks for no witness",
            )
        logs, witnesses = tuple(self.logs.values()), tuple(self.witnesses.values())
        return WitnessPolicy(logs, witnesses, self.quorum, self.groups)

    def _log(self, number: int, text: str) -> None:
        try:
            key = read_key(text)
        except CheckpointRefused as refused:
            raise self.wrong(number, refused.message, refused.issues[0].hint) from None
        if key.raw in self.logs:
            raise self.wrong(number, "a log of the same key stands above")
        self.logs[key.raw] = key

    def _witness(self, number: int, name: str, text: str, url: str) -> None:
        self._new(number, name)
        if url and not re.match(r"https?://[^/]", url):
            raise self.wrong(number, f"`{url[:80]}` is not the address of a witness", "begin it with https://")
        try:
            key = read_witness_key(text)
        except CheckpointRefused as refused:
            raise self.wrong(number, refused.message, refused.issues[0].hint) from None
        if any(key.raw == other.key.raw for other in self.witnesses.values()):
            raise self.wrong(number, "a witness of the same key stands above", "each counts once")
        self.witnesses[name] = Witness(name, key, url.rstrip("/"))

    def _group(self, number: int, name: str, least: str, members: list[str]) -> None:
        self._new(number, name)
        for member in members:
            self._known(number, member)
            if member in self.placed:
                raise self.wrong(number, f"`{member}` is a member already", "each counts once")
            self.placed.add(member)
        count = {"any": 1, "all": len(members)}.get(least) or (int(least) if _NUMBER.fullmatch(least) else 0)
        if not 1 <= count <= len(members):
            raise self.wrong(number, f"`{least[:20]}` of {len(members)} members", "write any, all, or a number of them")
        if len(self.groups) == LIMITS.groups:
            raise self.wrong(number, f"it is more than the {LIMITS.groups} groups that are read", "fewer groups do")
        self.groups[name] = (count, tuple(members))

    def _new(self, number: int, name: str) -> None:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise self.wrong(number, f"the name `{name[:60]}` is taken")

    def _known(self, number: int, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise self.wrong(number, f"`{name[:60]}` is no witness or group of a line above")
