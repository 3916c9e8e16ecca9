"""What keeps vocabulary, services and policies that each load from fitting together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.errors import Issue, UnknownService, did_you_mean, quoted
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.kinds import KINDS
from ordain.engine.policy.load_facts import unknown_policies
from ordain.engine.policy.model import Policy
from ordain.engine.policy.service import Service, Services
from ordain.engine.score_fallback import fallback_issues
from ordain.engine.score_gate import condition_issues, uncovered
from ordain.engine.telling import telling_issues
from ordain.engine.values.types import Type


def service_of(services: Services, name: str) -> Service:
    """Raises UnknownService."""
    service = services.by_name.get(name)
    if service is None:
        raise UnknownService(f"there is no service {quoted(name)}", did_you_mean(name, services.by_name))
    return service


def fitting_issues(
    vocabulary: Vocabulary,
    services: Services,
    versions: Mapping[str, Sequence[CompiledPolicy]],
    known: Collection[str],
    *,
    only: str = "",
) -> list[Issue]:
    """What keeps the parts from fitting together. `known` are the names of all policies, also of those that did not
    load; `only` is the one service that is looked at, if not all are."""
    issues = unknown_policies(vocabulary, known)
    issues.extend(fallback_issues(vocabulary))
    issues.extend(_given_issues(vocabulary, versions))
    issues.extend(protected_issues(vocabulary, versions, {}))
    for service in services.by_name.values() if not only else (service_of(services, only),):
        issues.extend(_service_issues(service, services, vocabulary, versions))
    return issues


def _service_issues(
    service: Service, services: Services, vocabulary: Vocabulary, versions: Mapping[str, Sequence[CompiledPolicy]]
) -> list[Issue]:
    """What keeps the parts of a service from fitting together, in any of their versions."""
    issues = []
    given: dict[str, str] = {}
    for position, name in enumerate(service.policies):
        if name in service.policies[:position]:
            issues.append(
                Issue(
                    f"the service `{service.name}` names `{name}` twice",
                    "keep one of them",
                    service.span,
                    code="duplicate",
                )
            )
            continue
        if name not in versions:
            hint = did_you_mean(name, versions)
            issues.append(
                Issue(
                    f"the service `{service.name}` names an unknown policy: `{name}`",
                    hint,
                    service.span,
                    code="unknown-policy",
                )
            )
            continue
        for compiled in versions[name]:
            issues.extend(_reads_issues(service, compiled.policy, vocabulary, given))
        for compiled in versions[name]:
            for output in compiled.policy.gives:
                other = given.setdefault(output, name)
                both = {versions[policy][0].policy.kind for policy in (other, name)}
                if other != name and both != {"compliance"}:
                    message = f"`{output}` is given by `{other}` and by `{name}` in the service `{service.name}`"
                    issues.append(Issue(message, "rename one of them", compiled.policy.span, code="given-twice"))
    for output in service.gives:
        if output not in given and not issues:
            hint = did_you_mean(output, given)
            issues.append(
                Issue(f"no policy of the service `{service.name}` gives `{output}`", hint, service.span, code="service")
            )
        for compiled in versions.get(given.get(output, ""), ()):
            if output not in compiled.policy.gives:
                message = f"`{compiled.policy.label}` does not give `{output}`, which `{service.name}` gives"
                issues.append(Issue(message, "every version must give it", compiled.policy.span, code="service"))
    issues += telling_issues(service, versions, given)
    issues += _fallback_issues(service, services, versions)
    issues += condition_issues(service, vocabulary)
    for name in service.policies:
        for compiled in versions.get(name, ())[:1]:  # the latest; an earlier one refuses whom it cannot decide about
            issues += uncovered(service, compiled.policy, vocabulary)
    return issues


def _fallback_issues(
    service: Service, services: Services, versions: Mapping[str, Sequence[CompiledPolicy]]
) -> list[Issue]:
    """What keeps another service from being asked in the place of this one: it has to give all that this one does, ask
    the same compliance, and keep back no less."""
    if not service.fallback:
        return []
    other = services.by_name.get(service.fallback)
    if other is None:
        message = f"the fallback of `{service.name}` is an unknown service: `{service.fallback}`"
        return [Issue(message, did_you_mean(service.fallback, services.by_name), service.span, code="service")]
    if other.fallback or other.name == service.name:
        message = f"`{other.name}`, the fallback of `{service.name}`, has a fallback itself"
        return [Issue(message, "name a service that always decides", service.span, code="service")]
    looser = {
        "at: refused": other.takes_time and not service.takes_time,
        "if denied: refuse": service.refuses and not other.refuses,
        "if review: withhold": not service.withholds <= other.withholds,
        "scores": service.scores is not None and (other.scores is None or other.scores.unless != service.scores.unless),
    }
    issues = [
        Issue(
            f"`{other.name}`, the fallback of `{service.name}`, does not say `{setting}` as that does",
            "in an emergency no less holds: let it say the same",
            service.span,
            code="service",
        )
        for setting, is_looser in looser.items()
        if is_looser
    ]
    laws = [name for name in service.policies if versions.get(name) and versions[name][0].policy.kind == "compliance"]
    issues += [
        Issue(
            f"`{other.name}`, the fallback of `{service.name}`, does not ask `{name}`",
            "what is lawful is asked in an emergency, too: name it under its `policies`",
            service.span,
            code="service",
        )
        for name in laws
        if name not in other.policies
    ]
    own, its = (_types(each, versions) for each in (service, other))
    for output, type in own.items():
        if output not in other.gives:
            message = f"`{other.name}`, the fallback of `{service.name}`, does not give `{output}`"
            hint = "whoever asks relies on it: let it give that, too"
            issues.append(Issue(message, hint, service.span, code="service"))
        elif output in its and not type.holds(its[output]):
            message = f"`{other.name}`, the fallback of `{service.name}`, gives another `{output}`: {its[output]}"
            issues.append(Issue(message, f"it has to be {type}", service.span, code="service"))
    return issues


def _types(service: Service, versions: Mapping[str, Sequence[CompiledPolicy]]) -> dict[str, Type]:
    """The types of what a service gives, by the latest versions of its policies."""
    latest = [versions[name][0].policy.gives for name in service.policies if versions.get(name)]
    return {output: gives[output] for output in service.gives for gives in latest if output in gives}


def _given_issues(vocabulary: Vocabulary, versions: Mapping[str, Sequence[CompiledPolicy]]) -> list[Issue]:
    """Facts that are said to come from a policy of which some version gives no such value, or one of another type."""
    issues = []
    for fact in vocabulary.facts.values():
        for policy in (compiled.policy for compiled in versions.get(fact.given_by, ())):
            given = policy.gives.get(fact.name)
            if given is None:
                hint = did_you_mean(fact.name, policy.gives)
                issues.append(Issue(f"`{policy.label}` does not give `{fact.name}`", hint, fact.span, code="source"))
            elif not fact.type.holds(given):
                message = f"`{fact.name}` is declared {fact.type}, but `{policy.label}` gives a different {given}"
                issues.append(Issue(message, "type, unit, values and fields must agree", fact.span, code="source"))
    return issues


def _reads_issues(service: Service, policy: Policy, vocabulary: Vocabulary, given: Mapping[str, str]) -> list[Issue]:
    issues = []
    for name in policy.reads:
        giver = vocabulary[name].given_by
        if giver and given.get(name) != giver:
            message = f"`{policy.label}` uses `{name}` before `{giver}` produces it in `{service.name}`"
            issues.append(Issue(message, f"put `{giver}` before `{policy.name}`", service.span, code="order"))
    return issues


def protected_issues(
    vocabulary: Vocabulary, versions: Mapping[str, Sequence[CompiledPolicy]], scores: Mapping[str, str]
) -> list[Issue]:
    """A protected fact must not reach a price or an intervention through another decision either.

    `scores` are facts that a model computes from a protected one, which is named.
    """
    tainted: dict[str, str] = {name: name for name in vocabulary if vocabulary[name].protected}
    tainted.update(scores)
    growing = True
    while growing:
        growing = False
        for name in vocabulary:
            giver = vocabulary[name].given_by
            for compiled in versions.get(giver, ()):
                through = next((read for read in compiled.policy.reads if read in tainted), None)
                if through is not None and name not in tainted:
                    tainted[name], growing = tainted[through], True
    issues = []
    for several in versions.values():
        for policy in (compiled.policy for compiled in several):
            for name in policy.reads if KINDS[policy.kind].fair else ():
                if name in tainted:
                    message = f"`{policy.label}` reads `{name}`, which depends on the protected fact `{tainted[name]}`"
                    issues.append(
                        Issue(
                            message,
                            "a price or an intervention may not depend on it",
                            policy.span,
                            code="protected-reaches-price",
                        )
                    )
    return issues
