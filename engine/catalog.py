"""Everything in force: vocabulary, services and all versions of all policies, compiled and proven by their examples."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.errors import Issue, NotInForce, PolicyError, UnknownService, reason_of
from ordain.engine.evaluate import Plan, make_plan
from ordain.engine.lifecycle.activated import activated
from ordain.engine.lifecycle.assigned import Assigned, assigned
from ordain.engine.lifecycle.turns import Turns
from ordain.engine.policy.facts import ModelCard, Vocabulary
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.load_shared import with_shared
from ordain.engine.policy.model import Policy
from ordain.engine.policy.service import Service, Services, load_services
from ordain.engine.policy.shared import FOLDER
from ordain.engine.text.source import read_file
from ordain.engine.together import fitting_issues, protected_issues, service_of
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
    unread = []
    for stray in sorted([*directory.glob("*/*.yml"), *directory.glob("*.yml")]):
        what = f"`{root}/{stray.relative_to(directory)}` would not be read"
        unread.append(Issue(what, f"call it {stray.stem}.yaml", code="file"))
    for stray in _strays(directory):
        inside = stray.relative_to(directory)
        hint = f"call it {stray.name.partition('.yaml')[0]}.yaml"
        if stray.suffix == ".yaml":
            hint = f"move it to {root}/{inside.parts[0]}, or out of the folder of policies"
        unread.append(Issue(f"`{root}/{inside}` would not be read", hint, code="file"))
    if unread:
        raise PolicyError(unread)
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
    service = service_of(services, name)
    asked = set(service.policies)
    if service.fallback in services.by_name:
        asked.update(services.by_name[service.fallback].policies)
    kept = {file: text for file, text in texts.policies.items() if _folder(file, texts.root) in asked}
    others = texts.folders() - asked
    return replace(texts, policies=kept, only=name, others=frozenset(others))


_NONE: Mapping[str, int] = {}


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
        return service_of(self.services, name)

    def assigned(self, name: str, at: dt.datetime, subject: str, given: Mapping[str, object]) -> tuple[Assigned, ...]:
        """Where versions are rolled out, to which of two a subject belongs; `given` are the facts of the request."""
        if self.turns is None or not self.turns.rollouts:
            return ()
        turns, policies = self.turns, self.service(name).policies
        each = (assigned(turns, policy, at, subject, given, self.versions[policy]) for policy in policies)
        return tuple(found for found in each if found is not None)

    def pick(self, name: str, at: dt.datetime, instead: Mapping[str, int] = _NONE) -> Plan:
        """The versions in force at `at`, on its day, as a plan; of some policies those that `instead` names.

        Raises UnknownService, NotInForce.
        """
        service = self.service(name)
        picked = tuple(
            self._numbered(policy, instead[policy]) if policy in instead else self.version(policy, at)
            for policy in service.policies
        )
        key = (name, tuple(compiled.policy.version for compiled in picked))
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = make_plan(service, picked, self.vocabulary)
        return plan

    def _numbered(self, name: str, number: int) -> CompiledPolicy:
        return next(each for each in self.versions[name] if each.policy.version == number)

    def version(self, name: str, at: dt.datetime) -> CompiledPolicy:
        """The version of a policy that decides at that time. Raises NotInForce."""
        if name in self.chosen:
            return self.chosen[name]
        if self.turns is None:
            return self.by_dates(name, at.date())
        return activated(name, at, self.turns, self.versions[name])

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


def protected_score_issues(catalog: Catalog, models: Iterable[ModelCard]) -> list[Issue]:
    """A protected fact must not reach a price or an intervention through a model's score either, nor through several,
    of which one needs what another one gives."""
    tainted: dict[str, str] = {}
    models, facts = list(models), catalog.vocabulary.facts
    for _ in models:  # each round goes one model further
        for model in models:
            for feature in model.reads:
                known = facts.get(feature.name, feature)
                through = feature.name if feature.protected or known.protected else tainted.get(feature.name)
                if through is not None:
                    scored = (fact.name for fact in facts.values() if fact.model == model.name)
                    tainted |= {name: through for name in scored if name not in tainted}
    return protected_issues(catalog.vocabulary, catalog.versions, tainted) if tainted else []


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
