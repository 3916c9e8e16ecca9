"""The file of a feature store that goes away, or is another one, while it is open: nothing is taken in for nobody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ordain.engine.errors import FeaturesUnavailable
from ordain.models.store.records import Event, Quarantined
from ordain.models.store.store import FeatureStore

NOON = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)


def _remove(file: Path) -> None:
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()


def _restore(file: Path) -> None:
    _remove(file)
    FeatureStore(f"sqlite:///{file}").close()


@pytest.mark.parametrize("change", [_remove, _restore])
def test_a_store_whose_file_was_removed_or_replaced_neither_answers_nor_takes_anything(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    file = tmp_path / "features.db"
    event = Event("e1", "C-1", "login", NOON, NOON, {})
    with FeatureStore(f"sqlite:///{file}") as store:
        assert store.add([event]).added == 1
        change(file)
        for work in (
            lambda: store.add([replace(event, id="e2")]),
            lambda: store.read("C-1", ["days_since_login"], NOON),
            lambda: store.quarantine([Quarantined("f", 1, "x", ("y",), NOON)]),
            lambda: store.erase("C-1"),
        ):
            with pytest.raises(FeaturesUnavailable, match="was removed, or replaced by another one"):
                work()
