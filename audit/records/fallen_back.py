"""The fallbacks of a recorded decision, made again: what a rule gives must be the fact that the policies read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ordain.engine.errors import OrdainError
from ordain.engine.feel.runtime.missing import MissingValue
from ordain.engine.policy.facts import FALLBACK, Facts, Vocabulary
from ordain.engine.score_fallback import FallbackRule, fallback_of
from ordain.engine.values.types import Value, read

Json = dict[str, Any]


class Difference(NamedTuple):
    """What a replay found: `part` is one of policy, facts, model, engine, record."""

    part: str
    message: str

    def __str__(self) -> str:
        return f"{self.part}: {self.message}"


def fallback_differences(private: Json, facts: Facts, vocabulary: Vocabulary) -> Iterator[Difference]:
    """A fallback on record must be what facts.yaml of that day gives for what its rule read, and its fact say so."""
    told = set()
    for each in private.get("fallbacks", ()):
        name, source = each.get("fact"), f"{FALLBACK}{each.get('model')}: {each.get('why')}"
        told.add(name)
        try:
            rule = fallback_of(vocabulary[name], vocabulary)
            if rule is None:
                yield Difference("model", f"`{name}` has no fallback, and the record says that it is one")
                continue
            value = rule.gives(_inputs(rule, each["inputs"]))
        except (
            OrdainError,
            MissingValue,
            ArithmeticError,
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
        ) as error:
            said = error.message if isinstance(error, OrdainError) else f"{type(error).__name__} {error}"
            yield Difference("model", f"the fallback of `{name}` cannot be made again: {said}")
            continue
        if value != facts.values.get(name) or facts.sources.get(name) != source:
            yield Difference("model", f"`{name}` is not its fallback")
    for name, source in facts.sources.items():
        if source.startswith(FALLBACK) and name not in told:
            yield Difference("model", f"the {source} for `{name}` is not on record")


def _inputs(rule: FallbackRule, recorded: Json) -> dict[str, Value]:
    given = ((fact, recorded[fact.name]) for fact in rule.facts)
    return {fact.name: None if raw is None else read(fact.type, raw, stored=True) for fact, raw in given}
