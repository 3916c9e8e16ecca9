"""Formulas as `decides` writes them: `gives` and one expression, or `gives` of several outputs and one for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ordain.engine.errors import did_you_mean
from ordain.engine.feel.syntax.tree import ContextOf, Entry
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.draft import Draft
from ordain.engine.policy.kinds.table_section import BECAUSE, EXPRESSION, GIVES
from ordain.engine.policy.model import Formula
from ordain.engine.policy.reasons import reason_of
from ordain.engine.policy.visible import Visible
from ordain.engine.text.source import Node
from ordain.engine.text.structure import Schema
from ordain.engine.values.types import Type, context_of

FORMULA: Schema = {
    "type": "object",
    "required": ["gives", "formula"],
    "additionalProperties": False,
    "properties": {
        "gives": GIVES,
        "formula": {
            "anyOf": [EXPRESSION, {"type": "object", "minProperties": 1, "additionalProperties": EXPRESSION}],
            "description": "a FEEL expression, or one for each output of `gives`",
        },
        "because": BECAUSE,
    },
}


def read_formula(draft: Draft, name: str, node: Node) -> Formula | None:
    """The formula `name` that `node` says; None, and issues, when it is wrong.

    With several outputs in `gives` it gives a context of them.
    """
    outputs = draft.outputs(node["gives"])
    single = not outputs[0].name
    gives = outputs[0].type if single else context_of({output.name: output.type for output in outputs})
    if isinstance(node["formula"].value, dict):
        formula = _one_each(draft, node, {} if single else gives.fields)
    else:
        formula = draft.formula(node["formula"], gives)
    if formula is None:
        return None
    because = reason_of(draft, name, gives, node.get("because"))
    return Formula(name, formula, gives, node["formula"].span, because.text, told=because.told)


def _one_each(draft: Draft, node: Node, outputs: Mapping[str, Type]) -> Checked | None:
    """The context that the formulas of the outputs make. One may read those before it, in the order of `gives`."""
    written, faults = node["formula"], len(draft.issues)
    if not outputs:
        hint = "write the names of the outputs in `gives`, or one formula that gives the whole"
        draft.fault(written.span, "there is a formula for each output, and `gives` names no outputs", hint)
    for name in written.value if outputs else ():
        if name not in outputs:
            hint = did_you_mean(name, outputs)
            draft.fault(written.keys[name], f"this decision has no output `{name}`", hint, code="outputs")
    entries: list[Entry] = []
    scope = Visible(draft.scope)
    for name, of in outputs.items():
        part = written.get(name)
        if part is None:
            hint = f"add `{name}: ...`"
            draft.fault(written.span, f"the formula of the output `{name}` is missing", hint, code="outputs")
            continue
        with draft.reading(scope):
            checked = draft.formula(part, of)
        if checked is not None:
            _refuse_two_meanings(draft, checked, part, [entry.name for entry in entries])
            entries.append(Entry(part.span, name, checked.tree))
        scope[name] = draft.scope.get(name, of)
    if len(draft.issues) > faults:
        return None
    whole = draft.checked(ContextOf(written.span, tuple(entries)))
    return None if whole is None else replace(whole, written=" ".join(written.raw.split()))


def _refuse_two_meanings(draft: Draft, checked: Checked, node: Node, earlier: list[str]) -> None:
    """A name that is an earlier output and something else too could be either."""
    for name in earlier:
        if name in checked.reads and name in draft.scope:
            message = f"`{name}` may be the output of this decision, or what has that name already"
            draft.fault(node.span, message, f"give the output another name than `{name}`", code="row-output")
