"""What is kept while graphs are followed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ordain.engine.errors import Issue, Span
from ordain.engine.jdm.data.values import Data
from ordain.engine.jdm.facts.asked_facts import Facts
from ordain.engine.jdm.following.decisions_written import Writing
from ordain.engine.jdm.graph import Graph

Load = Callable[[str], Graph | None]


@dataclass(slots=True)
class Flow:
    """`differs` are, by kind, the places where ZEN and FEEL may say something else."""

    data: Data
    facts: Facts
    writing: Writing
    notes: list[Issue]
    load: Load
    differs: dict[str, dict[Issue, None]] = field(default_factory=dict)
    produced: Counter[str] = field(default_factory=Counter)
    switches: int = 0

    def lost(self, what: str, why: str, span: Span, text: str = "") -> None:
        """Notes what cannot be said: it is left out, and what it gives has to be sent."""
        self.notes.append(Issue(f"{what} cannot be said in a policy: {why}", "", replace(span, text=text)))

    def is_free(self, path: str) -> bool:
        """Whether a decision may have the name of this path alone: no other node fills it, and no input has it."""
        return self.produced[path] <= 1 and path.partition(".")[0] not in self.facts.sure
