"""Recorded decisions decided again, each under other versions of some policies and otherwise as it was.

Its facts come from the record, at the time that it was decided for, through the same functions that decide in the
service (`engine.gather`, `Plan.evaluate`). What is tried is read under today's vocabulary; the service's order of
policies, and all other versions, are those of the record. A score is the one on record; no model is asked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ordain.api.backtest.pair import Failed, Json, Pair, Side, Unreadable, Unrecorded, recorded_side, side_of
from ordain.api.problems import unforeseen_in
from ordain.audit.entry.decision import SETTLED_FORMS
from ordain.audit.ledger.past import Past
from ordain.audit.ledger.reader import Reader, Record
from ordain.audit.ledger.restoring import NOT_RESTORED
from ordain.audit.records.query import Query
from ordain.audit.records.search import Looked, Progress, nothing_shown, search
from ordain.engine.errors import LedgerUnavailable, OrdainError
from ordain.engine.evaluate import Plan
from ordain.engine.gather import gather
from ordain.engine.needs import Needs
from ordain.engine.policy.facts import REQUEST, Vocabulary
from ordain.engine.policy.model import Policy


@dataclass(frozen=True, slots=True)
class _Trial:
    """A plan that was never in force, with facts that all come as they are: `asked` is what it needs of them."""

    plan: Plan
    needs: Needs
    asked: Vocabulary

    @classmethod
    def of(cls, plan: Plan) -> _Trial:
        given = [replace(need, fact=replace(need.fact, sources=(REQUEST,))) for need in plan.needs]
        return cls(plan, Needs(given, plan.needs.gate), Vocabulary({need.fact.name: need.fact for need in given}))


class Redecider:
    """Decides records of one ledger again; each set of texts is compiled once.

    `chosen` are the versions to be tried by the names of their policies, `vocabulary` is the text of today's.
    """

    def __init__(self, past: Past, chosen: Mapping[str, Policy], vocabulary: bytes) -> None:
        self._past, self._chosen, self._vocabulary = past, chosen, vocabulary
        self._trials: dict[int, _Trial | Failed] = {}

    def concerns(self, record: Record) -> bool:
        """Whether it was decided under any version of a policy of which another one is tried."""
        return any(policy["policy"] in self._chosen for policy in record.envelope.get("policies", ()))

    def pair(self, record: Record) -> Pair:
        """The decision as it is on record, and as it would be. Raises LedgerUnavailable."""
        envelope, private = record.envelope, record.private
        tried = [each for each in envelope.get("policies", ()) if each["policy"] in self._chosen]
        policies = tuple(f"{each['policy']}@{each['version']}" for each in tried)
        name, service, at = str(record.entry.id), str(envelope.get("service")), str(envelope.get("time"))
        if private is None:
            return Pair(name, service, at, Unreadable(str(record.status)), None, policies=policies)
        if why := private.get(NOT_RESTORED):
            return Pair(name, service, at, Unreadable("not_restored", str(why)), None, policies=policies)
        try:
            plan = self._past.plan(envelope)
        except LedgerUnavailable as lost:
            return Pair(name, service, at, Unreadable("not_restored", lost.message), None, policies=policies)
        old, facts = recorded_side(private, plan.gives), _values(private)
        new = self._again(envelope, plan, private, facts)
        by_itself = all(each["digest"] == self._chosen[each["policy"]].digest for each in tried)
        return Pair(name, service, private["at"], old, new, facts, policies, by_itself)

    def _again(self, envelope: Json, plan: Plan, private: Json, facts: Json) -> Side | Failed | Unrecorded:
        trial = self._trial(envelope, plan)
        if isinstance(trial, Failed):
            return trial
        if unknown := tuple(need.fact.name for need in trial.needs if need.fact.name not in facts):
            return Unrecorded(unknown)
        given = {need.fact.name: facts[need.fact.name] for need in trial.needs}
        try:
            gathered = gather(given, trial.needs, trial.asked, {})
            outcome = trial.plan.evaluate(gathered, dt.datetime.fromisoformat(private["at"]))
            return side_of(outcome, settled=private.get("form") in SETTLED_FORMS)
        except OrdainError as error:
            return Failed.by(error)
        except Exception as error:  # a fault of ours is counted as one, and stops no backtest
            return Failed.by(unforeseen_in("a backtest", error))

    def _trial(self, envelope: Json, plan: Plan) -> _Trial | Failed:
        """The plan that is tried in the place of this one, which `Past` keeps; or why there is none."""
        trial = self._trials.get(id(plan))
        if trial is None:
            try:
                trial = _Trial.of(self._past.trial(envelope, self._vocabulary, self._chosen))
            except OrdainError as error:
                trial = Failed.by(error)
            self._trials[id(plan)] = trial
        return trial


def recorded_pairs(
    reader: Reader,
    redecider: Redecider,
    query: Query,
    progress: Progress = nothing_shown,
    looked: Looked | None = None,
) -> Iterator[tuple[Record, Pair]]:
    """What fits the query and was decided under one of the policies. Raises LedgerUnavailable."""
    for record in search(reader, query, progress, looked):
        if redecider.concerns(record):
            yield record, redecider.pair(record)


def _values(private: Json) -> Json:
    """The recorded facts by name; null where one was missing then."""
    return {name: fact["value"] for name, fact in private["facts"].items()}
