"""Looks at, and changes, the private parts of entries behind the ledger's back, whichever database has them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ordain.audit.store.rows import ENTRY, PAYLOAD
from ordain.audit.store.store import Store


def where(store: Store) -> sa.Table:
    """The table with the columns `id`, `key` and `sealed`."""
    return ENTRY if store.engine.dialect.name == "sqlite" else PAYLOAD


def count(store: Store, *conditions: sa.ColumnElement[bool]) -> int:
    """How many private parts are kept."""
    table = where(store)
    wanted = sa.select(sa.func.count()).select_from(table).where(table.c.sealed.is_not(None), *conditions)
    with store.reading() as connection:
        return int(connection.execute(wanted).scalar_one())


def sealed_of(store: Store, entry_id: UUID) -> Any:
    """The sealed bytes of an entry."""
    table = where(store)
    with store.reading() as connection:
        return connection.execute(sa.select(table.c.sealed).where(table.c.id == entry_id.bytes)).scalar_one()


def damage(connection: sa.Connection, entry_id: UUID) -> None:
    """Puts other bytes in the place of the sealed ones."""
    table = ENTRY if connection.dialect.name == "sqlite" else PAYLOAD
    connection.execute(sa.update(table).where(table.c.id == entry_id.bytes).values(sealed=b"x" * 100))
