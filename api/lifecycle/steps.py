"""Versions submitted, approved, activated and rolled back: checked against the files and the record, then on it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from ordain.api.lifecycle.changed_lines import diff_lines, shown
from ordain.api.lifecycle.governing import Governing
from ordain.api.lifecycle.recorded import Lifecycle
from ordain.api.lifecycle.signed import message_of
from ordain.api.lifecycle.who import Person
from ordain.api.stopped import checked_reason
from ordain.audit.entry.documents import POLICY, Document
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.engine.catalog import Catalog, Texts, file_of, load_catalog
from ordain.engine.errors import Issue, MalformedRequest, OrdainError, StepRefused, UnknownPolicy, did_you_mean
from ordain.engine.lifecycle import rollout_rules, rules
from ordain.engine.lifecycle.change import Change, Step, Text
from ordain.engine.lifecycle.life import Life
from ordain.engine.policy.load import effective_of
from ordain.engine.policy.model import Effective, Policy
from ordain.engine.policy.shared import FOLDER
from ordain.engine.text.source import digest_of
from ordain.engine.versions import Kept

_LABEL = re.compile(r"((?:shared/)?[a-z][a-z0-9-]*)@([1-9][0-9]{0,5})")
BY_DATES = (
    "versions decide by their dates here, and nothing is approved or activated (`approvals: none`)",
    "set `approvals: named` or `approvals: signed` first",
)
"""What is said of any step there, and what to do."""
Verify = Callable[[str, bytes, str, dt.datetime, Sequence[Change]], None]
"""Whether a signature, as text, is that of a person over a message at a time, by a key of none of those who took the
steps before; raises StepRefused."""


@dataclass(frozen=True, slots=True)
class Steps:
    """`texts` are what stands in the files now. `now` gives the tenant's time; `verify` is there where approvals are
    signed.

    The methods raise StepRefused, MalformedRequest, UnknownPolicy, PolicyError for a version that does not load,
    NotRecorded.
    """

    life: Lifecycle
    opened: OpenLedger
    texts: Texts
    now: Callable[[], dt.datetime]
    verify: Verify | None = None
    compiled: Kept = field(default_factory=Kept)

    def submit(self, label: str, person: Person, reason: str = "") -> Change:
        name, number = parted(label)
        policy = self.policy(name, number)
        files = self.texts.versions().get(name, {})
        if number not in files:
            raise unknown(label, self.texts)
        texts = texts_used(policy)
        rules.check_submission(self.life.life(name), texts, min(files))
        self.opened.ledger.check_unchanged(self.documents(texts, POLICY))
        return self.life.record(
            Step.SUBMISSION, texts[0], texts[1:], {}, private_of(person, reason), self.documents(texts, "submitted")
        )

    def approve(self, label: str, person: Person, reason: str = "", signature: str = "", *, digest: str = "") -> Change:
        """`digest` is that of the text which the person has read, where they say it."""
        name, number = parted(label)
        life = self.life.life(name)
        self.known(label, life, number)
        of = rules.to_approve(life, number, self.now(), self.days(name))
        rules.check_approval(life, of, number, person.name)
        target = self._target(life, number)
        self.check_same(target)
        if digest and digest != target.text.digest:
            raise StepRefused(
                f"`{label}` is another text than the one with digest `{digest[:80]}`: its digest is "
                f"`{target.text.digest}`",
                "it may have been submitted anew: read it again",
            )
        private = private_of(person, reason)
        if self.verify is not None:
            if not signature:
                raise StepRefused(
                    f"an approval of `{label}` has to be signed",
                    f"ordain policy message {label} > message; ssh-keygen -Y sign -n ordain -f KEY message; "
                    f"ordain policy approve {label} --signature message.sig",
                )
            submission = life.submission(number)
            before = [*life.approvals(of, number), *([submission] if submission is not None else [])]
            self.verify(signature, message_of(target.texts, of.id), person.name, self.now(), before)
        if signature:
            private["signature"] = signature
        return self.life.record(Step.APPROVAL, target.text, target.parts, {"of": of.id}, private)

    def activate(self, label: str, person: Person, begins: dt.datetime | None = None, reason: str = "") -> Change:
        """`begins` None is its own first day, if that is yet to come, or else now."""
        name, number = parted(label)
        life = self.life.life(name)
        self.known(label, life, number)
        now = self.now()
        submission = life.submission(number)
        if submission is not None:
            self.check_same(submission)
        policy = self.policy(name, number)
        days = policy.effective
        if begins is None and days.start > now.date():
            begins = dt.datetime.combine(days.start, dt.time(), self.texts.zone)
        rollout_rules.check_free(life, number, now)
        submission = rules.check_activation(life, days, number, begins, reason, now)
        texts = texts_used(policy)
        about = {"from": None if begins is None else begins.isoformat(), "of": submission.id}
        private, kept = private_of(person, reason), self.documents(texts, POLICY)
        return self.life.record(Step.ACTIVATION, texts[0], texts[1:], about, private, kept)

    def roll_back(self, policy: str, number: int, person: Person, reason: str) -> Change:
        """Goes by what is on record alone: whatever is being edited in the files, it keeps nobody from going back."""
        life, label = self.life.life(policy), f"{policy}@{number}"
        self.known(label, life, number)
        effective = self.days(policy)
        earlier = rules.check_rollback(life, number, person.name, person.role, reason, self.now(), effective)
        ended = life.turns.deciding(policy, self.now(), effective)
        about = {"from": None, "of": "" if ended is None else ended.id, "rollback": True}
        private = private_of(person, reason)
        kept = [Document(POLICY, self.life.kept(text), text.name, text.version) for text in earlier.texts]
        return self.life.record(Step.ACTIVATION, earlier.text, earlier.parts, about, private, kept)

    def adopt(self, person: Person, reason: str) -> list[Change]:
        """Puts all versions that decide by their dates on record as activated from then on: once, at the beginning."""
        if not reason:
            raise StepRefused("taking over what decides by its dates needs a reason", "--reason TEXT")
        if any(change.step is Step.ACTIVATION for change in self.life.turns.changes):
            raise StepRefused(
                "versions were activated already, and what decides by its dates is taken over before that alone",
                "submit, approve and activate each new version: ordain policy submit",
            )
        made = []
        catalog = load_catalog(self.texts)
        for policy in sorted(catalog.policies(), key=lambda each: (each.effective.start, each.version)):
            begins = dt.datetime.combine(policy.effective.start, dt.time(), self.texts.zone)
            texts = texts_used(policy)
            about = {"from": begins.isoformat(), "adopted": True}
            private, kept = private_of(person, reason), self.documents(texts, POLICY)
            made.append(self.life.record(Step.ACTIVATION, texts[0], texts[1:], about, private, kept))
        return made

    def text(self, label: str) -> bytes:
        """A version, or a part `shared/<name>@N`, as it was activated or else submitted. Raises TextLost as well."""
        name, _ = parted(label, shared=True)
        if not name.startswith(f"{FOLDER}/"):
            return self.life.kept(self.target(label).text)
        turns = self.life.turns
        parts = [
            (change.step is Step.ACTIVATION, part)
            for change in reversed(turns.changes)
            if change.step is not Step.APPROVAL and change.id not in turns.void
            for part in change.parts
        ]
        found = [each for each in parts if each[1].label == label]
        if not found:
            hint = did_you_mean(label, {part.label for _, part in parts}) if parts else ""
            raise MalformedRequest(f"`{label}` is not on record", hint or "it comes there with a policy that uses it")
        return self.life.kept(max(found, key=lambda each: each[0])[1])

    def message(self, label: str) -> bytes:
        """What an approval of that version signs."""
        name, number = parted(label)
        target = self.target(label)
        self.check_same(target)
        of = rules.to_approve(self.life.life(name), number, self.now(), self.days(name))
        return message_of(target.texts, of.id)

    def target(self, label: str) -> Change:
        """Its submission or, once there is one, its activation."""
        name, number = parted(label)
        life = self.life.life(name)
        self.known(label, life, number)
        return self._target(life, number)

    def signed(self, label: str) -> list[Change]:
        """All approvals of that version that have a signature, also those that an edit has made void since."""
        name, number = parted(label)
        changes = self.life.life(name).changes
        return [each for each in changes if each.version == number and each.signature]

    def _target(self, life: Life, number: int) -> Change:
        """The submission of a version, or its activation once there is one: what has the digest that counts."""
        found = life.activations(number) if life.is_fixed(number) else []
        target = found[-1] if found else life.submission(number)
        if target is None:
            label = f"{life.policy}@{number}"
            raise StepRefused(f"`{label}` was not submitted", f"its editor does that: ordain policy submit {label}")
        return target

    def known(self, label: str, life: Life, number: int) -> None:
        """Raises UnknownPolicy for a version of which there is neither a file nor anything on record."""
        on_record = any(change.version == number for change in life.changes)
        if number not in self.texts.versions().get(life.policy, {}) and not on_record:
            raise unknown(label, self.texts)

    def check_same(self, target: Change) -> None:
        """Against the files, where there are some. Raises StepRefused with the changed lines."""
        files = self.texts.kept_versions()
        for text in target.texts:
            file = files.get(text.name, {}).get(text.version)
            now = None if file is None else self.texts.text(file)
            if file is None or now is None or digest_of(now) == text.digest:
                continue
            done = "activated" if target.step is Step.ACTIVATION else "submitted"
            diff = shown(diff_lines(self.life.kept(text), now, file, f"as it was {done}"))
            hint = f"put it back: ordain policy text {text.label} > {file}"
            if target.step is Step.SUBMISSION:
                hint += f"; or submit it again, which voids its approvals: ordain policy submit {target.text.label}"
            raise StepRefused(
                Issue(
                    f"`{text.label}` was edited after it was {done}: with digest `{text.digest}`, "
                    f"now `{digest_of(now)}`",
                    hint,
                    fields={"policy": text.name, "version": text.version, "diff": diff},
                )
            )

    def loaded(self, labels: Iterable[str]) -> Catalog:
        """All that decides, and these versions beside it, whatever their state is."""
        now = self.life.now()
        texts = now.governed(self.texts)
        for label in labels:
            name, number = parted(label)
            file = self.texts.versions().get(name, {}).get(number)
            if file is not None:
                texts = replace(texts, policies={**texts.policies, file: self.texts.policies[file]})
            else:
                life = self.life.life(name)
                self.known(label, life, number)
                texts = self._from_record(texts, self._target(life, number), now)
        return load_catalog(texts, kept=self.compiled)

    def policy(self, name: str, number: int) -> Policy:
        """The version, loaded together with all that decides. Raises PolicyError."""
        catalog = self.loaded([f"{name}@{number}"])
        return next(policy for policy in catalog.policies() if (policy.name, policy.version) == (name, number))

    def compile(self, label: str) -> None:
        """Compiles a version and runs its examples, so that it is known when a step is taken. Raises nothing."""
        with suppress(OrdainError):
            self.policy(*parted(label))

    def catalog(self) -> Catalog:
        """All that decides now. Raises PolicyError."""
        now = self.life.now()
        return now.loaded(now.governed(self.texts), self.compiled, run_examples=False)

    def _from_record(self, texts: Texts, target: Change, now: Governing) -> Texts:
        """The texts and those of a version whose file is gone."""
        policies, shared = dict(texts.policies), dict(texts.shared)
        for text in target.texts:
            if text.version not in self.texts.kept_versions().get(text.name, {}):
                kept = now.kept(text)
                known = shared if text.name.startswith(f"{FOLDER}/") else policies
                known[f"{texts.root}/{file_of(text.label, kept)}"] = kept
        return replace(texts, policies=policies, shared=shared)

    def days(self, name: str) -> Callable[[int], Effective | None]:
        """The days of the versions that were activated, by the texts on record: files may be edited."""
        life = self.life.life(name)

        @cache
        def days(number: int) -> Effective | None:
            activations = life.activations(number)
            if not activations:
                return None
            text = activations[-1].text
            kept = self.life.kept(text)
            file = file_of(text.label, kept)
            return None if file.endswith(".dmn") else effective_of(kept, file)  # a .dmn file is no season

        return days

    def documents(self, texts: Sequence[Text], kind: str) -> list[Document]:
        """Their texts, as the ledger keeps them: what was only submitted, apart from what has decided."""
        files = self.texts.kept_versions()
        made = []
        for text in texts:
            file = files.get(text.name, {}).get(text.version)
            kept = self.life.kept(text) if file is None else self.texts.text(file)
            if kind == POLICY:
                made.append(Document(POLICY, kept, text.name, text.version))
            else:
                made.append(Document(kind if text is texts[0] else f"{kind} {text.label}", kept))
        return made


def texts_used(policy: Policy) -> tuple[Text, ...]:
    """A version and its parts, by what they are."""
    parts = (Text(each.kept_as, each.version, each.digest) for each in policy.shared)
    return (Text(policy.name, policy.version, policy.digest), *parts)


def parted(label: str, *, shared: bool = False) -> tuple[str, int]:
    """`retention-offer@3` in its parts; with `shared` `shared/india@3`, too. Raises MalformedRequest."""
    match = _LABEL.fullmatch(label)
    if match is not None and not shared and label.startswith(f"{FOLDER}/"):
        message = f"`{label}` is a part that policies share, and is submitted, approved and activated with each of them"
        raise MalformedRequest(message, "name the policy that uses it, for example: retention-offer@3")
    if match is None:
        raise MalformedRequest(f"`{label[:80]}` names no version of a policy", "for example: retention-offer@3")
    return match[1], int(match[2])


def unknown(label: str, texts: Texts) -> UnknownPolicy:
    """What is said of a version that there is not."""
    labels = [f"{name}@{number}" for name, numbers in texts.versions().items() for number in numbers]
    return UnknownPolicy(f"there is no version `{label}`", did_you_mean(label, labels) or "see: ordain policy list")


def private_of(person: Person, reason: str) -> dict[str, Any]:
    """Who, in which role, and why. Raises MalformedRequest for a reason that is none."""
    said = checked_reason(reason) if reason else ""
    private = {"actor": person.name, "role": person.role, "reason": said}
    return {**private, "key": person.key} if person.key else private
