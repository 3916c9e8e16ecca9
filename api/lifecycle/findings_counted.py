"""How many findings each version of each policy has, counted once for the texts as they are."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from typing import Any

from ordain.api.lifecycle.examined import ExaminesAlready
from ordain.engine.catalog import Texts

Json = dict[str, Any]


class CountedFindings:
    """One of a process: it keeps what was counted last, and counts one thing at a time."""

    def __init__(self) -> None:
        self._one = threading.Lock()
        self._last: tuple[str, list[Json]] = ("", [])

    def known(self, texts: Texts, beside: str) -> list[Json] | None:
        """`policy`, `version` and `counts` by level of each file of these texts; None if nobody counted them.

        `beside` is what findings depend on besides the texts: the day, the models.
        """
        key, told = self._last
        return told if key == _key(texts, beside) else None

    def counted(self, texts: Texts, beside: str, count: Callable[[], Json]) -> list[Json]:
        """The same, counted now if nobody did; `count` gives the counts by file. Raises ExaminesAlready while they are
        counted for somebody else, and what `count` raises."""
        if (known := self.known(texts, beside)) is not None:
            return known
        if not self._one.acquire(blocking=False):
            raise ExaminesAlready
        try:
            files = count()
        finally:
            self._one.release()
        told = [
            {"policy": name, "version": number, "counts": files[file]}
            for name, versions in sorted(texts.versions().items())
            for number, file in sorted(versions.items())
            if file in files
        ]
        self._last = (_key(texts, beside), told)
        return told


def _key(texts: Texts, beside: str) -> str:
    """Another one for other texts."""
    made = hashlib.sha256(beside.encode())
    named = {**texts.policies, **texts.shared, "facts": texts.vocabulary, "services": texts.services}
    for name, text in sorted(named.items()):
        made.update(f"\0{name}\0{len(text)}\0".encode() + text)
    return made.hexdigest()
