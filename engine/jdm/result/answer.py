"""What of the policy's decisions a graph's answer is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ordain.engine.errors import Issue, Span
from ordain.engine.feel.syntax.tree import Expr, Name, Path
from ordain.engine.jdm.data.values import Data, Leaf, Record, Unsayable, Value
from ordain.engine.jdm.facts.asked_facts import Facts
from ordain.engine.jdm.following.decisions_written import Writing
from ordain.engine.jdm.policy_names import snake

Keys = tuple[str, ...]


@dataclass(slots=True)
class Answer:
    """`given` are the keys that a decision fills, each with the decision, and its output where it has several; `lost`
    are those that no decision can fill, with the reason. Other keys are facts that pass through."""

    given: dict[Keys, str] = field(default_factory=dict)
    lost: dict[Keys, str] = field(default_factory=dict)

    @property
    def decisions(self) -> list[str]:
        """The decisions that callers are given, each once."""
        return list(dict.fromkeys(path.partition(".")[0] for path in self.given.values()))


def answer_of(value: Value, data: Data, writing: Writing, facts: Facts, notes: list[Issue], span: Span) -> Answer:
    """The answer; a key without a decision of its own gets one."""
    answer = Answer()
    for keys, leaf in _leaves(value, data, ()):
        tree = leaf.tree
        if _is_fact(tree, facts):
            if _read_name(tree) == ".".join(map(snake, keys)):
                continue
        elif named := _read_name(tree):
            answer.given[keys] = named
            continue
        try:
            answer.given[keys] = writing.formula(tree, *_wishes(keys)).name
        except Unsayable as error:
            answer.lost[keys] = str(error)
            said = f"the answer's `{'.'.join(keys) or 'list'}` is left out: {error}"
            notes.append(Issue(said, "read it where it is needed; what is calculated from it is there", span))
    for keys, path in answer.given.items():
        if keys and path != ".".join(map(snake, keys)):
            notes.append(Issue(f"`{'.'.join(keys)}` of the answer is `{path}` here", "", span))
    return answer


def _wishes(keys: Keys) -> tuple[str, ...]:
    if not keys:
        return ("result",)
    name = "_".join(keys)
    return (name, f"new_{name}")


def _leaves(value: Value | None, data: Data, keys: Keys) -> Iterator[tuple[Keys, Leaf]]:
    match value:
        case Leaf():
            yield keys, value
        case Record(fields=fields):
            for key in fields:
                yield from _leaves(data.get(value, key), data, (*keys, key))


def _is_fact(tree: Expr, facts: Facts) -> bool:
    while isinstance(tree, Path):
        tree = tree.base
    return isinstance(tree, Name) and tree.name in facts.sections


def _read_name(tree: Expr) -> str:
    """`a.b` for a tree that only names it; otherwise nothing."""
    match tree:
        case Name(name=name):
            return name
        case Path(base=base, name=name) if inner := _read_name(base):
            return f"{inner}.{name}"
        case _:
            return ""
