"""The versions of policies that decisions on record were made under, read without writing to the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

from ordain.audit.entry.canonical import digest as digest_of
from ordain.audit.entry.documents import POLICY
from ordain.audit.entry.entry import VERIFY
from ordain.audit.verifier.opened import open_source
from ordain.audit.verifier.source import NO_LEDGER, Source
from ordain.engine.errors import LedgerUnavailable

__all__ = ["NO_LEDGER", "PolicyVersion", "UsedVersion", "used_policies"]

PolicyVersion = tuple[str, int]
"""The name of a policy, and a version of it."""

_USED = "SELECT name, version, digest FROM document WHERE kind = ? ORDER BY name, version"
_TEXT = "SELECT text FROM document WHERE kind = ? AND name = ? AND version = ?"


@dataclass(frozen=True, slots=True)
class UsedVersion:
    """`digest` is that of the bytes it decided with, which are `text`: None where they were not asked for, or are lost.

    `now` is the digest of what stands in its file; None when there is no such file any more.
    """

    name: str
    version: int
    digest: str
    now: str | None
    text: bytes | None = None

    @property
    def label(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def unchanged(self) -> bool:
        return self.now == self.digest


def used_policies(url: str, present: Mapping[PolicyVersion, bytes]) -> list[UsedVersion]:
    """All versions that decided anything, held against the texts that are `present`; edited ones with their old text.

    Raises SettingsError when there is no ledger (its issue has the code NO_LEDGER) or it cannot be opened,
    LedgerUnavailable when it is damaged.
    """
    with closing(open_source(url)) as source:
        try:
            return _read(source, present)
        except source.failures as error:
            raise LedgerUnavailable(f"the texts kept in `{source.name}` cannot be read: {error}", VERIFY) from None


def _read(source: Source, present: Mapping[PolicyVersion, bytes]) -> list[UsedVersion]:
    if "document" not in source.tables():
        raise LedgerUnavailable(f"`{source.name}` has no kept texts", VERIFY)
    used = []
    for name, version, digest in list(source.rows(_USED, POLICY)):
        text = present.get((name, version))
        now = digest_of(text) if text is not None else None
        kept = _text(source, name, version, digest) if now not in (None, digest) else None
        used.append(UsedVersion(name, version, digest, now, kept))
    return used


def _text(source: Source, name: str, version: int, digest: str) -> bytes | None:
    row = source.row(_TEXT, POLICY, name, version)
    text = bytes(row[0]) if row is not None and isinstance(row[0], bytes | memoryview) else None
    return text if text is not None and digest_of(text) == digest else None
