"""The section `uses` of a policy: what it takes of what policies say in common, as if it stood in the policy itself."""

from __future__ import annotations

import re

from ordain.engine.errors import Issue, did_you_mean
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Function
from ordain.engine.policy.definitions import constants, functions
from ordain.engine.policy.draft import Draft
from ordain.engine.policy.model import Formula
from ordain.engine.policy.named_calendars import calendars
from ordain.engine.policy.shared import FOLDER, Shared
from ordain.engine.text.source import Node
from ordain.engine.text.structure import Schema

USES: Schema = {
    "type": "array",
    "minItems": 1,
    "items": {"type": "string", "description": "the name and version of a shared part, such as india@1"},
    "description": f"what it takes of policies/{FOLDER}: constants, functions and calendars by their names",
}
_NOT_USED = ("unknown-shared", "shared-faults")
_WORD = re.compile(r"[^\W\d]\w*")


def uses(draft: Draft, node: Node | None) -> tuple[Shared, ...]:
    """Makes known what the shared parts say that a policy names. What is wrong with one of them is told of itself, and
    here only that it is."""
    found: list[Shared] = []
    for part in node.nodes() if node is not None else ():
        shared = draft.vocabulary.shared.get(part.text)
        if shared is None:
            draft.fault(part.span, f"there is no shared `{part.text}`", _hint(draft, part.text), code="unknown-shared")
        elif any(each.name == shared.name for each in found):
            draft.fault(part.span, f"this policy uses `{shared.name}` twice", "keep one of them", code="duplicate")
        elif shared.node is None:
            what = f"`{part.text}` has faults of its own, so nothing of it can be used"
            draft.fault(part.span, what, f"see {shared.file}", code="shared-faults")
        else:
            found.append(shared)
            twice = [name for name in shared.names() if name in draft.shared]
            for name in twice:
                what = f"`{name}` stands in `{draft.shared[name]}` and in `{shared.label}`"
                draft.fault(part.span, what, "use one of them, or give it another name there", code="decided-twice")
            if not twice:
                define(draft, shared.node)
            draft.shared.update(dict.fromkeys(shared.names(), shared.label))
    return tuple(found)


def first_causes(issues: list[Issue]) -> list[Issue]:
    """The findings without the names that are unknown because what says them could not be used."""
    if not any(issue.code in _NOT_USED for issue in issues):
        return issues
    return [issue for issue in issues if issue.code not in ("unknown-name", "unknown-function")]


def define(draft: Draft, node: Node) -> None:
    """Makes known what a shared part says."""
    constants(draft, node.get("constants"))
    calendars(draft, node.get("calendars"))
    functions(draft, node.get("functions"))


def leave_unused(draft: Draft, text: bytes) -> None:
    """Takes out again what is shared and of which the policy does not say a word, so that it costs no decision anything
    and stands in no trace."""
    if not draft.shared:
        return
    said = set(_WORD.findall(text.decode("utf-8-sig")))
    kept = []
    for decision in reversed(draft.decisions):  # a function calls those before it
        if (
            isinstance(decision, Formula)
            and isinstance(decision.expression.tree, Function)
            and decision.name in draft.shared
        ):
            if decision.name not in said:
                continue
            said.update((*tree.names(decision.expression.tree), *decision.expression.reads))
        kept.append(decision)
    draft.decisions = kept[::-1]
    called = {decision.name for decision in draft.decisions}
    draft.functions = [function for function in draft.functions if function.table.name in called]
    draft.constants = {
        name: constant for name, constant in draft.constants.items() if name not in draft.shared or name in said
    }


def _hint(draft: Draft, label: str) -> str:
    """What to write instead of a name that no shared part has."""
    known = draft.vocabulary.shared
    name, _, version = label.partition("@")
    newest = max((each.version for each in known.values() if each.name == name), default=0)
    if newest and not version:
        return f"write the version too: {name}@{newest}"
    return did_you_mean(label, known) if known else f"write policies/{FOLDER}/{name}/v1.yaml"
