"""One customer decided by Python's reading and by the reading for proofs, compared exactly."""

from __future__ import annotations

import datetime as dt
import json
from textwrap import indent
from typing import Any

import z3
from feel_cases import cases
from random_policies import EXAMPLE, HEAD, VOCABULARY, ZONES

from ordain.engine.backends.plan import PolicyPlan
from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.backends.smt.asking import Asking
from ordain.engine.backends.smt.smt_expressions import Ends
from ordain.engine.backends.smt.smt_policy import Decided, decide, reader_of, world_of
from ordain.engine.backends.smt.terms import Sym, Truth, both, either, equal, opposite
from ordain.engine.backends.smt.text_codes import instant_code
from ordain.engine.backends.smt.unsupported import NotCoveredHere
from ordain.engine.backends.smt.world import World
from ordain.engine.errors import (
    CalculationFailed,
    CustomerDataIncomplete,
    NoRuleApplies,
    OrdainError,
    PricingConstraintViolation,
    RulesDisagree,
    Span,
)
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.model import Policy
from ordain.engine.values.types import Value
from ordain.engine.values.zones import offset_of

UNCOVERED = "`modulo` by anything else than a written number above 0"
HERE = Span("case", 1, 1)
ENDS: dict[type[OrdainError], Ends] = {
    CustomerDataIncomplete: Ends.LACKS,
    CalculationFailed: Ends.FAILS,
    NoRuleApplies: Ends.NO_RULE,
    RulesDisagree: Ends.DISAGREE,
    PricingConstraintViolation: Ends.REFUSED,
}


def python_says(compiled: CompiledPolicy, customer: dict[str, Value], at: dt.datetime) -> dict[str, Value] | Ends:
    values = {name: customer[name] for name in compiled.policy.reads}
    try:
        compiled.run(values, at, [])
    except OrdainError as error:
        return ENDS[type(error)]
    return {name: values[name] for name in compiled.policy.gives}


def agrees(world: World, decided: Decided, said: dict[str, Value] | Ends) -> Truth:
    """That the terms say what Python says."""
    if isinstance(said, Ends):
        return decided.ended(said)
    reader = reader_of(world)
    same = [is_value(reader, decided.sym(name), value) for name, value in said.items()]
    return both(decided.has_outcome, *same)


def is_value(reader: Any, sym: Sym, value: Value) -> Truth:
    if value is None:
        return sym.null
    if isinstance(value, dict):
        return both(opposite(sym.null), *(is_value(reader, sym.fields[name], part) for name, part in value.items()))
    if isinstance(value, tuple):
        return is_list(reader, list(sym.items), list(value))
    same = equal(sym.there, reader.literal(value, HERE))
    return both(opposite(sym.null), same)


def is_list(reader: Any, items: list[Any], values: list[Value]) -> Truth:
    """That the items which are there are these, in this order: dynamically, one item after the other."""
    after: list[Truth] = [True] + [False] * len(values)
    for item in items:
        taken = [False] + [
            both(after[place], item.there, is_value(reader, item.value, value)) for place, value in enumerate(values)
        ]
        after = [either(both(after[place], opposite(item.there)), taken[place]) for place in range(len(after))]
    return after[-1]


def compared(policy: Policy, customer: dict[str, Value], day: dt.date) -> None:
    compiled = compile_policy(policy)
    at = dt.datetime.combine(day, dt.time(12), dt.UTC)
    said = python_says(compiled, customer, at)
    verdict, world = smt_says(compiled.plan, customer, day, said)
    assert verdict in ("same", "not covered"), (said, policy.text.decode(), customer, world.notes)


def smt_says(plan: PolicyPlan, customer: dict[str, Value], day: dt.date, said: Any) -> tuple[str, World]:
    """Whether the terms say for a customer what Python said, and nothing else."""
    world = world_of([plan], VOCABULARY, values=("x", "y", "m", "other", *ZONES))
    decided = decide(plan, VOCABULARY, world)
    if decided.uncovered:
        # All that the random policies say is covered but the remainder of a number that was rounded.
        assert {each.reason for each in decided.uncovered} == {UNCOVERED}
        return "not covered", world
    same = agrees(world, decided, said)
    asking = Asking(world, 60)
    pins = [world.pinned(each.sym, customer[name]) for (name, _), each in world.variables.items()]
    assert None not in pins
    noon = dt.datetime.combine(day, dt.time(12), dt.UTC)
    clocks = [world.clock_is(zone, noon, instant_code(noon + offset_of(zone, noon))) for zone in ZONES]
    asking.add(*pins, world.today == day.toordinal(), world.at_noon, *clocks)
    if asking.check(same) != z3.sat:
        return "other", world
    if world.notes:
        return "same", world  # a rounded number is any that near
    return "same" if asking.check(opposite(same)) == z3.unsat else "either", world


READINGS: list[dict[str, Any]] = cases("proofs/readings.yaml")
_USUAL = {
    "risk": "0.5",
    "usage": "1",
    "months_left": "1",
    "maybe": "1",
    "tier": "high",
    "segment": "x",
    "grade": "a",
    "vip": True,
    "day": "2026-01-01",
    "since": "2025-01-01",
    "zone": "UTC",
    "tags": ["x"],
}


def reading(number: int) -> str:
    """How the readings compare in one of READINGS: `same`, or what is wrong."""
    case = READINGS[number]
    written = f"formula: {json.dumps(case['formula'])}\n" if "formula" in case else case["table"]
    functions = f"functions:\n{indent(case['functions'], '  ')}" if "functions" in case else ""
    decides = f"{functions}decides:\n  offer:\n    gives: number\n{indent(written, '    ')}"
    policy = load_policy(f"{HEAD}{decides}{EXAMPLE}".encode(), "policies/sample/v1.yaml", VOCABULARY)
    sent = {**_USUAL, **case["with"]}
    customer = {name: None if value is None else VOCABULARY[name].accept(value) for name, value in sent.items()}
    compiled = compile_policy(policy)
    said = python_says(compiled, customer, dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC))
    try:
        return smt_says(compiled.plan, customer, dt.date(2026, 1, 1), said)[0]
    except NotCoveredHere as error:
        return error.reason
