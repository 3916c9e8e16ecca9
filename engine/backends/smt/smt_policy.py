"""A policy as terms of Z3: what is decided, and for whom deciding ends without an outcome."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from ordain.engine.backends.plan import PlannedFormula, PlannedTable, PolicyPlan, is_held
from ordain.engine.backends.smt.smt_expressions import Ends, Fault, Reader
from ordain.engine.backends.smt.smt_functions import FUNCTIONS
from ordain.engine.backends.smt.smt_holding import hold, with_notes
from ordain.engine.backends.smt.smt_operations import EMITTERS
from ordain.engine.backends.smt.smt_tables import table_terms
from ordain.engine.backends.smt.terms import Sym, Truth, both, either, opposite
from ordain.engine.backends.smt.text_codes import Codes, day_code
from ordain.engine.backends.smt.unsupported import NotCoveredHere
from ordain.engine.backends.smt.world import FIRST_DAY, LAST_DAY, UTC, World, texts_in
from ordain.engine.errors import Span
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Expr, Function
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.model import Policy, TableFunction
from ordain.engine.values.calendar import WEEKDAYS
from ordain.engine.values.types import Kind, Type, Value


@dataclass
class Decided:
    """What was decided of every customer: values by name, and in their order the faults that end it.

    `uncovered` are parts that this reading does not cover: what depends on them has no value here.
    """

    values: dict[str, Sym | NotCoveredHere] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    fired: dict[tuple[str, str, str], Truth] = field(default_factory=dict)
    """By policy, table and rule: for whom the rule fires, as far as it is covered."""
    uncovered: list[NotCoveredHere] = field(default_factory=list)

    def ended(self, *ends: Ends) -> Truth:
        """For whom deciding ends in one of these ways, whichever fault is the first; in any, if none is named."""
        ways: list[Truth] = []
        earlier: Truth = False
        for fault in self.faults:
            if not ends or fault.ends in ends:
                ways.append(both(fault.when, opposite(earlier)) if ends else fault.when)
            else:
                earlier = either(earlier, fault.when)
        return either(*ways)

    @property
    def has_outcome(self) -> Truth:
        return opposite(self.ended())

    def sym(self, name: str) -> Sym:
        """Raises NotCoveredHere."""
        value = self.values[name]
        if isinstance(value, NotCoveredHere):
            raise value
        return value

    def at(self, path: Sequence[str]) -> Sym:
        """The value of an output, or of a part of it. Raises NotCoveredHere."""
        sym = self.sym(path[0])
        for part in path[1:]:
            sym = sym.fields[part]
        return sym


def world_of(
    plans: Iterable[PolicyPlan], vocabulary: Vocabulary, more: Iterable[Expr] = (), values: Iterable[str] = ()
) -> World:
    """A world for what these policies decide: all texts that occur have their codes."""
    texts: set[str] = {"", UTC, *WEEKDAYS, *values}
    more = tuple(more)
    asked = {name for node in more for name in tree.names(node) if name in vocabulary}
    texts.update(texts_in(vocabulary[name].type for name in asked))
    for plan in plans:
        texts.update(_texts_of(plan))
        texts.update(texts_in(vocabulary[name].type for name in plan.policy.reads))
        texts.update(text for example in plan.policy.examples for text in _texts_in(tuple(example.given.values())))
    texts.update(text for node in more for text in _written(node))
    return World(Codes(texts))


def decide(
    plan: PolicyPlan,
    vocabulary: Vocabulary,
    world: World,
    *,
    copy: str = "",
    apart: Collection[str] = (),
    on_any_day: bool = False,
    nullable: Collection[str] = (),
) -> Decided:
    """What one policy decides of every customer with the facts that it reads, on the days that it is in force.

    Of another customer (`copy`) the facts named in `apart` are its own, and all others those of the first. Facts named
    in `nullable` may be missing although this policy needs them, which ends it.
    """
    names: dict[str, Sym | NotCoveredHere] = {}
    decided = Decided(values=names)
    policy = plan.policy
    for name in policy.reads:
        may_miss = may_be_missing(policy, vocabulary, name)
        whose = copy if name in apart else ""
        add_fact(world, vocabulary, name, decided, nullable=may_miss or name in nullable, copy=whose)
        sym = decided.values[name]
        if not may_miss and isinstance(sym, Sym) and sym.null is not False:
            decided.faults.append(Fault(sym.null, Ends.LACKS, name, policy.span))
            decided.values[name] = sym.there
    if not on_any_day:
        within_days(world, policy)
    decide_on(plan, world, decided)
    return decided


def may_be_missing(policy: Policy, vocabulary: Vocabulary, name: str) -> bool:
    """Whether a policy decides without a fact that it reads."""
    return vocabulary.visible(may_miss=policy.may_miss)[name].optional or name in policy.without


def add_facts(world: World, vocabulary: Vocabulary, names: Iterable[str], decided: Decided, *, may_miss: bool) -> None:
    """Facts that nothing decided reads, and a question does."""
    visible = vocabulary.visible(may_miss=may_miss)
    for name in names:
        if name not in decided.values and name in vocabulary:
            add_fact(world, vocabulary, name, decided, nullable=visible[name].optional)


def add_fact(
    world: World, vocabulary: Vocabulary, name: str, decided: Decided, *, nullable: bool, copy: str = ""
) -> None:
    """One fact of a customer, under its name; what is not covered stands there as that."""
    fact = vocabulary[name]
    try:
        if fact.time_zone:
            world.zones[name] = None
        decided.values[name] = world.fact(fact, nullable=nullable, copy=copy)
    except NotCoveredHere as error:
        decided.values[name] = error


def within_days(world: World, policy: Policy) -> None:
    """It decides on the days that it is in force."""
    days = policy.effective
    if days.start > FIRST_DAY:
        world.always.append(world.today >= day_code(days.start))
        world.usual_day = max(world.usual_day, day_code(days.start))
    if days.end is not None and days.end < LAST_DAY:
        world.always.append(world.today <= day_code(days.end))


def reader_of(world: World) -> Reader:
    return Reader(world, EMITTERS, FUNCTIONS)


def decide_on(plan: PolicyPlan, world: World, decided: Decided) -> None:
    """Adds what a policy decides to what is known already."""
    policy = plan.policy
    if policy.lenient:
        raise NotCoveredHere("a `.dmn` file, whose nulls have a meaning of their own", policy.span)
    own = decided.values
    reader = reader_of(world)
    reader.faults = decided.faults
    scope: dict[str, Sym | NotCoveredHere] = {name: own[name] for name in policy.reads if name in own}
    for name, (_, value) in policy.constants.items():
        scope[name] = _constant(reader, value, policy.span)
    for function, table in plan.functions:
        scope[function.name] = _table_function(reader, function, table, scope)
    for decision in plan.decisions:
        name = decision.formula.name if isinstance(decision, PlannedFormula) else decision.table.name
        try:
            if isinstance(decision, PlannedFormula):
                scope[name] = _formula(reader, decision, scope)
            else:
                scope[name] = table_terms(reader, decision, scope, fired=decided.fired)
        except NotCoveredHere as error:
            scope[name] = error
            if error not in decided.uncovered:
                decided.uncovered.append(error)
        own[name] = scope[name]
    for requirement, expression in plan.must_hold:
        about = f"`{requirement.id}` does not hold"
        try:
            holds = reader.truth(expression.tree, True, scope)
        except NotCoveredHere as error:
            if error not in decided.uncovered:
                decided.uncovered.append(error)
            continue
        reader.fault(opposite(holds), Ends.REFUSED, about, requirement.span)
        if requirement.told is not None:
            with_notes(reader, requirement.told, opposite(holds), scope, f"the reason of `{requirement.id}`")


def _constant(reader: Reader, value: Value, span: Span) -> Sym | NotCoveredHere:
    try:
        return reader.literal(value, span)
    except NotCoveredHere as error:
        return error


def _formula(reader: Reader, planned: PlannedFormula, scope: Mapping[str, Sym | NotCoveredHere]) -> Sym:
    formula, expression = planned.formula, planned.expression
    sym = reader.of(expression.tree, True, scope, null_allowed=formula.type.optional)
    if not is_held(expression.tree, formula.type):
        hold(reader, sym, formula.type, True, formula.name, formula.span)
    if formula.told is not None and not isinstance(expression.tree, Function):
        with_notes(reader, formula.told, True, scope, f"the reason of `{formula.name}`")
    return sym


def _table_function(
    reader: Reader, function: TableFunction, table: PlannedTable, scope: Mapping[str, Sym | NotCoveredHere]
) -> Sym:
    """A table that is called. `scope` is the policy's own, which grows until it is."""

    def called(path: Truth, *given: Sym) -> Sym:
        taken: dict[str, Sym] = {}
        for (name, of), value in zip(_takes(function).items(), given, strict=True):
            if not of.optional:
                reader.fault(both(path, value.null), Ends.LACKS, name, table.table.span)
            taken[name] = value if of.optional else value.there
            if of.values or of.limits is not None:
                hold(reader, taken[name], of, path, name, table.table.span)
        around = scope if function.takes else {}
        return table_terms(reader, table, {**around, **taken}, path)

    return Sym(Kind.FUNCTION, fields=dict.fromkeys(function.parameters, Sym(Kind.NULL)), call=partial(called))


def _takes(function: TableFunction) -> Mapping[str, Type]:
    return function.takes or {name: Type(Kind.ANY, optional=True) for name in function.parameters}


# --- texts that occur


def _texts_of(plan: PolicyPlan) -> Iterator[str]:
    policy = plan.policy
    yield from _texts_in(tuple(value for _, value in policy.constants.values()))
    yield from texts_in(policy.gives.values())
    for decision in (*plan.decisions, *(table for _, table in plan.functions)):
        if isinstance(decision, PlannedFormula):
            yield from _of_checked(decision.expression, decision.formula.told)
            yield from texts_in((decision.formula.type,))
            continue
        table = decision.table
        yield from texts_in(output.type for output in table.outputs)
        yield from _texts_in(tuple(value for output in table.outputs for value in output.priorities))
        yield from _of_checked(*(column.asked for column in decision.columns), *(decision.otherwise or ()))
        for rule in decision.rules:
            yield from _of_checked(rule.condition, *rule.gives, rule.rule.told)
            yield from _texts_in(rule.rule.missing or ())
            yield from (text for cell in rule.cells if cell is not None for text in _written(cell.tree))
    for requirement, expression in plan.must_hold:
        yield from _of_checked(expression, requirement.told)
    for _, function in ((each.name, each) for each in policy.functions):
        yield from texts_in(function.takes.values())


def _of_checked(*several: Checked | None) -> Iterator[str]:
    for checked in several:
        if checked is not None:
            yield from _written(checked.tree)


def _written(node: Expr) -> Iterator[str]:
    for part in tree.walk(node):
        if isinstance(part, tree.Literal):
            yield from _texts_in((part.value,))
        if part.type.values:
            yield from part.type.values


def _texts_in(values: tuple[Value, ...]) -> Iterator[str]:
    for value in values:
        if type(value) is str:
            yield value
        elif isinstance(value, tuple):
            yield from _texts_in(value)
        elif isinstance(value, dict):
            yield from _texts_in(tuple(value.values()))
