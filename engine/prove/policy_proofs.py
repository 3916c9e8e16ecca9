"""What is proved of one policy: its claims, and that every customer gets an outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic

from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.backends.settled import settle
from ordain.engine.backends.smt.asking import COPIES, Confirm, Customer, Found, Reply, ask
from ordain.engine.backends.smt.smt_expressions import Ends
from ordain.engine.backends.smt.smt_policy import Decided, add_facts, decide, reader_of, world_of
from ordain.engine.backends.smt.terms import Sym, Truth, both, either, equal, if_then, opposite
from ordain.engine.backends.smt.unsupported import NotCoveredHere
from ordain.engine.backends.smt.world import World
from ordain.engine.errors import Span
from ordain.engine.policy.claims import Claim, Direction, Holds, Ignores, Moves
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.prove.confirming import Told, decided, holds, may_be_sent, shown
from ordain.engine.prove.proof import Proof
from ordain.engine.values.types import Kind, Value

ENDINGS = (Ends.LACKS, Ends.FAILS, Ends.NO_RULE, Ends.DISAGREE)


@dataclass(frozen=True, slots=True)
class PolicyProofs:
    """Proves what a policy claims; each question has `seconds`."""

    compiled: CompiledPolicy
    vocabulary: Vocabulary
    seconds: float

    def questions(self, *, claims_only: bool = False) -> Iterator[tuple[str, Callable[[], Proof]]]:
        """What is asked, and a function that answers it."""
        policy = self.compiled.policy
        for claim in policy.claims:
            yield claim.text, lambda claim=claim: self.claim(claim)  # type: ignore[misc]
        if not claims_only:
            yield _EVERY, self.always_decides
            if policy.must_hold:
                yield _REFUSES, self.never_refuses

    def claim(self, claim: Claim) -> Proof:
        """One claim of the policy."""

        def question() -> tuple[World, Reply]:
            match claim.says:
                case Holds():
                    return self._holds(claim.says)
                case Moves():
                    return self._moves(claim.says)
                case Ignores():
                    return self._ignores(claim.says)

        return self._answered(claim.text, claim.span, question, because=claim.because, derived=claim.derived)

    def always_decides(self) -> Proof:
        """Whether nobody is left without an outcome, but by the policy's own `must hold`."""
        return self._ends(_EVERY, ENDINGS)

    def never_refuses(self) -> Proof:
        return self._ends(_REFUSES, (Ends.REFUSED,))

    # --- questions

    def _ends(self, asked: str, ends: tuple[Ends, ...]) -> Proof:
        def question() -> tuple[World, Reply]:
            world, first = self._world()

            def confirm(customer: Customer) -> str | None:
                told = self._decided(customer.facts, customer)
                return None if told is None or told.error is None else told.error.issues[0].message

            reply = self._ask(world, first.ended(*ends), confirm)
            if reply.found is not Found.FALSE and first.uncovered:
                raise first.uncovered[0]
            return world, reply

        return self._answered(asked, self.compiled.policy.span, question)

    def _holds(self, says: Holds) -> tuple[World, Reply]:
        world, first = self._world(says)
        reader = reader_of(world)
        condition = settle(says.condition, self.compiled.policy.constants)
        holds_there = reader.truth(condition.tree, True, first.values)
        faulty = either(*(fault.when for fault in reader.faults))

        def confirm(customer: Customer) -> str | None:
            told = self._decided(customer.facts, customer)
            if told is None or told.error is not None:
                return None
            is_held = holds(condition, told.values, customer.at)
            return None if is_held else shown(told.values, self.compiled.policy.gives)

        broken = both(first.has_outcome, either(opposite(holds_there), faulty))
        return world, self._ask(world, broken, confirm)

    def _moves(self, says: Moves) -> tuple[World, Reply]:
        if says.more not in self.compiled.policy.reads:
            return self._world()[0], Reply(Found.PROVED)
        world, first, second = self._two((says.more,))
        less, more = (each.sym(says.more) for each in (first, second))
        low, high = first.at(says.output), second.at(says.output)
        grows = both(opposite(less.null), opposite(more.null), _smaller(world, less, more, says.order))
        ordered = (high, low) if says.direction is Direction.NEVER_LOWERS else (low, high)
        worse = both(opposite(low.null), opposite(high.null), _smaller(world, *ordered, ()))

        def confirm(customer: Customer) -> str | None:
            values = self._two_told(customer)
            if values is None:
                return None
            one, other = (_part(each.values, says.output) for each in values)
            if one is None or other is None:
                return None
            fell = other < one if says.direction is Direction.NEVER_LOWERS else one < other
            name = ".".join(says.output)
            told = (shown({name: each}, [name]) for each in (one, other))
            return f"; with more `{says.more}` ".join(told) if fell else None

        return world, self._ask(world, both(first.has_outcome, second.has_outcome, grows, worse), confirm)

    def _ignores(self, says: Ignores) -> tuple[World, Reply]:
        read = tuple(name for name in says.facts if name in self.compiled.policy.reads)
        world, first, second = self._two(read)
        same = equal(first.at(says.output), second.at(says.output))
        if same is None:
            raise NotCoveredHere(f"`{'.'.join(says.output)}`, which is a list", self.compiled.policy.span)
        broken = both(first.has_outcome, second.has_outcome, opposite(same))

        def confirm(customer: Customer) -> str | None:
            values = self._two_told(customer)
            if values is None:
                return None
            one, other = (_part(each.values, says.output) for each in values)
            name = ".".join(says.output)
            told = (shown({name: each}, [name]) for each in (one, other))
            return "; for the other ".join(told) if one != other else None

        return world, self._ask(world, broken, confirm)

    # --- what they have in common

    def _world(self, says: Holds | None = None) -> tuple[World, Decided]:
        more = () if says is None else (says.condition.tree,)
        world = world_of([self.compiled.plan], self.vocabulary, more)
        first = decide(self.compiled.plan, self.vocabulary, world)
        if says is not None:
            may_miss = self.compiled.policy.may_miss
            add_facts(world, self.vocabulary, says.condition.reads, first, may_miss=may_miss)
        return world, first

    def _two(self, apart: tuple[str, ...]) -> tuple[World, Decided, Decided]:
        world, first = self._world()
        second = decide(self.compiled.plan, self.vocabulary, world, copy=COPIES[1], apart=apart)
        return world, first, second

    def _two_told(self, customer: Customer) -> tuple[Told, Told] | None:
        one = self._decided(customer.facts, customer)
        other = self._decided({**customer.facts, **customer.other}, customer)
        if one is None or other is None or one.error is not None or other.error is not None:
            return None
        return one, other

    def _decided(self, facts: Mapping[str, Value], customer: Customer) -> Told | None:
        """What is decided; None for facts that nobody can have."""
        return decided(self.compiled, facts, customer.at) if may_be_sent(self.vocabulary, facts) else None

    def _ask(self, world: World, broken: Truth, confirm: Confirm) -> Reply:
        like = [example.given for example in self.compiled.policy.examples[:3]]
        return ask(world, broken, confirm, seconds=self.seconds, like=like)

    def _answered(
        self,
        asked: str,
        span: Span,
        question: Callable[[], tuple[World, Reply]],
        because: str = "",
        derived: bool = True,
    ) -> Proof:
        return answered(self.compiled.policy.label, asked, span, question, because, derived)


def answered(
    of: str,
    asked: str,
    span: Span,
    question: Callable[[], tuple[World, Reply]],
    because: str = "",
    derived: bool = True,
) -> Proof:
    """The answer to a question, also where something that it needs is not covered."""
    start = monotonic()
    limits: tuple[str, ...] = ()
    try:
        world, reply = question()
        if reply.found is not Found.FALSE:
            limits = tuple(world.notes)
    except NotCoveredHere as error:
        reply = Reply(Found.NOT_COVERED, f"{error.span.file}, {error.told}")
    return Proof(
        of,
        asked,
        reply.found,
        span,
        reply.why,
        reply.customer,
        reply.said,
        because,
        limits,
        monotonic() - start,
        derived,
    )


_EVERY = "every customer gets an outcome"
_REFUSES = "no customer is refused by a `must hold`"


def _part(values: Mapping[str, Value], path: tuple[str, ...]) -> Value:
    value: Value = values[path[0]]
    for name in path[1:]:
        value = value[name]
    return value


def _smaller(world: World, one: Sym, other: Sym, order: tuple[str, ...]) -> Truth:
    """Whether a value is less than another: false before true, texts by `order`."""
    if order:
        places = [[sym.term == world.codes.code(text) for text in order] for sym in (one, other)]
        pairs = (both(places[0][n], places[1][m]) for n in range(len(order)) for m in range(n + 1, len(order)))
        return either(*pairs)
    if one.kind is Kind.FLAG:
        return if_then(one.term, False, other.term)
    return one.term < other.term
