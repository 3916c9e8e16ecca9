"""What is proved of a service: of its policies together, in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from time import monotonic

from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.backends.settled import settle
from ordain.engine.backends.smt.asking import COPIES, Confirm, Customer, Found, Reply, ask
from ordain.engine.backends.smt.smt_expressions import Ends
from ordain.engine.backends.smt.smt_policy import Decided, decide, reader_of, world_of
from ordain.engine.backends.smt.terms import Truth, both, either, equal, opposite
from ordain.engine.backends.smt.text_codes import Codes
from ordain.engine.backends.smt.unsupported import NotCoveredHere
from ordain.engine.backends.smt.world import World
from ordain.engine.errors import OrdainError, Span
from ordain.engine.evaluate import Plan
from ordain.engine.feel.syntax.tree import Comparison, Expr, Literal, Logic, Name, Path, changed, names
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.claims import Holds
from ordain.engine.policy.facts import Facts, Vocabulary
from ordain.engine.policy.model import Policy, Rule, Table
from ordain.engine.prove.confirming import decided, holds, may_be_sent, shown
from ordain.engine.prove.policy_proofs import ENDINGS, answered
from ordain.engine.prove.proof import Proof
from ordain.engine.prove.service_terms import decide_service
from ordain.engine.values.types import FLAG, NULL, Value, plain

Question = tuple[str, Callable[[], Proof]]


@dataclass(frozen=True, slots=True)
class ServiceProofs:
    """Proves what holds of a service as a whole; each question has `seconds`."""

    plan: Plan
    vocabulary: Vocabulary
    seconds: float
    like: dict[str, Value] = field(init=False)
    """The facts of its policies' first examples together: customers are made like it."""

    def __post_init__(self) -> None:
        like: dict[str, Value] = {}
        for compiled in self.plan.policies:
            for example in compiled.policy.examples[:1]:
                like.update({name: value for name, value in example.given.items() if value is not None})
        object.__setattr__(self, "like", like)

    def questions(self) -> Iterator[Question]:
        """What is asked, and a function that answers it."""
        yield "every customer gets an outcome", lambda: self._ends("every customer gets an outcome", ENDINGS)
        if any(compiled.policy.must_hold for compiled in self.plan.policies):
            asked = "no customer is refused by a `must hold`"
            yield asked, lambda: self._ends(asked, (Ends.REFUSED,))
        yield from self._protected()
        yield from self._bounds()
        yield from self._contradictions()

    # --- an outcome for everybody

    def _ends(self, asked: str, ends: tuple[Ends, ...]) -> Proof:
        """Each policy is asked alone first, whatever those before it give; then behind them, without the others."""

        def question() -> tuple[World, Reply]:
            until = monotonic() + self.seconds
            notes: dict[str, None] = {}
            worst = Reply(Found.PROVED)
            uncovered: list[NotCoveredHere] = []
            for place, compiled in enumerate(self.plan.policies):
                if self._alone(compiled, ends, notes, until):
                    continue
                before = [each for each in self.plan.policies[:place] if each.policy.kind != "compliance"]
                world, first = self._world(replace(self.plan, policies=(*before, compiled)))
                reply = self._ask(world, first.ended(*ends), self._ended, max(1.0, until - monotonic()))
                if reply.found is Found.FALSE:
                    return world, reply
                notes.update(world.notes)
                uncovered += first.uncovered
                worst = reply if reply.found is Found.UNKNOWN else worst
            if uncovered:
                raise uncovered[0]
            return World(Codes(()), notes=notes), worst

        return answered(self.plan.service.name, asked, self.plan.service.span, question)

    def _alone(self, compiled: CompiledPolicy, ends: tuple[Ends, ...], notes: dict[str, None], until: float) -> bool:
        """Whether a policy never ends so, whatever it is given."""
        world = world_of([compiled.plan], self.vocabulary)
        try:
            first = decide(compiled.plan, self.vocabulary, world)
        except NotCoveredHere:
            return False
        seconds = max(0.5, (until - monotonic()) / 4)
        reply = ask(world, first.ended(*ends), lambda customer: None, seconds=seconds, tries=0)
        notes.update(world.notes)
        return reply.found is Found.PROVED and not first.uncovered

    def _ended(self, customer: Customer) -> str | None:
        if not may_be_sent(self.vocabulary, customer.facts):
            return None
        told = decided(self.plan, self._whole(customer.facts), customer.at)
        return None if told.error is None else told.error.issues[0].message

    # --- protected facts

    def _protected(self) -> Iterator[Question]:
        facts = tuple(need.fact.name for need in self.plan.needs if need.fact.protected)
        fair = tuple(each for each in self.plan.policies if each.policy.kind != "compliance")
        given = [name for each in fair for name in each.policy.gives if name in self.plan.service.gives]
        if not facts or not given:
            return
        part = replace(self.plan, policies=fair)
        for output in given:
            asked = f"`{output}` never depends on a protected fact ({', '.join(f'`{name}`' for name in facts)})"
            yield asked, lambda asked=asked, output=output: self._ignores(part, asked, facts, output)  # type: ignore[misc]

    def _ignores(self, part: Plan, asked: str, facts: tuple[str, ...], output: str) -> Proof:
        def question() -> tuple[World, Reply]:
            world, first = self._world(part)
            second = decide_service(part, self.vocabulary, world, copy=COPIES[1], apart=facts)
            same = equal(first.sym(output), second.sym(output))
            if same is None:
                raise NotCoveredHere(f"`{output}`, which is a list", part.service.span)

            def confirm(customer: Customer) -> str | None:
                both_facts = ({**customer.facts}, {**customer.facts, **customer.other})
                if not all(may_be_sent(self.vocabulary, each) for each in both_facts):
                    return None
                one, other = (decided(part, self._whole(each), customer.at) for each in both_facts)
                if one.error is not None or other.error is not None or one.values[output] == other.values[output]:
                    return None
                return f"{shown(one.values, [output])}; for the other {shown(other.values, [output])}"

            return world, self._ask(world, both(first.has_outcome, second.has_outcome, opposite(same)), confirm)

        return answered(self.plan.service.name, asked, self.plan.service.span, question)

    # --- bounds after all steps

    def _bounds(self) -> Iterator[Question]:
        policies = [compiled.policy for compiled in self.plan.policies]
        for place, bounds in enumerate(policies):
            if bounds.kind != "bounds":
                continue
            for promises in (each for each in policies[place:] if each.kind == "grandfathering"):
                yield from self._after_promises(place, bounds, promises)

    def _after_promises(self, place: int, bounds: Policy, promises: Policy) -> Iterator[Question]:
        price = next((name for name in promises.gives if name != "promise"), "")
        taken = [name for name in promises.reads if name in bounds.gives]
        for claim in bounds.claims:
            if not isinstance(claim.says, Holds) or not claim.derived or not taken:
                continue
            condition = settle(claim.says.condition, bounds.constants).tree
            if taken[0] not in set(names(condition)):
                continue
            kept = _promised(condition, taken[0], price, claim.span)
            asked = f"{claim.text.replace(f'`{taken[0]}`', f'`{price}`', 1)} after all policies, but by a promise"
            made = [each for each in self.plan.policies if each.policy.kind != "compliance"]
            parts = ([each for each in made if each in self.plan.policies[place:]], made)
            yield (
                asked,
                lambda kept=kept, asked=asked, at=claim.span, parts=parts: self._holds(  # type: ignore[misc]
                    asked, kept, at, parts
                ),
            )

    def _holds(self, asked: str, condition: Checked, at: Span, parts: Sequence[Sequence[CompiledPolicy]]) -> Proof:
        """Asked of the last policies first, whatever is given to them, and then of more of them."""

        def confirm(customer: Customer) -> str | None:
            if not may_be_sent(self.vocabulary, customer.facts):
                return None
            told = decided(self.plan, self._whole(customer.facts), customer.at)
            if told.error is not None or holds(condition, told.values, customer.at):
                return None
            return shown(told.values, self.plan.service.gives)

        def question() -> tuple[World, Reply]:
            for part in parts:
                world, first = self._world(replace(self.plan, policies=tuple(part)), condition.tree)
                reader = reader_of(world)
                kept = reader.truth(condition.tree, True, first.values)
                faulty = either(*(fault.when for fault in reader.faults))
                broken = both(first.has_outcome, either(opposite(kept), faulty))
                last = part is parts[-1]
                reply = self._ask(world, broken, confirm if last else lambda _: None, self.seconds / len(parts))
                if reply.found is Found.PROVED or last:
                    break
            return world, reply

        return answered(self.plan.service.name, asked, at, question)

    # --- two policies that contradict each other

    def _contradictions(self) -> Iterator[Question]:
        law = [compiled.policy for compiled in self.plan.policies if compiled.policy.kind == "compliance"]
        for one, other in combinations(law, 2):
            pairs = [
                (first, second, key)
                for first in _duties(one)
                for second in _duties(other)
                for key in first.obligations.keys() & second.obligations.keys()
                if first.obligations[key] != second.obligations[key]
            ]
            if pairs:
                asked = f"`{one.label}` and `{other.label}` never ask two different things under one name"
                yield asked, lambda asked=asked, pairs=pairs: self._never_both(asked, pairs)  # type: ignore[misc]

    def _never_both(self, asked: str, pairs: list[tuple[Rule, Rule, str]]) -> Proof:
        def question() -> tuple[World, Reply]:
            world, first = self._world(self.plan)
            at_once: list[Truth] = []
            for one, other, _ in pairs:
                fires = [first.fired.get((each.span.file, "findings", each.id)) for each in (one, other)]
                if None in fires:
                    raise next(iter(first.uncovered))
                at_once.append(both(*fires))

            def confirm(customer: Customer) -> str | None:
                if not may_be_sent(self.vocabulary, customer.facts):
                    return None
                try:
                    values = self._whole(customer.facts)
                    outcome = self.plan.evaluate(_facts(values), customer.at)
                except OrdainError:
                    return None
                fired = {(each["rule"], key): each[key] for each in outcome.obligations() for key in each}
                for one, other, key in pairs:
                    if (one.id, key) in fired and (other.id, key) in fired:
                        told = (f"`{each.id}` asks {key}: {plain(each.obligations[key])}" for each in (one, other))
                        return " and ".join(told)
                return None

            return world, self._ask(world, both(first.has_outcome, either(*at_once)), confirm)

        return answered(self.plan.service.name, asked, pairs[0][1].span, question)

    # --- what they have in common

    def _world(self, plan: Plan, *more: Expr) -> tuple[World, Decided]:
        world = world_of([compiled.plan for compiled in plan.policies], self.vocabulary, more, ["deny", "review"])
        return world, decide_service(plan, self.vocabulary, world)

    def _whole(self, facts: Mapping[str, Value]) -> dict[str, Value]:
        """The facts of a customer, and those that no term has, which are missing then."""
        known = {need.fact.name: need.fact.default for need in self.plan.needs}
        return {**known, **facts}

    def _ask(self, world: World, broken: Truth, confirm: Confirm, seconds: float | None = None) -> Reply:
        return ask(world, broken, confirm, seconds=self.seconds if seconds is None else seconds, like=[self.like])


def _facts(values: Mapping[str, Value]) -> Facts:
    return Facts(dict(values), {})


def _promised(condition: Expr, bounded: str, price: str, at: Span) -> Checked:
    """The condition about the price after promises, or that a promise holds it."""

    def renamed(node: Expr) -> Expr:
        return replace(node, name=price) if isinstance(node, Name) and node.name == bounded else node

    holder = Path(at, Name(at, "promise"), "id", type=replace(NULL, optional=True))
    held = Comparison(at, "!=", holder, Literal(at, None, type=NULL), type=FLAG)
    tree = Logic(at, "or", (held, changed(condition, renamed)), type=FLAG)
    return Checked(tree, reads=tuple(dict.fromkeys(names(tree))))


def _duties(policy: Policy) -> list[Rule]:
    table = next((each for each in policy.decisions if isinstance(each, Table) and each.name == "findings"), None)
    return [] if table is None else [rule for rule in table.rules if rule.obligations]
