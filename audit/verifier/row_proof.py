"""Reads a proof of rows of a run over a table, and checks each against the signed entry (docs/ledger-format.md)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ordain.audit.verifier.bundle import Bundle, bundle_in
from ordain.audit.verifier.notes import decoded
from ordain.audit.verifier.tree import leaf_hash, verify_inclusion
from ordain.engine.errors import ProofRefused

FORMAT = "ordain row proof 1"
_AGAIN = "get it again, whole: ordain audit rows prove"
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Row:
    """Row `number` of a run, from 0: its text, salt (16 bytes) and path (32 bytes each)."""

    number: int
    text: str
    salt: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class RowProof:
    """`entry` proves the run's entry. Nothing of it is checked yet."""

    run: str
    rows: tuple[Row, ...]
    entry: Bundle


def read_row_proof(data: bytes) -> RowProof | None:
    """None for what is of another format. Raises ProofRefused when it is damaged."""
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        return None
    try:
        rows = tuple(_row(each) for each in told["rows"])
        run, entry = told["run"], told["entry"]
    except (KeyError, TypeError, ValueError):
        raise ProofRefused("the file is damaged: a row of it is not told whole", _AGAIN) from None
    if not rows or not isinstance(run, str) or not isinstance(entry, dict):
        raise ProofRefused("the file is damaged: it proves no row", _AGAIN)
    return RowProof(run, rows, bundle_in(entry))


def check_rows(proof: RowProof, envelope: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows, each with its number as `row`, and as `values` what its text says.

    `envelope` is that of the entry, proven already. Raises ProofRefused when a row does not lead to the root in it.
    """
    about = envelope["about"]
    size, root = about.get("rows"), about.get("rows_root")
    if envelope["kind"] != "batch" or type(size) is not int or not isinstance(root, str):
        raise ProofRefused("the entry in the proof is of no run over a table", _AGAIN)
    if about.get("run") != proof.run:
        raise ProofRefused("the rows are of another run than the entry", _AGAIN)
    return [_checked(row, size, root) for row in proof.rows]


def _checked(row: Row, size: int, root: str) -> dict[str, Any]:
    try:
        signed = bytes.fromhex(root.removeprefix("sha256:"))
        data = row.text.encode()
        values = json.loads(row.text)
    except (ValueError, RecursionError):
        raise ProofRefused(f"row {row.number:,} or its root is not as a run has it", _AGAIN) from None
    if not verify_inclusion(leaf_hash(row.salt + data), row.number, size, row.path, signed):
        raise ProofRefused(
            f"the path does not lead from row {row.number:,} to the root that is on record", "one of them was changed"
        )
    return {"row": row.number, "values": values}


def _row(told: dict[str, Any]) -> Row:
    number, text, path = told["row"], told["text"], told["path"]
    if type(number) is not int or not isinstance(text, str) or not isinstance(path, list):
        raise TypeError
    salt = _bytes(told["salt"])
    if len(salt) != _SALT_BYTES:
        raise ValueError
    return Row(number, text, salt, tuple(map(_bytes, path)))


def _bytes(text: str) -> bytes:
    data = decoded(text.encode())
    if data is None:
        raise ValueError
    return data
