"""The versions of all policies with the days each one decides, and the places that their files name things at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ordain.engine.catalog import Catalog
from ordain.engine.errors import PolicyError, Span
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.facts import ModelCard, Vocabulary
from ordain.engine.policy.model import Effective, Formula, Policy, Table, TableFunction
from ordain.engine.policy.service import Service
from ordain.engine.text.source import Node, parse

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Held:
    """One version and days on which it decides: a later version, or a season, ends them. None: it never decides.

    A version that returns after a season is held once more, with the days from then on. `replaced_by` is the version
    that decides next, or one that begins on the same day, and `replaced_on` its first day then. `root` is the YAML it
    was read from; None for a `.dmn` file.
    """

    policy: Policy
    days: Effective | None
    replaced_by: Policy | None
    replaced_on: dt.date | None
    root: Node | None

    def node(self, *path: str) -> Node | None:
        """What stands in its file under these keys."""
        node = self.root
        for key in path:
            node = node.get(key) if node is not None else None
        return node

    def key(self, *path: str) -> Span:
        """Where the last of these keys stands in its file; the policy's own place when it does not."""
        above = self.node(*path[:-1])
        return above.keys.get(path[-1], self.policy.span) if above is not None else self.policy.span

    def effective(self, side: str) -> Span:
        """Where its first or last day (`from` or `until`) is written."""
        node = self.node("effective")
        if node is None:
            return self.policy.span
        part = node.get(side)
        return part.span if part is not None else node.span if node.span.text else self.key("effective")


@dataclass(frozen=True, slots=True)
class Parts:
    """All that the checks across policies look at. `versions` of a policy stand in the order in which they begin.

    `models` are the usable ones; None when it is not known which there are. `begins` has the first day of each policy.
    """

    vocabulary: Vocabulary
    services: Mapping[str, Service]
    versions: Mapping[str, Sequence[Held]]
    services_root: Node
    models: tuple[ModelCard, ...] | None
    facts_root: Node | None
    begins: Mapping[str, dt.date]
    today: dt.date | None

    def all(self) -> Iterator[Held]:
        for several in self.versions.values():
            yield from several

    def of(self, service: Service) -> Iterator[Held]:
        """The versions of a service's policies, those of one policy together."""
        for name in service.policies:
            yield from self.versions.get(name, ())

    def users(self, policy: str) -> list[Service]:
        """The services that a policy is part of."""
        return [service for service in self.services.values() if policy in service.policies]

    def place(self, service: Service, key: str, text: str) -> Span:
        """Where a service names a policy or an output (`key`: policies or gives)."""
        listed = self.services_root["services"][service.name].get(key)
        spans = (node.span for node in listed.nodes() if node.text == text) if listed is not None else iter(())
        return next(spans, service.span)

    def feeders(self, fact: str) -> list[ModelCard]:
        """The models that score a fact."""
        return [model for model in self.models or () if model.name == self.vocabulary[fact].model]


def parts(catalog: Catalog, models: Sequence[ModelCard] | None, today: dt.date | None) -> Parts:
    """The parts of a catalog, without the versions whose last day was before `today`."""
    services = catalog.services
    file = next(iter(services.by_name.values())).span.file if services.by_name else "services.yaml"
    versions = {name: held_versions([each.policy for each in several]) for name, several in catalog.versions.items()}
    begins = {name: several[0].policy.effective.start for name, several in versions.items()}
    if today is not None:
        versions = {name: [each for each in several if not _over(each, today)] for name, several in versions.items()}
    named = None if models is None else tuple(models)
    spans = [fact.span for fact in catalog.vocabulary.facts.values() if fact.span is not None]
    facts = _root(catalog.vocabulary.text, spans[0].file) if spans else None
    root = _root(services.text, file) or Node({"services": Node({}, Span(file, 1, 1))}, Span(file, 1, 1))
    return Parts(catalog.vocabulary, services.by_name, versions, root, named, facts, begins, today)


def held_versions(policies: list[Policy]) -> list[Held]:
    """As the catalog picks: a season on its days, else the latest version that has begun, even when it has ended."""
    ordered = sorted(policies, key=lambda policy: (policy.effective.start, policy.version))
    periods = _periods([policy for policy in ordered if not policy.effective.season])
    for season in (policy for policy in ordered if policy.effective.season):
        periods = _with_season(periods, season)
    held = []
    for place, (policy, days) in enumerate(periods):
        later = periods[place + 1 :]
        # What never decides replaces nothing, but it is replaced itself by what begins on the same day.
        following = next((each for each in later if days is None or each[1] is not None), None)
        root = None if policy.span.file.endswith(".dmn") else _root(policy.text, policy.span.file)
        if following is None:
            held.append(Held(policy, days, None, None, root))
        else:
            first = following[1].start if following[1] is not None else following[0].effective.start
            held.append(Held(policy, days, following[0], first, root))
    return held


_Period = tuple[Policy, Effective | None]


def _periods(ordered: list[Policy]) -> list[_Period]:
    """Of versions without seasons: each until the day before the next one."""
    periods: list[_Period] = []
    for place, policy in enumerate(ordered):
        following = ordered[place + 1] if place + 1 < len(ordered) else None
        days: Effective | None = policy.effective
        if following is not None:
            start, end = policy.effective.start, policy.effective.end
            before = following.effective.start
            last = before - DAY if start < before else None
            days = None if last is None else Effective(start, last if end is None else min(end, last))
        periods.append((policy, days))
    return periods


def _with_season(periods: list[_Period], season: Policy) -> list[_Period]:
    """The periods with those days of a season taken out of them and given to it."""
    first, last = season.effective.start, season.effective.end or dt.date.max
    cut: list[_Period] = []
    for policy, days in periods:
        if days is None or days.start > last or (days.end is not None and days.end < first):
            cut.append((policy, days))
            continue
        left = [Effective(days.start, first - DAY)] if days.start < first else []
        goes_on = last < dt.date.max and (days.end is None or days.end > last)
        right = [Effective(last + DAY, days.end)] if goes_on else []
        cut += [(policy, part) for part in (*left, *right)] or [(policy, None)]
    cut.append((season, season.effective))
    return sorted(cut, key=lambda period: (period[1] or period[0].effective).start)


def _over(held: Held, today: dt.date) -> bool:
    """Whether a version has had its days and another has begun; the last one is always looked at."""
    return held.replaced_on is not None and held.replaced_on <= today


def _root(text: bytes, file: str) -> Node | None:
    try:
        return parse(text, file)
    except PolicyError:
        return None


def expressions(policy: Policy) -> Iterator[tuple[str, Checked]]:
    """Every expression of a policy, with the name of the decision or function it belongs to; "" for `must hold`."""
    for function in policy.functions:
        for part in _of_table(function.table):
            yield (function.table.name, _within(function, part)) if function.takes else (function.name, part)
    for decision in policy.decisions:
        if isinstance(decision, Formula):
            yield decision.name, decision.expression
    for decision in policy.decisions:
        if isinstance(decision, Table):
            yield from ((decision.name, part) for part in _of_table(decision))
    yield from (("", requirement.expression) for requirement in policy.must_hold)


def _of_table(table: Table) -> Iterator[Checked]:
    for column in table.columns:
        yield column.expression
    for rule in table.rules:
        yield from (part for part in (*rule.cells, rule.condition, *rule.gives) if part is not None)
    yield from table.otherwise or ()


def _within(function: TableFunction, part: Checked) -> Checked:
    """An expression of a table that is called, as a function of its parameters, whose names are no facts."""
    span = part.tree.span
    parameters = tuple(tree.Parameter(span, name, None) for name in function.parameters)
    return replace(part, tree=tree.Function(span, parameters, part.tree))


def names_in(checked: Checked) -> set[str]:
    """All names that an expression may read or call; perhaps also names of fields of a list's items."""
    return {*checked.reads, *tree.names(checked.tree)}


def place_of(policy: Policy, fact: str) -> Span:
    """Where a policy first reads a fact; the policy's own place when only a rule that takes no part does."""
    for _, checked in expressions(policy):
        if fact in names_in(checked):
            for node in tree.walk(checked.tree):
                if isinstance(node, tree.Name) and node.name == fact:
                    return node.span
    return policy.span
