"""The quick test of a file's shape says yes exactly where the validator of JSON Schema has nothing to say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ordain.engine.policy.load import KINDS, policy_schema
from ordain.engine.policy.load_facts import VOCABULARY
from ordain.engine.policy.service import SERVICES
from ordain.engine.text.shape import NotCovered, Schema, shape_of
from ordain.engine.text.source import Node, parse
from ordain.engine.text.structure import Structure, check_structure
from ordain.engine.text.violations import violations

ROOT = Path(__file__).parents[3]
FILES = [*sorted(ROOT.glob("policies/*/v*.yaml")), ROOT / "policies/facts.yaml", ROOT / "policies/services.yaml"]
VALUES = (
    "",
    "a",
    "2026-01-01",
    "number",
    "unique",
    True,
    Decimal(0),
    Decimal("1.5"),
    Decimal(10_000_000),
    None,
    [],
    {},
)
TIMES = 150
"""Changed copies of each file."""


def schema_of(node: Node) -> Schema:
    kind = node.get("kind")
    if kind is not None:
        return policy_schema(kind.text)
    return VOCABULARY if node.get("facts") is not None else SERVICES


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for part in (
        node.value.values() if isinstance(node.value, dict) else node.value if isinstance(node.value, list) else ()
    ):
        yield from nodes(part)


def changed(node: Node, at: Node, random: Random) -> Node:
    """The tree with one node of it changed: another value, an entry less, or an entry more."""
    if node is at:
        value: Any = random.choice(VALUES)
        if isinstance(node.value, dict) and node.value and random.random() < 0.7:
            value = dict(node.value)
            if random.random() < 0.5:
                del value[random.choice(list(value))]
            else:
                value[random.choice(("policy", "id", "values", "meaning"))] = replace(node, value=random.choice(VALUES))
        return replace(node, value=value)
    if isinstance(node.value, dict):
        return replace(node, value={name: changed(part, at, random) for name, part in node.value.items()})
    if isinstance(node.value, list):
        return replace(node, value=[changed(part, at, random) for part in node.value])
    return node


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_both_agree_on_files_and_on_changed_copies_of_them(file: Path) -> None:
    random = Random(file.name + file.parent.name)  # noqa: S311 - test data, nothing secret
    whole = parse(file.read_bytes(), file.name)
    schema = schema_of(whole)
    fits = shape_of(schema)
    assert fits(whole.value)
    every, refused = list(nodes(whole)), 0
    for _ in range(TIMES):
        node = changed(whole, random.choice(every), random)
        refused += not fits(node.value)
        assert fits(node.value) == (not list(_violations(node, schema)))
    assert 0 < refused < TIMES


def _violations(node: Node, schema: Schema) -> list[object]:
    try:
        return list(violations(node, schema))
    except KeyError:  # a changed copy has no place for each key, so the finding cannot be told; there is one
        return [KeyError]


@pytest.mark.parametrize("kind", KINDS)
def test_the_schemas_of_all_kinds_are_covered(kind: str) -> None:
    assert Structure(policy_schema(kind)).fits is not None


def test_a_schema_with_another_keyword_is_left_to_the_validator() -> None:
    schema: Schema = {"type": "array", "uniqueItems": True}
    with pytest.raises(NotCovered):
        shape_of(schema)
    assert check_structure(parse(b"[1, 2]", "a.yaml"), Structure(schema)) == []
    assert len(check_structure(parse(b"[1, 1]", "a.yaml"), Structure(schema))) == 1
