"""All findings about a policies directory: what keeps it from being loaded, and all that is known before it decides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from ordain.engine.backends.plan import PolicyPlan
from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.catalog import Catalog, Texts, known_vocabulary
from ordain.engine.check.across.across import across
from ordain.engine.check.cut_texts import cut_texts
from ordain.engine.check.facts_doubted import facts_doubted
from ordain.engine.check.tables import examined as tables
from ordain.engine.errors import Issue, Level, PolicyError
from ordain.engine.policy.facts import ModelCard, Vocabulary
from ordain.engine.policy.load import read_structure
from ordain.engine.policy.model import Policy
from ordain.engine.policy.service import Service, Services, load_services
from ordain.engine.together import fitting_issues
from ordain.engine.uncollected import uncollected
from ordain.engine.versions import Kept, read_versions

_WHOLE_ONLY = ("unread-fact", "unused-policy", "unused-output", "unused-shared")
"""What is known only when everything loads: a policy that does not may be the one that uses it."""
_OLD_TEXTS = ("value-order",)
"""What means something else than it says, and is read all the same: decisions of such texts are to be replayed."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Findings:
    """`issues` by file and place, each with a code. `policies` and `services` are those without an error."""

    issues: tuple[Issue, ...]
    policies: tuple[Policy, ...]
    services: tuple[Service, ...]


def check_policies(
    texts: Texts,
    models: Sequence[ModelCard] | None = None,
    today: dt.date | None = None,
    kept: Kept | None = None,
    about: str = "",
) -> Findings:
    """Everything that can be found in these texts; an error in one file hides no finding in another.

    `models` are the usable ones; None when it is not known which there are. With `today`, versions that another one
    has replaced by then are not looked at for what goes across policies. Policies that are `kept` are not read and
    compiled again. With `about`, a file, the tables and examples of others are not looked at: nothing that this file
    says changes what is found there. Nothing is raised.
    """
    with uncollected():
        return _checked(texts, models, today, kept, about)


def _checked(
    texts: Texts, models: Sequence[ModelCard] | None, today: dt.date | None, kept: Kept | None, about: str
) -> Findings:
    issues: list[Issue] = []
    vocabulary, faults = _tried(issues, lambda: known_vocabulary(texts)) or (None, [])
    issues.extend(faults)
    services = _tried(issues, lambda: load_services(texts.services, f"{texts.root}/services.yaml"))
    if vocabulary is None:
        # Without facts every expression would be wrong: of the policies only the structure is looked at.
        for file, text in texts.policies.items():
            if not file.endswith(".dmn"):
                _tried(issues, lambda text=text, file=file: read_structure(text, file))  # type: ignore[misc]
        return Findings(_sorted(issues), (), ())
    for file, text in _yaml_files(texts):
        issues.extend(cut_texts(text, file))
    issues.extend(facts_doubted(vocabulary))
    read = read_versions(texts.policies, texts.root, vocabulary, kept, texts.zone)
    versions = read.versions
    issues.extend(read.issues)
    loaded = [compiled for several in versions.values() for compiled in several]
    issues.extend(read.example_issues(about))
    # A wrong example often comes of what is found here, so it must not hide it.
    planned: list[tuple[Policy, PolicyPlan | None]] = [(compiled.policy, compiled.plan) for compiled in loaded]
    planned.extend((policy, None) for policy in read.nearly)
    newest = {policy.name: policy.version for policy, _ in sorted(planned, key=lambda each: each[0].version)}
    for policy, plan in planned:
        issues.extend(_stricter(policy) if policy.version == newest[policy.name] else policy.warnings)
        if not policy.lenient and about in ("", policy.span.file):
            issues.extend(tables.findings(policy, vocabulary, plan=plan))
    known = services or Services({}, "", b"")
    issues.extend(
        _together(texts, vocabulary, known, versions, complete=services is not None, models=models, day=today)
    )
    found_in_all = _sorted(issues)
    return Findings(
        found_in_all,
        tuple(_without_errors((compiled.policy for compiled in loaded), found_in_all)),
        tuple(_fitting(known, found_in_all, versions, texts.root)),
    )


def _stricter(policy: Policy) -> Iterator[Issue]:
    """The warnings of a newest version: errors where only older texts are let through, as they may be on record, and
    cannot be changed any more."""
    for issue in policy.warnings:
        yield replace(issue, level=Level.ERROR) if issue.code in _OLD_TEXTS and not policy.lenient else issue


def _yaml_files(texts: Texts) -> Iterator[tuple[str, bytes]]:
    yield f"{texts.root}/facts.yaml", texts.vocabulary
    yield f"{texts.root}/services.yaml", texts.services
    yield from texts.shared.items()
    yield from ((file, text) for file, text in texts.policies.items() if not file.endswith(".dmn"))


def _tried(issues: list[Issue], read: Callable[[], _T]) -> _T | None:
    try:
        return read()
    except PolicyError as error:
        issues.extend(error.issues)
        return None


def _together(
    texts: Texts,
    vocabulary: Vocabulary,
    services: Services,
    versions: Mapping[str, Sequence[CompiledPolicy]],
    *,
    complete: bool,
    models: Sequence[ModelCard] | None,
    day: dt.date | None,
) -> list[Issue]:
    """What is found across the policies all of whose versions load, and the services of nothing but these."""
    counted = dict.fromkeys(_name_of(file, texts.root) for file in texts.policies)
    loaded = {compiled.policy.span.file for several in versions.values() for compiled in several}
    broken = {_name_of(file, texts.root) for file in texts.policies if file not in loaded}
    whole = {name: several for name, several in versions.items() if name not in broken}
    by_name = {name: service for name, service in services.by_name.items() if not broken & set(service.policies)}
    fitting = replace(services, by_name=by_name)
    issues = fitting_issues(vocabulary, fitting, whole, {**counted, **versions})
    across_issues = across(Catalog(vocabulary, fitting, whole), models, day)
    if broken or not complete:
        across_issues = [issue for issue in across_issues if issue.code not in _WHOLE_ONLY]
    # How a protected fact reaches a price is said once, with the whole way.
    told = {
        issue.span.file for issue in across_issues if issue.code == "protected-reaches-price" and issue.span is not None
    }
    repeated = [
        issue for issue in issues if issue.code == "protected-reaches-price" and issue.span and issue.span.file in told
    ]
    return [*(issue for issue in issues if issue not in repeated), *across_issues]


def _name_of(file: str, root: str) -> str:
    """The folder of a policy's file, which should be its name."""
    return file.removeprefix(f"{root}/").partition("/")[0]


def _sorted(issues: Iterable[Issue]) -> tuple[Issue, ...]:
    return tuple(sorted(dict.fromkeys(map(_coded, issues)), key=_place))


def _coded(issue: Issue) -> Issue:
    """A finding that names no check of its own: of a `.dmn` file, or of an expression too large to be compiled."""
    if issue.code:
        return issue
    return replace(issue, code="dmn" if issue.span is not None and issue.span.file.endswith(".dmn") else "too-large")


def _place(issue: Issue) -> tuple[str, int, int, int, str]:
    span = issue.span
    level = list(Level).index(issue.level)
    return (span.file, span.line, span.column, level, issue.message) if span else ("", 0, 0, level, issue.message)


def _without_errors(policies: Iterable[Policy], issues: Iterable[Issue]) -> Iterator[Policy]:
    wrong = {issue.span.file for issue in issues if issue.level is Level.ERROR and issue.span is not None}
    yield from (policy for policy in policies if policy.span.file not in wrong)


def _fitting(
    services: Services, issues: Iterable[Issue], versions: Mapping[str, object], root: str
) -> Iterator[Service]:
    """The services all of whose policies load, with no error in a file of theirs, and about which nothing is wrong."""
    wrong = [issue.span for issue in issues if issue.level is Level.ERROR and issue.span is not None]
    policies = {_name_of(span.file, root) for span in wrong}
    for service in services.by_name.values():
        if service.span not in wrong and set(service.policies) <= versions.keys() - policies:
            yield service
