"""The model versions that decisions are on record with, each with the digest that it had: the kept plans name them."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from ordain.audit.entry.canonical import digest as digest_of
from ordain.audit.entry.plan_text import PLAN, named_in
from ordain.audit.store.rows import DOCUMENT
from ordain.audit.store.store import Store
from ordain.engine.errors import ModelDegradationDetected
from ordain.engine.policy.facts import ModelCard

Version = tuple[str, str]
"""A model's name and version."""


class UsedModels:
    """What one ledger knows of models. Raises LedgerUnavailable when it cannot be read."""

    def __init__(self, store: Store) -> None:
        self._digests: dict[Version, set[str]] = {}
        kept = sa.select(DOCUMENT.c.digest, DOCUMENT.c.text).where(DOCUMENT.c.kind == PLAN)
        with store.reading() as connection:
            plans = connection.execute(kept).all()
        for digest, text in plans:
            for name, version, known in _models(str(digest), bytes(text)):
                self._digests.setdefault((name, version), set()).add(known)

    def knows(self, model: ModelCard) -> bool:
        """Whether decisions were made with that version, and it is what it was."""
        return self._digests.get((model.name, model.version)) == {model.digest}

    def change(self, model: ModelCard) -> ModelDegradationDetected | None:
        """What is wrong with a version that was another when it was used; None for one that was not, or never used."""
        used = self._digests.get((model.name, model.version), {model.digest})
        if used == {model.digest}:
            return None
        return ModelDegradationDetected(
            f"model `{model.name}` version {model.version} was replaced after decisions were made with it: "
            f"used with digest {' and '.join(f'`{each}`' for each in sorted(used))}, now `{model.digest}`",
            f"put version {model.version} back as it was, or train the next: ordain train {model.name}",
        )


def _models(digest: str, text: bytes) -> Iterable[tuple[str, str, str]]:
    """What a kept plan names; nothing for one that is damaged, which `ordain audit verify` finds."""
    if digest_of(text) != digest:
        return
    try:
        for model in named_in(text).models:
            yield str(model["model"]), str(model["version"]), str(model["digest"])
    except (ValueError, KeyError, TypeError):
        return
