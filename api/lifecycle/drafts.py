"""Drafts: the file of a policy's next version, copied, written, and written anew until it is activated."""

from __future__ import annotations

import datetime as dt
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ordain.api.cli.whole_files import write_whole
from ordain.api.keys import sync_folder
from ordain.api.lifecycle.next_version import next_version
from ordain.api.lifecycle.steps import Steps, unknown
from ordain.audit.entry.documents import POLICY, Document
from ordain.audit.records.used_policies import used_policies
from ordain.engine.catalog import Texts, known_vocabulary
from ordain.engine.errors import (
    EditedMeanwhile,
    ExportFailed,
    Issue,
    MalformedRequest,
    PolicyError,
    PolicyRefused,
    StepRefused,
    UnknownPolicy,
    did_you_mean,
    reason_of,
)
from ordain.engine.lifecycle import rules
from ordain.engine.text.source import digest_of, parse
from ordain.engine.versions import Kept, read_versions

_NAME, _NUMBER = re.compile("[a-z][a-z0-9-]{0,99}"), re.compile("[1-9][0-9]{0,5}")


@dataclass(frozen=True, slots=True)
class Copied:
    """The text of a next version, which stands nowhere yet; `file` is what it is a copy of, `day` its first day."""

    policy: str
    version: int
    text: bytes
    file: str
    day: dt.date


def copy_of_newest(
    texts: Texts, policy: str, used: int, today: dt.date, day: dt.date | None = None, kept: Kept | None = None
) -> Copied:
    """The newest version with the next number and a first day: `day`, else `today` or the day after it begins itself.

    `used` is the highest version that the ledger has. Raises UnknownPolicy, MalformedRequest, and PolicyError when the
    newest does not load.
    """
    newest = newest_of(texts, policy, used)
    file = texts.versions()[policy][newest]
    if file.endswith(".dmn"):
        raise MalformedRequest(f"`{file}` is a DMN file", f"copy it to v{newest + 1}.dmn in your modeller")
    vocabulary, _ = known_vocabulary(texts)
    read = read_versions(texts.policies, texts.root, vocabulary, kept, texts.zone)
    own = [each.policy for each in read.versions.get(policy, ()) if each.policy.version == newest]
    if not own:
        raise PolicyError([issue for issue in read.issues if issue.span is not None and issue.span.file == file])
    first = day or max(today, own[0].effective.start + dt.timedelta(days=1))
    return Copied(policy, newest + 1, next_version(texts.policies[file], file, newest + 1, first), file, first)


def newest_of(texts: Texts, policy: str, used: int) -> int:
    """The highest version of which there is a file. Raises UnknownPolicy, MalformedRequest when a higher was used."""
    versions = texts.versions()
    if policy not in versions:
        raise UnknownPolicy(f"there is no policy `{policy[:80]}`", did_you_mean(policy, versions))
    newest = max(versions[policy])
    if used > newest:
        raise MalformedRequest(
            f"`{policy}@{used}` is on record, and its file is gone: the next version would be a copy of an older one",
            f"put it back first: ordain audit text {policy}@{used} > {texts.root}/{policy}/v{used}.yaml",
        )
    return newest


def highest_used(database_url: str, policy: str) -> int:
    """The highest version of a policy that anything was decided by, or may have been; 0 if there is none."""
    return max((each.version for each in used_policies(database_url, {}) if each.name == policy), default=0)


@dataclass(frozen=True, slots=True)
class Drafts:
    """Files of versions, as one who asks over HTTP writes them: whole, in the `folder` of policies and nowhere else.

    `steps` are what is known now. The methods raise StepRefused, UnknownPolicy, PolicyRefused for a text that says
    another policy or version, ExportFailed.
    """

    folder: Path
    steps: Steps
    used: int
    """The highest version of the policy that the ledger has."""

    def check_new(self, policy: str, text: bytes) -> int:
        """The number of the version that the text is, if it is the next one. Raises MalformedRequest, too."""
        newest = max(newest_of(self.steps.texts, policy, self._used(policy)), self._used(policy))
        number = stated(policy, text)
        label = f"{policy}@{number}"
        if number <= newest:
            raise StepRefused(
                f"there is `{label}` already", f"the next version is {newest + 1}: say `version: {newest + 1}`"
            )
        if number > newest + 1:
            raise StepRefused(f"`{label}` skips version {newest + 1}", f"say `version: {newest + 1}`")
        self._check_place(self._file(policy, number).parent)
        return number

    def write_new(self, policy: str, text: bytes) -> dict[str, Any]:
        """The next version. A file that is there, of whatever kind, is never replaced."""
        number = self.check_new(policy, text)
        file = self._file(policy, number)
        beside = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        try:
            write_whole(beside, text)
            os.link(beside, file)
            sync_folder(file.parent)
        except FileExistsError:
            raise StepRefused(f"there is a file `{self._shown(file)}` already", "read the versions again") from None
        except OSError as error:
            raise ExportFailed(f"`{self._shown(file)}` cannot be written: {reason_of(error)}") from None
        finally:
            beside.unlink(missing_ok=True)
        return self._told(policy, number, text)

    def check_rewriting(self, policy: str, number: int, text: bytes, was: str) -> None:
        """Whether the text of a draft, whose digest `was` that, may be this one. Raises EditedMeanwhile, too."""
        label = f"{policy}@{number}"
        file = self.steps.texts.versions().get(policy, {}).get(number)
        if file is None:
            raise unknown(label, self.steps.texts)
        rules.check_may_change(self.steps.life.life(policy), number)
        if file.endswith(".dmn"):
            raise StepRefused(f"`{file}` is a DMN file", "change it in your modeller")
        if self._file(policy, number).is_symlink():
            raise StepRefused(f"`{file}` is a link to another file", "put the file itself there")
        if (now := digest_of(self.steps.texts.policies[file])) != was:
            said = f"`{label}` is not what it was when you read it: its digest is `{now}` now"
            fields = {"policy": policy, "version": number, "digest": now}
            raise EditedMeanwhile(Issue(said, "read it again, and make your change to that", fields=fields))
        if stated(policy, text) != number:
            raise StepRefused(f"the text says that it is another version than {number}", f"say `version: {number}`")
        self.steps.opened.ledger.check_unchanged([Document(POLICY, text, policy, number)])
        self._check_place(self._file(policy, number).parent)

    def rewrite(self, policy: str, number: int, text: bytes, was: str) -> dict[str, Any]:
        """Puts the text in the place of the draft's. What was approved of it is void then."""
        self.check_rewriting(policy, number, text, was)
        write_whole(self._file(policy, number), text)
        return self._told(policy, number, text)

    def _used(self, policy: str) -> int:
        return max(self.used, self.steps.life.life(policy).highest())

    def _file(self, policy: str, number: int) -> Path:
        """Of a policy that has files: so it is no name of a place elsewhere."""
        return self.folder / policy / f"v{number}.yaml"

    def _shown(self, file: Path) -> str:
        return f"{self.steps.texts.root}/{file.relative_to(self.folder)}"

    def _check_place(self, folder: Path) -> None:
        if not folder.resolve().is_relative_to(self.folder.resolve()):
            raise StepRefused(f"`{self._shown(folder)}` is a link that leads out of the folder of policies", "")
        if not os.access(folder, os.W_OK):
            raise StepRefused(
                f"this server may not write into `{self._shown(folder)}`",
                "whoever runs it lets it, or puts the file there: then it can be submitted",
            )

    def _told(self, policy: str, number: int, text: bytes) -> dict[str, Any]:
        shown = self._shown(self._file(policy, number))
        return {"policy": policy, "version": number, "file": shown, "digest": digest_of(text)}


def stated(policy: str, text: bytes) -> int:
    """The version that a text says it is, of that policy. Raises PolicyRefused."""
    file = f"{policy}.yaml"
    try:
        node = parse(text, file)
        said, number = node["policy"].text, node["version"].text
    except PolicyError as error:
        raise PolicyRefused(error.issues) from None
    except (KeyError, TypeError):
        raise PolicyRefused(
            "the text does not say which policy and version it is",
            f"begin it with `policy: {policy}` and `version: ...`",
        ) from None
    if said != policy:
        raise PolicyRefused(f"the text is of the policy `{said[:80]}`, not of `{policy}`", "send it there")
    if not _NUMBER.fullmatch(number):
        raise PolicyRefused(f"`version: {number[:20]}` is no number of a version", "write a whole number")
    return int(number)


def place_for(texts: Texts, text: bytes, name: str | None) -> str:
    """Where a text would stand below the folder of policies: by what it says of itself, and else by `name`, or by none.

    Whatever stands in it: what is wrong with that is for a check to find. Raises MalformedRequest for a `name` that no
    policy can have.
    """
    if name is not None and not _NAME.fullmatch(name):
        raise MalformedRequest(f"`{name}` is no name of a policy", "for example: retention-offer")
    try:
        node = parse(text, "text")
        policy, number = name or node["policy"].text, node["version"].text
    except (PolicyError, KeyError, TypeError):
        policy, number = name or "", ""
    if not _NAME.fullmatch(policy):
        policy = "unnamed"
    if not _NUMBER.fullmatch(number):
        number = str(max(texts.versions().get(policy, ()), default=0) + 1)
    return f"{policy}/v{number}.yaml"
