"""The texts of policies as decisions were made under them, which the ledger keeps."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from ordain.audit.entry.canonical import digest as digest_of
from ordain.audit.entry.documents import POLICY
from ordain.audit.entry.entry import VERIFY
from ordain.audit.store.rows import DOCUMENT
from ordain.audit.store.store import Store
from ordain.engine.errors import MalformedRequest, TextLost, did_you_mean


@dataclass(frozen=True, slots=True)
class KeptText:
    """A version of a policy; `digest` is that of its bytes, which entries name."""

    policy: str
    version: int
    digest: str

    @property
    def label(self) -> str:
        return f"{self.policy}@{self.version}"


def kept_policies(store: Store) -> list[KeptText]:
    """All that at least one decision was made under, by name and version. Raises LedgerUnavailable."""
    columns = DOCUMENT.c
    wanted = sa.select(columns.name, columns.version, columns.digest).where(columns.kind == POLICY)
    with store.reading() as connection:
        rows = connection.execute(wanted.order_by(columns.name, columns.version)).all()
    return [KeptText(name, version, digest) for name, version, digest in rows]


def text_of(store: Store, label: str) -> tuple[KeptText, bytes]:
    """The version `policy@version` and its bytes, held against their digest.

    Raises MalformedRequest for a version that no decision was made under, TextLost for bytes that are others.
    """
    known = {kept.label: kept for kept in kept_policies(store)}
    kept = known.get(label)
    if kept is None:
        hint = did_you_mean(label, known) or "`ordain audit text` lists them"
        if label.partition("@")[0] in {each.policy for each in known.values()}:
            hint = "`ordain audit text` lists those; of a version that has not decided: ordain policy text"
        raise MalformedRequest(f"no decision on record was made under `{label[:80]}`", hint)
    wanted = sa.select(DOCUMENT.c.text).where(
        DOCUMENT.c.kind == POLICY, DOCUMENT.c.name == kept.policy, DOCUMENT.c.version == kept.version
    )
    with store.reading() as connection:
        text = connection.execute(wanted).scalar_one()
    if digest_of(text) != kept.digest:
        raise TextLost(f"the text of the policy {label} kept as {kept.digest} is another", VERIFY)
    return kept, text
