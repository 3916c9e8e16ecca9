"""Facts that are known before anybody asks: the feature store, and the ledger's own decisions.

The engine reads none of them itself. Whoever decides hands in what does, and it is asked for what a request leaves out
and for nothing else: a request that sends all its facts waits for no store.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ordain.engine.policy.facts import STORES


@dataclass(frozen=True, slots=True)
class Kept:
    """A value as a request would send it (None: it is known that there is none), and of when it is.

    `stale`: it is older than what keeps it promises.
    """

    value: object
    as_of: dt.datetime
    stale: bool = False


class FactStore(Protocol):
    """What knows facts by subject and name. Safe to ask from several threads."""

    def read(self, subject: str, names: Collection[str], at: dt.datetime) -> Mapping[str, Kept]:
        """Those of the facts that are known of the subject, as they were at that time. Raises OrdainError."""
        ...


class Found(NamedTuple):
    """A raw value, and the source that records and explanations name."""

    value: object
    source: str


class OnFile:
    """What the stores know of one subject at one time. Each name is read once, however often it is asked for."""

    def __init__(self, stores: Mapping[str, FactStore], subject: str, at: dt.datetime) -> None:
        self._stores, self._subject, self._at = stores, subject, at
        self._known: dict[tuple[str, str], Found | None] = {}

    def has(self, store: str) -> bool:
        """Whether that store is there."""
        return store in self._stores

    def read(self, wanted: Mapping[str, tuple[str, ...]]) -> dict[str, Found]:
        """By name what the first of its stores knows that knows anything of it. Raises OrdainError."""
        found: dict[str, Found] = {}
        for turn in range(len(STORES)):
            asked: dict[str, list[str]] = {}
            for name, stores in wanted.items():
                if name not in found and turn < len(stores) and stores[turn] in self._stores:
                    asked.setdefault(stores[turn], []).append(name)
            for store, names in asked.items():
                self._read(store, names)
                found |= {name: each for name in names if (each := self._known[store, name]) is not None}
        return found

    def _read(self, store: str, names: list[str]) -> None:
        unread = [name for name in names if (store, name) not in self._known]
        if not unread:
            return
        kept = self._stores[store].read(self._subject, unread, self._at)
        for name in unread:
            each = kept.get(name)
            self._known[store, name] = None if each is None else Found(each.value, _source(store, each))


def _source(store: str, kept: Kept) -> str:
    """`features as of 2026-11-30T10:00:00+00:00, stale`."""
    return f"{store} as of {kept.as_of.isoformat()}{', stale' if kept.stale else ''}"
