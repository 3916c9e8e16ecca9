"""The rows of an analyst's export: made alike piece by piece, freed of ids that tell, and put into another order.

None can be written before the last one was seen, so they wait in a file beside the export that has no more in it than
the export will have, and goes with it. Memory holds one piece, and of each row that waits some hundred bytes.
"""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from pathlib import Path
from random import SystemRandom
from types import TracebackType
from typing import IO, Any, Self

from ordain.audit.entry.canonical import canonical
from ordain.audit.limits import LIMITS
from ordain.audit.records.generalising import Alike, made_alike
from ordain.audit.records.masking import MASKED
from ordain.audit.records.unlinking import to_unlink

Json = dict[str, Any]
_NOBODY = -1


@dataclass(slots=True)
class AnalystsRows:
    """Rows that wait in the file `path` until all are known; `k` people share what each shows."""

    path: Path
    k: int
    coarser: int = 0
    masked: int = 0
    unlinked: int = 0
    """How many rows are coarser than others', masked whole, and without an id of their subject that others keep."""
    _file: IO[bytes] = field(init=False)
    _starts: array[int] = field(default_factory=lambda: array("q"))
    _looks: array[int] = field(default_factory=lambda: array("q"))
    _people: array[int] = field(default_factory=lambda: array("q"))

    def __enter__(self) -> Self:
        self._file = open(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()
        self.path.unlink(missing_ok=True)

    def take(self, rows: Iterable[tuple[Json, Json]]) -> None:
        """Takes all rows in, each as it is and coarser. Raises OSError."""
        looks: dict[bytes, int] = {}
        subjects: dict[str, int] = {}
        for piece in _pieces(iter(rows), LIMITS.alike_piece):
            for alike in made_alike(piece, self.k):
                self._keep(alike, looks, subjects)
        gone = to_unlink(((look, who) for look, who in zip(self._looks, self._people, strict=True) if who >= 0), self.k)
        for at, person in enumerate(self._people):
            if person in gone:
                self._people[at] = _NOBODY
                self.unlinked += 1
        self._file.flush()

    def mixed(self) -> Iterator[Json]:
        """The rows as they leave. Raises OSError."""
        order = array("q", range(len(self._starts)))
        SystemRandom().shuffle(order)
        for at in order:
            self._file.seek(self._starts[at])
            row: Json = json.loads(self._file.readline())
            if "subject" in row and self._people[at] == _NOBODY:
                row["subject"] = MASKED
            yield row

    def _keep(self, alike: Alike, looks: dict[bytes, int], subjects: dict[str, int]) -> None:
        row = alike.row
        self._looks.append(looks.setdefault(sha256(canonical(row)).digest(), len(looks)))
        subject = alike.shown_subject
        ids = {"entry_id": alike.entry_id} | ({} if subject is None else {"subject": subject})
        self._people.append(_NOBODY if subject is None else subjects.setdefault(subject, len(subjects)))
        self._starts.append(self._file.tell())
        self._file.write(canonical(row | ids) + b"\n")
        self.masked += alike.masked
        self.coarser += alike.coarser and not alike.masked


def _pieces(rows: Iterator[tuple[Json, Json]], length: int) -> Iterator[list[tuple[Json, Json]]]:
    """Pieces of that length; the last one has what is left beside it, so that none is short."""
    piece = list(islice(rows, length))
    while following := list(islice(rows, length)):
        if len(following) < length:
            piece += following
            break
        yield piece
        piece = following
    yield piece
