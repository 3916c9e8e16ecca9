"""What is usual: the median of a number, the most frequent of anything else. Reasons tell a value against it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from ordain.engine.policy.facts import Fact
from ordain.engine.values.json_text import read_json
from ordain.engine.values.types import Kind, Value, plain


def usual_of(facts: Iterable[Fact], rows: Sequence[Mapping[str, Value]]) -> dict[str, Value]:
    """By name; a fact that is missing in all rows has no usual value. Of two medians the lower, so that it occurs."""
    usual: dict[str, Value] = {}
    for fact in facts:
        values = [value for row in rows if (value := row.get(fact.name)) is not None]
        if not values:
            continue
        if fact.type.kind is Kind.NUMBER:
            usual[fact.name] = sorted(values)[(len(values) - 1) // 2]
        else:
            counts = Counter(values)
            usual[fact.name] = max(sorted(counts, key=str), key=counts.__getitem__)
    return usual


def as_json(usual: Mapping[str, Value]) -> dict[str, object]:
    """For a model's file: a number as its decimal text in a list, so that it is not taken for a text."""
    return {name: [str(plain(value))] if isinstance(value, Decimal) else value for name, value in sorted(usual.items())}


def from_json(data: bytes) -> dict[str, Value]:
    """What `as_json` made. Raises MalformedRequest, ValueError."""
    read = read_json(data, "usual")
    return {name: Decimal(value[0]) if isinstance(value, list) else value for name, value in dict(read).items()}
