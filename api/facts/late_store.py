"""The feature store that the settings name, opened when it is first asked for: who needs none loads nothing of it."""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from ordain.api.settings import Settings
from ordain.engine.fact_store import Kept
from ordain.engine.late import late
from ordain.engine.policy.facts import FEATURES, STORES
from ordain.engine.values.types import Value

if TYPE_CHECKING:
    from ordain.models.features.definition import Definitions
    from ordain.models.store.store import FeatureStore

_FILE = "sqlite:///"


class LateStore:
    """One store of one process: after a fork another one is opened. Safe between threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opening = threading.Lock()
        self._opened: tuple[int, FeatureStore] | None = None

    @property
    def is_there(self) -> bool:
        """False where its file has not been made: then nothing is in it, and to look for something makes none."""
        if self._opened is not None:  # a file that went away since is a fault, not a store without anything
            return True
        url = self._settings.features_url
        return not url.startswith(_FILE) or Path(url.removeprefix(_FILE)).exists()

    @property
    def stores(self) -> tuple[str, ...]:
        """The sources of facts that are there, this one among them if it is."""
        return tuple(store for store in STORES if store != FEATURES or self.is_there)

    def opened(self) -> FeatureStore:
        """Made if there is none yet. Raises SettingsError, PolicyError for its definitions, FeaturesUnavailable."""
        with self._opening:
            if self._opened is None or self._opened[0] != os.getpid():
                settings = self._settings
                made = late("ordain.models.store.store:FeatureStore")
                self._opened = os.getpid(), made(settings.features_url, definitions_of(settings), settings.busy_seconds)
            return self._opened[1]

    def read(self, subject: str, names: Collection[str], at: dt.datetime) -> dict[str, Kept]:
        """Those of the names that are features and of which something is known then, as a request would send them.

        Raises as `opened`. See `ordain.engine.fact_store.FactStore`.
        """
        if not self.is_there:
            return {}
        store = self.opened()
        found = store.read(subject, [name for name in names if name in store.definitions.features], at)
        return {
            name: Kept(_sent(each.value), each.as_of, each.stale)
            for name, each in found.items()
            if each.value is not None
        }

    def close(self) -> None:
        """May be called again; who asks afterwards opens it again."""
        with self._opening:
            if self._opened is not None and self._opened[0] == os.getpid():
                self._opened[1].close()
            self._opened = None

    def __enter__(self) -> LateStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _sent(value: Value) -> object:
    return value.isoformat() if isinstance(value, dt.date) else value


def definitions_of(settings: Settings) -> Definitions:
    """The features of this installation. Raises PolicyError with every finding."""
    read = late("ordain.models.features.definitions:read_definitions")
    definitions: Definitions = read() if settings.features is None else read(settings.features)
    return definitions
