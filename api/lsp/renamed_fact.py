"""A fact called otherwise from a day on, by new versions of the policies that read it: what has decided stays as it is.

The fact stays declared under its old name, with its last day, as long as there are versions that read it so. All that
decides is looked at as it would be then: a renaming that would leave less loading, or examples that come out otherwise,
is refused.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ordain.api.lifecycle.next_version import next_version
from ordain.api.lsp.document import Document
from ordain.api.lsp.fact_entry import renamed_entry, with_second_entry
from ordain.api.lsp.folder import NAMED, Folder, version_of
from ordain.api.lsp.layout import Layout
from ordain.api.lsp.pointing import Found, is_fact
from ordain.api.lsp.renaming import refuse_name, refuse_unread, replaced
from ordain.api.lsp.sections import Role
from ordain.engine.catalog import Catalog, Texts, known_vocabulary
from ordain.engine.check.findings import check_policies
from ordain.engine.errors import Issue, Level, MalformedRequest, NotInForce, PolicyError, did_you_mean
from ordain.engine.examples.run import decided
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.model import Policy
from ordain.engine.values.temporal import noon
from ordain.engine.versions import Kept, read_versions

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NewText:
    """What is to be written to a file. `before` is its text now or, of a new version, that of the version `of`."""

    file: str
    before: str
    after: str
    of: str = ""


@dataclass(frozen=True, slots=True)
class RenamedFact:
    """`day` is the first one of the new name; `texts` are all files that change. `versions` are the new ones.

    `replaced` are the versions that they take over from. `findings` are the warnings that `ordain check` has more then.
    """

    old: str
    new: str
    day: dt.date
    texts: tuple[NewText, ...]
    versions: tuple[str, ...]
    replaced: tuple[Policy, ...]
    findings: tuple[Issue, ...]


def renamed_fact(
    folder: Folder,
    texts: Texts,
    catalog: Catalog,
    old: str,
    new: str,
    day: dt.date | None,
    now: dt.datetime,
    kept: Kept,
) -> RenamedFact:
    """What it takes to call a fact otherwise from a day on; without one, from the first on which it can be done.

    `texts` are those of the folder, as `as_it_stands` has opened it, and `catalog` what they make; it says which
    versions decide; `kept` has it compiled. `now` is in the zone by whose calendar they do. Raises MalformedRequest,
    PolicyError.
    """
    _refuse_fact(catalog, old)
    refuse_name(folder, old, new)
    refuse_unread(folder, old)
    if any(feature.name == new for model in folder.models() or () for feature in model.reads):
        raise MalformedRequest(f"`{new}` is the name of what a model reads", "choose another name")
    readers = {
        name: [each.policy for each in several]
        for name, several in catalog.versions.items()
        if any(old in each.policy.reads for each in several)
    }
    day = _first_day(readers, catalog, now) if day is None else _checked_day(day, readers, catalog, now)
    renewed = [policy for name in readers if (policy := _renewed(catalog, name, old, day, now)) is not None]
    copies = [_new_version(folder, policy, old, new, day, catalog) for policy in renewed]
    others = [*_in_services(folder, old, new, day, now.date()), _in_facts(folder, old, new, day, is_read=bool(readers))]
    then = _with(texts, [*copies, *others])
    made = [_with_days(text, policy, then, old) for text, policy in zip(copies, renewed, strict=True)] + others
    before = check_policies(texts, folder.models(), now.date(), kept).issues
    after = check_policies(_with(texts, made), folder.models(), now.date(), Kept()).issues
    findings = _new_findings(before, after, made, old, new)
    versions = tuple(f"{policy.name}@{version_of(text.file)}" for text, policy in zip(copies, renewed, strict=True))
    return RenamedFact(old, new, day, tuple(made), versions, tuple(renewed), findings)


def as_it_stands(path: Path, models: Path | None, texts: Texts) -> Folder:
    """The folder, opened with its texts as they are, ends of lines too. Raises MalformedRequest."""
    folder = Folder(path, models)
    named = {f"{texts.root}/{NAMED[0]}": texts.vocabulary, f"{texts.root}/{NAMED[1]}": texts.services}
    for file, text in {**named, **texts.policies, **texts.shared}.items():
        if file.endswith(".yaml"):
            try:
                folder.open[file] = text.decode("utf-8-sig")
            except UnicodeDecodeError:
                raise MalformedRequest(f"`{file}` is not written in UTF-8", "save it as UTF-8") from None
    return folder


# --- what is refused ----------------------------------------------------------------------------------------------


def _refuse_fact(catalog: Catalog, old: str) -> None:
    fact = catalog.vocabulary.facts.get(old)
    if fact is None:
        hint = did_you_mean(old, catalog.vocabulary) or "see: ordain uses NAME"
        raise MalformedRequest(f"there is no fact `{old[:80]}`", hint)
    if fact.given_by:
        raise MalformedRequest(
            f"`{old}` is what the policy `{fact.given_by}` gives, and its versions of before give it by that name",
            f"let the next version of `{fact.given_by}` give a second decision of the new name, which is `{old}`",
        )
    if fact.retired is not None:
        message = f"`{old}` has a last day already, {fact.retired}: whatever follows it was thought of before"
        raise MalformedRequest(message, "declare the new fact by hand")


def _first_day(readers: Mapping[str, Sequence[Policy]], catalog: Catalog, now: dt.datetime) -> dt.date:
    """The first day on which a new version of each reader would follow all that there are."""
    starts = [start for name in readers for start, _ in _starts(readers[name], catalog, now)]
    return max([now.date(), *(start + _DAY for start in starts)])


def _starts(policies: Sequence[Policy], catalog: Catalog, now: dt.datetime) -> Iterator[tuple[dt.date, str]]:
    """When each version, or a turn of it, begins that has not ended yet, and what it is."""
    for policy in policies:
        end = policy.effective.end
        if end is None or end >= now.date():
            yield policy.effective.start, policy.label
    for turn in catalog.turns.of.get(policies[0].name, ()) if catalog.turns is not None else ():
        yield turn.starts.astimezone(now.tzinfo).date(), turn.text.label


def _checked_day(day: dt.date, readers: Mapping[str, Sequence[Policy]], catalog: Catalog, now: dt.datetime) -> dt.date:
    if day < now.date():
        raise MalformedRequest(f"{day} has passed, and what was decided since stays as it is", "begin today or later")
    for policies in readers.values():
        for start, label in _starts(policies, catalog, now):
            if start >= day:
                hint = f"begin later: --from {_first_day(readers, catalog, now)}"
                raise MalformedRequest(f"`{label}` begins on {start}, and the new version would not follow it", hint)
    return day


# --- the new texts ------------------------------------------------------------------------------------------------


def _renewed(catalog: Catalog, name: str, old: str, day: dt.date, now: dt.datetime) -> Policy | None:
    """The version of a policy that would decide from that day on, if it reads the fact. Raises MalformedRequest."""
    turned = None if catalog.turns is None else catalog.turns.versions(name)
    for draft in (each.policy for each in catalog.versions[name] if turned is not None):
        if old in draft.reads and turned is not None and draft.version not in turned:
            hint = "activate it or remove it, and rename then; or write the new name into it by hand"
            raise MalformedRequest(f"`{draft.label}` reads `{old}`, and was never activated", hint)
    try:
        policy = catalog.version(name, noon(day, now.tzinfo or dt.UTC)).policy
    except NotInForce:
        return None
    if old not in policy.reads:
        return None
    if policy.effective.end is not None:
        raise MalformedRequest(
            f"`{policy.label}` ends on {policy.effective.end}, and nobody can say whether what takes over before is to",
            f"begin after it: --from {policy.effective.end + _DAY}",
        )
    if policy.span.file.endswith(".dmn"):
        raise MalformedRequest(
            f"`{policy.span.file}` reads `{old}`, and a .dmn file is not changed here", "rename it in your modeller"
        )
    return policy


def _new_version(folder: Folder, policy: Policy, old: str, new: str, day: dt.date, catalog: Catalog) -> NewText:
    document = folder.document(policy.span.file)
    places = _places(document, old)
    scalars = (document.layout.at(place.start) for place in places)
    if all(scalar is None or scalar.path[0] in ("examples", "decides without") for scalar in scalars):
        raise _unwritten(policy, old)
    number = 1 + max(each.policy.version for each in catalog.versions[policy.name])
    text = replaced(document.text, places, new)
    file = f"{folder.root}/{policy.name}/v{number}.yaml"
    return NewText(file, document.text, next_version(text.encode(), document.file, number, day).decode(), document.file)


def _unwritten(policy: Policy, name: str) -> MalformedRequest:
    return MalformedRequest(
        f"`{policy.label}` reads `{name}` where its name is not written, as `limits` read the facts that they count by",
        "such a fact has the name that the limit gives it",
    )


def _places(document: Document, name: str) -> list[Found]:
    """Where a fact is named in a policy or in services.yaml."""
    return [
        Found(document.file, place.start, place.end)
        for place in document.places
        if place.name == name and place.role not in (Role.POLICY_NAME, Role.DECISION_NAME) and is_fact(document, name)
    ]


def _in_services(folder: Folder, old: str, new: str, day: dt.date, today: dt.date) -> Iterator[NewText]:
    document = folder.document(f"{folder.root}/{NAMED[1]}")
    places = _places(document, old)
    if places and day > today:
        raise MalformedRequest(
            f"`{document.file}` reads `{old}`, and counts as soon as it is loaded, not from {day} on",
            f"rename with --from of the day on which it is done, {today} or later, on that day",
        )
    if places:
        yield NewText(document.file, document.text, replaced(document.text, places, new))


def _in_facts(folder: Folder, old: str, new: str, day: dt.date, *, is_read: bool) -> NewText:
    """A fact that policies have read keeps its old name, too; with a last day, unless a model reads it on."""
    file = f"{folder.root}/{NAMED[0]}"
    text = folder.text_of(file)
    if not is_read:
        return NewText(file, text, renamed_entry(text, old, new))
    last = (
        None if any(feature.name == old for model in folder.models() or () for feature in model.reads) else day - _DAY
    )
    made = with_second_entry(text, old, new, last)
    before = dict(load_vocabulary(text.encode(), file).facts)
    try:
        after = dict(load_vocabulary(made.encode(), file).facts)
    except PolicyError as error:
        raise MalformedRequest(f"`{old}` cannot be called `{new}`: {error.message}", error.issues[0].hint) from None
    fact = after.pop(new, None)
    kept = {**before, old: replace(before[old], retired=last)}
    if fact is None or after != kept or replace(fact, name=old) != before[old]:
        raise MalformedRequest(f"`{file}` is written so that `{new}` cannot be added safely", "declare it by hand")
    return NewText(file, text, made)


def _with(texts: Texts, made: Sequence[NewText]) -> Texts:
    """The texts as they would be."""
    changed = {text.file: text.after.encode() for text in made}
    vocabulary = changed.pop(f"{texts.root}/{NAMED[0]}", texts.vocabulary)
    services = changed.pop(f"{texts.root}/{NAMED[1]}", texts.services)
    return replace(texts, vocabulary=vocabulary, services=services, policies={**texts.policies, **changed})


def _with_days(made: NewText, policy: Policy, then: Texts, old: str) -> NewText:
    """A new version in which an example without a time has the day that it was decided for, where another day matters.

    That was the first one of its version, which is another one now. Raises PolicyError.
    """
    read = read_versions({made.file: made.after.encode()}, then.root, known_vocabulary(then)[0], None, then.zone)
    if read.issues:
        raise PolicyError(read.issues)
    (compiled,) = read.versions[policy.name]
    if old in compiled.policy.reads:
        raise _unwritten(policy, old)
    text, layout = made.after, Layout(made.after)
    for place, example in reversed(list(enumerate(compiled.policy.examples))):
        path = ("examples", place)
        if layout.value(*path, "at") is None and not decided(compiled, example).holds:
            start = layout.ends[path][0]
            is_flow = text[start] == "{"
            indent = " " * (start - (text.rfind("\n", 0, start) + 1))
            said = f"at: {policy.effective.start}"
            line_end = "\r\n" if "\r\n" in text else "\n"
            text = (
                f"{text[: start + 1]}{said}, {text[start + 1 :]}"
                if is_flow
                else f"{text[:start]}{said}{line_end}{indent}{text[start:]}"
            )
    return replace(made, after=text)


# --- what is found then -------------------------------------------------------------------------------------------


def _new_findings(
    before: Sequence[Issue], after: Sequence[Issue], made: Sequence[NewText], old: str, new: str
) -> tuple[Issue, ...]:
    """What is found beside what was; of errors it is refused. A new version may have what the one it copies has."""
    copies = {text.file: text.of for text in made if text.of}
    either = re.compile(rf"(?<!\w)(?:{re.escape(old)}|{re.escape(new)})(?!\w)")
    known = Counter(_told(issue, {}, either) for issue in before)
    known += Counter(told for told in known.elements() if told[0] in copies.values())
    found = []
    for issue in after:
        told = _told(issue, copies, either)
        if known[told]:
            known[told] -= 1
        elif issue.level is Level.ERROR:
            where = f"{issue.span}: " if issue.span is not None else ""
            raise MalformedRequest(f"`{old}` cannot be called `{new}`: {where}{issue.message}", issue.hint)
        elif issue.level is Level.WARNING:  # a note may have another customer as its example, for the new first day
            found.append(issue)
    return tuple(found)


def _told(issue: Issue, copies: Mapping[str, str], either: re.Pattern[str]) -> tuple[str, str, str]:
    """What is found where, whichever of both names the fact has, and of a new version as of the one that it copies.

    The new name may be a word of the message.
    """
    file, message = issue.span.file if issue.span is not None else "", either.sub("", issue.message)
    for copy, of in copies.items():
        name = copy.split("/")[-2]
        message = message.replace(f"{name}@{version_of(copy)}", f"{name}@{version_of(of)}").replace(copy, of)
    return copies.get(file, file), issue.code, message
