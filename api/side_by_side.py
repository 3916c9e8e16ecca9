"""One request decided by several versions of policies at one moment, on trial: nothing is recorded.

Each set of versions stands in for what is in force; of the other policies that decides which is in force. A set is
looked at as `ordain check` looks at what is loaded together: one that does not fit is refused.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from ordain.api.ask import Ask
from ordain.api.decide import make_decision, time_of
from ordain.api.lifecycle.steps import parted
from ordain.api.lifecycle.versions_to_try import VersionsToTry
from ordain.api.limits import LIMITS
from ordain.api.problems import shape_of
from ordain.api.services import Rules, on_trial
from ordain.audit.entry.canonical import canonical
from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.catalog import Catalog
from ordain.engine.errors import DataError, MalformedRequest, OrdainError, PolicyError, counted, did_you_mean, quoted
from ordain.engine.together import fitting_issues
from ordain.engine.values.temporal import fixed_offset
from ordain.engine.versions import read_versions

Json = dict[str, Any]
IN_FORCE = "in force"
"""What the set is called that names no version."""
Named = Mapping[str, int]


def named_sets(told: Sequence[str]) -> list[Named]:
    """The sets of versions that are to be tried: each text names one version, or several, joined by commas.

    A single one is compared with what is in force, which comes first; so does none. Raises MalformedRequest.
    """
    if len(told) > LIMITS.tried_sets:
        message = f"{len(told)} sets of versions are tried, and at most {LIMITS.tried_sets} can be"
        raise MalformedRequest(message, "ask twice")
    sets: list[Named] = []
    for text in told:
        named: dict[str, int] = {}
        for label in text.split(","):
            name, number = parted(label.strip())
            if name in named:
                hint = f"to see them side by side, name each by itself: {name}@{named[name]} and {name}@{number}"
                raise MalformedRequest(f"{quoted(name)} is named twice in `{text[:80]}`", hint)
            named[name] = number
        if named in sets:
            raise MalformedRequest(f"`{label_of(named)}` is named twice", "once is enough")
        sets.append(named)
    return [{}, *sets] if len(sets) < 2 else sets


def label_of(named: Named) -> str:
    """Such as `price-proposal@2, price-bounds@3`."""
    return ", ".join(f"{name}@{number}" for name, number in named.items()) or IN_FORCE


def side_by_side(ask: Ask, rules: Rules, sets: Sequence[Named], drafts: VersionsToTry) -> Json:
    """The answers by these sets of versions, and where they differ.

    `{"service", "at", "dry_run": true, "tried": [{"versions", "answer" or "error"}], "differs": [{"what", "values"}]}`:
    an answer is that of a dry run, an error has its code, message and details; `values` has a value for each set that
    was answered, by its label. Raises MalformedRequest for versions that there are not, or that do not fit; and the
    DataError of the first where none can decide for want of facts that are right.
    """
    now = rules.now()
    at = time_of(ask, now, rules.settings)
    tried: list[Json] = []
    errors: list[OrdainError] = []
    for rules_of in [on_trial(rules, _catalog(ask, rules, named, drafts, at), now) for named in sets]:
        try:
            tried.append({"answer": orjson.loads(make_decision(ask, rules_of).on_trial())})
        except OrdainError as error:
            errors.append(error)
            told = shape_of(error, "")["error"]
            tried.append({"error": {part: told[part] for part in ("code", "message", "details")}})
    if len(errors) == len(sets) and all(isinstance(error, DataError) for error in errors):
        raise errors[0]
    labels = list(map(label_of, sets))
    answers = {label: each["answer"] for label, each in zip(labels, tried, strict=True) if "answer" in each}
    return {
        "service": ask.service,
        "at": at.isoformat(),
        "dry_run": True,
        "tried": [{"versions": label, **each} for label, each in zip(labels, tried, strict=True)],
        "differs": list(_differences(answers)),
    }


def _catalog(ask: Ask, rules: Rules, named: Named, drafts: VersionsToTry, at: dt.datetime) -> Catalog:
    """What decides with these versions, and nothing else. Raises MalformedRequest, NotInForce."""
    catalog, service = rules.catalog, rules.catalog.service(ask.service)
    for name in named:
        if name not in service.policies:
            hint = did_you_mean(name, service.policies)
            raise MalformedRequest(f"the service {quoted(service.name)} asks no policy {quoted(name)}", hint)
    wanted = {name: number for name, number in named.items() if _loaded(catalog, name, number) is None}
    made = _compiled(wanted, catalog, drafts, rules.settings.zone)
    assigned = catalog.assigned(ask.service, fixed_offset(at), ask.subject, ask.facts)
    rolled = {each.policy: each.version for each in assigned if each.decides}
    picked: dict[str, CompiledPolicy] = {}
    for name in service.policies:
        number = named.get(name, rolled.get(name))
        known = None if number is None else _loaded(catalog, name, number)
        picked[name] = made.get(name) or known or catalog.version(name, fixed_offset(at))
    versions = {name: (compiled,) for name, compiled in picked.items()}
    givers = {catalog.vocabulary[name].given_by for name in catalog.vocabulary}
    known_names = {*catalog.versions, *givers}
    issues = fitting_issues(catalog.vocabulary, catalog.services, versions, known_names, only=service.name)
    if issues:
        raise _untriable(named, PolicyError(issues))
    return Catalog(catalog.vocabulary, catalog.services, versions, chosen=picked)


def _loaded(catalog: Catalog, name: str, number: int) -> CompiledPolicy | None:
    return next((each for each in catalog.versions[name] if each.policy.version == number), None)


def _compiled(wanted: Named, catalog: Catalog, drafts: VersionsToTry, zone: dt.tzinfo) -> dict[str, CompiledPolicy]:
    """The versions that are not loaded, by their policies. Raises MalformedRequest."""
    files = {}
    for name, number in wanted.items():
        there = sorted({*(each.policy.version for each in catalog.versions[name]), *drafts.numbers(name)})
        if number not in there:
            raise MalformedRequest(f"`{name}` has no version {number}", f"there are: {', '.join(map(str, there))}")
        file, text = drafts.text(name, number)
        files[file] = text
    if not files:
        return {}
    root = next(iter(files)).partition("/")[0]
    read = read_versions(files, root, catalog.vocabulary, drafts.kept, zone)
    if read.issues:
        raise _untriable(wanted, PolicyError(read.issues))
    return {name: several[0] for name, several in read.versions.items()}


def _untriable(named: Named, error: PolicyError) -> MalformedRequest:
    """Of a version that does not load, or that does not fit: whoever names it can mend that, and nobody else."""
    more = len(error.issues) - 1
    first = error.issues[0]
    beside = f", and {counted(more, 'finding')} more" if more else ""
    where = f"{first.span}: " if first.span is not None else ""
    return MalformedRequest(f"{label_of(named)} cannot be tried: {where}{first.message}{beside}", first.hint)


def _differences(answers: Mapping[str, Json]) -> Iterator[Json]:
    """Each part of the answers that is not the same in all of them, in their order."""
    parts = {label: dict(parts_of(answer)) for label, answer in answers.items()}
    for what in dict.fromkeys(part for each in parts.values() for part in each):
        values = {label: each.get(what) for label, each in parts.items()}
        if len({canonical(value) for value in values.values()}) > 1:
            yield {"what": what, "values": values}


def parts_of(answer: Json) -> Iterator[tuple[str, Any]]:
    """What a caller acts on, by path, and which rules led to it, by their policies' names alone."""
    yield from ((name, answer[name]) for name in ("status", "verdict"))
    yield from _leaves("outcome", answer["outcome"])
    duties = [{name: part for name, part in duty.items() if name != "version"} for duty in answer["obligations"]]
    yield "obligations", sorted(duties, key=canonical)
    yield "rules", [f"{each['policy']}/{each['rule']}" for each in answer["reasons"] if "rule" in each]


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The parts of a value that are no contexts; money is one part."""
    if isinstance(value, dict) and value and set(value) != {"amount", "currency"}:
        for name, part in value.items():
            yield from _leaves(f"{path}.{name}", part)
    else:
        yield path, value
