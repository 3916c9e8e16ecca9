"""The statements of a switch as flags, of which the guards of the nodes behind it are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ordain.engine.feel.syntax.tree import Expr, Literal, Name
from ordain.engine.jdm.data.values import Unsayable
from ordain.engine.jdm.data.ways import ALWAYS, Guard
from ordain.engine.jdm.following.course import Flow
from ordain.engine.jdm.graph import Node, Statement, SwitchContent
from ordain.engine.jdm.policy_names import snake
from ordain.engine.jdm.saying.null_tests import joined, negated
from ordain.engine.jdm.saying.translate import Translator
from ordain.engine.jdm.zen.zen_parser import expression
from ordain.engine.jdm.zen.zen_words import NotZen
from ordain.engine.values.types import FLAG

Ways = dict[tuple[str, str], Guard]
"""When the way out of a switch by a statement is taken, by the ids of both."""


def ways_of(
    flow: Flow,
    node: Node,
    content: SwitchContent,
    targets: Mapping[str, str],
    translator: Callable[[str], Translator],
    guard: Guard,
) -> Ways:
    """The ways out of a switch. `targets` are the names of the nodes that its statements lead to."""
    flow.switches += 1
    id = f"{flow.switches:04}"
    guards, ways = flow.data.guards, Ways()
    guards.outer[id] = guard
    before: list[Expr] = []
    last = max((number for number, one in enumerate(content.statements) if one.id in targets), default=-1)
    for position, statement in enumerate(content.statements[: last + 1]):
        if not statement.condition and (content.collects or not before):
            ways[node.id, statement.id] = ALWAYS
            if content.collects:
                continue
            break
        wish = f"goes to {targets.get(statement.id) or f'{node.name} {position + 1}'}"
        taken = () if content.collects or not before else (negated(node.span, joined(node.span, "or", tuple(before))),)
        flag = _flag(flow, node, statement, wish, guard, taken, translator)
        guards.flags[id, position] = flag.name
        ways[node.id, statement.id] = frozenset({frozenset({(id, position)})})
        before.append(flag)
        if not statement.condition:
            guards.whole[id] = frozenset((id, number) for number in range(position + 1))
            break
    return ways


def _flag(
    flow: Flow,
    node: Node,
    statement: Statement,
    wish: str,
    guard: Guard,
    taken: tuple[Expr, ...],
    translator: Callable[[str], Translator],
) -> Name:
    """The decision that says whether a statement's way is taken: the switch is come to, and no way before it is."""
    span, text = node.span, statement.condition
    try:
        condition = (translator(text).condition(expression(text)),) if text else ()
        parts = (*(() if guard == ALWAYS else (flow.data.guards.tree(guard, span),)), *taken, *condition)
        return flow.writing.formula(joined(span, "and", parts) if parts else Literal(span, True, type=FLAG), wish)
    except (NotZen, Unsayable) as error:
        flow.lost(f"{node.label}, the way `{wish}`", str(error), span, text)
        leaf = flow.facts.instead(snake(wish), f"{node.label}, the way `{wish}`,", flag=True)
        return leaf.tree if isinstance(leaf.tree, Name) else Name(span, snake(wish))
