"""The texts that decisions are made under, kept in the ledger so that a replay needs nothing else.

An entry refers to them in its body:

    "policies":  [{"policy": "retention-offer", "version": 1, "digest": "sha256:..."}, ...]
    "documents": {"vocabulary": "sha256:...", "services": "sha256:..."}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ordain.audit.entry.canonical import digest

POLICY = "policy"


class Reference(NamedTuple):
    """What an entry says of a text. Only policies have a name and a version; for other kinds "" and 0."""

    kind: str
    name: str
    version: int
    digest: str

    def __str__(self) -> str:
        called = f"policy `{self.name}` version {self.version}" if self.kind == POLICY else self.kind
        return f"{called} ({self.digest})"


@dataclass(frozen=True, slots=True)
class Document:
    """A text, byte for byte: kind "policy" with name and version, or "vocabulary", "services", ..."""

    kind: str
    text: bytes
    name: str = ""
    version: int = 0
    reference: Reference = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reference", Reference(self.kind, self.name, self.version, digest(self.text)))


def references(body: Mapping[str, Any]) -> list[Reference]:
    """All texts that an entry's body refers to. Raises ValueError when it does so in another shape."""
    try:
        named_texts = [
            Reference(POLICY, policy["policy"], policy["version"], policy["digest"])
            for policy in body.get("policies", ())
        ]
        named_texts += [Reference(kind, "", 0, named) for kind, named in body.get("documents", {}).items()]
    except (KeyError, TypeError, AttributeError):
        raise ValueError(
            "`policies` must be a list of {policy, version, digest} and `documents` an object of digests"
        ) from None
    for kind, name, version, named in named_texts:
        if not (type(name) is str and type(version) is int and type(named) is str) or (
            (kind == POLICY) is not bool(name)
        ):
            raise ValueError(f"`{name or kind}` is referred to without a name, a version or a digest")
    return named_texts
