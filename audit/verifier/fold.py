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


UNTOLD = object()
"""In place of a jurisdiction that an envelope does not say."""


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
    """A hold set or released, or a day before which nothing is erased (None: no such day).

    `after` is the one before it about the same subject; `linked` says whether it tells that, as older ones do not.
    `keyed` is whether its payload names a key, `kept` whether it has one.
    """

    leaf_index: int
    entry_id: str
    time: str
    hold: bool
    not_before: str | None
    linked: bool
    after: object
    keyed: bool
    kept: bool


@dataclass(frozen=True, slots=True)
class Erasure:
    """`entries` payloads lost their key when `keys` keys were destroyed. `restrictions` are the last entries about
    holds and days of those whose keys they were.
    """

    leaf_index: int
    entry_id: str
    time: str
    entries: int
    keys: int
    restrictions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowsErased:
    """So many rows of a run were erased from its output. The values are unchecked."""

    leaf_index: int
    entry_id: str
    run: object
    rows: object


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
    removed_before: dict[tuple[object, object], str] = field(default_factory=dict)
    """By service and jurisdiction (None: of all): payloads of entries before this time may be gone."""
    removed_last: str = ""
    """When payloads were removed by age last."""
    texts: dict[Reference, Named] = field(default_factory=dict)
    rotations: list[Rotation] = field(default_factory=list)
    restrictions: dict[bytes, list[Restriction]] = field(default_factory=dict)
    """By the key that the restriction is sealed under, which is the subject's."""
    every_restriction: list[Restriction] = field(default_factory=list)
    runs: dict[str, int] = field(default_factory=dict)
    """By the id of a run over a table, how many rows it had."""
    rows_erased: list[RowsErased] = field(default_factory=list)
    recoveries: dict[str, Json] = field(default_factory=dict)
    """`about` by entry id."""

    def take(self, data: Json, leaf_index: int, key: object, kept: bool = False) -> str:
        """What is wrong with the entry's `about`, or nothing. `key` is what its payload names, if it is `kept`."""
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
        takes(self, data, leaf_index, key, kept)
        return ""

    def removed_until(self, kind: str, service: object, jurisdiction: object) -> list[str]:
        """The times before which payloads of such entries were removed by age. A decision with an UNTOLD law may have
        been under any.
        """
        if kind != "decision":
            return [time for of, time in self.removed_before.items() if of == (None, None)]
        laws = {None, jurisdiction}
        return [
            time
            for (only, law), time in self.removed_before.items()
            if only in (None, service) and (law in laws or jurisdiction is UNTOLD)
        ]

    def _ledger(self, data: Json, _leaf_index: int, _key: object, _kept: bool) -> None:
        self.first = data

    def _rotation(self, data: Json, leaf_index: int, _key: object, _kept: bool) -> None:
        self.rotations.append(Rotation(leaf_index, data["id"], data["about"]))

    def _erasure(self, data: Json, leaf_index: int, _key: object, _kept: bool) -> None:
        about = data["about"]
        named = about.get("restrictions", [])
        named = tuple(str(each) for each in named) if isinstance(named, list) else (str(named),)
        made = Erasure(leaf_index, data["id"], data["time"], about["entries"], about["keys"], named)
        self.erased += made.entries
        self.erasures.append(made)
        if "run" in about:
            self.rows_erased.append(RowsErased(leaf_index, data["id"], about["run"], about.get("rows")))

    def _retention(self, data: Json, _leaf_index: int, _key: object, _kept: bool) -> None:
        about = data["about"]
        self.removed += about["payloads"]
        self.removed_erased += about["erased"]
        self.removed_last = max(self.removed_last, data["time"])
        of = (_text(about.get("service")), _text(about.get("jurisdiction")))
        self.removed_before[of] = max(self.removed_before.get(of, ""), moment(about["before"]))

    def _restriction(self, data: Json, leaf_index: int, key: object, kept: bool) -> None:
        about = data["about"]
        made = Restriction(
            *(leaf_index, data["id"], data["time"], about["hold"], about["erase_not_before"]),
            *("after" in about, about.get("after"), key is not None, kept),
        )
        self.every_restriction.append(made)
        if isinstance(key, bytes):
            self.restrictions.setdefault(key, []).append(made)

    def _batch(self, data: Json, _leaf_index: int, _key: object, _kept: bool) -> None:
        about = data["about"]
        self.runs.setdefault(about["run"], about["rows"])

    def _recovery(self, data: Json, _leaf_index: int, _key: object, _kept: bool) -> None:
        self.recoveries[data["id"]] = data["about"]


def moment(text: str) -> str:
    """A UTC time so that times compare as texts: with and without a fraction of a second."""
    return text if "." in text else text.replace("Z", ".000000Z")


def _text(value: object) -> object:
    """A name, or None; anything else is the name of nothing."""
    return value if value is None or isinstance(value, str) else "\0"


class _Count:
    """An integer from 0."""


def _is(value: object, wanted: object) -> bool:
    if wanted is _Count:
        return type(value) is int and value >= 0
    return isinstance(value, wanted)  # type: ignore[arg-type]


_Takes = Callable[[Fold, Json, int, object, bool], None]
_ABOUT: dict[str, tuple[_Takes, dict[str, object]]] = {
    "ledger": (Fold._ledger, {"origin": str, "key": str}),
    "key": (Fold._rotation, {"key": str, "previous": str, "signature": str}),
    "erasure": (Fold._erasure, {"entries": _Count, "keys": _Count}),
    "retention": (Fold._retention, {"before": str, "payloads": _Count, "erased": _Count}),
    "restriction": (Fold._restriction, {"hold": bool, "erase_not_before": str | None}),
    "batch": (
        Fold._batch,
        {
            **{"run": str, "rows": _Count, "decided": _Count, "rejected": _Count, "rows_root": str},
            **{"input": str, "output": str, "rejects": str | None, "at": str},
        },
    ),
    "recovery": (Fold._recovery, {"size": _Count, "lost_size": _Count, "root": str, "lost_root": str}),
}
