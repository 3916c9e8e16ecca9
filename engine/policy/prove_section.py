"""The section `prove` of a policy: what is to be true of every customer, which `ordain prove` then shows or refutes."""

from __future__ import annotations

from collections.abc import Mapping

from ordain.engine.errors import did_you_mean
from ordain.engine.policy.claims import Claim, Direction, Holds, Ignores, Moves
from ordain.engine.policy.draft import Draft
from ordain.engine.text.source import Node
from ordain.engine.text.structure import Schema
from ordain.engine.values.types import FLAG, Kind, Type

MORE, OUTCOME, NOT_ON, ORDER = "more", "outcome", "never depends on", "in order"
_CONDITION: Schema = {"type": ["string", "boolean"], "description": "FEEL: what holds for every customer"}
_NAME: Schema = {"type": "string"}
_ONE: Schema = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": False,
    "properties": {
        "that": _CONDITION,
        MORE: {"type": "string", "description": "a fact: what becomes of an output when there is more of it"},
        ORDER: {
            "type": "array",
            "minItems": 2,
            "items": _NAME,
            "description": "the values of that fact from the least to the most, where it is a text",
        },
        **{
            str(each): {"type": "string", "description": "an output such as offer.discount_percent"}
            for each in Direction
        },
        OUTCOME: {"type": "string", "description": "an output such as offer.discount_percent"},
        NOT_ON: {"type": "array", "minItems": 1, "items": _NAME, "description": "facts that it is the same for"},
        "because": {"type": "string", "description": "why that has to be so"},
    },
}
PROVE: Schema = {
    "type": "array",
    "minItems": 1,
    "items": {"anyOf": [_CONDITION, _ONE]},
    "description": "what is true of every customer; `ordain prove` shows it, or a customer for whom it is not",
}
_SHAPES = (
    "write a condition, `more: FACT` with `never lowers: OUTPUT`, or `outcome: OUTPUT` with `never depends on: [FACT]`"
)


def prove_section(draft: Draft, node: Node | None) -> None:
    """Adds the claims of `prove`. What only a claim reads is no fact of the policy's: nobody has to send it."""
    reads = dict(draft.reads)
    for part in node.nodes() if node is not None else ():
        claim = _claim(draft, part)
        if claim is not None:
            draft.claims.append(claim)
    draft.reads = reads


def _claim(draft: Draft, part: Node) -> Claim | None:
    because = part["because"].text if isinstance(part.value, dict) and part.get("because") else ""
    if not isinstance(part.value, dict):
        return _holds(draft, part, because)
    keys = set(part.value) - {"because"}
    directions = [each for each in Direction if str(each) in keys]
    if keys == {"that"}:
        return _holds(draft, part["that"], because)
    if keys - {ORDER} == {MORE, *map(str, directions)} and len(directions) == 1:
        return _moves(draft, part, directions[0], because)
    if keys == {OUTCOME, NOT_ON}:
        output = _output(draft, part[OUTCOME])
        facts = [_fact(draft, each) for each in part[NOT_ON].nodes()]
        known = tuple(name for name in facts if name is not None)
        if output is None or len(known) < len(facts):
            return None
        text = f"`{'.'.join(output)}` never depends on {', '.join(f'`{name}`' for name in known)}"
        return Claim(text, Ignores(known, output), part[OUTCOME].span, because)
    draft.fault(part.span, "this is nothing that can be proved", _SHAPES, code="structure")
    return None


def _holds(draft: Draft, node: Node, because: str) -> Claim | None:
    checked = draft.formula(node, FLAG)
    return None if checked is None else Claim(f"`{node.text}`", Holds(checked), node.span, because)


def _moves(draft: Draft, part: Node, direction: Direction, because: str) -> Claim | None:
    name, output = _fact(draft, part[MORE]), _output(draft, part[str(direction)])
    order = part[ORDER].texts() if part.get(ORDER) else ()
    if name is None or output is None:
        return None
    of, given = draft.scope[name], _type_at(draft.gives, output)
    if of.kind is Kind.TEXT and set(order) != set(of.values):
        hint = f"say them all, the least first: `{ORDER}: [{', '.join(reversed(of.values))}]`" if of.values else ""
        draft.fault(part[MORE].span, f"what more of `{name}` is cannot be told", hint or _SHAPES, code="structure")
        return None
    if (of.kind is not Kind.TEXT and order) or of.kind not in (Kind.TEXT, Kind.NUMBER, Kind.DATE, Kind.FLAG):
        draft.fault(part[MORE].span, f"`{name}` is a {of}, of which `{ORDER}` or `{MORE}` says nothing", code="type")
        return None
    if given is None or given.kind not in (Kind.NUMBER, Kind.DATE, Kind.FLAG):
        draft.fault(
            part[str(direction)].span, f"`{'.'.join(output)}` is neither a number, a date nor a flag", code="type"
        )
        return None
    text = f"more `{name}` {direction} `{'.'.join(output)}`"
    return Claim(text, Moves(name, output, direction, order), part[MORE].span, because)


def _fact(draft: Draft, node: Node) -> str | None:
    name = node.text
    if name not in draft.vocabulary:
        draft.fault(node.span, f"unknown fact `{name}`", did_you_mean(name, draft.vocabulary), code="unknown-name")
        return None
    if name in draft.gives:
        draft.fault(node.span, f"`{name}` is decided by this policy, and no fact of the customer's", code="structure")
        return None
    return name


def _output(draft: Draft, node: Node) -> tuple[str, ...] | None:
    path = tuple(node.text.split("."))
    if _type_at(draft.gives, path) is None:
        known = [f"{name}.{field}" for name, of in draft.gives.items() for field in of.fields] + list(draft.gives)
        draft.fault(
            node.span, f"this policy does not give `{node.text}`", did_you_mean(node.text, known), code="unknown-name"
        )
        return None
    return path


def _type_at(gives: Mapping[str, Type], path: tuple[str, ...]) -> Type | None:
    of = gives.get(path[0])
    for name in path[1:]:
        of = of.fields.get(name) if of is not None else None
    return of
