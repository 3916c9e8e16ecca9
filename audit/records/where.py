"""A condition on decisions in FEEL, the language of the policies: `outcome.price.amount > 500`.

It may name

    outcome, facts              as `ordain audit show` prints them; money as its `amount` and `currency`
    verdict, status, service, jurisdiction, caller    texts; the verdict and some others may be null
    at, recorded_at             what it was decided for, and when it was recorded: dates with a time

and is checked against the types of the policies that each decision was made under. A decision whose policies give no
such outcome, or a value of another type, is none that it asks for; when that is so of all, it is refused. It knows no
clock: a reading of many keeps its condition, which says the same of them whenever it is asked again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ordain.audit.ledger.past import Past
from ordain.audit.ledger.reader import Reader, Record
from ordain.audit.ledger.restoring import NOT_RESTORED
from ordain.audit.limits import LIMITS
from ordain.audit.records.shown import envelope_shown
from ordain.engine.backends.python.expressions import function_of
from ordain.engine.errors import CalculationFailed, Issue, MalformedRequest, OrdainError, PolicyError, Span
from ordain.engine.evaluate import Plan
from ordain.engine.feel.runtime.calls import Runtime
from ordain.engine.feel.runtime.missing import MissingValue
from ordain.engine.feel.runtime.nulls import reason
from ordain.engine.feel.syntax import parse
from ordain.engine.feel.syntax.tree import Call, Expr, walk
from ordain.engine.feel.typing.checker import check
from ordain.engine.policy.model import Status, Verdict
from ordain.engine.values.from_json import from_json
from ordain.engine.values.types import DATE_TIME, NUMBER, TEXT, Kind, Type, Value, context_of, list_of, read

Json = dict[str, Any]
Function = Callable[..., Value]

_MONEY = context_of({"amount": NUMBER, "currency": TEXT})
_MAY_LACK = replace(TEXT, optional=True)
_ALWAYS: Mapping[str, Type] = {
    "service": TEXT,
    "status": replace(TEXT, values=tuple(map(str, Status))),
    "verdict": replace(_MAY_LACK, values=tuple(map(str, Verdict))),
    **dict.fromkeys(("jurisdiction", "caller"), _MAY_LACK),
    **dict.fromkeys(("at", "recorded_at"), DATE_TIME),
}
_ORIGIN = Span("where", 1, 1)


class Where:
    """One condition; it is compiled once for each set of policies. `holds` is for decisions alone. For one thread."""

    def __init__(self, text: str) -> None:
        """Raises MalformedRequest for what is no expression, whatever the decisions are."""
        self.text = text
        self._compiled: dict[int, tuple[Plan, Mapping[str, Type], Function | None]] = {}
        self._unfit: dict[str, Issue] = {}
        self._fitted = False
        try:
            tree = parse.expression(text, _ORIGIN, {"outcome", "facts", *_ALWAYS})
        except PolicyError as error:
            raise MalformedRequest([_about(text, issue) for issue in error.issues]) from None
        _refuse_clock(text, tree)

    def holds(self, record: Record, past: Past) -> bool | None:
        """Whether it is true of a decision; None when the record no longer says what it asks.

        Raises MalformedRequest when it cannot be calculated for that decision.
        """
        private = record.private
        if private is None or NOT_RESTORED in private or "outcome" not in private:
            return None
        try:
            plan = past.plan(record.envelope)
        except OrdainError:
            return None
        types, function = self._of(plan)
        if function is None:
            return False
        values = _values(record, private, types)
        try:
            return function(None, values, values["at"], Runtime(None)) is True
        except MissingValue:
            return False
        except (CalculationFailed, ArithmeticError, ValueError, TypeError, RecursionError) as error:
            said = error.message if isinstance(error, CalculationFailed) else reason(error, recorded=False)
            raise MalformedRequest(
                f"`{self.text}` has no value for the decision {record.entry.id}: {said}",
                "leave such decisions out of it",
            ) from None

    def check(self, reader: Reader, service: str | None = None) -> None:
        """Raises MalformedRequest when it can fit no decision of the ledger (of `service`): that would be no answer.

        Says nothing as long as the ledger has no decision at all.
        """
        if self._fitted:
            return
        for envelope in reader.plans(service):
            try:
                self._of(reader.past.plan(envelope))
            except OrdainError:  # a text that no longer loads
                continue
        if self._unfit and not self._fitted:
            said = [_about(self.text, issue, of) for of, issue in self._unfit.items()]
            raise MalformedRequest(said[: LIMITS.issues])

    def _of(self, plan: Plan) -> tuple[Mapping[str, Type], Function | None]:
        kept = self._compiled.get(id(plan))
        if kept is None:
            types = _scope(plan)
            kept = self._compiled[id(plan)] = (plan, types, self._function(plan.service.name, types))
        return kept[1:]

    def _function(self, service: str, types: Mapping[str, Type]) -> Function | None:
        """None where it does not fit; the first reason of each service is kept."""
        try:
            checked = check(parse.expression(self.text, _ORIGIN, types, set(_fields(types))), types)
            issues = checked.issues
        except PolicyError as error:
            issues = tuple(error.issues)
        if not issues and checked.type.kind not in (Kind.FLAG, Kind.ANY):
            issues = (Issue(f"it is a {checked.type}, not true or false", "compare it: `outcome.price.amount > 500`"),)
        if issues:
            self._unfit.setdefault(service, issues[0])
            return None
        self._fitted = True
        return function_of(checked, checked.reads)


def _about(text: str, issue: Issue, service: str = "") -> Issue:
    of = f" (of decisions of `{service}`)" if service else ""
    return Issue(f"`{text}`: {issue.message}{of}", issue.hint or "such as `outcome.price.amount > 500`")


def _refuse_clock(text: str, tree: Expr) -> None:
    """Raises MalformedRequest: a condition with `now()` would say something else tomorrow of the same decision."""
    for node in walk(tree):
        if isinstance(node, Call) and node.called in ("now", "today"):
            raise MalformedRequest(
                f"`{text}`: `{node.called}()` has no meaning here",
                'write the day or the moment, such as `at < @"2026-01-31T00:00:00Z"`',
            )


def _scope(plan: Plan) -> dict[str, Type]:
    """Every name with its type. Parts of an outcome and facts may be null."""
    facts = {need.fact.name: need.fact.type for need in plan.needs}
    return {
        "outcome": context_of({name: _shown(type) for name, type in plan.gives.items()}),
        "facts": context_of({name: _shown(type) for name, type in facts.items()}),
        **_ALWAYS,
    }


def _shown(type: Type) -> Type:
    """The type of what a record shows of a value of `type`, which may always be null."""
    if type.is_money and type.kind is Kind.NUMBER:
        return replace(_MONEY, optional=True)
    if type.kind is Kind.CONTEXT:
        fields = {name: _shown(part) for name, part in type.fields.items()}
        return replace(context_of(fields), optional=True)
    if type.kind is Kind.LIST and type.item is not None:
        return replace(list_of(replace(_shown(type.item), optional=False)), optional=True)
    return replace(type, optional=True, unit="", limits=None)


def _fields(types: Mapping[str, Type]) -> Iterator[str]:
    for name, type in types.items():
        yield name
        yield from _fields(type.fields)
        if type.item is not None:
            yield from _fields(type.item.fields)


def _values(record: Record, private: Json, types: Mapping[str, Type]) -> dict[str, Value]:
    envelope = envelope_shown(record.envelope)
    facts = {name: fact.get("value") for name, fact in (private.get("facts") or {}).items()}
    caller = private.get("caller") or {}
    return {
        "outcome": _value(types["outcome"], private["outcome"]),
        "facts": _value(types["facts"], facts),
        "verdict": private.get("verdict"),
        "status": envelope["status"],
        "service": envelope["service"],
        "jurisdiction": envelope.get("jurisdiction"),
        "caller": caller.get("name"),
        "at": dt.datetime.fromisoformat(private["at"]),
        "recorded_at": dt.datetime.fromisoformat(envelope["recorded_at"]),
    }


def _value(type: Type, raw: Any) -> Value:
    """What a record holds as a value of the type that `_shown` gave."""
    if raw is None:
        return None
    if type.fields and isinstance(raw, Mapping):
        return {name: _value(part, raw.get(name)) for name, part in type.fields.items()}
    if type.fields == _MONEY.fields:  # of a record of form 2, which kept amounts without their currency
        return {"amount": _value(NUMBER, raw), "currency": None}
    if type.kind is Kind.LIST and type.item is not None and isinstance(raw, list):
        return tuple(_value(type.item, item) for item in raw)
    if type.kind in (Kind.ANY, Kind.CONTEXT):
        return from_json(raw)
    return read(replace(type, values=()), raw, stored=True)
