"""Whether the parts of a service fit: every fact is given, each value once, and nothing needs itself.

What `load_catalog` refuses already (an unknown policy, a wrong order, two policies giving one value) is not said again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ordain.engine.check.across.held import Held, Parts, place_of
from ordain.engine.errors import Issue, Level, did_you_mean
from ordain.engine.policy.facts import outputs_of


def unfed_facts(parts: Parts) -> Iterator[Issue]:
    """`unfed-fact`: a service reads a fact that no request may send and no model gives."""
    if parts.models is None:
        return
    known = {model.name for model in parts.models}
    for service in parts.services.values():
        told: set[str] = set()
        for held in parts.of(service):
            for name in held.policy.reads:
                sources = parts.vocabulary[name].sources
                model = parts.vocabulary[name].model
                is_fed = not model or model in known or len(sources) > 1 or parts.vocabulary[name].fallback
                if name in told or is_fed:
                    continue
                told.add(name)
                message = (
                    f"nobody gives `{name}`, which `{held.policy.label}` reads ({place_of(held.policy, name)}): no "
                    f"request may send it, and there is no usable model `{model}`"
                )
                near = did_you_mean(model, {*known, "request"})
                hint = near if near.startswith("did") else f"train it: ordain train {model}; or let requests send it"
                at = parts.place(service, "policies", held.policy.name)
                yield Issue(f"in the service `{service.name}` {message}", hint, at, name, "unfed-fact", Level.WARNING)


def unknown_outputs(parts: Parts) -> Iterator[Issue]:
    """`source`: a fact names an output that its model does not have."""
    outputs = {model.name: outputs_of(model) for model in parts.models or ()}
    for fact in parts.vocabulary.facts.values():
        known = outputs.get(fact.model, ())
        if fact.output and known and fact.output not in known:
            message = f"the model `{fact.model}` gives no `{fact.output}`, from which `{fact.name}` is to come"
            yield Issue(message, did_you_mean(fact.output, known), fact.span, fact.name, "source")


def given_twice(parts: Parts) -> Iterator[Issue]:
    """`given-twice`: one compliance policy's value hides another's.

    The worst verdict counts for the whole outcome, but a later policy and an answer see one policy's values only.
    """
    for service in parts.services.values():
        givers: dict[str, list[str]] = {}
        for position, name in enumerate(service.policies):
            for held in parts.versions.get(name, ()):
                yield from _hidden_from(parts, held, givers)
            if name not in service.policies[:position]:
                for output in {output: 1 for held in parts.versions.get(name, ()) for output in held.policy.gives}:
                    givers.setdefault(output, []).append(name)
        for output in service.gives:
            several = givers.get(output, [])
            if len(several) > 1 and output != "verdict":
                names = " and ".join(f"`{name}`" for name in several)
                message = f"`{output}` is given by {names}; `{service.name}` answers with that of `{several[-1]}` only"
                hint = f"leave `{output}` out of `gives`, or make one policy of them"
                at = parts.place(service, "gives", output)
                yield Issue(message, hint, at, output, "given-twice", Level.WARNING)


def _hidden_from(parts: Parts, held: Held, givers: Mapping[str, list[str]]) -> Iterator[Issue]:
    for name in held.policy.reads:
        giver, several = parts.vocabulary[name].given_by, givers.get(name, [])
        if giver in several and several[-1] != giver:
            message = f"`{name}` is to come from `{giver}`, but `{several[-1]}` gives it again before it is read here"
            hint = f"let `{held.policy.name}` decide right after `{giver}`"
            at = place_of(held.policy, name)
            yield Issue(message, hint, at, name, "given-twice", Level.WARNING)


def cycles(parts: Parts) -> Iterator[Issue]:
    """`cycle`: policies that need each other's values, so that no service can have them together."""
    needs: dict[str, dict[str, tuple[str, Held]]] = {}
    for held in parts.all():
        for name in held.policy.reads:
            giver = parts.vocabulary[name].given_by
            if giver in parts.versions:
                needs.setdefault(held.policy.name, {}).setdefault(giver, (name, held))
    told: set[str] = set()
    for start in needs:
        path = None if start in told else _way_back(start, needs)
        if path is None:
            continue
        told.update(path)
        steps = [f"`{path[0]}`"]
        for policy, giver in zip(path, [*path[1:], start], strict=True):
            steps.append(f"needs `{needs[policy][giver][0]}` of `{giver}`")
        together = any(set(path) <= set(service.policies) for service in parts.services.values())
        fact, held = needs[start][path[1] if len(path) > 1 else start]
        message = f"policies need each other's values: {', which '.join([' '.join(steps[:2]), *steps[2:]])}"
        hint = "take what both need into a policy of its own, which decides before them"
        if len(path) == 1:
            message, hint = f"`{start}` needs its own value `{fact}`", "let another policy give it, or a request"
        level = Level.ERROR if together else Level.WARNING
        yield Issue(message, hint, place_of(held.policy, fact), fact, "cycle", level)


def _way_back(start: str, needs: Mapping[str, Mapping[str, object]]) -> list[str] | None:
    """The shortest way from a policy through those it needs back to itself."""
    ways = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        for following in needs.get(way[-1], {}):
            if following == start:
                return way
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return None
