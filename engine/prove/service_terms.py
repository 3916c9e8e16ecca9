"""A service as terms of Z3: its policies in their order, each reading what those before gave."""

from __future__ import annotations

from collections.abc import Collection

import z3

from ordain.engine.backends.smt.smt_policy import Decided, add_fact, decide_on, within_days
from ordain.engine.backends.smt.terms import Sym, both, chosen, either, opposite
from ordain.engine.backends.smt.unsupported import NotCoveredHere
from ordain.engine.backends.smt.world import World
from ordain.engine.evaluate import Plan
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.values.types import Kind


def decide_service(
    plan: Plan, vocabulary: Vocabulary, world: World, *, copy: str = "", apart: Collection[str] = ()
) -> Decided:
    """What a service decides of every customer: its policies in their order, each reading what those before gave.

    `copy` and `apart` are as of `decide`.
    """
    decided = Decided()
    read = {name for compiled in plan.policies for name in compiled.policy.reads}
    for need in plan.needs:
        fact = need.fact
        if fact.name not in read:
            continue
        nullable = fact.nullable or need.may_miss or need.may_withhold
        add_fact(world, vocabulary, fact.name, decided, nullable=nullable, copy=copy if fact.name in apart else "")
    given = {name for compiled in plan.policies for name in compiled.policy.gives}
    for name in sorted(read - decided.values.keys() - given - set(plan.derived)):
        # A policy that gives it is left out of this question: it may be anything that its declaration says.
        add_fact(world, vocabulary, name, decided, nullable=vocabulary[name].type.optional, copy="")
    if plan.derived:
        known = [value for name in plan.personal if isinstance(value := decided.values.get(name), Sym)]
        read = either(*(opposite(value.null) for value in known))
        if len(known) < len(plan.personal):
            # A policy that reads one is left out of this question, or the fact is not covered: it may be there.
            read = either(read, world.fresh("personal fact", z3.BoolSort()))
        decided.values.update(dict.fromkeys(plan.derived, Sym(Kind.FLAG, read)))
    worst: Sym | NotCoveredHere | None = None
    for compiled in plan.policies:
        within_days(world, compiled.policy)
        decide_on(compiled.plan, world, decided)
        if compiled.policy.kind == "compliance":
            worst = _worse(world, worst, decided.values["verdict"])
    if worst is not None:
        decided.values["verdict"] = worst
    return decided


def _worse(world: World, one: Sym | NotCoveredHere | None, other: Sym | NotCoveredHere) -> Sym | NotCoveredHere:
    if one is None or isinstance(other, NotCoveredHere):
        return other
    if isinstance(one, NotCoveredHere):
        return one
    deny, review = (world.codes.code(word) for word in ("deny", "review"))
    return chosen(both(one.term != deny, either(other.term == deny, one.term != review)), other, one)
