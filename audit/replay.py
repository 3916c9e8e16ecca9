"""Past decisions made again, from what the ledger holds alone: same outcome and trace, byte for byte.

A replay takes facts and model scores as recorded and the texts of vocabulary, services and policies that the ledger
kept, never the files on disk, so a policy edited or lost since does not matter.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from audit.canonical import canonical
from audit.ledger import Ledger
from audit.record import decided
from engine.catalog import plan_of
from engine.errors import OrdainError
from engine.evaluate import Plan
from engine.facts import Facts, Vocabulary
from engine.load_facts import load_vocabulary
from engine.source import digest_of
from engine.values import NotThatType, read

_PARTS = ("outcome", "verdict", "reasons", "obligations", "trace")


@dataclass(frozen=True, slots=True)
class Replay:
    """The evidence of one replay; true when nothing differs. `differs` names the parts that do, or the obstacle."""

    entry_id: str
    differs: tuple[str, ...]

    def __bool__(self) -> bool:
        return not self.differs


class Replayer:
    """Replays entries of one ledger; plans are compiled once per set of texts."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._plans: dict[tuple[str, ...], tuple[Plan, Vocabulary]] = {}

    def replay(self, body: dict[str, Any]) -> Replay:
        """Decides the recorded facts again and compares every part with the record."""
        entry_id = str(body.get("id"))
        try:
            plan, vocabulary = self._plan(body)
            facts = Facts({}, {})
            for name, recorded in body["facts"].items():
                raw = recorded["value"]
                facts.values[name] = None if raw is None else read(vocabulary[name].type, raw, stored=True)
            outcome = plan.evaluate(facts, dt.datetime.fromisoformat(body["at"]))
            again = decided(outcome)
        except OrdainError as error:
            return Replay(entry_id, (f"it ends in {error.code}: {error.message}",))
        except (KeyError, TypeError, ValueError, NotThatType) as error:
            return Replay(entry_id, (f"the record cannot be read: {type(error).__name__} {error}",))
        parts = (name for name in _PARTS if canonical(again[name]) != canonical(body.get(name)))
        return Replay(entry_id, tuple(f"another {name}" for name in parts))

    def _plan(self, body: dict[str, Any]) -> tuple[Plan, Vocabulary]:
        documents = body["documents"]
        policies = tuple(str(policy["digest"]) for policy in body["policies"])
        key = (body["service"], documents["vocabulary"], documents["services"], *policies)
        if key not in self._plans:
            vocabulary = self._text(documents["vocabulary"])
            texts = [self._text(digest) for digest in policies]
            plan = plan_of(body["service"], vocabulary, self._text(documents["services"]), texts)
            self._plans[key] = (plan, load_vocabulary(vocabulary, "facts.yaml"))
        return self._plans[key]

    def _text(self, digest: str) -> bytes:
        text = self._ledger.document(digest)
        if text is None:
            raise ValueError(f"the ledger has no text {digest}")
        if digest_of(text) != digest:
            raise ValueError(f"the text kept as {digest} has been changed")
        return text
