"""Ways on which a protected fact reaches a price or an intervention, through decisions, policies and models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ordain.engine.check.across.held import Parts, expressions, names_in, place_of
from ordain.engine.errors import Issue, Level
from ordain.engine.policy.kinds import KINDS
from ordain.engine.policy.model import Policy
from ordain.engine.values.types import Type

Way = tuple[str, ...]
"""The steps from a protected fact on, each as people read it: `age`, `band (banding@1)`."""


def protected_paths(parts: Parts) -> Iterator[Issue]:
    """`protected-reaches-price`, with the whole way as words.

    An error where a policy of a kind that must be fair reads what depends on the fact. A warning where a plain decision
    gives an amount of money that depends on it: a price in all but name.
    """
    ways = _ways(parts)
    for held in parts.all():
        policy = held.policy
        if policy.kind == "compliance" or held.days is None:
            continue
        inside = _inside(policy, {name: ways[name] for name in policy.reads if name in ways})
        if KINDS[policy.kind].fair:
            yield from _unfair(policy, ways, inside)
        else:
            yield from _priced(parts, policy, ways, inside)


def _unfair(policy: Policy, ways: Mapping[str, Way], inside: Mapping[str, Way]) -> Iterator[Issue]:
    told: set[str] = set()
    for name in policy.reads:
        if name in ways and ways[name][0] not in told:
            told.add(ways[name][0])
            ends = (inside[given] for given in policy.gives if inside.get(given, ())[: len(ways[name])] == ways[name])
            way = next(ends, (*ways[name], f"`{policy.label}`"))
            what = "an intervention" if policy.kind == "intervention" else "a price"
            message = f"the protected fact `{way[0]}` reaches {what}: {' -> '.join(way)}"
            hint = f"decide without `{name}`, or take `{way[0]}` out of what leads to it"
            yield Issue(message, hint, place_of(policy, name), name, "protected-reaches-price", Level.ERROR)


def _priced(parts: Parts, policy: Policy, ways: Mapping[str, Way], inside: Mapping[str, Way]) -> Iterator[Issue]:
    for given, of in policy.gives.items():
        declared = parts.vocabulary.facts.get(given)
        if given not in inside or not _has_money(declared.type if declared is not None else of):
            continue
        way = inside[given]
        name = next((name for name in policy.reads if name in ways and way[: len(ways[name])] == ways[name]), way[0])
        message = f"the protected fact `{way[0]}` reaches an amount of money: {' -> '.join(way)}"
        hint = "no price may depend on it; where the amount is no price, give it without a currency"
        yield Issue(message, hint, place_of(policy, name), name, "protected-reaches-price", Level.WARNING)


def _ways(parts: Parts) -> dict[str, Way]:
    """The facts that depend on a protected one, each with a shortest way from it."""
    vocabulary = parts.vocabulary
    ways: dict[str, Way] = {name: (name,) for name in vocabulary if vocabulary[name].protected}
    features = {feature.name for model in parts.models or () for feature in model.reads if feature.protected}
    ways.update({name: (name,) for name in features})
    growing = True
    while growing:
        reached: dict[str, Way] = {}
        for name in (name for name in vocabulary if name not in ways):
            for model in parts.feeders(name):
                through = next((feature.name for feature in model.reads if feature.name in ways), None)
                if through is not None:
                    reached.setdefault(name, (*ways[through], f"{name} (model {model.name}@{model.version})"))
            for held in parts.versions.get(vocabulary[name].given_by, ()):
                if held.days is not None and name in (inside := _inside(held.policy, ways)):
                    reached.setdefault(name, inside[name])
        ways.update(reached)
        growing = bool(reached)
    return ways


def _inside(policy: Policy, ways: Mapping[str, Way]) -> dict[str, Way]:
    """The decisions of a policy that depend on a protected fact; those that only its kind made are no steps."""
    reads: dict[str, set[str]] = {}
    for name, checked in expressions(policy):
        reads.setdefault(name, set()).update(names_in(checked))
    facts = {name: ways[name] for name in policy.reads if name in ways}
    known: dict[str, Way] = dict(facts)
    growing = True
    while growing:
        growing = False
        for name, from_ in reads.items():
            through = sorted(
                (known[read] for read in from_ if read in known and read != name), key=lambda way: (len(way), way)
            )
            if name and name not in known and through:
                step = (f"{name} ({policy.label})",) if name in policy.gives else ()
                known[name], growing = (*through[0], *step), True
    return {name: way for name, way in known.items() if name in reads}


def _has_money(of: Type) -> bool:
    return of.is_money or any(map(_has_money, of.fields.values())) or (of.item is not None and _has_money(of.item))
