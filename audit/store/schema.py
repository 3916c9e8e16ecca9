"""Whether a database has the tables of this version, making them in a new one, and upgrading an older one.

`audit.store.migrations` holds the steps. It is loaded only where a step is to be done: Alembic takes
longer to load than a ledger to open.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ordain.audit.store.rows import COMMON, ONLY_POSTGRESQL
from ordain.audit.store.store import Store
from ordain.engine.errors import LedgerUnavailable, SettingsError

REVISIONS = ("0002", "0003", "0004")
"""Those that there are (see `audit.store.migrations`): four digits, so they compare as texts."""
OLDEST, HEAD = REVISIONS[0], REVISIONS[-1]

_REVISION = "SELECT version_num FROM alembic_version"


@dataclass(frozen=True, slots=True)
class Upgraded:
    """Revisions before and after. From None: the database was empty."""

    from_revision: str | None
    to_revision: str


def ensure_schema(store: Store) -> None:
    """Makes the tables in an empty database; several processes may ask at once, and one does it.

    Raises SettingsError for a database of an older version, one that a newer Ordain wrote, and one that is no
    ledger; LedgerUnavailable when the database fails, or has something else than the ledger's own tables.
    """
    if not _is_ready(store):
        _make_ready(store)
    store.check_structure()


def _make_ready(store: Store) -> None:
    try:
        with store.transaction() as connection:
            store.lock_founding(connection)
            revision = _known_revision(connection, store)
            if revision is None:
                _migrate(connection)
            elif revision != HEAD:
                raise SettingsError(
                    f"the ledger `{store.name}` was written by an older version of Ordain", "run `ordain audit upgrade`"
                )
    except store.failures as error:
        raise LedgerUnavailable(store.explain(error)) from error


def upgrade(store: Store) -> Upgraded:
    """Brings the database to this version, in one transaction; one that is there already is left as it is.

    Raises SettingsError as `ensure_schema` does but for an older version, LedgerUnavailable when the database fails:
    then nothing was changed.
    """
    try:
        with store.transaction() as connection:
            store.lock_founding(connection)
            store.take_any_time(connection)
            before = _known_revision(connection, store)
            if before != HEAD:
                _migrate(connection)
            if before is not None and (differing := _differences(connection)):
                raise LedgerUnavailable(
                    f"the tables of `{store.name}` are not those of this version: {'; '.join(differing)}",
                    "nothing was changed; restore the ledger from a backup",
                )
    except store.failures as error:
        raise LedgerUnavailable(store.explain(error)) from error
    return Upgraded(before, HEAD)


def _migrate(connection: sa.Connection) -> None:
    migrate: Callable[[sa.Connection], None] = pkgutil.resolve_name("ordain.audit.store.migrations:migrate")
    migrate(connection)


def _differences(connection: sa.Connection) -> list[str]:
    differences: Callable[[sa.Connection], list[str]] = pkgutil.resolve_name("ordain.audit.store.declared:differences")
    return differences(connection)


def _is_ready(store: Store) -> bool:
    """One query, for the database as it nearly always is. When it fails, `_known_revision` finds out why."""
    try:
        with store.engine.connect() as connection:
            return _revision(connection) == HEAD
    except store.failures:
        return False


def _revision(connection: sa.Connection) -> str | None:
    rows = connection.exec_driver_sql(_REVISION).all()
    if len(rows) != 1:
        raise SettingsError("the ledger does not say which version it has", "restore it from a backup")
    return None if rows[0][0] is None else str(rows[0][0])


def _known_revision(connection: sa.Connection, store: Store) -> str | None:
    """None for an empty database. Raises SettingsError when this Ordain cannot bring the database to its version."""
    names = set(sa.inspect(connection).get_table_names())
    if "alembic_version" not in names and not names & _ours():
        return None
    revision = _revision(connection) if "alembic_version" in names else None
    if revision is None or revision < OLDEST:
        raise SettingsError(
            f"`{store.name}` has tables of a ledger, but no version that this Ordain knows",
            "it may be of a newer Ordain, or another program's: use that, or name another database in `database_url`",
        )
    if not revision.isdigit() or revision > HEAD:
        raise SettingsError(
            f"the ledger `{store.name}` was written by a newer Ordain: it has the schema revision {revision!r},"
            f" this one knows up to {HEAD!r}",
            "use that Ordain, or name another database in `database_url`",
        )
    return revision


def _ours() -> set[str]:
    tables: tuple[Any, ...] = (*COMMON, *ONLY_POSTGRESQL)
    return {table.name for table in tables}
