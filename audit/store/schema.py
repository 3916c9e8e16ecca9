"""Whether a database has the tables of this version, making them in a new one, and upgrading an older one.

`audit.store.migrations` holds the steps. It is loaded only where a step is to be done: Alembic takes
longer to load than a ledger to open.
"""

from __future__ import annotations

import datetime as dt
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ordain.audit.entry.keys import MasterKey
from ordain.audit.store.adoption import UNFINISHED, Founding, Progress, adopt, check_first_cut, clear_out
from ordain.audit.store.rows import COMMON, ONLY_POSTGRESQL
from ordain.audit.store.sqlite import SqliteStore
from ordain.audit.store.store import Store
from ordain.engine.errors import LedgerUnavailable, SettingsError

HEAD = "0002"
"""The newest revision (see `audit.store.migrations`). Numbers of four digits, so they compare as texts."""

FIRST_CUT = "0001"
_FIRST_CUT_TABLES = {"entry", "document"}
_FIRST_CUT_VERSION = 1

_UPGRADE = "run `ordain audit upgrade`"
_STATE = {
    "sqlite": "SELECT version_num, user_version FROM alembic_version, pragma_user_version",
    "postgresql": "SELECT version_num, 0 FROM alembic_version",
}


@dataclass(frozen=True, slots=True)
class Upgraded:
    """Revisions before and after, and how many entries of the first cut were adopted. From None: it was empty."""

    from_revision: str | None
    to_revision: str
    adopted: int


@dataclass(frozen=True, slots=True)
class _State:
    """`revision` is None for an empty database; `unfinished` when bytes of older tables may still be in the file."""

    revision: str | None
    unfinished: bool = False


_READY = _State(HEAD)


def ensure_schema(store: Store) -> None:
    """Makes the tables in an empty database; several processes may ask at once, and one does it.

    Raises SettingsError for a database of an older version, one that a newer Ordain wrote, and one that is no
    ledger; LedgerUnavailable when the database fails.
    """
    if _is_ready(store):
        return
    try:
        with store.transaction() as connection:
            store.lock_founding(connection)
            state = _known_state(connection, store)
            if state.revision is None:
                _migrate(connection)
            elif state != _READY:
                raise _older(state, store)
    except store.failures as error:
        raise LedgerUnavailable(store.explain(error)) from error


def is_first_cut(store: Store) -> bool:
    """Whether the database holds a ledger of the first cut, which had no keys. Raises what `ensure_schema` does."""
    try:
        with store.engine.connect() as connection:
            return _known_state(connection, store).revision == FIRST_CUT
    except store.failures as error:
        raise LedgerUnavailable(store.explain(error)) from error


def upgrade(
    store: Store,
    master: MasterKey,
    seed: bytes,
    tenant: str,
    engine: str,
    now: dt.datetime,
    progress: Progress = lambda done, total: None,
) -> Upgraded:
    """Brings the database to this version, in one transaction; one that is there already is left as it is.

    The entries of the first cut move into a new ledger, which `master`, `seed`, `tenant` and `engine` are for. To be
    called again when it was interrupted. Raises SettingsError as `ensure_schema` does, and LedgerUnavailable when the
    database fails or an entry of the first cut is not as it was written: then nothing was changed.
    """
    founding = Founding(master, seed, tenant, engine, now)
    adopted = 0
    try:
        with store.transaction() as connection:
            store.lock_founding(connection)
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            before = _known_state(connection, store)
            if before.revision == FIRST_CUT and isinstance(store, SqliteStore):
                adopted = _upgrade_first_cut(connection, store, founding, progress)
            elif before.revision != HEAD:
                _migrate(connection)
    except store.failures as error:
        raise LedgerUnavailable(store.explain(error)) from error
    if isinstance(store, SqliteStore) and (before.unfinished or before.revision == FIRST_CUT):
        clear_out(store)
    return Upgraded(before.revision, HEAD, adopted)


def _upgrade_first_cut(connection: sa.Connection, store: SqliteStore, founding: Founding, progress: Progress) -> int:
    chain = check_first_cut(connection, progress)
    _migrate(connection, FIRST_CUT, lambda: adopt(connection, store, chain, founding, progress))
    connection.exec_driver_sql(f"PRAGMA user_version = {UNFINISHED}")
    return chain.entries


def _migrate(
    connection: sa.Connection, come_from: str | None = None, carry_over: Callable[[], object] | None = None
) -> None:
    migrate: Callable[..., None] = pkgutil.resolve_name("ordain.audit.store.migrations:migrate")
    migrate(connection, come_from, carry_over)


def _is_ready(store: Store) -> bool:
    """One query, for the database as it nearly always is. When it fails, `_known_state` finds out why."""
    try:
        with store.engine.connect() as connection:
            return _read(connection) == _READY
    except store.failures:
        return False


def _read(connection: sa.Connection) -> _State:
    rows = connection.exec_driver_sql(_STATE[connection.dialect.name]).all()
    if len(rows) != 1:
        raise SettingsError("the ledger does not say which version it has", "restore it from a backup")
    return _State(rows[0][0], rows[0][1] == UNFINISHED)


def _known_state(connection: sa.Connection, store: Store) -> _State:
    """Raises SettingsError when this Ordain cannot bring the database to its version."""
    names = set(sa.inspect(connection).get_table_names())
    user_version = _user_version(connection)
    if "alembic_version" in names:
        state = _read(connection)
    elif not names & _ours(connection) and not user_version:
        return _State(None)
    elif names >= _FIRST_CUT_TABLES and user_version == _FIRST_CUT_VERSION:
        return _State(FIRST_CUT)
    else:
        raise SettingsError(
            f"`{store.name}` has tables of a ledger, but no version that this Ordain knows",
            "it may be of a newer Ordain, or another program's: use that, or name another database in `database_url`",
        )
    if not (state.revision and state.revision.isdigit() and FIRST_CUT <= state.revision <= HEAD):
        raise SettingsError(
            f"the ledger `{store.name}` was written by a newer Ordain: it has the schema revision {state.revision!r},"
            f" this one knows up to {HEAD!r}",
            "use that Ordain, or name another database in `database_url`",
        )
    return state


def _older(state: _State, store: Store) -> SettingsError:
    if state.unfinished:
        return SettingsError(f"the upgrade of the ledger `{store.name}` has not finished", _UPGRADE)
    return SettingsError(f"the ledger `{store.name}` is of an older version", _UPGRADE)


def _user_version(connection: sa.Connection) -> int:
    if connection.dialect.name != "sqlite":
        return 0
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def _ours(connection: sa.Connection) -> set[str]:
    tables: tuple[Any, ...] = (*COMMON, *ONLY_POSTGRESQL)
    return {table.name for table in tables}
