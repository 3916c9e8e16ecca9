"""Verifies what a customer has in hand, without any database: a proof file, and that one checkpoint continues another.

A proof file (https://c2sp.org/tlog-proof) has the entry's envelope as its extra data, the entry's place, the path to
the root, and the checkpoint that signs the root.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ordain.audit.verifier.envelope import Malformed, check_shape, read_canonical
from ordain.audit.verifier.notes import Note, decoded, read_key, read_note, signer
from ordain.audit.verifier.reading_limits import LIMITS
from ordain.audit.verifier.tree import leaf_hash as hash_of
from ordain.audit.verifier.tree import verify_consistency as fits
from ordain.audit.verifier.tree import verify_inclusion
from ordain.audit.verifier.witness_policy import WitnessPolicy
from ordain.engine.errors import ProofRefused

_PROOF = re.compile(
    rb"c2sp\.org/tlog-proof@v1\nextra (?P<extra>[A-Za-z0-9+/=]+)\nindex (?P<index>0|[1-9][0-9]{0,18})\n"
    rb"(?P<path>(?:[A-Za-z0-9+/]{43}=\n){0,64})\n(?P<note>.*)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class ProofEvidence:
    """What a proof shows: this entry is leaf `index` of the tree of `size` leaves that was signed.

    `root` and `leaf_hash` are hexadecimal. `time` is the entry's, `signed_at` the checkpoint's ("" when it has none).
    `cosigned` are the policy's witnesses, each with its time in seconds since 1970.
    """

    index: int
    size: int
    root: str
    entry_id: str
    time: str
    leaf_hash: str
    signed_at: str
    envelope: dict[str, Any]
    cosigned: dict[str, int] = field(default_factory=dict)


def verify_proof(
    text: bytes | str,
    vkey: str,
    *,
    leaf_hash: str | None = None,
    entry_id: str | None = None,
    policy: WitnessPolicy | None = None,
) -> ProofEvidence:
    """Checks a proof file with the ledger's verifying key.

    `leaf_hash` (hexadecimal) and `entry_id`: those of the receipt, to be compared with the proof's. With `policy` its
    quorum must have cosigned the checkpoint.
    Raises CheckpointRefused when the key or the checkpoint does not hold, ProofRefused when anything else does not.
    """
    data = text.encode(errors="replace") if isinstance(text, str) else text
    key = read_key(vkey)
    match = _PROOF.fullmatch(data) if len(data) <= LIMITS.proof else None
    extra = decoded(match["extra"]) if match else None
    if match is None or extra is None:
        raise ProofRefused(
            "that is not a proof file of an Ordain ledger", "it begins with `c2sp.org/tlog-proof@v1`; get it again"
        )
    path = [decoded(line) or b"" for line in match["path"].splitlines()]
    note = read_note(match["note"])
    signer(note, [key])
    cosigned = {} if policy is None else policy.require(note)
    leaf, index = hash_of(extra), int(match["index"])
    if not verify_inclusion(leaf, index, note.size, path, note.root):
        raise ProofRefused("the path does not lead from the entry to the signed root", "one of them was changed")
    envelope = _envelope(extra, note)
    if leaf_hash is not None and leaf_hash.lower() != leaf.hex():
        raise ProofRefused("the proof is of another entry than the receipt", f"its leaf hash is {leaf.hex()}")
    if entry_id is not None and entry_id.lower() != envelope["id"]:
        raise ProofRefused("the proof is of another entry than the one asked for", f"its id is {envelope['id']}")
    return ProofEvidence(
        index, note.size, note.root.hex(), envelope["id"], envelope["time"], leaf.hex(), note.time, envelope, cosigned
    )


def verify_consistency(
    old_note: bytes | str, new_note: bytes | str, proof_hashes: Sequence[bytes], vkeys: str | Iterable[str]
) -> tuple[Note, Note]:
    """Checks that the tree of the second checkpoint begins with that of the first, and returns both.

    `vkeys`: the ledger's verifying key, or all of them when it was changed between the two.
    Raises CheckpointRefused when a key or checkpoint does not hold, ProofRefused when they do not continue each other.
    """
    keys = [read_key(each) for each in ([vkeys] if isinstance(vkeys, str) else vkeys)]
    old, new = read_note(old_note), read_note(new_note)
    for note in (old, new):
        signer(note, keys)
    if old.origin != new.origin:
        raise ProofRefused("the checkpoints are of different ledgers")
    if not fits(old.size, old.root, new.size, new.root, list(proof_hashes)):
        raise ProofRefused(
            f"the {new.size} entries signed later do not begin with the {old.size} signed before",
            "the ledger was changed between the two, or the proof is not between these checkpoints",
        )
    return old, new


def _envelope(extra: bytes, note: Note) -> dict[str, Any]:
    try:
        envelope = read_canonical(extra)
        check_shape(envelope)
    except Malformed as malformed:
        raise ProofRefused(f"the entry in the proof {malformed}") from None
    if note.origin != f"ordain.ledger/{envelope['ledger']}":
        raise ProofRefused("the entry in the proof is of another ledger than the checkpoint")
    return envelope
