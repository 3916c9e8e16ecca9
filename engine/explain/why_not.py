"""Why a rule did not fire: on request, each of its conditions is tried alone against the values of a decision."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ordain.engine.backends.plan import PlannedTable
from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.explain.conditions import Condition, Observer, Run
from ordain.engine.policy.model import HitPolicy, Table
from ordain.engine.step import Step
from ordain.engine.values.types import Value, plain

Json = dict[str, Any]


def why_not(
    policies: Iterable[CompiledPolicy], steps: list[Step], values: Mapping[str, Value], at: dt.datetime
) -> list[Json]:
    """For each table that decided, each rule that did not fire, with the first condition that did not hold.

    `values` are the facts and decisions of the outcome. One entry: `{"policy", "decision", "rule", "because"}` and,
    where a condition failed, `"on"` (the column, or `if`), `"is"` (the condition as written) and `"was"`: the value
    that it met, or by name those that it read, if these are several.
    """
    fired = {id(step.decision): step.fired for step in steps}
    run = Run(values, at, steps, None)
    return [
        {"policy": compiled.policy.label, "decision": decision.name, **reason}
        for compiled in policies
        for decision in compiled.policy.decisions
        if isinstance(decision, Table) and id(decision) in fired
        for reason in _of_table(Observer(compiled), compiled.plan.tables[decision.name], fired[id(decision)], run)
    ]


def _of_table(observer: Observer, planned: PlannedTable, fired: tuple[int, ...], run: Run) -> Iterator[Json]:
    table = planned.table
    for number, rule in enumerate(table.rules):
        if number in fired:
            continue
        if table.hit_policy is HitPolicy.FIRST and fired and number > fired[0]:
            yield {"rule": rule.id, "because": f"`{table.rules[fired[0]].id}` came first"}
            continue
        key = (table.name, number)
        asked = (condition for condition in observer.conditions(key) if not condition.after_firing)
        failed = next((each for each in asked if observer.answer(key, each, run) is not True), None)
        if failed is None:
            yield {"rule": rule.id, "because": f"another rule wins under the hit policy {table.hit_policy}"}
        else:
            yield {"rule": rule.id, **_because(observer, table.name, failed, run)}


def _because(observer: Observer, table: str, failed: Condition, run: Run) -> Json:
    if failed.column is None:
        met = {name: plain(run.values[name]) for name in failed.checked.reads if name in run.values}
        told = {"was": next(iter(met.values())) if len(met) == 1 else met} if met else {}
        return {"because": f"`{failed.text}` does not hold", "on": failed.on, "is": failed.text, **told}
    was = plain(observer.column(table, failed.column, run))
    return {"because": f"`{failed.on}` is not `{failed.text}`", "on": failed.on, "is": failed.text, "was": was}
