"""Replay: a recorded decision is made again from what the ledger holds, and must come out byte for byte the same.

What can differ is told apart:

    policy   a text that decided is not kept, or is not the one that the entry names
    facts    a recorded fact cannot be read under the vocabulary of that day
    model    a recorded score, or fallback, is not the one that the decision used; the model itself is not run again
    engine   all inputs are there, and this engine makes something else of them, or nothing
    record   the entry itself is damaged: `ordain audit verify` says more
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ordain.audit.entry.canonical import canonical
from ordain.audit.entry.decision import decided
from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.past import Past
from ordain.audit.ledger.reader import Reader, Record, Status
from ordain.audit.ledger.restoring import NOT_RESTORED
from ordain.audit.records.fallen_back import Difference, fallback_differences
from ordain.audit.records.older_forms import in_todays_form
from ordain.engine.errors import LedgerUnavailable, NotThatType, OrdainError, TextLost
from ordain.engine.evaluate import Plan
from ordain.engine.explain.why_not import why_not
from ordain.engine.late import late
from ordain.engine.policy.facts import Facts, Vocabulary
from ordain.engine.score_fallback import typed
from ordain.engine.score_gate import WITHHELD
from ordain.engine.values.types import read
from ordain.engine.version import VERSION

Json = dict[str, Any]
Progress = Callable[[int, int], None]
"""Called with how many entries have been looked at so far, and how many there are to look at."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The evidence of one replay; false when something differs. `leaf_index` is None while an entry has none.

    What is erased, expired or restricted cannot be replayed, which is no difference: `status` says so, and
    `replayed` is false.
    """

    entry_id: str
    leaf_index: int | None
    status: Status
    differs: tuple[Difference, ...] = ()
    replayed: bool = True

    def __bool__(self) -> bool:
        return not self.differs


class Replayer:
    """Replays entries of one ledger; each set of texts is compiled once. `engine` names this engine."""

    def __init__(self, reader: Reader, engine: str = f"ordain {VERSION}") -> None:
        self._reader, self._engine, self._past = reader, engine, Past(reader.document)

    def replay(self, record: Record) -> Replay:
        """Decides the recorded facts again and compares every part with the record. For decisions only."""
        entry = record.entry
        entry_id, private = str(entry.id), record.private
        if private is None:
            return Replay(entry_id, entry.leaf_index, record.status, replayed=False)
        differs = tuple(self._differences(record.envelope, private))
        return Replay(entry_id, entry.leaf_index, record.status, differs)

    def why_not(self, record: Record) -> list[Json]:
        """Why each rule that did not fire did not, by deciding the record again; see `engine.explain.why_not`.

        Empty for what can no longer be read or made whole. Raises LedgerUnavailable, PolicyError, NotThatType.
        """
        if record.private is None or NOT_RESTORED in record.private:
            return []
        plan, vocabulary = self._past.plan(record.envelope), self._past.vocabulary(record.envelope)
        facts, at = recorded_facts(record.private, vocabulary), dt.datetime.fromisoformat(record.private["at"])
        outcome = plan.evaluate(facts, at)
        return why_not(plan.policies, outcome.steps, outcome.values, at)

    def nearest_change(self, record: Record) -> Json:
        """The smallest change of facts that gives another result, by the solver: see `engine.prove.nearest_change`.

        Facts that a model read are not changed, nor whose law applies. Empty for what can no longer be read or made
        whole. Raises LedgerUnavailable, PolicyError, NotThatType, SettingsError without z3-solver.
        """
        private = record.private
        if private is None or NOT_RESTORED in private:
            return {}
        plan, vocabulary = self._past.plan(record.envelope), self._past.vocabulary(record.envelope)
        facts, at = recorded_facts(private, vocabulary), dt.datetime.fromisoformat(private["at"])
        law = record.envelope.get("jurisdiction")
        fixed = {name for name, value in facts.values.items() if law is not None and value == law}
        fixed |= {name for name, source in facts.sources.items() if source == WITHHELD}
        for model in (*(private.get("models") or ()), *(private.get("fallbacks") or ())):
            fixed |= set(model.get("inputs") or ())
        told: Json = late("ordain.engine.prove.nearest_change:NearestChange")(plan, vocabulary, facts, at, fixed).told()
        return told

    def range(
        self, start: int = 0, end: int | None = None, progress: Progress = lambda done, total: None
    ) -> Iterator[Replay]:
        """Every decision from leaf index `start` up to, and without, `end`. A damaged entry is one that differs."""
        size = self._reader.size()
        end = size if end is None else min(end, size)
        at = start
        while at < end:
            try:
                for record in self._reader.records(at, end):
                    at = (record.entry.leaf_index or 0) + 1
                    if record.envelope.get("kind") == Kind.DECISION:
                        yield self.replay(record)
                    progress(at - start, end - start)
                return
            except LedgerUnavailable as damaged:
                self._reader.size()  # a database that is gone raises here
                entry_id, at = self._damaged(at)
                if at < end:
                    yield Replay(entry_id, at, Status.READABLE, (Difference("record", damaged.message),))
                at += 1

    def _damaged(self, at: int) -> tuple[str, int]:
        """The entry at or after leaf index `at`, which could not be opened."""
        try:
            entry = next(self._reader.entries(at), None)
        except LedgerUnavailable:
            return f"leaf {at}", at
        if entry is None:
            return "", self._reader.size()
        return str(entry.id), entry.leaf_index or 0

    def _differences(self, envelope: Json, private: Json) -> Iterator[Difference]:
        try:
            plan, vocabulary = self._past.plan(envelope), self._past.vocabulary(envelope)
        except TextLost as error:
            yield Difference("policy", error.message)
            return
        except OrdainError as error:
            yield self._of_engine(envelope, f"the kept texts do not load: {error.message}")
            return
        except (KeyError, TypeError) as error:
            yield Difference("record", f"the entry does not say what it was decided under ({error})")
            return
        if why := private.get(NOT_RESTORED):  # what is left of it would only seem to differ in more
            yield self._of_engine(envelope, why)
            return
        try:
            facts = recorded_facts(private, vocabulary)
            at = dt.datetime.fromisoformat(private["at"])
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            reason = error if isinstance(error, NotThatType) else f"{type(error).__name__} {error}"
            yield Difference("facts", f"the recorded facts cannot be read: {reason}")
            return
        yield from _model_differences(envelope, private, facts, vocabulary)
        yield from fallback_differences(private, facts, vocabulary)
        yield from self._outcome_differences(plan, facts, at, envelope, private)

    def _outcome_differences(
        self, plan: Plan, facts: Facts, at: dt.datetime, envelope: Json, private: Json
    ) -> Iterator[Difference]:
        try:
            again = decided(plan.evaluate(facts, at), private.get("form"))
        except OrdainError as error:
            yield self._of_engine(envelope, f"it ends in {error.code}: {error.message}")
            return
        except (KeyError, TypeError, ValueError) as error:
            yield Difference("facts", f"the recorded facts are not those that the policies need ({error})")
            return
        recorded = in_todays_form(private)
        parts = [name for name, part in again.items() if canonical(part) != canonical(recorded.get(name))]
        if parts:
            yield self._of_engine(envelope, f"another {', '.join(parts)}")

    def _of_engine(self, envelope: Json, message: str) -> Difference:
        return Difference("engine", f"{message} (decided by {envelope.get('engine')}, replayed by {self._engine})")


def recorded_facts(private: Json, vocabulary: Vocabulary) -> Facts:
    """The facts of a record as they were decided from. Raises NotThatType, KeyError."""
    facts = Facts({}, {})
    for name, recorded in private["facts"].items():
        if name not in vocabulary:
            raise NotThatType(f"`{name}` is not in the vocabulary")
        raw = recorded["value"]
        try:
            facts.values[name] = None if raw is None else read(vocabulary[name].type, raw, stored=True)
        except NotThatType as error:
            raise NotThatType(f"`{name}`: {error}") from None
        facts.sources[name] = recorded["source"]
    return facts


def _model_differences(envelope: Json, private: Json, facts: Facts, vocabulary: Vocabulary) -> Iterator[Difference]:
    """A score must be named by the envelope and round to the fact that the policies read."""
    named = [(model["model"], model["version"], model["digest"]) for model in envelope.get("models", ())]
    scores = private.get("models", ())
    if named != [(score.get("model"), score.get("version"), score.get("digest")) for score in scores]:
        yield Difference("model", "the envelope names other models than the scores on record")
    scored = set()
    for score in scores:
        name, label = score.get("fact"), f"{score.get('model')}@{score.get('version')}"
        scored.add(name)
        try:
            value = vocabulary[name].accept(typed(read(vocabulary[name].type, score["score"], stored=True)))
        except (KeyError, NotThatType) as error:
            yield Difference("model", f"the score of {label} for `{name}` cannot be read: {error}")
            continue
        if value != facts.values.get(name) or facts.sources.get(name) != label:
            yield Difference("model", f"`{name}` is not what {label} scored")
    for name, source in facts.sources.items():
        if "@" in source and name not in scored:
            yield Difference("model", f"the score of {source} for `{name}` is not on record")
