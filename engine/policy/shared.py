"""What policies say in common, as it was read: one version of one file below `policies/shared`."""

from __future__ import annotations

from dataclasses import dataclass, field

from ordain.engine.errors import Span
from ordain.engine.text.source import Node, digest_of

FOLDER = "shared"
"""The folder of them in a policies directory. The ledger keeps their texts as those of policies, under
`shared/<name>`, which no policy can be called."""


@dataclass(frozen=True, slots=True)
class Shared:
    """`node` is its YAML, whose sections a policy that uses it reads as if they were its own; None when something is
    wrong with it. Two are equal when their texts are."""

    name: str
    version: int
    text: bytes
    file: str
    node: Node | None = field(compare=False, repr=False)
    span: Span = field(compare=False)

    @property
    def label(self) -> str:
        """As policies name it: `india@1`."""
        return f"{self.name}@{self.version}"

    @property
    def kept_as(self) -> str:
        """The name under which the ledger keeps it: `shared/india`."""
        return f"{FOLDER}/{self.name}"

    @property
    def digest(self) -> str:
        return digest_of(self.text)

    def names(self) -> dict[str, Span]:
        """What it gives names to, with the places of the names."""
        sections = [] if self.node is None else [self.node.get(section) for section in SECTIONS]
        return {name: place for part in sections if part is not None for name, place in part.keys.items()}


SECTIONS = ("constants", "calendars", "functions")
"""Its sections that give names to something."""
