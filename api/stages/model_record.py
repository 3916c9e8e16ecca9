"""What was done to versions of models: put on record, and read from the ledger as it comes."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Any

from ordain.api.ledger import has_ledger, open_for
from ordain.api.settings import Settings
from ordain.audit.entry.entry import VERIFY, Kind
from ordain.audit.ledger.older_models import older_models
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.operations import Operations
from ordain.audit.ledger.reader import Record
from ordain.engine.errors import LedgerUnavailable
from ordain.models.registry.stages import Change, ModelStages, Stage, Step, stages_of

Json = dict[str, Any]
Stages = Mapping[str, ModelStages]
Live = Mapping[str, tuple[tuple[int, str], ...]]
"""By model, the version that scores, and the digest that its card had when it was made live; then each that is tried
beside it."""
_LOG = logging.getLogger("ordain")
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError)


class ModelRecord:
    """What one ledger says of models. `stages` is put in place whole, so reading it takes no lock."""

    def __init__(self, opened: OpenLedger) -> None:
        self._opened, self._operations = opened, Operations(opened)
        self._lock = threading.Lock()
        self._changes: dict[str, Change] | None = None
        self.stages: Stages = {}

    def look(self) -> bool:
        """Takes up what was done meanwhile; whether that is something. Raises LedgerUnavailable."""
        with self._lock:
            first = self._changes is None
            records: Iterable[Record] = self._operations.new()
            if first:
                records = (*older_models(self._opened), *records)
            changes = dict(self._changes or {})
            changes.update((each.id, each) for each in _changes(records))
            found = len(changes) > len(self._changes or {})
            if found:
                self.stages = stages_of(changes.values())
            self._changes = changes
            return found

    def now(self) -> Stages:
        """After a look. Raises LedgerUnavailable."""
        self.look()
        return self.stages

    def of(self, model: str) -> ModelStages:
        """Of a model that nothing is on record of: that."""
        return self.stages.get(model) or ModelStages(model)

    def record(self, step: Step, model: str, version: int, digest: str, about: Json, private: Json) -> Change:
        """Puts a step on record, and gives it as it stands there. Raises NotRecorded, LedgerUnavailable."""
        said = {"action": str(step), "model": model, "version": version, "digest": digest, **about}
        last = max((each.recorded for each in self.of(model).changes), default=None)
        receipt = self._opened.operate(Kind.MODEL, None, said, private, after=last)
        self.look()
        made = (self._changes or {}).get(receipt.entry_id)
        if made is None:
            raise LedgerUnavailable(f"the entry `{receipt.entry_id}` is on record, and cannot be read", VERIFY)
        return made


def live_of(stages: Stages) -> dict[str, tuple[tuple[int, str], ...]]:
    """Of each model that has a live version."""
    return {
        name: tuple((standing.version, standing.digest) for standing in (each.live, *each.shadows))
        for name, each in stages.items()
        if each.live is not None
    }


def stages_on_record(settings: Settings) -> Stages:
    """What the ledger says now; nothing where there is none. Raises LedgerUnavailable, SettingsError."""
    if not has_ledger(settings):
        return {}
    with closing(open_for(settings, make=False)) as opened:
        record = ModelRecord(opened)
        record.look()
        return record.stages


def _changes(records: Iterable[Record]) -> Iterable[Change]:
    for record in records:
        if record.envelope["kind"] == Kind.MODEL and (change := _change(record)) is not None:
            yield change


def _change(record: Record) -> Change | None:
    """None for an entry that a later version of Ordain made, or nobody of Ordain's: the log says so."""
    envelope, about, private = record.envelope, record.envelope["about"], record.private or {}
    try:
        step = Step(about["action"])
        return Change(
            envelope["id"],
            step,
            str(about["model"]),
            int(about["version"]),
            str(about["digest"]),
            dt.datetime.fromisoformat(envelope["time"]),
            str(private["actor"]),
            str(private.get("role", "")),
            str(private.get("reason", "")),
            str(about.get("decision", "")),
            about.get("overridden") is True,
            at_once=step is Step.TRAINED and about.get("stage") != Stage.CANDIDATE,
            found=dict(about.get("found", {})),
        )
    except _MALFORMED:
        _LOG.error("the entry `%s` about a model cannot be read by this version of Ordain", envelope["id"])
        return None
