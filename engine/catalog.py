"""Everything in force: vocabulary, services and all versions of all policies, compiled and proven by their examples."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.errors import Issue, NotInForce, PolicyError, UnknownService, did_you_mean, quoted, reason_of
from ordain.engine.evaluate import Plan, make_plan
from ordain.engine.lifecycle.activated import activated
from ordain.engine.lifecycle.turns import Turns
from ordain.engine.policy.facts import ModelCard, Vocabulary
from ordain.engine.policy.kinds import KINDS
from ordain.engine.policy.load_facts import load_vocabulary, unknown_policies
from ordain.engine.policy.load_shared import with_shared
from ordain.engine.policy.model import Policy
from ordain.engine.policy.service import Service, Services, load_services
from ordain.engine.policy.shared import FOLDER
from ordain.engine.score_gate import condition_issues, uncovered
from ordain.engine.telling import telling_issues
from ordain.engine.text.source import read_file
from ordain.engine.versions import Kept, load_text, read_versions


@dataclass(frozen=True, slots=True)
class Texts:
    """The bytes that a catalog is made of; policies, and what they share, by the file that errors will name."""

    vocabulary: bytes
    services: bytes
    policies: Mapping[str, bytes]
    root: str = "policies"
    shared: Mapping[str, bytes] = field(default_factory=dict)
    only: str = ""
    """The one service that is to be asked; all when it is empty."""
    others: frozenset[str] = frozenset()
    """The names of policies that there are and that are not to be loaded, because that service does not ask them."""
    zone: dt.tzinfo = dt.UTC
    """By whose calendar the examples are decided: that of the service."""

    def folders(self) -> set[str]:
        return {_folder(file, self.root) for file in self.policies}

    def versions(self) -> dict[str, dict[int, str]]:
        """The files of each policy by version, as their names say."""
        return self._versions(self.policies)

    def kept_versions(self) -> dict[str, dict[int, str]]:
        """The same of all that the ledger keeps as policies: of what they share too, as `shared/<name>`."""
        return self._versions({**self.policies, **self.shared})

    def text(self, file: str) -> bytes:
        """The text of a policy's file, or of a shared one."""
        return self.policies[file] if file in self.policies else self.shared[file]

    def _versions(self, files: Iterable[str]) -> dict[str, dict[int, str]]:
        versions: dict[str, dict[int, str]] = {}
        for shown in files:
            name, _, file = shown.removeprefix(f"{self.root}/").rpartition("/")
            number = file.removeprefix("v").partition(".")[0]
            if number.isascii() and number.isdecimal():
                versions.setdefault(name, {})[int(number)] = shown
        return versions


def _folder(file: str, root: str) -> str:
    """The folder of a policy's file, which is called as the policy."""
    return file.removeprefix(f"{root}/").partition("/")[0]


def read_texts(directory: Path, zone: dt.tzinfo = dt.UTC) -> Texts:
    """The files of a policies directory, whose examples count by the calendar of `zone`. Raises PolicyError."""
    if not directory.is_dir():
        hint = "see the setting `policies` in `config.yaml`, or --config; `ordain init` makes a folder to begin with"
        raise PolicyError(f"there is no policies directory `{directory}`", hint)
    try:
        return replace(_texts_in(directory), zone=zone)
    except OSError as error:  # it may be taken away while it is read
        raise PolicyError(f"the policies directory `{directory}` cannot be read: {reason_of(error)}") from None


def _texts_in(directory: Path) -> Texts:
    """Raises PolicyError, and OSError when the folder itself cannot be read."""
    root = directory.name
    for stray in sorted([*directory.glob("*/*.yml"), *directory.glob("*.yml")]):
        what = f"`{root}/{stray.relative_to(directory)}` would not be read"
        raise PolicyError(Issue(what, f"call it {stray.stem}.yaml", code="file"))
    for stray in _strays(directory):
        inside = stray.relative_to(directory)
        hint = f"call it {stray.name.partition('.yaml')[0]}.yaml"
        if stray.suffix == ".yaml":
            hint = f"move it to {root}/{inside.parts[0]}, or out of the folder of policies"
        raise PolicyError(Issue(f"`{root}/{inside}` would not be read", hint, code="file"))
    policies, shared = (
        {
            shown: _read_inside(directory, file, shown)
            for file in sorted(file for pattern in patterns for file in directory.glob(pattern))
            for shown in (f"{root}/{file.relative_to(directory).as_posix()}",)
        }
        for patterns in (("*/*.yaml", "*/*.dmn"), (f"{FOLDER}/*/*.yaml",))
    )
    vocabulary, services = (
        _read_inside(directory, directory / name, f"{root}/{name}") for name in ("facts.yaml", "services.yaml")
    )
    return Texts(vocabulary, services, policies, root, shared)


def _strays(directory: Path) -> list[Path]:
    """Files that look like policies and are none: with a further ending, as `v3.yaml.txt`, or a folder too deep."""
    shared = set(directory.glob(f"{FOLDER}/*/*.yaml"))
    patterns = ("*/*/**/*.yaml", f"{FOLDER}/*/*.yaml.*", f"{FOLDER}/*/*.yml", "*/*.yaml.*", "*.yaml.*")
    deep = {file for pattern in patterns for file in directory.glob(pattern)} - shared
    return sorted(file for file in deep if not any(part.startswith(".") for part in file.relative_to(directory).parts))


def _read_inside(directory: Path, file: Path, shown: str) -> bytes:
    """As `read_file`, for what lies in the folder: of what a link leads to elsewhere an error would quote a line."""
    if not file.resolve().is_relative_to(directory.resolve()):
        message = f"`{shown}` is a link that leads out of the folder of policies"
        raise PolicyError(Issue(message, "put the file itself there", code="file"))
    return read_file(file, shown)


def of_service(texts: Texts, name: str) -> Texts:
    """The texts without the policies that a service does not ask. Raises UnknownService, PolicyError.

    Policies that the vocabulary or another service names stay known by their folders, whether they load or not.
    """
    services = load_services(texts.services, f"{texts.root}/services.yaml")
    asked = set(_service(services, name).policies)
    kept = {file: text for file, text in texts.policies.items() if _folder(file, texts.root) in asked}
    others = texts.folders() - asked
    return replace(texts, policies=kept, only=name, others=frozenset(others))


@dataclass(frozen=True, slots=True)
class Catalog:
    """What was loaded: all, or what one service needs (see `of_service`).

    `turns` say which version decides when, where versions are activated; None where their own dates do. `chosen`, for
    trials, are the versions that decide whatever the day is, by their policies' names."""

    vocabulary: Vocabulary
    services: Services
    versions: Mapping[str, Sequence[CompiledPolicy]]
    turns: Turns | None = None
    chosen: Mapping[str, CompiledPolicy] = field(default_factory=dict)
    _plans: dict[tuple[str, tuple[int, ...]], Plan] = field(default_factory=dict, repr=False, compare=False)

    def service(self, name: str) -> Service:
        return _service(self.services, name)

    def pick(self, name: str, at: dt.datetime) -> Plan:
        """The versions in force at `at`, on its day, as a plan. Raises UnknownService, NotInForce."""
        service = self.service(name)
        picked = tuple(self.version(policy, at) for policy in service.policies)
        key = (name, tuple(compiled.policy.version for compiled in picked))
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = make_plan(service, picked, self.vocabulary)
        return plan

    def version(self, name: str, at: dt.datetime) -> CompiledPolicy:
        """The version of a policy that decides at that time. Raises NotInForce."""
        if name in self.chosen:
            return self.chosen[name]
        by_turns = None if self.turns is None else activated(name, at, self.turns, self.versions[name])
        return by_turns or self.by_dates(name, at.date())

    def by_dates(self, name: str, day: dt.date) -> CompiledPolicy:
        """A season on its days; else the latest version that has begun, unless it has ended: raises NotInForce."""
        latest: CompiledPolicy | None = None
        for compiled in self.versions[name]:
            effective = compiled.policy.effective
            if effective.season:
                if effective.holds_on(day):
                    return compiled
            elif latest is None and effective.start <= day:
                latest = compiled
        if latest is None or not latest.policy.effective.holds_on(day):
            raise NotInForce(f"`{name}` has no version in force on {day}", "see `effective` in its files")
        return latest

    def policies(self) -> list[Policy]:
        return [compiled.policy for versions in self.versions.values() for compiled in versions]


def _service(services: Services, name: str) -> Service:
    service = services.by_name.get(name)
    if service is None:
        raise UnknownService(f"there is no service {quoted(name)}", did_you_mean(name, services.by_name))
    return service


def load_catalog(
    texts: Texts, *, run_examples: bool = True, kept: Kept | None = None, turns: Turns | None = None
) -> Catalog:
    """Reads, checks, compiles and tries everything; of policies that are `kept`, nothing that is known of them.

    With `turns`, they say which version decides when. Raises PolicyError with all issues of all files.
    """
    vocabulary, faults = known_vocabulary(texts)
    services = load_services(texts.services, f"{texts.root}/services.yaml")
    read = read_versions(texts.policies, texts.root, vocabulary, kept, texts.zone)
    if read.issues or (faults and not texts.only):
        raise PolicyError([*faults, *read.issues])
    versions, issues = read.versions, []
    known = {*versions, *texts.others}
    issues.extend(fitting_issues(vocabulary, services, versions, known, only=texts.only))
    if run_examples and not issues:
        issues.extend(read.example_issues())
    if issues:
        raise PolicyError(issues)
    return Catalog(vocabulary, services, versions, turns)


def known_vocabulary(texts: Texts) -> tuple[Vocabulary, list[Issue]]:
    """The facts and what policies share, and what is wrong with that. Raises PolicyError for the facts."""
    return with_shared(load_vocabulary(texts.vocabulary, f"{texts.root}/facts.yaml"), texts.shared)


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
    issues.extend(_given_issues(vocabulary, versions))
    issues.extend(_protected_issues(vocabulary, versions, {}))
    for service in services.by_name.values() if not only else (_service(services, only),):
        issues.extend(_service_issues(service, vocabulary, versions))
    return issues


def _service_issues(
    service: Service, vocabulary: Vocabulary, versions: Mapping[str, Sequence[CompiledPolicy]]
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
    issues += condition_issues(service, vocabulary)
    for name in service.policies:
        for compiled in versions.get(name, ())[:1]:  # the latest; an earlier one refuses whom it cannot decide about
            issues += uncovered(service, compiled.policy, vocabulary)
    return issues


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


def _protected_issues(
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


def protected_score_issues(catalog: Catalog, models: Iterable[ModelCard]) -> list[Issue]:
    """A protected fact must not reach a price or an intervention through a model's score either."""
    tainted = {}
    for model in models:
        for feature in model.reads:
            known = catalog.vocabulary.facts.get(feature.name, feature)
            if feature.protected or known.protected:
                scored = (fact.name for fact in catalog.vocabulary.facts.values() if model.name in fact.sources)
                tainted.update(dict.fromkeys(scored, feature.name))
    return _protected_issues(catalog.vocabulary, catalog.versions, tainted) if tainted else []


def plan_of(service: str, vocabulary: bytes, services: bytes, policies: Sequence[tuple[str, bytes]]) -> Plan:
    """The plan that exactly these texts make for a service: how a past decision is decided again.

    `policies` are labels such as `price-bounds@2` and texts; what they share is among them, as `shared/india@1`.

    Raises PolicyError when they do not load with this version of the engine, UnknownService.
    """
    return make_plan(*loaded_of(service, vocabulary, services, policies))


def loaded_of(
    service: str, vocabulary: bytes, services: bytes, policies: Sequence[tuple[str, bytes]]
) -> tuple[Service, tuple[CompiledPolicy, ...], Vocabulary]:
    """What `plan_of` makes its plan of, and raises: each text loaded, not yet whether they fit together."""
    files = [(file_of(label, text), text) for label, text in policies]
    shared = {file: text for file, text in files if file.startswith(f"{FOLDER}/") and file.count("/") > 1}
    known, faults = with_shared(load_vocabulary(vocabulary, "facts.yaml"), shared)
    if faults:
        raise PolicyError(faults)
    recorded = load_services(services, "services.yaml").by_name.get(service)
    if recorded is None:
        raise UnknownService(f"there is no service `{service}` in the recorded services")
    loaded = (load_text(text, file, known) for file, text in files if file not in shared)
    return recorded, tuple(map(compile_policy, loaded)), known


def file_of(label: str, text: bytes) -> str:
    """The file below `policies` that the text of a policy `name@version` stands in. XML begins with `<`."""
    name, _, version = label.partition("@")
    is_xml = text.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"<")
    return f"{name}/v{version}.{'dmn' if is_xml else 'yaml'}"
