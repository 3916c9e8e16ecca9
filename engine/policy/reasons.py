"""Reasons as policies write them: a text, or a template that is filled when the rule fires."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

from ordain.engine.errors import Issue, Level, PolicyError
from ordain.engine.feel.syntax.tree import Name, Path
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.draft import Draft
from ordain.engine.policy.model import Because
from ordain.engine.policy.templates import has_braces, template
from ordain.engine.policy.visible import Visible
from ordain.engine.text.source import Node
from ordain.engine.values.types import Type

NOT_KNOWN = "not known"
"""What a reason says of a value that is null."""
_LOOKS_MEANT = re.compile(r"\{\s*\w[^{}]*\}")


def reason(draft: Draft, node: Node | None) -> Because:
    """A reason: its text and, where it has `{...}`, the expression that gives it.

    Only names stand in the braces, and a null is told: no decision fails for want of its reason.
    """
    if node is None:
        return Because()
    if not has_braces(node.text):
        return Because(node.text)
    try:
        result = draft.checked(template(node, partial(_named_value, draft), NOT_KNOWN))
    except PolicyError as error:
        draft.issues.extend(error.issues)
        return Because(node.text)
    return Because(node.text, None if result is None else replace(result, written=node.text))


def reason_of(draft: Draft, name: str, type: Type, node: Node | None) -> Because:
    """The reason of a formula, which may read what that gives."""
    if node is None or not has_braces(node.text) or name in draft.scope:
        return reason(draft, node)
    scope = Visible(draft.scope)
    scope[name] = type
    with draft.reading(scope):
        return reason(draft, node)


def printed_text(draft: Draft, node: Node) -> str:
    """A text whose braces are printed, which is warned of where they look as if a value was meant."""
    if _LOOKS_MEANT.search(node.text):
        hint = "values are put into text outputs and into every `because`"
        message = "the braces are printed as they stand here"
        draft.warnings[Issue(message, hint, node.span, code="template", level=Level.WARNING)] = None
    return node.text


def _named_value(draft: Draft, node: Node) -> Checked | None:
    result = draft.formula(node)
    part = None if result is None else result.tree
    while isinstance(part, Path):
        part = part.base
    if part is None or isinstance(part, Name):
        return result
    hint = "decide it under a name before, and write the name here"
    draft.fault(node.span, f"a reason takes names, and `{node.text}` is to be worked out", hint, code="template")
    return None
