"""What an absent fact left undecided: the rules, formulas and requirements that read it and came to nothing.

A fact counts when it may be absent and was; a rule, when it was looked at, asks for the fact and did not fire. Whether
it would have fired with the fact is not looked into: it may have failed for another reason, too. Rules of compliance
are not among them, because one that lacks a fact fires: it asks for a review, or denies. So all of it follows from
which facts are there and which rules fired, and can be told again from a record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import Any

from ordain.engine.needs import Need
from ordain.engine.policy.model import Decision, Formula, Policy, Rule, Table
from ordain.engine.step import Trail

Json = dict[str, Any]
Reader = tuple[int | None, frozenset[str], Json]
"""The position of a rule in its table, what it reads of the facts that may be absent, and how it is named."""


class Unknowns:
    """What may be left undecided under one plan. `names` are the facts that may be, and that something reads."""

    def __init__(self, policies: Iterable[Policy], needs: Iterable[Need]) -> None:
        names = [need.fact.name for need in needs if need.fact.optional or need.may_miss or need.may_withhold]
        known = frozenset(names)
        self._readers: dict[int, list[Reader]] = {}
        self._always: list[Reader] = []
        for policy in policies:
            named = {"policy": policy.name, "version": policy.version}
            for decision in (*policy.decisions, *(function.table for function in policy.functions)):
                if readers := list(_readers(decision, known, named)):
                    self._readers[id(decision)] = readers
            for each in policy.must_hold:
                if not each.derived and (reads := known.intersection(each.expression.reads)):
                    self._always.append((None, reads, {**named, "must_hold": each.id}))
        read = [reads for readers in (*self._readers.values(), self._always) for _, reads, _ in readers]
        self.names = tuple(name for name in names if any(name in reads for reads in read))

    def key(self, absent: Set[str], trail: Trail) -> tuple[Any, ...]:
        """The same for two decisions of the plan of which `of` tells the same."""
        readers = self._readers
        return absent, *[(step[1], step[2]) for step in trail if id(step[0]) in readers]

    def of(self, absent: Set[str], trail: Trail) -> list[Json]:
        """`[{"fact", "skipped"}, ...]`: what reads each absent fact and came to nothing, if anything did."""
        if not absent:
            return []
        skipped: dict[str, list[Json]] = {name: [] for name in self.names if name in absent}  # in the plan's order
        for _, reads, named in (*self._idle(trail), *self._always):
            for name in reads & absent:
                if named not in skipped[name]:
                    skipped[name].append(named)
        return [{"fact": name, "skipped": readers} for name, readers in skipped.items() if readers]

    def _idle(self, trail: Trail) -> Iterator[Reader]:
        for decision, looked_at, fired, *_ in trail:
            for reader in self._readers.get(id(decision), ()):
                position = reader[0]
                if position is None or (position < looked_at and position not in fired):
                    yield reader


def _readers(decision: Decision, known: frozenset[str], named: Json) -> Iterator[Reader]:
    named = {**named, "decision": decision.name}
    if isinstance(decision, Formula):
        if reads := known.intersection(decision.expression.reads):
            yield None, reads, named
        return
    for position, rule in enumerate(decision.rules):
        reads = known.intersection(_asked_by(decision, rule))
        if reads and rule.missing is None and not rule.derived:
            yield position, reads, {**named, "rule": rule.id}


def _asked_by(table: Table, rule: Rule) -> Iterator[str]:
    """The names that a rule reads to know whether it fires, its columns' included."""
    if rule.condition is not None:
        yield from rule.condition.reads
    for column, cell in zip(table.columns, rule.cells, strict=True):
        if cell is not None:
            yield from column.expression.reads
            yield from cell.reads
