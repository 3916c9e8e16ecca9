"""Checks signed receipts, offline: that the ledger promised an entry, and whether a proof or a log keeps the promise.

A receipt is a signed note of six lines (docs/ledger-format.md). Its first line tells it from a checkpoint.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from ordain.audit.verifier.findings import Failure, Findings
from ordain.audit.verifier.keychain import KeyChain
from ordain.audit.verifier.notes import PublicKey, decoded, read_key, read_signatures, vouching
from ordain.audit.verifier.reading_limits import LIMITS
from ordain.audit.verifier.source import Source
from ordain.audit.verifier.tree import leaf_hash
from ordain.engine.errors import CheckpointRefused, OrdainError, ProofRefused

_ID = rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_TIME = rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
_RECEIPT = re.compile(
    rb"(?P<body>ordain receipt v1\norigin (?P<origin>ordain\.ledger/" + _ID + rb")\nentry (?P<entry>" + _ID + rb")\n"
    rb"leaf (?P<leaf>[A-Za-z0-9+/]{43}=)\ntime (?P<time>" + _TIME + rb")\ncovered by (?P<due>" + _TIME + rb")\n)"
    rb"\n(?P<signatures>.*)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Promise:
    """The ledger `origin` said at `time` that the entry is on record, and that checkpoints from `due` on cover it.

    `leaf_hash` is hexadecimal.
    """

    origin: str
    entry_id: str
    leaf_hash: str
    time: str
    due: str

    def is_broken_by(self, signed_at: str) -> bool:
        """Whether a checkpoint signed at that time, and without the entry, breaks the promise."""
        return bool(signed_at) and _moment(signed_at) >= _moment(self.due)


def verify_receipt(text: bytes | str, vkeys: str | Iterable[str]) -> Promise:
    """What a receipt promises, its signature checked with one of the ledger's verifying keys.

    It may be in base64, as the header `Ordain-Receipt` has it.

    Raises CheckpointRefused when key or signature do not hold, ProofRefused for what is no receipt.
    """
    data = text.encode(errors="replace") if isinstance(text, str) else text
    data = decoded(data.strip()) or data
    keys = [read_key(each) for each in ([vkeys] if isinstance(vkeys, str) else vkeys)]
    match = _RECEIPT.fullmatch(data) if len(data) <= LIMITS.note else None
    leaf = decoded(match["leaf"]) if match else None
    if match is None or leaf is None:
        raise ProofRefused("that is not a receipt of an Ordain ledger", "it begins with `ordain receipt v1`")
    key: PublicKey = vouching(match["body"], read_signatures(match["signatures"]), keys)
    origin = match["origin"].decode()
    if key.name != origin:
        raise CheckpointRefused("it speaks of another ledger than its key signs for")
    times = match["time"].decode(), match["due"].decode()
    try:
        for each in times:
            _moment(each)
    except ValueError:
        raise ProofRefused("the receipt names a time that there is not") from None
    return Promise(origin, match["entry"].decode(), leaf.hex(), *times)


def check_receipts(source: Source, receipts: Iterable[bytes], chain: KeyChain | None, findings: Findings) -> None:
    """That the log has what was promised: every entry of a receipt, with the bytes that it was promised with."""
    keys = [] if chain is None else [link.key.text for link in chain.links]
    tables = ("entry", "inbox") if source.has_inbox else ("entry",)
    for text in receipts:
        try:
            promise = verify_receipt(text, keys)
        except OrdainError as refused:
            findings.add(Failure.SIGNATURE, f"a receipt does not hold: {refused.message}")
            continue
        entry_id = UUID(promise.entry_id).bytes
        queries = (f"SELECT envelope FROM {table} WHERE id = ?" for table in tables)  # noqa: S608 - names of ours
        kept = next((row[0] for query in queries if (row := source.row(query, entry_id)) is not None), None)
        if kept is None:
            findings.add(
                Failure.CONTENT,
                f"a receipt of {promise.time} promises the entry {promise.entry_id}, which is not there",
                entry_id=promise.entry_id,
            )
        elif not isinstance(kept, bytes) or leaf_hash(kept).hex() != promise.leaf_hash:
            findings.add(
                Failure.CONTENT,
                f"the entry {promise.entry_id} is not the one that a receipt of {promise.time} promises",
                entry_id=promise.entry_id,
            )


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
