"""Why a rule did not fire: on request, each of its conditions is tried alone against the values of a decision."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from ordain.engine.backends.python.expressions import function_of
from ordain.engine.backends.python.policy import CompiledPolicy, RawStep
from ordain.engine.backends.python.writing import MissingValue
from ordain.engine.feel.runtime.calls import STRICT, Runtime
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.model import HitPolicy, Policy, Table
from ordain.engine.values.types import Value, plain

Json = dict[str, Any]


def why_not(
    policies: tuple[CompiledPolicy, ...], steps: list[RawStep], values: Mapping[str, Value], at: dt.datetime
) -> list[Json]:
    """For each table that decided, each rule that did not fire, with the first condition that did not hold.

    `values` are the facts and decisions of the outcome. One entry: `{"policy", "decision", "rule", "because"}` and,
    where a condition failed, `"on"` (the column, or `if`), `"is"` (the condition as written) and `"was"` (the value).
    """
    fired = {id(decision): positions for decision, _, positions, _, _ in steps}
    return [
        {"policy": compiled.policy.label, "decision": decision.name, **reason}
        for compiled in policies
        for decision in compiled.policy.decisions
        if isinstance(decision, Table) and id(decision) in fired
        for reason in _table(compiled.policy, decision, fired[id(decision)], values, at)
    ]


def _table(
    policy: Policy, table: Table, fired: tuple[int, ...], values: Mapping[str, Value], at: dt.datetime
) -> Iterator[Json]:
    known = {**values, **{name: value for name, (_, value) in policy.constants.items()}}
    columns = [_value(policy, column.expression, None, known, at) for column in table.columns]
    for number, rule in enumerate(table.rules):
        if number in fired:
            continue
        if table.hit_policy is HitPolicy.FIRST and fired and number > fired[0]:
            yield {"rule": rule.id, "because": f"`{table.rules[fired[0]].id}` came first"}
            continue
        for column, cell, value in zip(table.columns, rule.cells, columns, strict=True):
            if cell is not None and _value(policy, cell, value, known, at) is not True:
                failed = {"on": column.text, "is": cell.tree.span.text, "was": plain(value)}
                yield {"rule": rule.id, "because": f"`{column.text}` is not `{cell.tree.span.text}`", **failed}
                break
        else:
            if rule.condition is not None and _value(policy, rule.condition, None, known, at) is not True:
                text = rule.condition.tree.span.text
                yield {"rule": rule.id, "because": f"`{text}` does not hold", "on": "if", "is": text}
            else:
                yield {"rule": rule.id, "because": f"another rule wins under the hit policy {table.hit_policy}"}


def _value(policy: Policy, checked: Checked, asked: Value, known: Mapping[str, Value], at: dt.datetime) -> Value:
    names = tuple(name for name in checked.reads if name in known)
    runtime = Runtime([]) if policy.lenient else STRICT
    try:
        return function_of(checked, names, policy.types)(asked, known, at, runtime)
    except (MissingValue, ArithmeticError, ValueError, TypeError):
        return None
