"""Checks one entry with all that belongs to it, and keeps the tallies that the whole is checked by."""

from __future__ import annotations

import datetime as dt
from array import array
from dataclasses import dataclass, field

from ordain.audit.verifier.envelope import Json, Malformed, check_shape, read_canonical
from ordain.audit.verifier.findings import Failure, Findings, quote
from ordain.audit.verifier.fold import UNTOLD, WAITS, Fold
from ordain.audit.verifier.payloads import DoesNotOpen, Opener, hash_fault
from ordain.audit.verifier.source import Row

_KEY_BYTES, _TAG_BYTES, _WRAPPED_BYTES = 16, 32, 60
_NO_TIME = 2**62


@dataclass(slots=True)
class Outside:
    """Payloads under a key that the subject index does not lead to: the first of them, and how many."""

    leaf_index: int
    entry_id: str
    tag: object
    count: int = 0


@dataclass(slots=True)
class EntryCheck:
    """`ledger` is the id that every entry must carry; "" until it is known."""

    findings: Findings
    opener: Opener | None = None
    ledger: str = ""
    fold: Fold = field(default_factory=Fold)
    kept: int = 0
    erased: int = 0
    indexed: int = 0
    opened: int = 0
    gone: array[int] = field(default_factory=lambda: array("q"))
    gone_times: array[int] = field(default_factory=lambda: array("q"))
    gone_as: array[int] = field(default_factory=lambda: array("q"))
    kinds_gone: dict[tuple[str, object, object], int] = field(default_factory=dict)
    """What the envelopes of payloads that are gone say of kind, service and jurisdiction, which those of format 4 do
    not, by numbers in `gone_as`."""
    erased_keys: dict[str, object] = field(default_factory=dict)
    """What the payloads of erasures, opened, say which keys were destroyed, by the erasure's id."""
    restrictions_gone: int = 0
    """Restrictions whose payload was removed, so that it can no longer be told whose they were."""
    outside: dict[bytes, Outside] = field(default_factory=dict)
    """By key. Only the house's key is to be here."""
    keyless: dict[bytes, Outside] = field(default_factory=dict)
    """The same for keys that are not there."""

    def check(self, row: Row, leaf_index: int) -> Json | None:
        """The envelope, or None when it is none. `leaf_index` is WAITS for an entry of the inbox."""
        place = None if leaf_index == WAITS else leaf_index
        named = _uuid(row.id)
        try:
            data = read_canonical(row.envelope)
            check_shape(data)
        except Malformed as malformed:
            self.findings.add(Failure.CONTENT, f"its envelope {malformed}", place, named)
            self.kept += row.kept is not None and bool(row.kept)
            self.indexed += bool(row.indexed)
            self.erased += bool(row.kept) and row.key is None
            return None
        if data["id"] != named:
            self.findings.add(
                Failure.CONTENT, "its `id` column is not the id in its envelope", place, quote(data["id"])
            )
        self.ledger = self.ledger or data["ledger"]
        if data["ledger"] != self.ledger:
            self.findings.add(Failure.CONTENT, "it is of another ledger", place, named)
        if fault := self.fold.take(data, leaf_index, row.key, bool(row.kept)):
            self.findings.add(Failure.CONTENT, fault, place, named)
        if row.kept:
            self._payload(row, data, leaf_index, named)
        elif row.kept is not None:
            self.gone.append(leaf_index if place is not None else -1)
            of = (data["kind"], data["service"], data.get("jurisdiction", UNTOLD))
            self.gone_as.append(_number(self.kinds_gone, of))
            self.gone_times.append(microseconds(data["time"]))
            self.restrictions_gone += data["kind"] == "restriction"
        return data

    def check_gone(self, fold: Fold) -> None:
        """Whether removals by age, as `fold` tells of them, account for the payloads that are missing."""
        kinds = list(self.kinds_gone)
        limits = [[microseconds(time) for time in fold.removed_until(*of)] for of in kinds]
        for leaf_index, time, number in zip(self.gone, self.gone_times, self.gone_as, strict=True):
            if time >= max(limits[number], default=-1):
                place = None if leaf_index < 0 else leaf_index
                message = "its payload is missing, and it is too new to be removed by age"
                self.findings.add(Failure.PAYLOAD, message, place)

    def _payload(self, row: Row, data: Json, leaf_index: int, named: str) -> None:
        self.kept += 1
        fault = hash_fault(row, data)
        if row.key is None:
            self.erased += 1
        else:
            fault = fault or self._key(row, leaf_index, named)
            if self.opener is not None and not fault and row.wrapped is not None and data["id"] == named:
                try:
                    private = self.opener.check(row, data)
                    self.opened += 1
                    if data["kind"] == "erasure":
                        self.erased_keys[named] = private.get("keys")
                except DoesNotOpen as closed:
                    fault = str(closed)
        if fault:
            self.findings.add(Failure.PAYLOAD, fault, None if leaf_index == WAITS else leaf_index, named)

    def _key(self, row: Row, leaf_index: int, named: str) -> str:
        """What is wrong with the key that a payload names."""
        if not isinstance(row.key, bytes) or len(row.key) != _KEY_BYTES:
            return "its payload names a key by something else than 16 bytes"
        self.indexed += bool(row.indexed)
        if row.wrapped is None and row.tag is None:
            if row.indexed:
                place = None if leaf_index == WAITS else leaf_index
                self.findings.add(Failure.ERASURE, "its key is gone, and no erasure is on record", place, named)
            else:
                _count(self.keyless, row, leaf_index, named)
            return ""
        if not row.indexed:
            _count(self.outside, row, leaf_index, named)
        if not (_has(row.tag, _TAG_BYTES) and _has(row.wrapped, _WRAPPED_BYTES)):
            return "its subject's key has another form than a wrapped key"
        return ""


def microseconds(time: str) -> int:
    """Since 1970, to compare times by."""
    try:
        return int(dt.datetime.fromisoformat(time).timestamp() * 1_000_000)
    except ValueError:
        return _NO_TIME


def _uuid(value: object) -> str:
    if not isinstance(value, bytes):
        return quote(value)
    text = value.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}" if len(value) == 16 else text[:80]


def _number(numbers: dict[tuple[str, object, object], int], of: tuple[str, object, object]) -> int:
    return numbers.setdefault(of, len(numbers))


def _has(value: object, length: int) -> bool:
    return isinstance(value, bytes) and len(value) == length


def _count(where: dict[bytes, Outside], row: Row, leaf_index: int, named: str) -> None:
    if row.key not in where:
        where[row.key] = Outside(leaf_index, named, row.tag)
    where[row.key].count += 1
