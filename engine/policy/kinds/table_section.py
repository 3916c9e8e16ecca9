"""Decision tables as all kinds write them: `gives`, `hit policy`, `rules`, `otherwise`."""

from __future__ import annotations

from dataclasses import replace

from ordain.engine.errors import did_you_mean
from ordain.engine.feel.syntax.lexer import is_name
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.draft import Draft
from ordain.engine.policy.kinds.row import Row, RowScope
from ordain.engine.policy.model import Column, HitPolicy, Output, Rule, Table
from ordain.engine.policy.written_range import RANGE
from ordain.engine.text.source import Node
from ordain.engine.text.structure import Schema, key_span
from ordain.engine.values.types import FLAG, Kind

_TEXT: Schema = {"type": "string"}
SCALAR: Schema = {"type": ["string", "number", "boolean", "null"]}
EXPRESSION: Schema = {"type": ["string", "number", "boolean"], "description": "a FEEL expression"}
ID: Schema = {
    "type": "string",
    "pattern": r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
    "description": "letters, digits and hyphens; unique within its list",
}
BECAUSE: Schema = {"type": "string", "description": "the reason, as a person would say it; {name} puts a value in"}

_DEEP = 3
"""So many contexts may stand inside each other in `gives`."""


def _type(levels: int) -> Schema:
    """A declared type, whose fields may have fields of their own so many levels deep."""
    properties: Schema = {
        "type": _TEXT,
        "values": {"type": "array", "minItems": 1, "items": _TEXT, "description": "highest priority first"},
        "unit": _TEXT,
        "range": {**RANGE, "description": "what a number must be within, such as [0..40]; any other is refused"},
        "optional": {"type": "boolean", "description": "whether the value may be null"},
    }
    if levels:
        fields = {"type": "object", "minProperties": 1, "additionalProperties": _type(levels - 1)}
        properties["fields"] = {
            **fields,
            "description": "the fields of a context, or of each of a list, and their types",
        }
    named = "number, text, flag, date, time, date and time, duration, context, list of ..."
    whole = {"type": "object", "required": ["type"], "additionalProperties": False, "properties": properties}
    return {"anyOf": [{"type": "string", "description": named}, whole]}


TYPE = _type(_DEEP)
_OUTPUTS_GIVEN: Schema = {
    "type": "object",
    "minProperties": 1,
    "propertyNames": {"not": {"enum": ["hit policy"]}},  # what is no name at all, and stands a line below
    "additionalProperties": TYPE,
}
GIVES: Schema = {
    "anyOf": [TYPE["anyOf"][0], TYPE["anyOf"][1], _OUTPUTS_GIVEN],
    "description": "the type of the decision, or the names and types of its outputs",
}
OUTPUTS: Schema = {"anyOf": [SCALAR, {"type": "object", "additionalProperties": SCALAR}]}
RULE: Schema = {
    "type": "object",
    "required": ["id", "then"],
    "additionalProperties": False,
    "properties": {
        "id": ID,
        "when": {
            "type": "object",
            "additionalProperties": SCALAR,
            "description": "a test for each fact or expression that matters; all must hold",
        },
        "if": EXPRESSION,
        "then": {**OUTPUTS, "description": "the outputs; in a text, {name} puts a value in"},
        "because": BECAUSE,
    },
}
TABLE: Schema = {
    "type": "object",
    "required": ["gives", "rules"],
    "additionalProperties": False,
    "properties": {
        "gives": GIVES,
        "hit policy": {"enum": [str(policy) for policy in HitPolicy], "description": "which matching rules count"},
        "aggregation": {"enum": ["sum", "min", "max", "count", "average"]},
        "rules": {"type": "array", "minItems": 1, "items": RULE},
        "otherwise": {**OUTPUTS, "description": "the outputs when no rule matches"},
    },
}


def read_table(draft: Draft, name: str, node: Node, otherwise: Node | None = None) -> Table | None:
    """The table `name` that `node` says; None, and issues, when it is wrong."""
    outputs = draft.outputs(node["gives"])
    aggregation = node["aggregation"].text if node.get("aggregation") else ""
    # The range is that of the number which is made of the rows.
    whole_range = outputs[0].type.limits if aggregation else None
    if aggregation:
        outputs = tuple(replace(output, type=replace(output.type, limits=None)) for output in outputs)
    columns = _columns(draft, node["rules"])
    scope = RowScope(draft, outputs)
    rules = [read_rule(draft, rule, columns, scope) for rule in node["rules"].nodes()]
    unique_ids(draft, node["rules"])
    hit_policy = HitPolicy(node["hit policy"].text) if node.get("hit policy") else HitPolicy.UNIQUE
    _fits_hit_policy(draft, node, hit_policy, aggregation, outputs)
    if (default := node.get("otherwise") or otherwise) is not None:
        default_row = read_row(draft, default, Row(scope))
    whole = [rule for rule in rules if rule is not None]
    if len(whole) < len(rules) or draft.issues:
        return None
    return Table(
        name,
        tuple(column for column in columns.values() if column is not None),
        outputs,
        hit_policy,
        tuple(whole),
        key_span(node, "rules"),
        otherwise=default_row if default is not None else None,
        aggregation=aggregation,
        total_range=whole_range,
    )


def _fits_hit_policy(
    draft: Draft, node: Node, hit_policy: HitPolicy, aggregation: str, outputs: tuple[Output, ...]
) -> None:
    place = key_span(node, "hit policy")
    if aggregation and hit_policy is not HitPolicy.COLLECT:
        draft.fault(
            place, f"`{aggregation}` works only with the hit policy collect", "hit policy: collect", code="hit-policy"
        )
    summed = len(outputs) == 1 and (outputs[0].type.kind is Kind.NUMBER or aggregation in ("min", "max", "count"))
    if aggregation and (outputs[0].name or not summed):
        draft.fault(
            key_span(node, "gives"), f"`{aggregation}` needs one output, a number", "gives: number", code="hit-policy"
        )
    if hit_policy in (HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER) and not any(o.type.values for o in outputs):
        hint = "gives: {type: text, values: [the highest priority first, ...]}"
        draft.fault(
            place,
            f"the hit policy {hit_policy} orders by declared values, and no output has any",
            hint,
            code="hit-policy",
        )


def unique_ids(draft: Draft, rules: Node) -> None:
    seen: dict[str, Node] = {}
    for rule in rules.nodes():
        identity = rule["id"]
        if identity.text != identity.text.strip():
            draft.fault(identity.span, "an id is one word on one line", code="rule-id")
        if identity.text in seen:
            first = seen[identity.text].span.line
            draft.fault(
                identity.span, f"the id `{identity.text}` appears twice; first in line {first}", code="duplicate"
            )
        seen[identity.text] = identity


def _columns(draft: Draft, rules: Node) -> dict[str, Column | None]:
    """The headings that rules ask about, each once, in the order of their first appearance."""
    columns: dict[str, Column | None] = {}
    for rule in rules.nodes():
        when = rule.get("when")
        for text in when.value if when is not None else ():
            if text not in columns and when is not None:
                span = when.keys[text]
                checked = draft.formula(Node(text, span, text))
                columns[text] = Column(text, checked) if checked is not None else None
    return columns


def read_rule(draft: Draft, node: Node, columns: dict[str, Column | None], scope: RowScope) -> Rule | None:
    when, condition = node.get("when"), node.get("if")
    cells: list[Checked | None] = []
    for text, column in columns.items():
        cell = when.get(text) if when is not None else None
        known = cell is not None and column is not None
        if known and cell and column:
            cells.append(scope.repeated.cell(cell, column))
        else:
            cells.append(None)
    checked = draft.formula(condition, FLAG) if condition is not None else None
    row = Row(scope)
    gives = read_row(draft, node["then"], row)
    if gives is None:
        return None
    because = row.because(node.get("because"))
    return Rule(node["id"].text, tuple(cells), checked, gives, because.text, node["id"].span, told=because.told)


def read_row(draft: Draft, node: Node, row: Row) -> tuple[Checked, ...] | None:
    """The output cells of a rule, in the order of the outputs; None, and issues, when one is wrong."""
    outputs = row.of.outputs
    if len(outputs) == 1 and not outputs[0].name:
        only = row.of.repeated.output(node, outputs[0])
        return (only,) if only is not None else None
    if not isinstance(node.value, dict):
        names = ", ".join(output.name for output in outputs)
        draft.fault(
            node.span, f"the outputs {names} are needed here", f"then: {{{outputs[0].name}: ...}}", code="outputs"
        )
        return None
    known = [output.name for output in outputs]
    for name in node.value:
        if name not in known:
            torn = not is_name(name) and node.value[name].value is None
            hint = "inside `{...}` put a text that contains a comma in quotes" if torn else did_you_mean(name, known)
            draft.fault(node.keys[name], f"this decision has no output `{name}`", hint, code="outputs")
    given = []
    for place, output in enumerate(outputs):
        part = node.get(output.name)
        if part is None:
            draft.fault(
                node.span, f"the output `{output.name}` is missing", "give every output a value", code="outputs"
            )
            continue
        given.append(row.output(place, part))
    whole = [part for part in given if part is not None]
    return tuple(whole) if len(whole) == len(outputs) else None
