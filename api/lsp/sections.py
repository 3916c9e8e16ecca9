"""What stands at each place of a policy, of facts.yaml and of services.yaml, by the keys that lead to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from functools import lru_cache

from ordain.api.lsp.layout import Path
from ordain.engine.policy.shared import FOLDER


class Sort(Enum):
    """Which of the files of a policies directory one is."""

    POLICY = auto()
    SHARED = auto()
    """What policies share."""
    FACTS = auto()
    SERVICES = auto()


class Role(Enum):
    EXPRESSION = auto()
    HEADING = auto()
    """A key of `when`: an expression that cells are asked about."""
    CELL = auto()
    OUTPUT = auto()
    """The value of an output: a text as it is, or an expression."""
    OUTPUT_NAME = auto()
    REASON = auto()
    """A `because`: a text, in which braces may hold expressions."""
    WITHIN = auto()
    """`10 percent of current_price`: two expressions."""
    FACT = auto()
    """The name of a fact: where it is declared, or given in an example."""
    GIVEN = auto()
    """The value of a fact in an example."""
    RESULT = auto()
    """What an example expects: the path of an output, or `fired`."""
    EXPECTED = auto()
    DECISION = auto()
    """The name of a decision, where it is decided."""
    CONSTANT = auto()
    FUNCTION = auto()
    POLICY_NAME = auto()
    DECISION_NAME = auto()
    """The name of a decision that a service gives."""
    SOURCE = auto()
    SHARED = auto()
    """The name and version of what a policy uses of what is shared."""
    NOTHING = auto()


def _by_path(roles: Mapping[str, Role]) -> dict[tuple[str, ...], Role]:
    return {tuple(path.split("/")): role for path, role in roles.items()}


_TABLE_KEYS = {
    "functions/*": Role.FUNCTION,
    "functions/*/rules/#/when/*": Role.HEADING,
    "functions/*/rules/#/then/*": Role.OUTPUT_NAME,
    "functions/*/otherwise/*": Role.OUTPUT_NAME,
}
_TABLE_VALUES = {
    "functions/*": Role.EXPRESSION,
    "functions/*/rules/#/if": Role.EXPRESSION,
    "functions/*/rules/#/when/*": Role.CELL,
    "functions/*/rules/#/then": Role.OUTPUT,
    "functions/*/rules/#/then/*": Role.OUTPUT,
    "functions/*/otherwise": Role.OUTPUT,
    "functions/*/otherwise/*": Role.OUTPUT,
}
"""Functions, and tables among them, of a policy and of what is shared."""
_KEYS = {
    Sort.POLICY: _by_path(
        {
            **_TABLE_KEYS,
            "constants/*": Role.CONSTANT,
            "decides/*": Role.DECISION,
            "price/*": Role.DECISION,
            "bounds/*": Role.DECISION,
            "decides/*/formula/*": Role.OUTPUT_NAME,
            "decides/*/rules/#/when/*": Role.HEADING,
            "decides/*/rules/#/then/*": Role.OUTPUT_NAME,
            "decides/*/otherwise/*": Role.OUTPUT_NAME,
            "otherwise/*": Role.OUTPUT_NAME,
            "examples/#/given/*": Role.FACT,
            "examples/#/expect/*": Role.RESULT,
        }
    ),
    Sort.SHARED: _by_path(
        {**_TABLE_KEYS, "constants/*": Role.CONSTANT, "calendars/*": Role.CONSTANT},
    ),
    Sort.FACTS: _by_path({"facts/*": Role.FACT}),
    Sort.SERVICES: {},
}
_VALUES = {
    Sort.POLICY: _by_path(
        {
            **_TABLE_VALUES,
            "constants/*": Role.EXPRESSION,
            "constants/*/value": Role.EXPRESSION,
            "must hold/#/that": Role.EXPRESSION,
            "must hold/#/because": Role.REASON,
            "decides without/#": Role.FACT,
            "uses/#": Role.SHARED,
            "decides/*/formula": Role.EXPRESSION,
            "decides/*/formula/*": Role.EXPRESSION,
            "decides/*/because": Role.REASON,
            "decides/*/rules/#/because": Role.REASON,
            "decides/*/rules/#/if": Role.EXPRESSION,
            "decides/*/rules/#/when/*": Role.CELL,
            "decides/*/rules/#/then": Role.OUTPUT,
            "decides/*/rules/#/then/*": Role.OUTPUT,
            "decides/*/otherwise": Role.OUTPUT,
            "decides/*/otherwise/*": Role.OUTPUT,
            "otherwise": Role.OUTPUT,
            "otherwise/*": Role.OUTPUT,
            "price/*/formula": Role.EXPRESSION,
            "price/*/because": Role.REASON,
            "price/starts from": Role.EXPRESSION,
            "price/gives": Role.DECISION,
            "promises/#/who": Role.EXPRESSION,
            "promises/#/because": Role.REASON,
            "promises/#/keeps": Role.EXPRESSION,
            "promises/#/until": Role.OUTPUT,
            "bounds/*/starts from": Role.EXPRESSION,
            "bounds/*/limits/#/at least": Role.EXPRESSION,
            "bounds/*/limits/#/at most": Role.EXPRESSION,
            "bounds/*/limits/#/if": Role.EXPRESSION,
            "bounds/*/limits/#/because": Role.REASON,
            "bounds/*/limits/#/within": Role.WITHIN,
            "where": Role.EXPRESSION,
            "rules/#/where": Role.EXPRESSION,
            "rules/#/because": Role.REASON,
            "rules/#/applies when": Role.EXPRESSION,
            "rules/#/permits when": Role.EXPRESSION,
            "examples/#/given/*": Role.GIVEN,
            "examples/#/expect/*": Role.EXPECTED,
        }
    ),
    Sort.SHARED: _by_path(
        {**_TABLE_VALUES, "constants/*": Role.EXPRESSION, "constants/*/value": Role.EXPRESSION},
    ),
    Sort.FACTS: _by_path({"facts/*/source": Role.SOURCE, "facts/*/source/#": Role.SOURCE}),
    Sort.SERVICES: _by_path(
        {
            "services/*/policies/#": Role.POLICY_NAME,
            "services/*/gives/#": Role.DECISION_NAME,
            "services/*/tells/#": Role.DECISION_NAME,
            "services/*/scores/unless": Role.EXPRESSION,
        }
    ),
}
FEEL = frozenset({Role.EXPRESSION, Role.HEADING, Role.CELL, Role.OUTPUT, Role.WITHIN})
"""Where expressions may stand."""
_OWN_KEYS = {"price": frozenset({"gives", "starts from"})}
"""Keys that name no decision although those beside them do: of kind grandfathering."""


def sort_of(name: str) -> Sort:
    """The sort of a file by its name in the policies directory."""
    shared = Sort.SHARED if name.split("/")[-3:-2] == [FOLDER] else Sort.POLICY
    return {"facts.yaml": Sort.FACTS, "services.yaml": Sort.SERVICES}.get(name.rpartition("/")[2], shared)


def role_of(sort: Sort, path: Path, *, is_key: bool) -> Role:
    """What the key, or the value, at a path is."""
    return _role(sort, tuple([0 if isinstance(step, int) else step for step in path]), is_key)


@lru_cache(maxsize=4096)
def _role(sort: Sort, path: Path, is_key: bool) -> Role:
    roles = (_KEYS if is_key else _VALUES)[sort]
    if is_key and len(path) == 2 and path[1] in _OWN_KEYS.get(str(path[0]), ()):
        return Role.NOTHING
    return next((roles[shape] for shape in _shapes(path) if shape in roles), Role.NOTHING)


def _shapes(path: Path) -> Iterable[tuple[str, ...]]:
    """The path as the tables may write it: a list's item as `#`, a name that the writer chose as `*`."""
    shapes: list[tuple[str, ...]] = [()]
    for at, step in enumerate(path):
        ways = ("#",) if isinstance(step, int) else (step, "*") if at else (step,)
        shapes = [(*shape, way) for shape in shapes for way in ways]
        shapes = [shape for shape in shapes if shape in _BEGINNINGS]
    return shapes


_BEGINNINGS = {
    path[:length]
    for roles in (*_KEYS.values(), *_VALUES.values())
    for path in roles
    for length in range(1, len(path) + 1)
}
