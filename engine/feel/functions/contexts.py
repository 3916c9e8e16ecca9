"""Functions of contexts, DMN 1.5 section 10.3.4.10. A context is never changed: each gives a new one."""

from __future__ import annotations

from typing import Any

from ordain.engine.feel.functions import result_rules
from ordain.engine.feel.functions.entry import Function, OfEmpty
from ordain.engine.feel.signature import signature

Context = dict[str, Any]


def _value(context: Context, key: str) -> Any:
    return context.get(key)


def _entries(context: Context) -> tuple[Context, ...]:
    return tuple({"key": key, "value": value} for key, value in context.items())


def _context(entries: tuple[Context, ...]) -> Context:
    made: Context = {}
    for entry in entries:
        if "key" not in entry or "value" not in entry:
            raise ValueError("every entry has a `key` and a `value`")
        key = entry["key"]
        if not isinstance(key, str):
            raise ValueError("a key of a context is a text")
        if key in made:
            raise ValueError(f"the key `{key}` is there twice")
        made[key] = entry["value"]
    return made


def _put(context: Context, key: str, value: Any) -> Context:
    return {**context, key: value}


def _put_below(context: Context, keys: tuple[str, ...], value: Any) -> Context:
    """Puts the value at the end of a path of keys; every key but the last must lead to a context."""
    if not keys:
        raise ValueError("a value is put under at least one key")
    levels = [context]
    for key in keys[:-1]:
        below = levels[-1].get(key)
        if not isinstance(below, dict):
            raise ValueError(f"there is no context under `{key}`")
        levels.append(below)
    made = value
    for level, key in zip(reversed(levels), reversed(keys), strict=True):
        made = {**level, key: made}
    return made  # type: ignore[no-any-return]


def _merge(contexts: tuple[Context, ...]) -> Context:
    made: Context = {}
    for context in contexts:
        made.update(context)
    return made


FUNCTIONS: dict[str, Function] = {
    "get value": Function(
        "The value under a key; null when there is none.",
        'get value({a: 1, b: 2}, "b")',
        "2",
        (signature("(m: context, key: text) -> any?", _value),),
        result_rule=result_rules.get_value,
    ),
    "get entries": Function(
        "The keys and values of a context as a list of contexts.",
        "get entries({a: 1})",
        '[{key: "a", value: 1}]',
        (signature("(m: context) -> list of context", _entries),),
        result_rule=result_rules.get_entries,
    ),
    "context": Function(
        "A context from a list of contexts with `key` and `value`.",
        'context([{key: "a", value: 1}])',
        "{a: 1}",
        (signature("(entries: list of context) -> context", _context),),
        of_empty=OfEmpty("{}"),
        loose_lists=True,
        result_rule=result_rules.context,
    ),
    "context put": Function(
        "The context with one more value, or another one, under a key or a path of keys.",
        'context put({a: 1}, "b", 2)',
        "{a: 1, b: 2}",
        (
            signature("(context: context, key: text, value: any?) -> context", _put),
            signature("(context: context, keys: list of text, value: any?) -> context", _put_below),
        ),
        result_rule=result_rules.context_put,
    ),
    "context merge": Function(
        "All contexts of a list as one; of two values under one key the later stays.",
        "context merge([{a: 1}, {b: 2}])",
        "{a: 1, b: 2}",
        (signature("(contexts: list of context) -> context", _merge),),
        of_empty=OfEmpty("{}"),
        loose_lists=True,
        result_rule=result_rules.context_merge,
    ),
}
