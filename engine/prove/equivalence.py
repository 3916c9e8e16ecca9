"""Whether two versions of a policy decide every customer alike, and one whom they do not."""

from __future__ import annotations

from ordain.engine.backends.plan import PolicyPlan
from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.backends.smt.asking import Customer, Found, Reply, ask
from ordain.engine.backends.smt.smt_policy import Decided, decide, may_be_missing, world_of
from ordain.engine.backends.smt.terms import Truth, both, either, equal, opposite
from ordain.engine.backends.smt.unsupported import NotCoveredHere
from ordain.engine.backends.smt.world import World
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.prove.confirming import Told, decided, may_be_sent, shown
from ordain.engine.prove.policy_proofs import answered
from ordain.engine.prove.proof import Proof


def equivalent(old: CompiledPolicy, new: CompiledPolicy, vocabulary: Vocabulary, seconds: float) -> Proof:
    """Whether both give the same, or both give nothing, to every customer on every day.

    A fact that only one of them reads is any of its values for the other. Their days are not asked about: each
    decides here as if it were in force.
    """
    label = f"{old.policy.label} and {new.policy.label}"

    def question() -> tuple[World, Reply]:
        world = world_of([old.plan, new.plan], vocabulary)
        # A fact may be missing for both where it may be for either, and then one of them may need it.
        missing = {
            name for each in (old, new) for name in each.policy.reads if may_be_missing(each.policy, vocabulary, name)
        }
        one, other = (_decided(each.plan, vocabulary, world, missing) for each in (old, new))
        reply = ask(
            world,
            _differs(old, new, one, other),
            lambda customer: _confirmed(old, new, vocabulary, customer),
            seconds=seconds,
            like=[example.given for example in (*new.policy.examples[:3], *old.policy.examples[:2])],
        )
        uncovered = [*one.uncovered, *other.uncovered]
        if reply.found is Found.PROVED and uncovered:
            raise uncovered[0]
        return world, reply

    return answered(label, "both decide every customer alike", new.policy.span, question)


def _decided(plan: PolicyPlan, vocabulary: Vocabulary, world: World, missing: set[str]) -> Decided:
    return decide(plan, vocabulary, world, on_any_day=True, nullable=missing)


def _differs(old: CompiledPolicy, new: CompiledPolicy, one: Decided, other: Decided) -> Truth:
    names = old.policy.gives.keys() & new.policy.gives.keys()
    if old.policy.gives.keys() != new.policy.gives.keys():
        return True
    parts: list[Truth] = []
    for name in sorted(names):
        try:
            same = equal(one.sym(name), other.sym(name))
        except NotCoveredHere:
            continue  # told where nobody is found of whom the rest differs
        if same is None:
            raise NotCoveredHere(f"`{name}`, which is a list", new.policy.span)
        parts.append(opposite(same))
    gives = both(one.has_outcome, other.has_outcome, either(*parts))
    return either(gives, both(one.has_outcome, other.ended()), both(other.has_outcome, one.ended()))


def _confirmed(old: CompiledPolicy, new: CompiledPolicy, vocabulary: Vocabulary, customer: Customer) -> str | None:
    if not may_be_sent(vocabulary, customer.facts):
        return None
    one, other = (decided(each, customer.facts, customer.at) for each in (old, new))
    if one.error is not None and other.error is not None:
        return None
    gives = (_given(old, one), _given(new, other))
    if gives[0] == gives[1]:
        return None
    return f"{old.policy.label}: {_said(old, one)}; {new.policy.label}: {_said(new, other)}"


def _given(compiled: CompiledPolicy, told: Told) -> object:
    return None if told.error is not None else {name: told.values[name] for name in compiled.policy.gives}


def _said(compiled: CompiledPolicy, told: Told) -> str:
    return told.error.issues[0].message if told.error is not None else shown(told.values, compiled.policy.gives)
