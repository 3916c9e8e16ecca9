"""The kept texts: written with the first entry that refers to them, and never changed."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from ordain.audit.entry.documents import POLICY, Document, Reference
from ordain.audit.entry.entry import NOT_BY_CALLER
from ordain.audit.store.rows import DOCUMENT
from ordain.engine.errors import Issue, NotRecorded, PolicyChanged


def keep(connection: sa.Connection, unkept: list[Reference], documents: Iterable[Document]) -> None:
    """Keeps the texts named in `unkept`, inside the caller's transaction, unless another process has."""
    texts = {document.reference: document.text for document in documents}
    for named in unkept:
        key = [DOCUMENT.c[name] == part for name, part in named._asdict().items()]
        if connection.execute(sa.select(DOCUMENT.c.digest).where(*key)).first():
            continue
        if edited := changed(connection, named):
            raise PolicyChanged(edited)
        if named not in texts:
            raise NotRecorded(f"the entry refers to {named}, whose text was not given", NOT_BY_CALLER)
        connection.execute(sa.insert(DOCUMENT), {**named._asdict(), "text": texts[named]})


def changed(connection: sa.Connection, named: Reference) -> Issue | None:
    """Set when that policy version was used with another text."""
    if named.kind != POLICY:
        return None
    columns = DOCUMENT.c
    used = connection.execute(
        sa.select(columns.digest).where(
            columns.kind == POLICY, columns.name == named.name, columns.version == named.version
        )
    ).scalar()
    if used in (None, named.digest):
        return None
    return Issue(
        f"policy `{named.name}` version {named.version} was edited after it had decided or been activated: "
        f"used with digest `{used}`, now `{named.digest}`",
        f"`ordain audit text {named.name}@{named.version}` prints it as it was: put that back, "
        "and make the change a new version",
    )
