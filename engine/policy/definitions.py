"""The sections `constants` and `functions` of a policy: what later expressions may name."""

from __future__ import annotations

import re
from dataclasses import replace

from ordain.engine.errors import Issue, NotThatType
from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Expr, Literal
from ordain.engine.policy.draft import Draft
from ordain.engine.policy.mending import mended
from ordain.engine.policy.model import Formula
from ordain.engine.policy.table_functions import table_function
from ordain.engine.policy.written_otherwise import expression_readings
from ordain.engine.text.source import Node
from ordain.engine.values.types import DATE, FLAG, TEXT, Type, Value, described, list_of, read

_NUMBER = re.compile(r"-?(\d+(\.\d+)?|\.\d+)([eE][-+]?\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def functions(draft: Draft, node: Node | None) -> None:
    """The `functions` section: what later expressions may call, each a FEEL function or a table with parameters.

    DMN: business knowledge models.
    """
    for name, part in node.items() if node is not None else ():
        place = node.keys[name] if node is not None else part.span
        draft.name(name, place)
        if name in FUNCTIONS:
            draft.fault(place, f"`{name}` is a built-in function", "choose another name", code="name")
        before = len(draft.issues)
        if isinstance(part.value, dict):
            table_function(draft, name, part)
            draft.issues[before:] = [_of_itself(issue, name) for issue in draft.issues[before:]]
            continue
        function = draft.formula(part)
        if function is None:
            draft.broken(name)
            draft.issues[before:] = [_of_itself(issue, name) for issue in draft.issues[before:]]
        elif not isinstance(function.tree, tree.Function):
            draft.broken(name)
            draft.fault(
                part.span, f"`{name}` is not a function", "write `function(price: number) price * 2`", code="type"
            )
        else:
            draft.add(Formula(name, function, function.type, part.span), given=False)


def _of_itself(issue: Issue, name: str) -> Issue:
    """What is wrong with a function that calls itself, which is not known yet where its text is read."""
    if issue.code != "unknown-function" or issue.message != f"there is no function `{name}`":
        return issue
    hint = "go through a list: `for item in items return ...`, `sum(...)`, `product(...)`"
    return replace(issue, message=f"`{name}` calls itself, which no function can", hint=hint, replacements=())


def constants(draft: Draft, node: Node | None) -> None:
    """The `constants` section: numbers, texts, flags, dates and lists of them that expressions may name."""
    if node is None:
        return
    for name, part in node.items():
        draft.name(name, node.keys[name])
        if name in draft.vocabulary:
            draft.fault(node.keys[name], f"`{name}` is a fact, so no constant may have its name", code="name")
        draft.refuse_known(name, node.keys[name])
        value = part["value"] if part.get("value") is not None else part
        if isinstance(value.value, list):
            _add(draft, name, _listed(draft, value))
            continue
        constant = draft.formula(value)
        if constant is None:
            draft.broken(name)
            continue
        if (items := _written_items(constant.tree)) is not None:
            _add(draft, name, (constant.type, items))
            continue
        if not isinstance(constant.tree, Literal):
            message = f"the constant `{name}` must be a number, a quoted text, a flag, a date or a list of them"
            issue = Issue(message, "", value.span, code="constant")
            draft.issues.extend(mended([issue], value, expression_readings(value.text), draft.is_plain_value))
            draft.broken(name)
            continue
        _add(draft, name, (constant.type, constant.tree.value))


def _add(draft: Draft, name: str, constant: tuple[Type, Value] | None) -> None:
    """Makes a constant known; of None, whose faults have been told, the name alone."""
    if constant is None:
        draft.broken(name)
        return
    draft.constants[name] = constant
    draft.scope[name] = constant[0]


def _written_items(node: Expr) -> tuple[Value, ...] | None:
    """The items of a list that is written out; None for anything else, and for one with nothing in it."""
    if not isinstance(node, tree.ListOf) or not node.items:
        return None
    items = [item.value for item in node.items if isinstance(item, Literal) and item.value is not None]
    return tuple(items) if len(items) == len(node.items) else None


def _listed(draft: Draft, node: Node) -> tuple[Type, Value] | None:
    """A list of constants, as YAML writes lists. None, and the faults, when something is wrong with it."""
    read = [_item(draft, part) for part in node.nodes()]
    items = [item for item in read if item is not None]
    if not read or len(items) < len(read):
        return None
    first, _ = items[0]
    for part, (of, _) in zip(node.nodes(), items, strict=True):
        if of.kind is not first.kind:
            message = f"`{part.text}` is {described(of)}, and the items before it are {described(first, many=True)}"
            hint = "give all items one type; a text that looks like a number or a date stands in quotes"
            draft.fault(part.span, message, hint, code="constant")
            return None
    return list_of(first), tuple(value for _, value in items)


def _item(draft: Draft, node: Node) -> tuple[Type, Value] | None:
    """An item of a list: a number, a flag or a date as it is written, and else a text, whose quotes may be left out."""
    text = node.text.strip()
    if node.value is None or isinstance(node.value, list | dict):
        draft.fault(node.span, "an item of a list is one number, text, flag or date", code="constant")
        return None
    if isinstance(node.value, bool):
        return FLAG, node.value
    if text[:1] in ('"', "@") or (not node.quoted and _NUMBER.fullmatch(text)):
        constant = draft.formula(node)
        if constant is None:
            return None
        if isinstance(constant.tree, Literal) and constant.tree.value is not None:
            return constant.type, constant.tree.value
        draft.fault(node.span, f"`{text}` is no number, text, flag or date that is written out", code="constant")
        return None
    if _DATE.fullmatch(text) and not node.quoted:
        try:
            return DATE, read(DATE, text)
        except NotThatType as error:
            draft.fault(node.span, str(error), code="value")
            return None
    return TEXT, node.text
