"""The keys a ledger was signed with, one after the other: leaf 0 names the first, each next one the one before signed.

A key that the caller pins, or that an anchor place was given when it was made, must be one of them. Trust begins
there: the newest checkpoint has to be signed by that key or one after it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass

from ordain.audit.verifier.fold import Rotation
from ordain.audit.verifier.notes import Note, PublicKey, read_key, signer
from ordain.engine.errors import CheckpointRefused

_ROTATION = b"ordain key rotation 1\n"


@dataclass(frozen=True, slots=True)
class Link:
    """A key, and the place of the entry since which it is in force."""

    since: int
    key: PublicKey


@dataclass(slots=True)
class KeyChain:
    """The keys that signed a ledger, each vouched for by the one before it."""

    origin: str
    links: list[Link]

    def at(self, size: int) -> list[PublicKey]:
        """The keys that may sign a checkpoint of that size: the one in force there, and later ones."""
        start = 0
        for number, link in enumerate(self.links):
            if link.since < size:
                start = number
        return [link.key for link in self.links[start:]]

    def vouches(self, note: Note) -> PublicKey:
        """The key that signed the note. Raises CheckpointRefused, also for a key that was replaced before that size."""
        if note.origin != self.origin:
            raise CheckpointRefused("it is of another ledger")
        try:
            return signer(note, self.at(note.size))
        except CheckpointRefused:
            signer(note, [link.key for link in self.links])
            raise CheckpointRefused("it is signed by a key that had been replaced") from None

    def position(self, key: PublicKey) -> int | None:
        """Where in the chain a key first stands, from 0; None for a key that is none of them."""
        places = [number for number, link in enumerate(self.links) if link.key == key]
        return places[0] if places else None


def key_chain(origin: str, first: str, rotations: Iterable[Rotation]) -> tuple[KeyChain, list[tuple[str, Rotation]]]:
    """The chain as far as it holds, and what breaks it. Raises CheckpointRefused when the first key is none."""
    chain = KeyChain(origin, [Link(-1, read_key(first))])
    faults = []
    if chain.links[0].key.name != origin:
        raise CheckpointRefused("the first key is named for another ledger")
    for rotation in rotations:
        last = chain.links[-1].key
        try:
            if rotation.about["previous"] != last.text:
                raise CheckpointRefused("it replaces a key that was not in force")
            new = read_key(rotation.about["key"])
            message = _ROTATION + f"{origin}\n{new.text}".encode()
            if new.name != origin or not last.signed(message, _signature(rotation.about["signature"])):
                raise CheckpointRefused("the key before did not sign for the new one")
        except CheckpointRefused as refused:
            faults.append((f"the change of the signing key does not hold: {refused.message}", rotation))
            continue
        chain.links.append(Link(rotation.leaf_index, new))
    return chain, faults


def _signature(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise CheckpointRefused("its signature is not base64") from None
