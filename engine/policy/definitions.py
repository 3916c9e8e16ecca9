"""The sections `constants` and `functions` of a policy: what later expressions may name."""

from __future__ import annotations

from dataclasses import replace

from ordain.engine.errors import Issue
from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Literal
from ordain.engine.policy.draft import Draft
from ordain.engine.policy.mending import mended
from ordain.engine.policy.model import Formula
from ordain.engine.policy.written_otherwise import expression_readings
from ordain.engine.text.source import Node


def functions(draft: Draft, node: Node | None) -> None:
    """The `functions` section: functions that later expressions may call. DMN: business knowledge models."""
    for name, part in node.items() if node is not None else ():
        place = node.keys[name] if node is not None else part.span
        draft.name(name, place)
        if name in FUNCTIONS:
            draft.fault(place, f"`{name}` is a built-in function", "choose another name", code="name")
        before = len(draft.issues)
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
    """The `constants` section: numbers, texts and flags that expressions may name."""
    if node is None:
        return
    for name, part in node.items():
        draft.name(name, node.keys[name])
        if name in draft.vocabulary:
            draft.fault(node.keys[name], f"`{name}` is a fact, so no constant may have its name", code="name")
        value = part["value"] if part.get("value") is not None else part
        constant = draft.formula(value)
        if constant is None:
            draft.broken(name)
            continue
        if not isinstance(constant.tree, Literal):
            message = f"the constant `{name}` must be a number, a quoted text, a flag or a date"
            issue = Issue(message, "", value.span, code="constant")
            draft.issues.extend(mended([issue], value, expression_readings(value.text), draft.is_plain_value))
            draft.broken(name)
            continue
        draft.constants[name] = (constant.type, constant.tree.value)
        draft.scope[name] = constant.type
