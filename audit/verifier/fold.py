"""What the entries of a ledger say together: its keys, what was erased and removed, the texts that are referred to.

An entry that waits in PostgreSQL's inbox has said its word already, as what it speaks of is done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ordain.audit.verifier.envelope import Json, references

Reference = tuple[str, str, int, str]
"""Kind, name, version, digest."""

WAITS = 2**63
"""Stands for the place of an entry that has none yet: after all others."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """A "key" entry. The values are unchecked."""

    leaf_index: int
    entry_id: str
    about: Mapping[str, Any]


@dataclass(slots=True)
class Named:
    """The first entry that refers to a text, and how many do."""

    leaf_index: int
    entry_id: str
    count: int = 0

    def __str__(self) -> str:
        others = f" and {self.count - 1} more" if self.count > 1 else ""
        return f"entry {self.leaf_index if self.leaf_index < WAITS else 'without a place'} ({self.entry_id}){others}"


@dataclass(frozen=True, slots=True)
class Restriction:
    """A hold set or released, or a day before which nothing is erased (None: no such day)."""

    entry_id: str
    time: str
    hold: bool
    not_before: str | None


@dataclass(frozen=True, slots=True)
class Erasure:
    """`entries` payloads lost their key when `keys` keys were destroyed."""

    leaf_index: int
    entry_id: str
    entries: int
    keys: int


@dataclass(slots=True)
class Fold:
    """`take` every entry in order. Counts are of payloads."""

    first: Json | None = None
    decisions: int = 0
    first_time: str = ""
    last_time: str = ""
    erased: int = 0
    erasures: list[Erasure] = field(default_factory=list)
    removed: int = 0
    removed_erased: int = 0
    removed_before: str = ""
    """Payloads of entries before this time may be gone."""
    texts: dict[Reference, Named] = field(default_factory=dict)
    rotations: list[Rotation] = field(default_factory=list)
    restrictions: dict[bytes, list[Restriction]] = field(default_factory=dict)
    """By the key that the restriction is sealed under, which is the subject's."""
    recoveries: dict[str, Json] = field(default_factory=dict)
    """`about` by entry id."""

    def take(self, data: Json, leaf_index: int, key: object) -> str:
        """Returns what is wrong with the entry's `about`, or nothing."""
        kind: str = data["kind"]
        self.last_time = data["time"]
        self.first_time = self.first_time or self.last_time
        for reference in references(data):
            named = self.texts.get(reference)
            if named is None:
                named = self.texts[reference] = Named(leaf_index, data["id"])
            named.count += 1
        if kind == "decision":
            self.decisions += 1
            return ""
        if (kind == "ledger") is not (leaf_index == 0):
            return "an entry of kind `ledger` stands first, and only there"
        if kind not in _ABOUT:
            return ""
        takes, wanted = _ABOUT[kind]
        about = data["about"]
        if not all(_is(about.get(name), type_) for name, type_ in wanted.items()):
            return f"its `about` does not say {', '.join(wanted)}"
        takes(self, data, leaf_index, key)
        return ""

    def _ledger(self, data: Json, _leaf_index: int, _key: object) -> None:
        self.first = data

    def _rotation(self, data: Json, leaf_index: int, _key: object) -> None:
        self.rotations.append(Rotation(leaf_index, data["id"], data["about"]))

    def _erasure(self, data: Json, leaf_index: int, _key: object) -> None:
        made = Erasure(leaf_index, data["id"], data["about"]["entries"], data["about"]["keys"])
        self.erased += made.entries
        self.erasures.append(made)

    def _retention(self, data: Json, _leaf_index: int, _key: object) -> None:
        about = data["about"]
        self.removed += about["payloads"]
        self.removed_erased += about["erased"]
        self.removed_before = max(self.removed_before, moment(about["before"]))

    def _restriction(self, data: Json, _leaf_index: int, key: object) -> None:
        if isinstance(key, bytes):
            about = data["about"]
            made = Restriction(data["id"], data["time"], about["hold"], about["erase_not_before"])
            self.restrictions.setdefault(key, []).append(made)

    def _recovery(self, data: Json, _leaf_index: int, _key: object) -> None:
        self.recoveries[data["id"]] = data["about"]


def moment(text: str) -> str:
    """A UTC time so that times compare as texts: with and without a fraction of a second."""
    return text if "." in text else text.replace("Z", ".000000Z")


class _Count:
    """An integer from 0."""


def _is(value: object, wanted: object) -> bool:
    if wanted is _Count:
        return type(value) is int and value >= 0
    return isinstance(value, wanted)  # type: ignore[arg-type]


_Takes = Callable[[Fold, Json, int, object], None]
_ABOUT: dict[str, tuple[_Takes, dict[str, object]]] = {
    "ledger": (Fold._ledger, {"origin": str, "key": str}),
    "key": (Fold._rotation, {"key": str, "previous": str, "signature": str}),
    "erasure": (Fold._erasure, {"entries": _Count, "keys": _Count}),
    "retention": (Fold._retention, {"before": str, "payloads": _Count, "erased": _Count}),
    "restriction": (Fold._restriction, {"hold": bool, "erase_not_before": str | None}),
    "recovery": (Fold._recovery, {"size": _Count, "lost_size": _Count, "root": str, "lost_root": str}),
}
