"""What was done to versions of policies: put on record, and read from the ledger as it comes."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Sequence
from typing import Any

from ordain.api.lifecycle.governing import Governing
from ordain.api.settings import Settings
from ordain.audit.entry.documents import Document
from ordain.audit.entry.entry import VERIFY
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.operations import Operations
from ordain.audit.ledger.reader import Record
from ordain.engine.errors import LedgerUnavailable, TextLost
from ordain.engine.lifecycle.change import Change, Step, Text
from ordain.engine.lifecycle.life import Life
from ordain.engine.lifecycle.rollout import Action, Rollout, Stage
from ordain.engine.lifecycle.turns import NO_TURNS, Turns, turns_of
from ordain.engine.text.source import digest_of

Json = dict[str, Any]
_LOG = logging.getLogger("ordain")
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError)
_STEPS = {str(step): step for step in Step}


class Lifecycle:
    """`turns` is put in place whole, so reading it takes no lock."""

    def __init__(self, opened: OpenLedger, needed: int) -> None:
        self._opened, self._operations, self._needed = opened, Operations(opened), needed
        self._lock = threading.Lock()
        self.turns: Turns = NO_TURNS

    def look(self) -> bool:
        """Takes up what was done meanwhile; whether that is something. Raises LedgerUnavailable."""
        with self._lock:
            read = [_change(each) for each in self._operations.new() if each.envelope["kind"] in _STEPS]
            found = [each for each in read if each is not None]
            if found:
                self.turns = turns_of((*self.turns.changes, *found))
            return bool(found)

    def now(self) -> Governing:
        """What is known now: what comes of it later changes nothing in it."""
        return Governing(self.turns, self.kept)

    def life(self, policy: str) -> Life:
        return Life(policy, self.turns, self._needed)

    def kept(self, text: Text) -> bytes:
        """The text that was submitted or activated. Raises TextLost."""
        kept = self._opened.reader.document(text.digest)
        if kept is None or digest_of(kept) != text.digest:
            raise TextLost(f"the text of `{text.label}` ({text.digest}) is not kept, or is another", VERIFY)
        return kept

    def record(
        self, step: Step, text: Text, parts: Sequence[Text], about: Json, private: Json, texts: Sequence[Document] = ()
    ) -> Change:
        """Puts a step on record, and gives it as it stands there. Raises NotRecorded, PolicyChanged."""
        said = {**_as_json(text), "parts": list(map(_as_json, parts)), **about}
        last = max((each.recorded for each in self.turns.changes if each.policy == text.name), default=None)
        now = self._opened.now()
        if last is not None and last >= now and said.get("from") is None:  # by a clock that is ahead of this one
            said["from"] = now.isoformat()
        receipt = self._opened.operate(str(step), None, said, private, texts, after=last)
        self.look()
        if (made := self._found(receipt.entry_id)) is None:  # it lies below what was read last: all is read anew
            anew = Lifecycle(self._opened, self._needed)
            anew.look()
            with self._lock:
                self._operations, self.turns = anew._operations, anew.turns
            made = self._found(receipt.entry_id)
        if made is None:
            raise LedgerUnavailable(f"the entry `{receipt.entry_id}` is on record, and cannot be read", VERIFY)
        return made

    def _found(self, entry_id: str) -> Change | None:
        return next((each for each in self.turns.changes if each.id == entry_id), None)


def lifecycle_of(settings: Settings, opened: OpenLedger) -> Lifecycle | None:
    """None where versions decide by their own dates."""
    return None if settings.approvals == "none" else Lifecycle(opened, settings.approvals_needed)


def _change(record: Record) -> Change | None:
    """None for an entry that a later version of Ordain made, or nobody of Ordain's: the log says so. One of a roll-out
    ends it, as nobody here can tell what it says."""
    envelope, about, private = record.envelope, record.envelope["about"], record.private or {}
    try:
        begins = about.get("from")
        return Change(
            envelope["id"],
            _STEPS[envelope["kind"]],
            _text(about),
            dt.datetime.fromisoformat(envelope["time"]),
            private["actor"],
            private["role"],
            private["reason"],
            tuple(map(_text, about["parts"])),
            about.get("of") or "",
            None if begins is None else _moment(begins),
            about.get("rollback", False),
            private.get("signature", ""),
            _rollout(about, private, envelope["id"]) if _STEPS[envelope["kind"]] is Step.ROLLOUT else None,
        )
    except _MALFORMED:
        _LOG.error(
            "the entry `%s` about a version of a policy cannot be read by this version of Ordain", envelope["id"]
        )
        return None


def as_recorded(rollout: Rollout) -> tuple[Json, Json]:
    """What is public of it, and what is sealed."""
    stages = [[stage.share, stage.begins.isoformat()] for stage in rollout.stages]
    where = {name: list(values) for name, values in rollout.where.items()}
    sealed: Json = {"where": where, "guards": rollout.guards, "figures": rollout.figures}
    return {"action": str(rollout.action), "stages": stages, "shadow": rollout.shadow}, sealed


def _rollout(about: Json, private: Json, entry_id: str) -> Rollout | None:
    try:
        return Rollout(
            Action(about["action"]),
            tuple(Stage(_whole(share), _moment(begins)) for share, begins in about["stages"]),
            {str(name): tuple(map(str, values)) for name, values in private["where"].items()},
            about["shadow"] is True,
            dict(private["guards"]),
            dict(private["figures"]),
        )
    except _MALFORMED:
        _LOG.error("the entry `%s` about a roll-out cannot be read by this version of Ordain: it is over", entry_id)
        return None


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError
    return value


def _moment(text: str) -> dt.datetime:
    """With its offset. Raises ValueError, TypeError."""
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment


def _text(said: Json) -> Text:
    return Text(said["policy"], said["version"], said["digest"])


def _as_json(text: Text) -> Json:
    return {"policy": text.name, "version": text.version, "digest": text.digest}
