"""Where the text of a version is: in its file, or in the ledger, which keeps what was submitted and activated."""

from __future__ import annotations

from dataclasses import dataclass

from ordain.api.lifecycle.recorded import Lifecycle
from ordain.api.lifecycle.steps import Steps, parted, unknown
from ordain.api.settings import Settings
from ordain.engine.catalog import Texts, file_of, read_texts
from ordain.engine.errors import MalformedRequest, PolicyError, StepRefused, did_you_mean, quoted
from ordain.engine.text.source import digest_of

FILE, RECORD = "file", "record"
"""As it stands in its file now, or as it was submitted or, once it was, activated."""


@dataclass(frozen=True, slots=True)
class Found:
    """`file` is its place, also where it is gone from there."""

    file: str
    text: bytes

    @property
    def digest(self) -> str:
        return digest_of(self.text)


def found_text(texts: Texts, steps: Steps | None, label: str, of: str = FILE) -> Found:
    """The text of a version. Without a file it is that on record; `steps` is None where there is nothing on record.

    Raises UnknownPolicy, StepRefused when that of the record is asked for and there is none, TextLost.
    """
    if of not in (FILE, RECORD):
        raise MalformedRequest(f"`of` is {quoted(of[:60])}", did_you_mean(of, (FILE, RECORD)))
    name, number = parted(label)
    file = texts.versions().get(name, {}).get(number)
    if file is not None and of == FILE:
        return Found(file, texts.policies[file])
    if steps is None:
        raise unknown(label, texts)
    text = steps.life.kept(steps.target(label).text)
    return Found(f"{texts.root}/{file_of(label, text)}", text)


def texts_or_none(settings: Settings) -> Texts:
    """The files; none where the folder of policies cannot be read: what goes by the record alone needs none."""
    try:
        return read_texts(settings.policies, settings.zone)
    except PolicyError:
        return Texts(b"", b"", {}, settings.policies.name, zone=settings.zone)


def check_version(texts: Texts, life: Lifecycle | None, label: str) -> None:
    """Raises UnknownPolicy for a version of which there is neither a file nor anything on record."""
    policy, number = parted(label)
    if number not in _known(texts, life, policy):
        raise unknown(label, texts)


def version_before(texts: Texts, life: Lifecycle | None, label: str) -> int:
    """The highest lower version that is known. Raises StepRefused when there is none, UnknownPolicy."""
    check_version(texts, life, label)
    policy, number = parted(label)
    if not (lower := [each for each in _known(texts, life, policy) if each < number]):
        raise StepRefused(f"`{label}` is the first version", "say which it is to be compared with: `against`")
    return max(lower)


def _known(texts: Texts, life: Lifecycle | None, policy: str) -> set[int]:
    known = set(texts.versions().get(policy, {}))
    if life is not None:
        life.look()
        known |= {change.version for change in life.life(policy).changes}
    return known
