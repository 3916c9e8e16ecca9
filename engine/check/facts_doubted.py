"""What is doubtful of a vocabulary that can be read: names of functions, and values that appear twice."""

from __future__ import annotations

from collections.abc import Iterator

from ordain.engine.errors import Issue, Level
from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.policy.facts import Vocabulary


def facts_doubted(vocabulary: Vocabulary) -> Iterator[Issue]:
    """`name` and `duplicate`, as warnings: what is on record under such a vocabulary must still be read."""
    for name in vocabulary:
        fact = vocabulary[name]
        if name in FUNCTIONS:
            message = f"`{name}` is a built-in function, so no fact should have its name"
            hint = f"choose another name, such as `{name}_given`"
            yield Issue(message, hint, fact.span, name, "name", Level.WARNING)
        values = fact.type.values or (fact.type.item.values if fact.type.item is not None else ())
        if "null" in values:
            message = f"`{name}` has a value called `null`, and in a cell `null` is the missing value"
            hint = "choose another word, or write it `'\"null\"'` in cells"
            yield Issue(message, hint, fact.span, name, "name", Level.WARNING)
        for value in dict.fromkeys(value for at, value in enumerate(values) if value in values[:at]):
            message = f"the value `{value}` of `{name}` appears twice"
            yield Issue(message, "keep one of them", fact.span, name, "duplicate", Level.WARNING)
