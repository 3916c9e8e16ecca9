"""Proofs of single rows of a run, to take away: the row, its salt, the way to the root, and the run's own proof.

format  "ordain row proof 1"
run     the run's id
size    how many rows it had
rows    of each: `row` (its number), `text`, `salt`, `path` (base64; RFC 6962 section 2.1.1, the leaf's own first)
entry   the proof bundle (audit/ledger/bundles.py) of the ledger's entry, whose `about` has `rows` and `rows_root`
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from ordain.audit.ledger.bundles import bundle
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.rows.known_rows import KnownBlock, KnownRows, run_on_record
from ordain.audit.rows.proof_file import opened
from ordain.audit.rows.run_files import RunFiles
from ordain.audit.rows.run_table import opened_table
from ordain.audit.rows.sealed_part import BLOCK_ROWS, root_over
from ordain.audit.tlog.merkle import Subtrees, inclusion_proof

FORMAT = "ordain row proof 1"

Json = dict[str, Any]


def row_proof(ledger: OpenLedger, files: RunFiles, *, key: str | None = None, row: int | None = None) -> Json:
    """The proof of the rows whose key column has the text `key`, or of the row of that number. As described above.

    Raises UnknownSubject when there is no such row, MalformedRequest when what is there is not what was recorded;
    NotCovered when no checkpoint covers the run yet, LedgerUnavailable.
    """
    with opened(files.proof) as proof, opened_table(files, proof) as table:
        run = run_on_record(ledger, proof)
        known = KnownRows(proof, table)
        rows = [each.number for each in known.about(key)] if key is not None else [known.numbered(row or 0)]
        hashes = proof.roots()
        told = [_told(known.block(number // BLOCK_ROWS), number, hashes) for number in rows]
    return {"format": FORMAT, "run": run.run, "size": run.rows, "rows": told, "entry": bundle(ledger, run.entry_id)}


def _told(known: KnownBlock, row: int, roots: Sequence[bytes]) -> Json:
    block = known.block
    inside = inclusion_proof(row - block.first, block.rows, _subtrees(known.leaves))
    above = inclusion_proof(block.number, len(roots), _subtrees(roots))  # a block stands there like a leaf
    return {
        "row": row,
        "text": known.texts[row],
        "salt": _base64(block.salt(row)),
        "path": [_base64(hashed) for hashed in (*inside, *above)],
    }


def _subtrees(hashes: Sequence[bytes]) -> Subtrees:
    return lambda height, index: root_over(hashes[index << height : (index + 1) << height])


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
