"""The one entry of a run over a table, and finding it again.

It is sealed under the key of what is done with services themselves, so it is found fast, and neither an erasure nor a
removal by age touches it.

    about    run, rows, decided, rejected, rows_root, at; input, output, rejects: digests, null where there is no file
    private  what `entry_of` was told beside that: file names, columns, the key's column, counts of outcomes, who asked
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ordain.audit.entry.entry import Entry, Kind, new_id, utc
from ordain.audit.entry.keys import OPERATION

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RunTold:
    """What a run came to. `input`, `output` and `rejects` are digests as `run_files.digest_of` gives them; `rejects`
    is None without a file of that name. `at` is the moment that was decided for.
    """

    run: str
    rows: int
    decided: int
    rejected: int
    root: bytes
    input: str
    output: str
    rejects: str | None
    at: dt.datetime


def entry_of(
    told: RunTold,
    now: dt.datetime,
    service: str,
    private: Json,
    *,
    policies: Sequence[Json] = (),
    documents: Json | None = None,
    models: Sequence[Json] = (),
    entry_id: UUID | None = None,
) -> Entry:
    """The entry to be appended to the ledger. What is personal stands neither in `about` nor in `private`.

    `policies`, `documents` and `models` are as an envelope names them; `entry_id` is given when it was chosen before.
    Raises ValueError when the counts do not add up.
    """
    if told.decided + told.rejected != told.rows or min(told.decided, told.rejected) < 0:
        raise ValueError(f"{told.decided} decided and {told.rejected} rejected of {told.rows} rows")
    about: Json = {
        "run": str(UUID(told.run)),
        "rows": told.rows,
        "decided": told.decided,
        "rejected": told.rejected,
        "rows_root": f"sha256:{told.root.hex()}",
        "input": told.input,
        "output": told.output,
        "rejects": told.rejects,
        "at": utc(told.at),
    }
    return Entry(
        *(entry_id or new_id(now), now, Kind.BATCH, private, OPERATION, service),
        policies=list(policies),
        documents=dict(documents or {}),
        models=list(models),
        about=about,
    )
